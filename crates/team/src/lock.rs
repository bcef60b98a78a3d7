//! `discord_acquire_thread` and `discord_release_thread`: leases by another name. The gate checks
//! them in the transaction of every write.

use std::sync::Arc;

use async_trait::async_trait;
use catalogue::View;
use gate::{Declined, Flow, FlowContext, Gate};
use model::{
    ChannelId, Millis, Reason,
    ledger::{Holder, Lease, Leases},
};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::trouble;

pub(crate) struct Acquire(pub(crate) Arc<dyn Leases>);
pub(crate) struct Release(pub(crate) Arc<dyn Leases>);

#[async_trait]
impl Flow for Acquire {
    async fn run(&self, _: &Gate, call: &FlowContext) -> Result<View, Declined> {
        let thread: ChannelId = trouble::id(call, "thread_id")?;
        let ttl_ms = i64::from(trouble::seconds(call, "timeout")?) * 1_000;
        let holder = holder(call)?;
        let lease = self
            .0
            .acquire(thread, &holder, ttl_ms)
            .await
            .map_err(|error| trouble::store(call, &error))?;
        match lease {
            Ok(lease) => Ok(View {
                value: json!({
                    "acquired": true,
                    "thread_id": thread,
                    "agent": holder.agent,
                    "until": shown(lease.until),
                    "fence": lease.fence,
                }),
                untrusted: &[],
            }),
            Err(lease) => Err(call.refuse(held(&lease), None)),
        }
    }
}

#[async_trait]
impl Flow for Release {
    async fn run(&self, _: &Gate, call: &FlowContext) -> Result<View, Declined> {
        let thread: ChannelId = trouble::id(call, "thread_id")?;
        let holder = holder(call)?;
        let failed = |error| trouble::store(call, &error);
        if self.0.release(thread, &holder).await.map_err(failed)? {
            return Ok(View {
                value: json!({
                    "released": true,
                    "thread_id": thread,
                    "agent": holder.agent,
                }),
                untrusted: &[],
            });
        }
        let reason = match self.0.current(thread).await.map_err(failed)? {
            Some(lease) => held(&lease),
            None => Reason::new("not_leased", format!("nobody holds thread {thread}"))
                .with_hint("its lock ended by itself; there is nothing to release"),
        };
        Err(call.refuse(reason, None))
    }
}

fn holder(call: &FlowContext) -> Result<Holder, Declined> {
    Ok(Holder {
        principal: call.principal.id.clone(),
        agent: Some(trouble::text(call, "agent_name")?.to_owned()),
    })
}

fn held(lease: &Lease) -> Reason {
    let holder = &lease.holder;
    let by = match &holder.agent {
        Some(agent) => format!("agent \"{agent}\" of {}", holder.principal),
        None => holder.principal.clone(),
    };
    let until = shown(lease.until);
    let message = format!("{by} holds thread {} until {until}", lease.thread_id);
    Reason::new("thread_leased", message).with_hint("wait for its release, or use another thread")
}

/// RFC 3339 in UTC, whole seconds.
fn shown(at: Millis) -> String {
    OffsetDateTime::from_unix_timestamp(at.div_euclid(1_000))
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_else(|| "a time beyond the calendar".to_owned())
}
