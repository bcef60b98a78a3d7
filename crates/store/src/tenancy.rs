//! Who belongs where, kept in memory. A counter in the database says whether it is still so, and it
//! is asked at most twice a second, by the calls themselves: an idle process asks nothing.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use model::{
    Millis,
    ledger::StoreError,
    workspaces::{TENANCY_FRESH_MS, Tenancy, Tenants},
};
use tokio::sync::Mutex;

use crate::{Store, error::corrupt, workspace};

pub(crate) const VERSION: &str = "SELECT version FROM tenancy WHERE id = 1";
pub(crate) const CHANGED: &str = "UPDATE tenancy SET version = version + 1 WHERE id = 1";

/// What was read last.
#[derive(Default)]
pub(crate) struct Kept {
    last: RwLock<Option<Seen>>,
    /// One caller looks; the others wait for what it sees.
    looking: Mutex<()>,
}

#[derive(Clone)]
struct Seen {
    tenancy: Arc<Tenancy>,
    version: i64,
    /// When it was compared with the database. `None` after a change of our own.
    at: Option<Millis>,
}

impl Kept {
    /// This instance changed something, so the next call looks.
    pub(crate) fn outdate(&self) {
        if let Some(seen) = &mut *self.last.write().unwrap_or_else(PoisonError::into_inner) {
            seen.at = None;
        }
    }

    fn seen(&self) -> Option<Seen> {
        self.last
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn fresh(&self, now: Millis) -> Option<Arc<Tenancy>> {
        let seen = self.seen()?;
        // A clock that was set back makes nothing fresh.
        let fresh = seen
            .at
            .is_some_and(|at| (0..TENANCY_FRESH_MS).contains(&now.saturating_sub(at)));
        fresh.then_some(seen.tenancy)
    }

    fn keep(&self, seen: Seen) {
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }
}

#[async_trait]
impl Tenants for Store {
    async fn tenancy(&self) -> Result<Arc<Tenancy>, StoreError> {
        let kept = &self.inner.tenancy;
        if let Some(tenancy) = kept.fresh(self.now()) {
            return Ok(tenancy);
        }
        let _one_at_a_time = kept.looking.lock().await;
        let now = self.now();
        if let Some(tenancy) = kept.fresh(now) {
            return Ok(tenancy);
        }
        // The counter first: rows that change after it was read are looked at next time.
        let version = self
            .inner
            .readers
            .row(VERSION, [])
            .await?
            .ok_or_else(|| corrupt("the counter of changes of workspaces is gone"))?
            .integer("version")?;
        let tenancy = match kept.seen() {
            Some(seen) if seen.version == version => seen.tenancy,
            _ => Arc::new(Tenancy::of(
                workspace::all(&self.inner.readers).await?,
                workspace::all_installations(&self.inner.readers).await?,
            )),
        };
        kept.keep(Seen {
            tenancy: Arc::clone(&tenancy),
            version,
            at: Some(now),
        });
        Ok(tenancy)
    }
}
