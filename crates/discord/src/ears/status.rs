//! How the ears are, for `/health` and for people who wonder why nothing is heard.

use model::Millis;
use serde::Serialize;
use tokio::sync::watch;

/// How the ears are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct EarsStatus {
    /// A session is established and events arrive.
    pub connected: bool,
    /// Since when it has been as `connected` says.
    pub since: Option<Millis>,
    /// When the latest event arrived that anyone wanted.
    pub last_event_at: Option<Millis>,
    pub guilds: usize,
    /// Mean time from a heartbeat to its answer.
    pub latency_ms: Option<u64>,
    /// What broke last; it may have been overcome since.
    pub last_error: Option<String>,
    /// How often a session was lost with what happened meanwhile. Those events are not in the
    /// journal; whoever needs them reads them from Discord.
    pub gaps: u64,
    pub last_gap_at: Option<Millis>,
}

/// The one place where the status is written.
#[derive(Debug)]
pub(super) struct Board(watch::Sender<EarsStatus>);

impl Board {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(EarsStatus::default()))
    }

    pub(super) fn watch(&self) -> watch::Receiver<EarsStatus> {
        self.0.subscribe()
    }

    pub(super) fn connected(&self, connected: bool, now: Millis) {
        self.0.send_if_modified(|status| {
            let changed = status.connected != connected || status.since.is_none();
            if changed {
                status.connected = connected;
                status.since = Some(now);
            }
            changed
        });
    }

    pub(super) fn heard(&self, at: Option<Millis>, guilds: usize) {
        self.0.send_if_modified(|status| {
            let changed = status.guilds != guilds || (at.is_some() && status.last_event_at != at);
            status.guilds = guilds;
            status.last_event_at = at.or(status.last_event_at);
            changed
        });
    }

    pub(super) fn latency(&self, millis: u64) {
        self.0
            .send_modify(|status| status.latency_ms = Some(millis));
    }

    pub(super) fn error(&self, error: String) {
        self.0.send_modify(|status| status.last_error = Some(error));
    }

    pub(super) fn gap(&self, now: Millis) {
        self.0.send_modify(|status| {
            status.gaps += 1;
            status.last_gap_at = Some(now);
        });
    }
}
