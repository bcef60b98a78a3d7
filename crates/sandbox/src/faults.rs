//! Faults that tests switch on: wrong statuses, 429s, slowness, dropped connections. Each hits a
//! stated number of matching requests and is then spent.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::limits::{Route, Scope, too_many};

/// Faults waiting at once.
const MAX_FAULTS: usize = 100;
/// Requests that one fault may hit.
const MAX_COUNT: u32 = 1_000_000;
/// The slowest answer, in milliseconds.
const MAX_LATENCY_MS: u64 = 120_000;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultKind {
    /// An answer with this status: Discord's JSON below 500, a proxy's HTML from 500 on.
    Status,
    /// A 429 as Discord's own limiter answers.
    #[serde(rename = "429")]
    TooMany,
    /// A 429 of the proxy before Discord: no `X-RateLimit-*` headers, no JSON.
    Cloudflare,
    /// The request is handled, but late.
    Latency,
    /// The connection ends without an answer; the request is not handled.
    Drop,
    /// The request is handled, but the connection ends without its answer.
    Lost,
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
    /// Milliseconds that `latency` takes; 1,000 when absent.
    #[serde(default)]
    pub latency_ms: Option<u64>,
    /// Requests that it hits; 1 when absent.
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
    /// Go on, then cut the connection.
    Lose,
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
            count: once(),
        }
    }

    fn matches(&self, route: &Route) -> bool {
        self.route
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
        if self
            .route
            .as_ref()
            .is_some_and(|route| !route.starts_with('/'))
        {
            return Err("route must start with '/', as in /channels/{id}/messages".into());
        }
        Ok(())
    }

    fn effect(&self) -> Effect {
        let retry_after_ms = self.retry_after_ms.unwrap_or(1_000);
        match self.kind {
            FaultKind::Status => Effect::Answer(status_answer(self.status.unwrap_or(500))),
            FaultKind::TooMany => Effect::Answer(too_many(self.scope, retry_after_ms, None)),
            FaultKind::Cloudflare => Effect::Answer(cloudflare(retry_after_ms)),
            FaultKind::Latency => {
                Effect::Wait(Duration::from_millis(self.latency_ms.unwrap_or(1_000)))
            }
            FaultKind::Drop => Effect::Drop,
            FaultKind::Lost => Effect::Lose,
        }
    }
}

/// The faults that are switched on, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: Vec<Fault>,
}

impl Faults {
    /// Switches a fault on.
    pub(crate) fn add(&mut self, fault: Fault) -> Result<(), String> {
        fault.validate()?;
        if self.waiting.len() == MAX_FAULTS {
            return Err(format!("at most {MAX_FAULTS} faults can wait; delete some"));
        }
        self.waiting.push(fault);
        Ok(())
    }

    pub(crate) fn all(&self) -> &[Fault] {
        &self.waiting
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// The effect of the oldest matching fault, which is used up by one.
    pub(crate) fn strike(&mut self, route: &Route) -> Option<Effect> {
        let at = self.waiting.iter().position(|fault| fault.matches(route))?;
        let effect = self.waiting[at].effect();
        self.waiting[at].count -= 1;
        if self.waiting[at].count == 0 {
            self.waiting.remove(at);
        }
        Some(effect)
    }
}

fn status_answer(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reason = status.canonical_reason().unwrap_or("Error");
    if status.is_server_error() {
        let page = format!(
            "<html><body><h1>{} {reason}</h1></body></html>",
            status.as_u16()
        );
        return (status, [(header::CONTENT_TYPE, "text/html")], page).into_response();
    }
    let message = format!("{}: {reason}", status.as_u16());
    (status, Json(json!({ "message": message, "code": 0 }))).into_response()
}

fn cloudflare(retry_after_ms: u64) -> Response {
    let page = "<html><body>error code: 1015</body></html>";
    let mut response = (StatusCode::TOO_MANY_REQUESTS, page).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    headers.insert(
        header::RETRY_AFTER,
        HeaderValue::from(retry_after_ms.div_ceil(1_000)),
    );
    response
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn fault(kind: &str, rest: &str) -> Fault {
        serde_json::from_str(&format!(r#"{{"kind":"{kind}"{rest}}}"#)).unwrap()
    }

    #[test]
    fn a_fault_hits_its_route_and_is_spent() {
        let mut faults = Faults::default();
        let only = r#","route":"/channels/{id}/messages","method":"post","count":2"#;
        faults.add(fault("status", only)).unwrap();
        let other = Route::of(&Method::GET, "/api/v10/channels/1/messages");
        let meant = Route::of(&Method::POST, "/api/v10/channels/1/messages");
        assert!(faults.strike(&other).is_none());
        assert!(faults.strike(&meant).is_some());
        assert!(faults.strike(&meant).is_some());
        assert!(faults.strike(&meant).is_none());
    }

    #[test]
    fn a_cloudflare_429_tells_nothing_but_when_to_retry() {
        let response = cloudflare(2_500);
        assert_eq!(response.headers()[header::RETRY_AFTER], "3");
        assert!(response.headers().get("x-ratelimit-scope").is_none());
    }

    #[test]
    fn faults_that_make_no_sense_are_refused() {
        let mut faults = Faults::default();
        assert!(faults.add(fault("status", r#","status":200"#)).is_err());
        assert!(faults.add(fault("drop", r#","count":0"#)).is_err());
        assert!(faults.add(fault("429", r#","route":"channels""#)).is_err());
        assert!(faults.all().is_empty());
    }
}
