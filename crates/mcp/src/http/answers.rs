//! Answers of the doorkeeper's own, as JSON-RPC errors, so that clients show their text.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, combinators::BoxBody};
use serde_json::Value;

use crate::jsonrpc::{self, Malformed};

/// What responses carry.
pub(super) type Body = BoxBody<Bytes, Infallible>;

/// An error that belongs to no request that could be read.
pub(super) fn plain_error(status: StatusCode, code: i32, message: &str) -> Response<Body> {
    json(status, &jsonrpc::error(&Value::Null, code, message))
}

/// 400 with the reason.
pub(super) fn malformed(malformed: &Malformed) -> Response<Body> {
    json(StatusCode::BAD_REQUEST, &malformed.response())
}

/// Whether a body was refused for its length, by us or by a layer around us.
pub(super) fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn json(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    response
}
