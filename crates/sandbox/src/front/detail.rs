//! What was sent and answered, clipped, for people who debug a bot: the list of requests shows it.

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, header};

/// Bodies above this are not looked at, in bytes.
const MAX_READ: usize = 64 * 1024;
/// Characters of a body that are kept.
const MAX_KEPT: usize = 2_000;

/// The request, and its body as text where that is small JSON.
pub(super) async fn of_request(request: Request) -> (Request, Option<String>) {
    if !is_json(request.headers()) || !is_small(request.body()) {
        return (request, None);
    }
    let (parts, body) = request.into_parts();
    let (body, text) = read(body).await;
    (Request::from_parts(parts, body), text)
}

/// The answer, and its body as text where that is small and no file.
pub(super) async fn of_answer(response: Response) -> (Response, Option<String>) {
    if !is_text(response.headers()) || !is_small(response.body()) {
        return (response, None);
    }
    let (parts, body) = response.into_parts();
    let (body, text) = read(body).await;
    (Response::from_parts(parts, body), text)
}

async fn read(body: Body) -> (Body, Option<String>) {
    // It has told its length, so that only a connection that broke can fail here.
    let bytes = to_bytes(body, MAX_READ).await.unwrap_or_default();
    let kept = (!bytes.is_empty()).then(|| clipped(&bytes));
    (Body::from(bytes), kept)
}

fn clipped(bytes: &[u8]) -> String {
    let most = bytes.len().min(MAX_KEPT * 4);
    let text = String::from_utf8_lossy(&bytes[..most]);
    if text.len() <= MAX_KEPT {
        return text.into_owned();
    }
    match text.char_indices().nth(MAX_KEPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

fn is_small(body: &Body) -> bool {
    let size = body.size_hint().exact();
    size.is_some_and(|bytes| bytes <= MAX_READ as u64)
}

fn is_json(headers: &HeaderMap) -> bool {
    starts(headers, "application/json")
}

fn is_text(headers: &HeaderMap) -> bool {
    is_json(headers) || starts(headers, "text/")
}

fn starts(headers: &HeaderMap, kind: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE);
    given.is_some_and(|it| it.as_bytes().starts_with(kind.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_kept_as_it_came_and_noted_clipped() {
        let sent = format!("\"{}\"", "ä".repeat(3_000));
        let request = Request::builder()
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(sent.clone()))
            .unwrap();
        let (request, noted) = of_request(request).await;
        let noted = noted.unwrap();
        assert_eq!(noted.chars().count(), MAX_KEPT + 1);
        assert!(noted.ends_with('…'));
        let bytes = to_bytes(request.into_body(), usize::MAX).await.unwrap();
        assert_eq!(bytes, sent.as_bytes());
    }

    #[tokio::test]
    async fn files_are_not_looked_at() {
        let response = Response::builder()
            .header(header::CONTENT_TYPE, "image/png")
            .body(Body::from("…"))
            .unwrap();
        assert_eq!(of_answer(response).await.1, None);
    }
}
