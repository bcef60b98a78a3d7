//! Faults that tests switch on: wrong statuses, 429s, slowness, dropped connections, a Gateway that
//! misbehaves. Each hits a stated number of matching moments, all of them or by chance, and is then
//! spent. Chance comes from the sandbox's seed, so the same run goes wrong in the same places.

mod answer;
mod book;

use std::time::Duration;

use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::limits::{Route, Scope, too_many};
pub(crate) use answer::{banned, broken};
pub(crate) use book::{FaultBook, Faults};

/// Requests that one fault may hit.
const MAX_COUNT: u32 = 1_000_000;
/// The slowest answer, in milliseconds.
const MAX_LATENCY_MS: u64 = 120_000;
/// The largest frame that a fault makes, in bytes.
const MAX_BYTES: u64 = 128 * 1024 * 1024;
/// How large a huge frame is when nobody says: above what most clients take.
const HUGE_BYTES: u64 = 20 * 1024 * 1024;

/// What goes wrong: with a request of REST, or (from `no_hello` on) with a connection of the
/// Gateway.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// An answer with this status: Discord's JSON below 500, a proxy's HTML from 500 on.
    Status,
    /// A 429 as Discord's own limiter answers.
    #[serde(rename = "429")]
    TooMany,
    /// A page of the proxy before Discord, without `X-RateLimit-*` headers and JSON: a 429, or a
    /// `status` from 500 on.
    Cloudflare,
    /// The request is handled, but late.
    Latency,
    /// The connection ends without an answer; the request is not handled.
    Drop,
    /// The request is handled, but the connection ends without its answer.
    Lost,
    /// The request is handled, but the connection ends in the middle of its answer.
    Truncate,
    /// The request is handled, but its answer pauses in the middle for `latency_ms`.
    Stall,
    /// The request is not handled, and nothing is answered for `latency_ms` (120 seconds when
    /// absent); then the connection ends.
    Hang,
    /// A new connection of the Gateway hears no HELLO.
    NoHello,
    /// READY comes `latency_ms` late.
    LateReady,
    /// A heartbeat is not acknowledged.
    NoAck,
    /// A RESUME is refused: op 9, not resumable.
    RefuseResume,
    /// A dispatch comes twice, with the same sequence number.
    Duplicate,
    /// A dispatch never comes, though its sequence number is spent.
    Skip,
    /// A dispatch is blown up with white space to `bytes`.
    Huge,
    /// A dispatch is cut off in the middle, so that it is no JSON.
    Malformed,
}

impl FaultKind {
    fn is_of_gateway(self) -> bool {
        match self {
            Self::Status
            | Self::TooMany
            | Self::Cloudflare
            | Self::Latency
            | Self::Drop
            | Self::Lost
            | Self::Truncate
            | Self::Stall
            | Self::Hang => false,
            Self::NoHello
            | Self::LateReady
            | Self::NoAck
            | Self::RefuseResume
            | Self::Duplicate
            | Self::Skip
            | Self::Huge
            | Self::Malformed => true,
        }
    }
}

/// One fault.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Only this route template, such as `/channels/{id}/messages`; absent for every route.
    #[serde(default)]
    pub route: Option<String>,
    /// Only this method; absent for every method.
    #[serde(default)]
    pub method: Option<String>,
    /// What goes wrong.
    pub kind: FaultKind,
    /// The status of `status`; 500 when absent.
    #[serde(default)]
    pub status: Option<u16>,
    /// The scope of `429`.
    #[serde(default)]
    pub scope: Scope,
    /// Milliseconds to wait, told by `429` and `cloudflare`; 1,000 when absent.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
    /// Milliseconds that `latency`, `stall` and `late_ready` take; 1,000 when absent.
    #[serde(default)]
    pub latency_ms: Option<u64>,
    /// The size of a `huge` frame; 20 MiB when absent.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// The chance, from 0 to 1, that a matching moment is hit; always when absent.
    #[serde(default)]
    pub probability: Option<f64>,
    /// Moments that it hits; 1 when absent, 1,000,000 for what never ends.
    #[serde(default = "once")]
    pub count: u32,
}

fn once() -> u32 {
    1
}

/// What goes wrong with the Gateway, for every session that is connected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GatewayFault {
    /// The websocket is closed with a code.
    Disconnect {
        /// Such as 4000; one that a close frame may carry.
        code: u16,
        /// Whether the session can be resumed.
        resumable: bool,
    },
    /// The websocket ends without a close frame.
    Drop {
        /// Whether the session can be resumed.
        resumable: bool,
    },
    /// Op 7.
    Reconnect,
    /// Op 9.
    Invalidate {
        /// The `d` of the frame.
        resumable: bool,
    },
    /// The websocket stays open and says nothing more, not even heartbeat acknowledgements.
    Silence,
    /// Op 1: the client is asked for a heartbeat.
    Heartbeat,
}

/// What a fault does to the request it hit.
#[derive(Debug)]
pub(crate) enum Effect {
    /// This is the answer.
    Answer(Response),
    /// Wait, then go on.
    Wait(Duration),
    /// Cut the connection at once.
    Drop,
    /// Wait, then cut the connection.
    Hang(Duration),
    /// Go on, then cut the connection.
    Lose,
    /// Go on, then send half of the answer and cut the connection.
    Truncate,
    /// Go on, then wait in the middle of the answer.
    Stall(Duration),
}

impl Effect {
    /// Whether it comes before the request is handled.
    pub(crate) fn comes_first(&mut self) -> bool {
        !matches!(self, Self::Lose | Self::Truncate | Self::Stall(_))
    }
}

impl Fault {
    /// One that hits the next request, whatever it is.
    pub fn of(kind: FaultKind) -> Self {
        Self {
            route: None,
            method: None,
            kind,
            status: None,
            scope: Scope::default(),
            retry_after_ms: None,
            latency_ms: None,
            bytes: None,
            probability: None,
            count: once(),
        }
    }

    fn matches(&self, route: &Route) -> bool {
        !self.kind.is_of_gateway()
            && self
                .route
                .as_ref()
                .is_none_or(|template| *template == route.template)
            && self
                .method
                .as_ref()
                .is_none_or(|name| name.eq_ignore_ascii_case(&route.method))
    }

    fn validate(&self) -> Result<(), String> {
        if self.count == 0 || self.count > MAX_COUNT {
            return Err(format!("count must be between 1 and {MAX_COUNT}"));
        }
        if self
            .status
            .is_some_and(|status| !(400..=599).contains(&status))
        {
            return Err("status must be between 400 and 599".into());
        }
        if self.latency_ms.is_some_and(|ms| ms > MAX_LATENCY_MS) {
            return Err(format!("latency_ms must be at most {MAX_LATENCY_MS}"));
        }
        if self.bytes.is_some_and(|bytes| bytes > MAX_BYTES) {
            return Err(format!("bytes must be at most {MAX_BYTES}"));
        }
        if self
            .probability
            .is_some_and(|chance| !(0.0..=1.0).contains(&chance))
        {
            return Err("probability must be between 0 and 1".into());
        }
        if self
            .route
            .as_ref()
            .is_some_and(|route| !route.starts_with('/'))
        {
            return Err("route must start with '/', as in /channels/{id}/messages".into());
        }
        if self.kind.is_of_gateway() && (self.route.is_some() || self.method.is_some()) {
            return Err("a fault of the Gateway has no route and no method".into());
        }
        Ok(())
    }

    fn latency(&self, unless_told_ms: u64) -> Duration {
        Duration::from_millis(self.latency_ms.unwrap_or(unless_told_ms))
    }

    /// The size of a huge frame.
    pub(crate) fn huge_bytes(&self) -> usize {
        usize::try_from(self.bytes.unwrap_or(HUGE_BYTES)).unwrap_or(usize::MAX)
    }

    /// How late READY comes.
    pub(crate) fn lateness(&self) -> Duration {
        self.latency(1_000)
    }

    /// What it does to a request; nothing when it is one of the Gateway.
    fn effect(&self) -> Option<Effect> {
        let retry_after_ms = self.retry_after_ms.unwrap_or(1_000);
        Some(match self.kind {
            FaultKind::Status => Effect::Answer(answer::status(self.status.unwrap_or(500))),
            FaultKind::TooMany => Effect::Answer(too_many(self.scope, retry_after_ms, None)),
            FaultKind::Cloudflare => Effect::Answer(match self.status {
                Some(status @ 500..) => answer::bad_gateway(status),
                _ => answer::cloudflare(retry_after_ms),
            }),
            FaultKind::Latency => Effect::Wait(self.latency(1_000)),
            FaultKind::Drop => Effect::Drop,
            FaultKind::Lost => Effect::Lose,
            FaultKind::Truncate => Effect::Truncate,
            FaultKind::Stall => Effect::Stall(self.latency(1_000)),
            FaultKind::Hang => Effect::Hang(self.latency(MAX_LATENCY_MS)),
            _ => return None,
        })
    }
}
