//! The one IDENTIFY that a connection may ask for. Discord allows 1,000 a day and resets the token
//! of a bot that needs more, so each is granted by the supervisor, who keeps a ledger.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, oneshot};
use twilight_gateway::queue::Queue;

/// Where a shard asks for leave to identify. A clone asks at the same place.
#[derive(Debug, Clone, Default)]
pub(super) struct Leave(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// Only the latest HELLO's question counts.
    asker: Mutex<Option<oneshot::Sender<()>>>,
    asked: Notify,
}

impl Leave {
    /// Returns when the shard asks. Safe to drop.
    pub(super) async fn asked(&self) {
        self.0.asked.notified().await;
    }

    /// Let the shard identify. `false` if it no longer waits.
    pub(super) fn grant(&self) -> bool {
        let asker = self
            .0
            .asker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        asker.is_some_and(|asker| asker.send(()).is_ok())
    }
}

impl Queue for Leave {
    fn enqueue(&self, _: u32) -> oneshot::Receiver<()> {
        let (asker, granted) = oneshot::channel();
        *self.0.asker.lock().unwrap_or_else(PoisonError::into_inner) = Some(asker);
        self.0.asked.notify_one();
        granted
    }
}
