//! What handlers take from a request besides its body: whose it is, the named parts of its path, and
//! its query.

use axum::extract::{FromRequestParts, Path, Query};
use http::{StatusCode, request::Parts};
use model::Principal;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Longest complaint of a reader that is passed on, in characters.
const COMPLAINT: usize = 400;

/// Whose request it is.
pub(super) struct Who(pub(super) Principal);

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let principal = parts.extensions.get::<Principal>().cloned();
        principal.map(Self).ok_or_else(|| {
            tracing::error!("a request reached the API without a principal");
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal_error",
                "something broke inside the server",
            )
        })
    }
}

/// The named parts of the path.
pub(super) struct Named<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(named)) => Ok(Self(named)),
            Err(rejection) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_path",
                format!("the path cannot be read: {}", clip(&rejection.body_text())),
            )),
        }
    }
}

/// The query, read strictly.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_query",
                format!("the query cannot be read: {}", clip(&rejection.body_text())),
            )),
        }
    }
}

/// What a reader complains of may repeat the request.
fn clip(complaint: &str) -> String {
    complaint.chars().take(COMPLAINT).collect()
}
