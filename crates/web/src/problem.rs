//! Errors over HTTP as RFC 9457 problem documents.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

/// A problem: a status, a stable code for programs, and a sentence for people.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    status: StatusCode,
    code: String,
    detail: String,
    /// Further members of the document.
    more: Map<String, Value>,
    retry_after_ms: Option<u64>,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            more: Map::new(),
            retry_after_ms: None,
        }
    }

    /// Add what the reader can do about it.
    #[must_use]
    pub(crate) fn hint(self, hint: Option<impl Into<String>>) -> Self {
        match hint {
            Some(hint) => self.with("hint", hint.into()),
            None => self,
        }
    }

    /// Add a member to the document.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// Add a member that stands before all others.
    #[must_use]
    pub(crate) fn first(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.shift_insert(0, name.to_owned(), value.into());
        self
    }

    /// Say when to try again: to the millisecond in the document, in whole seconds in the header.
    #[must_use]
    pub(crate) fn retry_after_ms(mut self, milliseconds: u64) -> Self {
        self.retry_after_ms = Some(milliseconds);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = self.more;
        body.insert("type".to_owned(), "about:blank".into());
        let title = self.status.canonical_reason().unwrap_or("Error");
        body.insert("title".to_owned(), title.into());
        body.insert("status".to_owned(), self.status.as_u16().into());
        body.insert("code".to_owned(), self.code.into());
        body.insert("detail".to_owned(), self.detail.into());
        if let Some(milliseconds) = self.retry_after_ms {
            body.insert("retry_after_ms".to_owned(), milliseconds.into());
        }
        let mut response = (self.status, Json(Value::Object(body))).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(milliseconds) = self.retry_after_ms {
            let seconds = milliseconds.div_ceil(1_000).max(1);
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
