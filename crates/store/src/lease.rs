//! Leases on threads. A lease's row outlives it, so that the next holder's fence is higher.

use async_trait::async_trait;
use model::{
    ChannelId, Millis,
    ledger::{Holder, Lease, StoreError},
};

use crate::{
    engine::{Row, Session},
    transaction::Transaction,
    writer::Write,
};

pub(crate) const FIND: &str =
    "SELECT thread_id, principal, agent, fence, until FROM leases WHERE thread_id = $1";

pub(crate) const PUT: &str = "\
INSERT INTO leases (thread_id, principal, agent, fence, until) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (thread_id) DO UPDATE SET
    principal = excluded.principal, agent = excluded.agent, fence = excluded.fence,
    until = excluded.until";

pub(crate) const END: &str = "UPDATE leases SET until = 0 WHERE thread_id = $1";

/// Take or extend a lease.
pub(crate) struct Acquire {
    pub(crate) thread: ChannelId,
    pub(crate) holder: Holder,
    pub(crate) ttl_ms: i64,
    pub(crate) now: Millis,
}

#[async_trait]
impl Write for Acquire {
    type Output = Result<Lease, Lease>;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<Self::Output, StoreError> {
        let last = find(on, self.thread).await?;
        let until = self.now.saturating_add(self.ttl_ms);
        let lease = match last {
            Some(held) if self.now < held.until && held.holder != self.holder => {
                return Ok(Err(held));
            }
            // Extending never shortens.
            Some(held) if self.now < held.until => Lease {
                until: until.max(held.until),
                ..held
            },
            ended => Lease {
                thread_id: self.thread,
                holder: self.holder.clone(),
                fence: ended.map_or(0, |lease| lease.fence) + 1,
                until,
            },
        };
        let values = [
            lease.thread_id.as_i64().into(),
            (&lease.holder.principal).into(),
            lease.holder.agent.as_deref().into(),
            lease.fence.into(),
            lease.until.into(),
        ];
        on.execute(PUT, values).await?;
        Ok(Ok(lease))
    }
}

/// Give a lease back; gives whether this holder held it.
pub(crate) struct Release {
    pub(crate) thread: ChannelId,
    pub(crate) holder: Holder,
    pub(crate) now: Millis,
}

#[async_trait]
impl Write for Release {
    type Output = bool;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<bool, StoreError> {
        match current(on, self.thread, self.now).await? {
            Some(held) if held.holder == self.holder => {
                on.execute(END, [self.thread.as_i64().into()]).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// The lease in force at `now`, if any.
pub(crate) async fn current(
    on: &mut Session<'_>,
    thread: ChannelId,
    now: Millis,
) -> Result<Option<Lease>, StoreError> {
    Ok(find(on, thread).await?.filter(|lease| now < lease.until))
}

async fn find(on: &mut Session<'_>, thread: ChannelId) -> Result<Option<Lease>, StoreError> {
    on.row(FIND, [thread.as_i64().into()])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

pub(crate) fn read(row: &Row) -> Result<Lease, StoreError> {
    Ok(Lease {
        thread_id: row.id("thread_id")?,
        holder: Holder {
            principal: row.text("principal")?,
            agent: row.optional_text("agent")?,
        },
        fence: row.integer("fence")?,
        until: row.integer("until")?,
    })
}
