//! What the front of the server keeps besides the world: limiter, faults, invalid requests, and
//! the last REST requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::actors::Troupe;
use crate::control::events::EventLog;
use crate::faults::{FaultBook, GatewayFault};
use crate::gateway::{Hub, Rules};
use crate::limits::{InvalidRequests, Limiter, Limits, is_invalid};
use crate::server::panics::Panics;
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
    pub(crate) faults: Arc<FaultBook>,
    pub(crate) panics: Panics,
    seen: Mutex<Seen>,
    shelf: Mutex<Shelf>,
    pub(crate) events: Arc<EventLog>,
    pub(crate) actors: Arc<Troupe>,
}

#[derive(Default)]
struct Seen {
    requests: VecDeque<SeenRequest>,
    /// All that ever came.
    count: u64,
    invalid: InvalidRequests,
}

impl Seen {
    fn keep(&mut self, request: SeenRequest) {
        self.count += 1;
        if self.requests.len() == MAX_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
        let old = self.requests.len().checked_sub(MAX_DETAILS + 1);
        if let Some(old) = old.and_then(|at| self.requests.get_mut(at)) {
            (old.body, old.answer) = (None, None);
        }
    }
}

impl Desk {
    pub(crate) fn new(
        shared: Arc<Shared>,
        hub: Arc<Hub>,
        faults: Arc<FaultBook>,
        panics: Panics,
        limits: Limits,
        people: Router,
    ) -> Self {
        limit_gateway(&shared, &hub, &limits);
        let events = Arc::new(EventLog::default());
        shared.subscribe(Arc::clone(&events) as _);
        let actors = Arc::new(Troupe::new(Arc::clone(&shared), people));
        Self {
            shared,
            hub,
            limiter: Mutex::new(Limiter::new(limits)),
            faults,
            panics,
            seen: Mutex::default(),
            shelf: Mutex::default(),
            events,
            actors,
        }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.shared.clock().now_ms()
    }

    pub(crate) fn limiter(&self) -> MutexGuard<'_, Limiter> {
        lock(&self.limiter)
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
        // They play in the world that is left behind.
        self.actors.stop_all();
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
        limit_gateway(&self.shared, &self.hub, &limits);
        lock(&self.seen).invalid.forgive();
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
            GatewayFault::Heartbeat => hub.heartbeat_all(now_ms),
        }
    }

    /// Notes a finished request.
    pub(crate) fn note(&self, mut request: SeenRequest, answer: Option<(StatusCode, &HeaderMap)>) {
        let counted = answer.is_some_and(|(status, headers)| is_invalid(status, headers));
        let ban = if counted { self.limiter().ban() } else { None };
        let mut seen = lock(&self.seen);
        if let Some((status, _)) = answer {
            request.status = status.as_u16();
        }
        if counted {
            seen.invalid.count_one(request.at, ban);
        }
        seen.keep(request);
        drop(seen);
        self.events.ring();
    }

    /// The last requests, oldest first.
    pub(crate) fn requests(&self) -> Vec<SeenRequest> {
        lock(&self.seen).requests.iter().cloned().collect()
    }

    /// How many requests there were since the start.
    pub(crate) fn request_count(&self) -> u64 {
        lock(&self.seen).count
    }

    pub(crate) fn forget_requests(&self) {
        lock(&self.seen).requests.clear();
    }

    /// Notes a request that the proxy before Discord answered: it counts no further.
    pub(crate) fn note_banned(&self, request: SeenRequest) {
        lock(&self.seen).keep(request);
    }

    /// How many milliseconds the address is still banned.
    pub(crate) fn banned_ms(&self) -> Option<u64> {
        let now_ms = self.now_ms();
        lock(&self.seen).invalid.banned_ms(now_ms)
    }

    /// Invalid requests within the last ten minutes.
    pub(crate) fn invalid_requests(&self) -> usize {
        let now_ms = self.now_ms();
        lock(&self.seen).invalid.count(now_ms)
    }
}

fn limit_gateway(shared: &Shared, hub: &Hub, limits: &Limits) {
    hub.set_rules(Rules::of(limits));
    let (at_once, per_day) = (limits.identify_per_5s, limits.identify_per_day);
    shared.write(|world| world.session_starts.limit(at_once, per_day));
}

/// A panic in one request must not end the sandbox, so a poisoned lock is taken over.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
