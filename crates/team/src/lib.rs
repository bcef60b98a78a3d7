//! Agents together: who may write into a thread, and waiting for what others write. Everything
//! here is a flow, whose only ways are the gate and the ports it was given.

use std::sync::Arc;

use gate::Flow;
use model::ledger::{Journal, Leases};

mod lock;
pub mod people;
mod trouble;
mod wait;

/// Whether the Gateway connection is up, so that the journal hears of new messages.
pub type Hearing = Arc<dyn Fn() -> bool + Send + Sync>;

/// The flows of this room, by the name of their tool.
pub fn flows(
    leases: Arc<dyn Leases>,
    journal: Arc<dyn Journal>,
    hearing: Hearing,
) -> Vec<(&'static str, Arc<dyn Flow>)> {
    vec![
        (
            "discord_acquire_thread",
            Arc::new(lock::Acquire(Arc::clone(&leases))),
        ),
        ("discord_release_thread", Arc::new(lock::Release(leases))),
        (
            "discord_wait_for_message",
            Arc::new(wait::Wait::new(journal, hearing)),
        ),
    ]
}
