//! The port of approvals, answered by the store.

use async_trait::async_trait;
use model::{
    Millis,
    approval::{Approval, ApprovalFilter, Approvals, Opened, Room, State},
    ledger::{Decision, StoreError},
};

use crate::{
    Store, approval,
    engine::{Row, Value},
};

/// How many rows one query gives at most, whatever it asks for.
const PAGE: u32 = 500;

#[async_trait]
impl Approvals for Store {
    async fn open(&self, approval: Approval, room: Room) -> Result<Opened, StoreError> {
        self.write(approval::Open { approval, room }).await
    }

    async fn approval(&self, id: &str) -> Result<Option<Approval>, StoreError> {
        let row = self.inner.readers.row(approval::BY_ID, [id.into()]).await?;
        row.as_ref().map(approval::read).transpose()
    }

    async fn latest_approval(
        &self,
        confirmer: &str,
        digest: &str,
        key: Option<&str>,
    ) -> Result<Option<Approval>, StoreError> {
        let values = approval::key(confirmer, digest, key);
        let row = self.inner.readers.row(approval::LATEST, values).await?;
        row.as_ref().map(approval::read).transpose()
    }

    async fn replace(
        &self,
        approval: Approval,
        decision: Option<Decision>,
    ) -> Result<bool, StoreError> {
        self.write(approval::Replace { approval, decision }).await
    }

    async fn due_approvals(&self, now: Millis, limit: u32) -> Result<Vec<Approval>, StoreError> {
        let values = [now.into(), page(limit)];
        all(&self.inner.readers.rows(approval::DUE, values).await?)
    }

    async fn list_approvals(
        &self,
        filter: &ApprovalFilter,
        limit: u32,
    ) -> Result<Vec<Approval>, StoreError> {
        let values = [
            filter.state.map(State::as_str).into(),
            filter.principal.as_deref().into(),
            page(limit),
        ];
        all(&self.inner.readers.rows(approval::LIST, values).await?)
    }

    async fn cursor(&self, listener: &str) -> Result<Option<i64>, StoreError> {
        let row = self
            .inner
            .readers
            .row(approval::CURSOR, [listener.into()])
            .await?;
        row.map(|row| row.integer("seq")).transpose()
    }

    async fn move_cursor(&self, listener: &str, seq: i64) -> Result<(), StoreError> {
        let listener = listener.to_owned();
        self.write(approval::MoveCursor { listener, seq }).await
    }
}

fn page(limit: u32) -> Value {
    i64::from(limit.min(PAGE)).into()
}

fn all(rows: &[Row]) -> Result<Vec<Approval>, StoreError> {
    rows.iter().map(approval::read).collect()
}
