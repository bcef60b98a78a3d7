//! The port to Discord's REST API. Reading is free; writing takes a permit that only the gate makes.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::Value;

use crate::{forecast::Forecast, request::Request};

/// A request that someone was entitled to make. The gate's `Permit` is the one implementation in
/// the product; hands are built for that type, so nothing else can be written with them.
pub trait Permitted: Send + Sync + 'static {
    /// What may be sent, exactly as it was judged.
    fn request(&self) -> &Request;
}

/// For whom hands work, and how long it may take in all, waiting and retries included.
#[derive(Debug, Clone)]
pub struct Errand {
    /// Callers of one bot share its limits fairly by lane: a principal, or `principal/agent`. First
    /// principals take turns, then the agents of one.
    pub lane: Arc<str>,
    pub timeout: Duration,
}

/// The port. `P` is the permit that writing takes.
#[async_trait]
pub trait Hands<P: Permitted>: Send + Sync {
    /// Send a `GET`. Any other method is refused with [`HandsError::NotARead`].
    async fn read(&self, request: &Request, errand: &Errand) -> Result<Response, HandsError>;

    /// Send what was permitted.
    async fn write(&self, permit: &P, errand: &Errand) -> Result<Response, HandsError>;

    /// How long these would take in this lane, one after the other, at Discord's limits as they are
    /// now. Nothing is sent. `None` where hands know of no limits.
    fn forecast(&self, requests: &[&Request], lane: &str) -> Option<Forecast> {
        let _ = (requests, lane);
        None
    }
}

/// A successful answer (2xx). 204 has `Value::Null` as its body.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    pub body: Value,
}

/// Why hands could not do it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HandsError {
    /// Discord answered with an error of its own.
    #[error("Discord answered {status} (code {code}): {message}")]
    Api {
        status: u16,
        /// Discord's JSON error code, 0 where there was none.
        code: u64,
        message: String,
        /// Nested form errors, flattened.
        fields: Vec<FieldError>,
    },
    /// Discord refuses the bot's token; nothing more is sent until the process restarts.
    #[error("Discord does not accept the bot token")]
    Unauthorized,
    /// Waiting for the rate limit would take longer than the errand may.
    #[error("rate limited by Discord: try again in {retry_after_ms} ms")]
    RateLimited { retry_after_ms: u64 },
    /// This caller has too many requests in line already; nothing was sent.
    #[error("{waiting} requests of this caller wait already: try again in {retry_after_ms} ms")]
    QueueFull { waiting: usize, retry_after_ms: u64 },
    /// Too many refused requests in ten minutes; Discord would ban this address.
    #[error("paused for {retry_after_ms} ms: too many requests were refused by Discord lately")]
    Paused { retry_after_ms: u64 },
    /// No connection could be made, so nothing was sent.
    #[error("Discord cannot be reached: {detail}")]
    Unreachable { detail: String },
    /// Sent, but the answer never came: it may or may not have happened.
    #[error("the answer was lost, so the outcome is unknown: {detail}")]
    OutcomeUnknown { detail: String },
    /// The time allowed was over before anything was sent.
    #[error("the time allowed was over before the request could be sent")]
    TimedOut,
    /// The answer is larger than this process accepts.
    #[error("Discord's answer is larger than {limit} bytes")]
    AnswerTooLarge { limit: usize },
    /// A 2xx answer that is not JSON; something stands between us and Discord.
    #[error("the answer was not JSON (status {status}); is a proxy in the way?")]
    NotJson { status: u16 },
    /// The request cannot be put on the wire as it was judged, so nothing was sent.
    #[error("the request cannot be sent: {detail}")]
    Unsendable { detail: String },
    /// A request that changes something was handed in as a read.
    #[error("{method} {template} is not a read")]
    NotARead {
        method: &'static str,
        template: String,
    },
}

impl HandsError {
    /// Whether it is certain that nothing changed in Discord.
    pub fn nothing_happened(&self) -> bool {
        match self {
            Self::Api { status, .. } => *status < 500,
            Self::OutcomeUnknown { .. } | Self::NotJson { .. } | Self::AnswerTooLarge { .. } => {
                false
            }
            Self::Unauthorized
            | Self::RateLimited { .. }
            | Self::QueueFull { .. }
            | Self::Paused { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut
            | Self::Unsendable { .. }
            | Self::NotARead { .. } => true,
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Api { status, .. } => *status >= 500,
            Self::RateLimited { .. }
            | Self::QueueFull { .. }
            | Self::Paused { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut
            | Self::OutcomeUnknown { .. } => true,
            Self::Unauthorized
            | Self::AnswerTooLarge { .. }
            | Self::NotJson { .. }
            | Self::Unsendable { .. }
            | Self::NotARead { .. } => false,
        }
    }
}

/// One entry of Discord's nested form errors (code 50035), e.g. path `embeds[0].title`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub path: String,
    pub code: String,
    pub message: String,
}
