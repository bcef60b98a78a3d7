//! Keeps everything that leaves within Discord's limits: buckets, the global pace, Cloudflare,
//! and the count of refused requests. One limiter owns a bot's token.
//!
//! **Fairness.** Requests wait in lanes: a principal, or one of its agents (`principal/agent`). At
//! the global pace principals take turns, the one served longest ago first; within a principal's
//! turn its agents do the same, so a principal gains nothing by inventing agents. It is round robin
//! by request (a deficit round robin whose every request weighs the same): whoever has something to
//! send gets at least an equal share of what the others leave, however long others' lines are and
//! over however many buckets they spread. A bucket that has room for all who wait serves whose turn
//! it is over all buckets; one that has not keeps turns of its own, or a lane that is busy elsewhere
//! would never be served there. Answers to interactions go before everything and wait for no pace.
//!
//! **Bounds.** A lane has at most 1,024 requests in line and a principal 2,048; whoever wants more
//! is told when to come back. When 4,096 wait in all, only principals with few in line are let in.

mod bucket;
mod forecast;
mod gates;
mod headers;
mod invalid;
mod lanes;
mod odd;
mod pace;
mod route;
#[cfg(test)]
mod simulation;
mod state;
mod table;
#[cfg(test)]
mod trial;
mod turns;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{HandsError, forecast::Forecast};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use state::State;

pub(super) use headers::Observed;
pub(super) use route::{Class, Route};
pub use state::LimitsStatus;
pub(super) use state::{Next, Place, Ticket, millis};

/// Shared by all that send with one token.
pub(super) struct Limiter(Mutex<State>);

impl Limiter {
    pub(super) fn new(global_per_second: u32) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State::new(global_per_second))))
    }

    /// Wait for leave to send one request, at most until the ticket's deadline. Dropping the
    /// future leaves the line.
    pub(super) async fn acquire(self: &Arc<Self>, ticket: Ticket) -> Result<Leave, HandsError> {
        let bell = Arc::new(Notify::new());
        let id = self
            .state()
            .enqueue(ticket, Arc::clone(&bell), Instant::now())?;
        // From here on `leave` gives everything back when dropped, in line or let go.
        let leave = Leave {
            limiter: Arc::clone(self),
            id,
            stage: Stage::Unsent,
        };
        loop {
            let wake = {
                let now = Instant::now();
                let mut state = self.state();
                state.pump(now);
                if state.may_go(id) {
                    return Ok(leave);
                }
                if let Some(refusal) = state.refusal(id, now) {
                    return Err(refusal);
                }
                state.wake_at(id, now).unwrap_or(now)
            };
            // Either way there is something to look at.
            let _ = timeout_at(wake, bell.notified()).await;
        }
    }

    /// How long these would take one after the other.
    pub(super) fn forecast(&self, requests: &[(Route, Class)], lane: &str) -> Forecast {
        self.state().forecast(requests, lane, Instant::now())
    }

    /// How the bot stands with Discord's limits.
    pub(super) fn status(&self) -> LimitsStatus {
        self.state().status(Instant::now())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave to send one request. Dropped before [`Leave::sending`], it is given back; afterwards it
/// counts as used.
pub(super) struct Leave {
    limiter: Arc<Limiter>,
    id: u64,
    stage: Stage,
}

#[derive(PartialEq, Eq)]
enum Stage {
    Unsent,
    Sent,
    Settled,
}

impl Leave {
    /// From here on the request may have left.
    pub(super) fn sending(&mut self) {
        self.stage = Stage::Sent;
    }

    /// It certainly did not leave.
    pub(super) fn unsent(mut self) {
        self.stage = Stage::Unsent;
    }

    /// It was answered.
    pub(super) fn answered(mut self, observed: &Observed) -> Next {
        self.stage = Stage::Settled;
        self.limiter
            .state()
            .answer(self.id, observed, Instant::now())
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        match self.stage {
            Stage::Unsent => self.limiter.state().withdraw(self.id, Instant::now()),
            Stage::Sent => self.limiter.state().lose(self.id, Instant::now()),
            Stage::Settled => {}
        }
    }
}
