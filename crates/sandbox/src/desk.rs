//! What the front of the server keeps besides the world: limiter, faults, invalid requests, and
//! the last REST requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::faults::{Faults, GatewayFault};
use crate::gateway::Hub;
use crate::limits::{InvalidRequests, Limiter, Limits};
use crate::snapshot::{Shelf, Snapshot, SnapshotError};
use crate::snowflake::Snowflake;
use crate::world::Shared;

/// REST requests kept for the control API.
const MAX_REQUESTS: usize = 1_000;
/// Of these, the newest keep what was sent and answered.
const MAX_DETAILS: usize = 200;

/// One REST request, as the control API shows it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct SeenRequest {
    /// In capitals.
    pub method: String,
    /// With `/api/v10`, without the query.
    pub path: String,
    /// Without `?`.
    pub query: Option<String>,
    /// Of the answer; 0 when the connection was cut instead.
    pub status: u16,
    /// The bot, if its token was known.
    pub actor: Option<Snowflake>,
    /// `X-Audit-Log-Reason` as it was sent.
    pub reason: Option<String>,
    /// Milliseconds since 1970 on the sandbox's clock.
    pub at: u64,
    /// Real microseconds until the answer was ready; absent when the handler never ran.
    pub took_us: Option<u64>,
    /// What was sent, clipped: small JSON of recent requests only.
    pub body: Option<String>,
    /// What was answered, clipped: small text of recent requests only.
    pub answer: Option<String>,
}

/// The front desk.
pub(crate) struct Desk {
    pub(crate) shared: Arc<Shared>,
    pub(crate) hub: Arc<Hub>,
    limiter: Mutex<Limiter>,
    faults: Mutex<Faults>,
    seen: Mutex<Seen>,
    shelf: Mutex<Shelf>,
}

#[derive(Default)]
struct Seen {
    requests: VecDeque<SeenRequest>,
    invalid: InvalidRequests,
}

impl Desk {
    pub(crate) fn new(shared: Arc<Shared>, hub: Arc<Hub>, limits: Limits) -> Self {
        limit_identifies(&shared, &limits);
        Self {
            shared,
            hub,
            limiter: Mutex::new(Limiter::new(limits)),
            faults: Mutex::default(),
            seen: Mutex::default(),
            shelf: Mutex::default(),
        }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.shared.clock().now_ms()
    }

    pub(crate) fn limiter(&self) -> MutexGuard<'_, Limiter> {
        lock(&self.limiter)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// Named snapshots.
    pub(crate) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        lock(&self.shelf)
    }

    /// The world as it is now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.shared.read(Snapshot::take)
    }

    /// Goes back to a saved world. Every session of the Gateway ends (op 9, not resumable), and
    /// rate limits start anew; answers how many sessions there were.
    pub(crate) fn restore(&self, snapshot: &Snapshot) -> Result<usize, SnapshotError> {
        let saved = snapshot.world()?;
        let sessions = self.shared.write(|world| {
            self.shared.clock().take_up(snapshot.saved_at_ms());
            world.become_saved(saved);
            self.hub.invalidate_all(world.now_ms(), false.into())
        });
        let mut limiter = self.limiter();
        let limits = limiter.limits().clone();
        limiter.set_limits(limits);
        Ok(sessions)
    }

    /// Takes new limits into use, after a check.
    pub(crate) fn set_limits(&self, limits: Limits) -> Result<(), String> {
        limits.validate()?;
        limit_identifies(&self.shared, &limits);
        self.limiter().set_limits(limits);
        Ok(())
    }

    /// Does something to every session; answers how many it reached.
    pub(crate) fn break_gateway(&self, fault: GatewayFault) -> usize {
        let (hub, now_ms) = (&self.hub, self.now_ms());
        match fault {
            GatewayFault::Disconnect { code, resumable } => {
                hub.close_all(now_ms, code, resumable.into())
            }
            GatewayFault::Drop { resumable } => hub.cut_all(now_ms, resumable.into()),
            GatewayFault::Reconnect => hub.reconnect_all(now_ms),
            GatewayFault::Invalidate { resumable } => hub.invalidate_all(now_ms, resumable.into()),
            GatewayFault::Silence => hub.silence_all(now_ms),
        }
    }

    /// Notes a finished request.
    pub(crate) fn note(&self, mut request: SeenRequest, answer: Option<(StatusCode, &HeaderMap)>) {
        let mut seen = lock(&self.seen);
        if let Some((status, headers)) = answer {
            request.status = status.as_u16();
            seen.invalid.observe(request.at, status, headers);
        }
        if seen.requests.len() == MAX_REQUESTS {
            seen.requests.pop_front();
        }
        seen.requests.push_back(request);
        let old = seen.requests.len().checked_sub(MAX_DETAILS + 1);
        if let Some(old) = old.and_then(|at| seen.requests.get_mut(at)) {
            (old.body, old.answer) = (None, None);
        }
    }

    /// The last requests, oldest first.
    pub(crate) fn requests(&self) -> Vec<SeenRequest> {
        lock(&self.seen).requests.iter().cloned().collect()
    }

    pub(crate) fn forget_requests(&self) {
        lock(&self.seen).requests.clear();
    }

    /// Invalid requests within the last ten minutes.
    pub(crate) fn invalid_requests(&self) -> usize {
        let now_ms = self.now_ms();
        lock(&self.seen).invalid.count(now_ms)
    }
}

fn limit_identifies(shared: &Shared, limits: &Limits) {
    shared.write(|world| {
        world
            .session_starts
            .set_max_concurrency(limits.identify_per_5s);
    });
}

/// A panic in one request must not end the sandbox, so a poisoned lock is taken over.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
