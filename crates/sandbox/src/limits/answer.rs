//! Writes the limiter's verdicts as Discord does: headers on every answer, and the 429.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use super::limiter::BucketState;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const RESET_AFTER: HeaderName = HeaderName::from_static("x-ratelimit-reset-after");
const BUCKET: HeaderName = HeaderName::from_static("x-ratelimit-bucket");
const GLOBAL: HeaderName = HeaderName::from_static("x-ratelimit-global");
const SCOPE: HeaderName = HeaderName::from_static("x-ratelimit-scope");

/// Whose limit was hit (Discord: header `X-RateLimit-Scope`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The bot's own bucket.
    #[default]
    User,
    /// The bot over all routes.
    Global,
    /// A resource that many bots use.
    Shared,
}

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Global => "global",
            Self::Shared => "shared",
        }
    }
}

/// Puts the bucket's state on an answer.
pub(crate) fn write_bucket(headers: &mut HeaderMap, state: &BucketState) {
    headers.insert(LIMIT, HeaderValue::from(state.limit));
    headers.insert(REMAINING, HeaderValue::from(state.remaining));
    headers.insert(RESET, text(&seconds(state.reset_at_ms)));
    headers.insert(RESET_AFTER, text(&seconds(state.reset_after_ms)));
    headers.insert(BUCKET, text(&state.hash));
}

/// Marks an answer as come from behind Discord's proxy. Libraries take a 429 without the mark for
/// a ban by Cloudflare, and do not try again.
pub(crate) fn sign(headers: &mut HeaderMap) {
    headers.insert(header::VIA, HeaderValue::from_static("1.1 google"));
}

/// Discord's 429: whole seconds in `Retry-After`, milliseconds in the body.
pub(crate) fn too_many(
    scope: Scope,
    retry_after_ms: u64,
    bucket: Option<&BucketState>,
) -> Response {
    let body = json!({
        "message": "You are being rate limited.",
        "retry_after": seconds(retry_after_ms).parse::<f64>().unwrap_or(1.0),
        "global": scope == Scope::Global,
    });
    let mut response = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::RETRY_AFTER,
        HeaderValue::from(retry_after_ms.div_ceil(1_000)),
    );
    headers.insert(SCOPE, HeaderValue::from_static(scope.as_str()));
    sign(headers);
    if scope == Scope::Global {
        headers.insert(GLOBAL, HeaderValue::from_static("true"));
    }
    if let Some(state) = bucket {
        write_bucket(headers, state);
    }
    response
}

/// Whether an answer is a 429 of a shared resource, which Discord does not count as invalid.
pub(crate) fn is_shared(headers: &HeaderMap) -> bool {
    headers
        .get(SCOPE)
        .is_some_and(|scope| scope == Scope::Shared.as_str())
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).expect("digits, dots and letters are a valid header value")
}
