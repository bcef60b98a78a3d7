//! Forgetting what has expired: keys, tokens, and what ended long ago.

use async_trait::async_trait;
use model::{Millis, ledger::StoreError};

use crate::{approval, kept, reading, transaction::Transaction, writer::Write};

/// How often the writer forgets, at most.
pub(crate) const EVERY_MS: Millis = 10 * 60 * 1000;
/// How long a finished outbox row stays for people to look at.
const OUTBOX_KEPT_MS: Millis = 30 * 24 * 60 * 60 * 1000;
/// How long the last sign of life of an instance stays.
const INSTANCES_KEPT_MS: Millis = 60 * 60 * 1000;
/// How many rows of a table go at once; the rest goes next time.
const AT_ONCE: i64 = 1000;

pub(crate) const IDEMPOTENCY_KEYS: &str = "\
DELETE FROM idempotency_keys WHERE (principal, key) IN (
    SELECT principal, key FROM idempotency_keys WHERE expires_at <= $1
    ORDER BY expires_at LIMIT $2)";

pub(crate) const SPENT_CONFIRMATIONS: &str = "\
DELETE FROM spent_confirmations WHERE token_digest IN (
    SELECT token_digest FROM spent_confirmations WHERE expires_at <= $1
    ORDER BY expires_at LIMIT $2)";

pub(crate) const OUTBOX: &str = "\
DELETE FROM outbox WHERE outbox_id IN (
    SELECT outbox_id FROM outbox WHERE state <> 'started' AND finished_at <= $1
    ORDER BY finished_at LIMIT $2)";

pub(crate) const INSTANCES: &str = "DELETE FROM instances WHERE alive_until <= $1";

/// Forget what has expired at `now`.
pub(crate) struct Prune {
    pub(crate) now: Millis,
}

#[async_trait]
impl Write for Prune {
    type Output = ();

    async fn run(&self, on: &mut Transaction<'_>) -> Result<(), StoreError> {
        let gone = self.now.saturating_sub(INSTANCES_KEPT_MS);
        let finished = self.now.saturating_sub(OUTBOX_KEPT_MS);
        on.execute(IDEMPOTENCY_KEYS, [self.now.into(), AT_ONCE.into()])
            .await?;
        on.execute(SPENT_CONFIRMATIONS, [self.now.into(), AT_ONCE.into()])
            .await?;
        on.execute(OUTBOX, [finished.into(), AT_ONCE.into()])
            .await?;
        approval::prune(on, self.now, AT_ONCE).await?;
        reading::prune(on, self.now, AT_ONCE).await?;
        kept::prune(on, self.now, AT_ONCE).await?;
        on.execute(INSTANCES, [gone.into()]).await?;
        Ok(())
    }
}
