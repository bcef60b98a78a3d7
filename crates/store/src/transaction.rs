//! A transaction of the writer: a session that gathers audit rows and inserts many at once.
//!
//! Nearly every write leaves an audit row, so the rows of a whole group cost a few statements.

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
    sync::OnceLock,
};

use model::ledger::{Decision, StoreError};

use crate::{
    audit::{self, Entry},
    chain::{
        AuditKey, SALT_BYTES,
        head::{self, Head, SealedHead},
    },
    engine::{Session, Value},
    error::corrupt,
};

/// A session in which nobody else writes.
pub(crate) struct Transaction<'c> {
    session: Session<'c>,
    key: Option<&'c AuditKey>,
    /// Audit rows that have a number and are not inserted yet.
    audit: Vec<Vec<Value>>,
    /// The number of the last audit row, once it is known.
    last: Option<i64>,
    heads: BTreeMap<String, Moving>,
}

/// The end of a chain while rows are added to it.
struct Moving {
    head: Head,
    moved: bool,
    /// A seal that somebody broke is not made anew.
    whole: bool,
}

impl<'c> Transaction<'c> {
    pub(crate) fn new(session: Session<'c>, key: Option<&'c AuditKey>) -> Self {
        Self {
            session,
            key,
            audit: Vec::new(),
            last: None,
            heads: BTreeMap::new(),
        }
    }

    /// Add an audit row; gives its number. It is inserted by [`Transaction::flush`].
    pub(crate) async fn record(&mut self, decision: &Decision) -> Result<i64, StoreError> {
        let last = match self.last {
            Some(last) => last,
            None => self.session.integer(audit::LAST, []).await?,
        };
        let seq = last + 1;
        let salt = hex::encode(rand::random::<[u8; SALT_BYTES]>());
        let head = self.head(decision.workspace.as_str()).await?;
        let entry = Entry::new(decision, seq, head, salt)?;
        let next = Head {
            workspace: entry.workspace.clone(),
            link: entry.link,
            seq,
            hash: entry.hash.clone(),
            checkpoints: head.checkpoints,
        };
        self.move_head(next);
        self.audit.push(entry.values());
        self.last = Some(seq);
        Ok(seq)
    }

    /// Where a chain ends.
    pub(crate) async fn head(&mut self, workspace: &str) -> Result<&Head, StoreError> {
        if !self.heads.contains_key(workspace) {
            let found = self.session.row(head::FIND, [workspace.into()]).await?;
            let found = found.as_ref().map(SealedHead::read).transpose()?;
            let found = found.unwrap_or_else(|| Head::empty(workspace).sealed(self.key));
            let whole = self.key.is_none_or(|key| found.is_whole(key));
            if !whole {
                tracing::error!(
                    workspace,
                    "the audit's seal is broken, or was made with another key; run `guildhall audit verify`"
                );
            }
            let moving = Moving {
                head: found.head,
                moved: false,
                whole,
            };
            self.heads.insert(workspace.to_owned(), moving);
        }
        let moving = self.heads.get(workspace);
        moving
            .map(|moving| &moving.head)
            .ok_or_else(|| corrupt("the end of a chain went away"))
    }

    /// The chain ends there now; stored by [`Transaction::flush`].
    pub(crate) fn move_head(&mut self, head: Head) {
        if let Some(moving) = self.heads.get_mut(&head.workspace) {
            moving.head = head;
            moving.moved = true;
        }
    }

    /// Seal the end of a chain at the next flush, whoever sealed it before.
    pub(crate) async fn trust_head(&mut self, workspace: &str) -> Result<(), StoreError> {
        self.head(workspace).await?;
        if let Some(moving) = self.heads.get_mut(workspace) {
            moving.whole = true;
            moving.moved = true;
        }
        Ok(())
    }

    /// Insert what was gathered. Must be called before a commit.
    pub(crate) async fn flush(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.audit);
        audit::INSERT.rows(&mut self.session, rows).await?;
        for moving in self.heads.values_mut().filter(|moving| moving.moved) {
            let key = self.key.filter(|_| moving.whole);
            moving
                .head
                .clone()
                .sealed(key)
                .put(&mut self.session)
                .await?;
            moving.moved = false;
        }
        Ok(())
    }

    /// Forget what was gathered, after it was rolled back.
    pub(crate) fn forget(&mut self) {
        self.audit.clear();
        self.heads.clear();
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
