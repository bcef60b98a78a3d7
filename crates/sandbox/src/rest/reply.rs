//! Answers: a JSON value with its status, nothing, or Discord's error body.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::world::{Answer, Refusal};

/// What a handler answers.
pub(super) struct Reply(Answer<(StatusCode, Option<Value>)>);

impl Reply {
    /// 200 with a body.
    pub(super) fn ok(answer: Answer) -> Self {
        Self(answer.map(|value| (StatusCode::OK, Some(value))))
    }

    /// 201 with a body.
    pub(super) fn created(answer: Answer) -> Self {
        Self(answer.map(|value| (StatusCode::CREATED, Some(value))))
    }

    /// 204.
    pub(super) fn done(answer: Answer<()>) -> Self {
        Self(answer.map(|()| (StatusCode::NO_CONTENT, None)))
    }

    /// An error body.
    pub(super) fn refused(refusal: Refusal) -> Self {
        Self(Err(refusal))
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self.0 {
            Ok((status, None)) => status.into_response(),
            Ok((status, Some(body))) => json(status, &body),
            Err(refusal) => {
                let status = StatusCode::from_u16(refusal.status);
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = json(status, &refusal.body());
                if let Some(ms) = refusal.retry_after_ms {
                    let seconds = HeaderValue::from(ms.div_ceil(1_000));
                    response.headers_mut().insert(header::RETRY_AFTER, seconds);
                }
                response
            }
        }
    }
}

fn json(status: StatusCode, body: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, body.to_string()).into_response()
}
