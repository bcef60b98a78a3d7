//! A transaction of the writer: a session that gathers audit rows and inserts many at once.
//!
//! Nearly every write leaves an audit row, so the rows of a whole group cost a few statements.

use std::{
    ops::{Deref, DerefMut},
    sync::OnceLock,
};

use model::ledger::{Decision, StoreError};

use crate::{
    audit,
    engine::{Session, Value},
};

/// A session in which nobody else writes.
pub(crate) struct Transaction<'c> {
    session: Session<'c>,
    /// Audit rows that have a number and are not inserted yet.
    audit: Vec<Vec<Value>>,
    /// The number of the last audit row, once it is known.
    last: Option<i64>,
}

impl<'c> Transaction<'c> {
    pub(crate) fn new(session: Session<'c>) -> Self {
        Self {
            session,
            audit: Vec::new(),
            last: None,
        }
    }

    /// Add an audit row; gives its number. It is inserted by [`Transaction::flush`].
    pub(crate) async fn record(&mut self, decision: &Decision) -> Result<i64, StoreError> {
        let last = match self.last {
            Some(last) => last,
            None => self.session.integer(audit::LAST, []).await?,
        };
        let seq = last + 1;
        self.audit.push(audit::values(seq, decision)?);
        self.last = Some(seq);
        Ok(seq)
    }

    /// Insert what was gathered. Must be called before a commit.
    pub(crate) async fn flush(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.audit);
        audit::INSERT.rows(&mut self.session, rows).await
    }

    /// Forget what was gathered, after it was rolled back.
    pub(crate) fn forget(&mut self) {
        self.audit.clear();
        self.last = None;
    }
}

impl<'c> Deref for Transaction<'c> {
    type Target = Session<'c>;

    fn deref(&self) -> &Session<'c> {
        &self.session
    }
}

impl<'c> DerefMut for Transaction<'c> {
    fn deref_mut(&mut self) -> &mut Session<'c> {
        &mut self.session
    }
}

/// An `INSERT` of many rows. Its texts are few, so that each is prepared once for a connection.
pub(crate) struct Insert {
    /// Up to and with `VALUES`.
    into: &'static str,
    columns: usize,
    texts: [OnceLock<String>; SIZES.len()],
}

/// How many rows the texts of an [`Insert`] take, from the largest. No larger one: what the driver
/// does to bind SQLite's places grows with their square.
const SIZES: [usize; 3] = [16, 4, 1];

impl Insert {
    pub(crate) const fn new(into: &'static str, columns: usize) -> Self {
        Self {
            into,
            columns,
            texts: [const { OnceLock::new() }; SIZES.len()],
        }
    }

    /// Insert rows, each with one value for a column.
    pub(crate) async fn rows(
        &'static self,
        on: &mut Session<'_>,
        rows: Vec<Vec<Value>>,
    ) -> Result<(), StoreError> {
        let mut left = rows.len();
        let mut values = rows.into_iter().flatten();
        for (size, text) in self.sized() {
            while left >= size {
                left -= size;
                let some = values
                    .by_ref()
                    .take(size * self.columns)
                    .collect::<Vec<_>>();
                on.execute(text, some).await?;
            }
        }
        Ok(())
    }

    /// The texts.
    pub(crate) fn texts(&'static self) -> impl Iterator<Item = &'static str> {
        self.sized().map(|(_, text)| text)
    }

    fn sized(&'static self) -> impl Iterator<Item = (usize, &'static str)> {
        SIZES
            .into_iter()
            .zip(&self.texts)
            .map(|(size, text)| (size, text.get_or_init(|| self.text(size)).as_str()))
    }

    fn text(&self, rows: usize) -> String {
        let tuples: Vec<String> = (0..rows)
            .map(|row| {
                let places =
                    (1..=self.columns).map(|place| format!("${}", row * self.columns + place));
                format!("({})", places.collect::<Vec<_>>().join(", "))
            })
            .collect();
        format!("{} {}", self.into, tuples.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static INSERT: Insert = Insert::new("INSERT INTO t (a, b) VALUES", 2);

    #[test]
    fn the_texts_number_their_places_through() {
        let texts: Vec<&str> = INSERT.texts().collect();
        assert_eq!(texts[2], "INSERT INTO t (a, b) VALUES ($1, $2)");
        assert_eq!(
            texts[1],
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8)"
        );
        assert!(texts[0].ends_with("($31, $32)"));
    }
}
