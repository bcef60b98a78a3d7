//! Who works at which outbox rows. Each opening of a database is an instance; while rows of its own
//! are unfinished it shows that it lives, so that no other takes them over.
//!
//! Clocks of machines that share a database must agree within a second or two.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use model::{
    Millis,
    ledger::{INSTANCE_TTL_MS, StoreError},
};

use crate::{transaction::Transaction, writer::Write};

/// How often an instance with unfinished rows shows that it lives.
pub(crate) const EVERY: Duration = Duration::from_millis(EVERY_MS.unsigned_abs());
const EVERY_MS: Millis = 1_000;

pub(crate) const SIGN: &str = "\
INSERT INTO instances (instance_id, alive_until) VALUES ($1, $2)
ON CONFLICT (instance_id) DO UPDATE SET alive_until = excluded.alive_until";

pub(crate) const LEAVE: &str = "DELETE FROM instances WHERE instance_id = $1";

/// This opening of the database.
pub(crate) struct Instance {
    /// UUIDv7.
    pub(crate) id: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Outbox rows that this instance began or claimed, and has not finished.
    open: HashSet<String>,
    /// What the database says, once it says anything.
    alive_until: Option<Millis>,
}

impl Instance {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            id: uuid::Uuid::now_v7().to_string(),
            state: Mutex::default(),
        })
    }

    /// Rows are this instance's to finish from now on.
    pub(crate) fn took(&self, rows: impl IntoIterator<Item = String>) {
        self.state().open.extend(rows);
    }

    /// A row is finished.
    pub(crate) fn finished(&self, row: &str) {
        self.state().open.remove(row);
    }

    /// Whether rows are unfinished.
    pub(crate) fn is_at_work(&self) -> bool {
        !self.state().open.is_empty()
    }

    /// Whether its last sign of life is too old, or from a time that a clock has taken back.
    pub(crate) fn should_sign(&self, now: Millis) -> bool {
        let until = now.saturating_add(INSTANCE_TTL_MS);
        let fresh = until - EVERY_MS + 1..=until;
        self.state()
            .alive_until
            .is_none_or(|signed| !fresh.contains(&signed))
    }

    /// Whether the database knows this instance.
    pub(crate) fn is_known(&self) -> bool {
        self.state().alive_until.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Show that an instance lives. Rides in the transaction that begins or claims rows, and goes by
/// itself while they are unfinished.
pub(crate) struct Sign {
    instance: Arc<Instance>,
    alive_until: Millis,
}

impl Sign {
    pub(crate) fn at(now: Millis, instance: &Arc<Instance>) -> Self {
        Self {
            instance: Arc::clone(instance),
            alive_until: now.saturating_add(INSTANCE_TTL_MS),
        }
    }
}

#[async_trait]
impl Write for Sign {
    type Output = ();

    async fn run(&self, on: &mut Transaction<'_>) -> Result<(), StoreError> {
        let values = [(&self.instance.id).into(), self.alive_until.into()];
        on.execute(SIGN, values).await.map(drop)
    }

    fn committed(&self, (): &()) {
        self.instance.state().alive_until = Some(self.alive_until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_of_life_is_due_every_second_and_after_the_clock_was_set_back() {
        let instance = Instance::new();
        assert!(instance.should_sign(10_000));
        Sign::at(10_000, &instance).committed(&());
        assert!(!instance.should_sign(10_000));
        assert!(!instance.should_sign(10_999));
        assert!(instance.should_sign(11_000));
        assert!(instance.should_sign(9_999));
    }

    #[test]
    fn who_has_finished_all_is_at_rest() {
        let instance = Instance::new();
        instance.took(["one".to_owned(), "two".to_owned()]);
        instance.finished("one");
        assert!(instance.is_at_work());
        instance.finished("two");
        instance.finished("a row of somebody else");
        assert!(!instance.is_at_work());
    }
}
