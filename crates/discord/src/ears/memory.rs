//! What outlives a connection, and what is known about its end.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::writer::SessionName;
use crate::Error;

/// A session at Discord, as far as it was heard.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) name: Arc<SessionName>,
    pub(super) sequence: u64,
}

/// What outlives a connection.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) session: Option<Session>,
    /// A session was lost, and with it what happened until the next READY.
    pub(super) missed: bool,
    pub(super) identified_at: Option<Instant>,
}

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// The service stops.
    Stopped,
    /// Trying again is useless.
    ForGood(Error),
    Lost(Lost),
}

/// A connection that may be followed by another.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) why: String,
    /// HELLO came, so that RESUME or IDENTIFY could be sent.
    pub(super) hello: bool,
    /// When READY or RESUMED came.
    pub(super) settled_at: Option<Instant>,
    /// Discord has forgotten the session.
    pub(super) session_over: bool,
    pub(super) wait_at_least: Duration,
}
