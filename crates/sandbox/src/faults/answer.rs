//! The answers that faults give, and answers that break off.

use std::io;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// An error of this status.
pub(super) fn status(status: u16) -> Response {
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

/// The 429 of the proxy before Discord.
pub(super) fn cloudflare(retry_after_ms: u64) -> Response {
    page(StatusCode::TOO_MANY_REQUESTS, 1015, Some(retry_after_ms))
}

/// The page of the proxy that reaches no server behind it.
pub(super) fn bad_gateway(status: u16) -> Response {
    let known = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    page(known, status, None)
}

/// What an address hears that made too many invalid requests.
pub(crate) fn banned(retry_after_ms: u64) -> Response {
    cloudflare(retry_after_ms)
}

fn page(status: StatusCode, code: u16, retry_after_ms: Option<u64>) -> Response {
    let page = format!(
        "<!doctype html><html><head><title>Access denied | discord.com used Cloudflare to \
         restrict access</title></head><body>error code: {code}</body></html>"
    );
    let mut response = (status, page).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=UTF-8"),
    );
    headers.insert(header::SERVER, HeaderValue::from_static("cloudflare"));
    if let Some(ms) = retry_after_ms {
        let seconds = HeaderValue::from(ms.div_ceil(1_000));
        headers.insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// The same answer, which breaks in the middle: for ever, or for so long.
pub(crate) async fn broken(response: Response, pause: Option<Duration>) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await;
    let bytes = bytes.unwrap_or_default();
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let (first, rest) = (
        bytes.slice(..bytes.len() / 2),
        bytes.slice(bytes.len() / 2..),
    );
    let halves = Halves {
        next: Some(first),
        rest: Some(rest),
        pause,
    };
    Response::from_parts(
        parts,
        Body::from_stream(stream::unfold(halves, Halves::send)),
    )
}

/// A body on its way.
struct Halves {
    next: Option<Bytes>,
    rest: Option<Bytes>,
    pause: Option<Duration>,
}

impl Halves {
    async fn send(mut self) -> Option<(io::Result<Bytes>, Self)> {
        if let Some(first) = self.next.take() {
            return Some((Ok(first), self));
        }
        let rest = self.rest.take()?;
        let Some(pause) = self.pause else {
            // The first half leaves the house before the socket ends.
            tokio::task::yield_now().await;
            let end = io::ErrorKind::ConnectionReset.into();
            return Some((Err(end), self));
        };
        tokio::time::sleep(pause).await;
        Some((Ok(rest), self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloudflare_429_tells_nothing_but_when_to_retry() {
        let response = cloudflare(2_500);
        assert_eq!(response.headers()[header::RETRY_AFTER], "3");
        assert!(response.headers().get("x-ratelimit-scope").is_none());
    }
}
