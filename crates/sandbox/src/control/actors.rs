//! Actors over the control API: they are started, looked at and stopped.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::{Control, Problem, parse};
use crate::actors::{ActorError, ActorSpec, ActorView};

/// `POST /control/actors`: what is due at once is done before the answer.
pub(super) async fn start(
    State(control): State<Control>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<ActorView>), Problem> {
    let spec = if is_toml(&headers) {
        let text = std::str::from_utf8(&body)
            .map_err(|error| Problem::bad(format!("invalid body: {error}")))?;
        ActorSpec::from_toml(text)
            .map_err(|error| Problem::bad(format!("invalid body: {error}")))?
    } else {
        parse(&body)?
    };
    let actors = &control.desk.actors;
    let id = actors.start(&spec)?;
    actors.run_due().await;
    let view = actors.view(id);
    let view = view.ok_or_else(|| Problem::not_found(format!("actor {id} is gone")))?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// `GET /control/actors`
pub(super) async fn list(State(control): State<Control>) -> Json<Value> {
    Json(json!({ "actors": control.desk.actors.views() }))
}

/// `GET /control/actors/{id}`
pub(super) async fn show(
    State(control): State<Control>,
    Path(id): Path<u64>,
) -> Result<Json<ActorView>, Problem> {
    let view = control.desk.actors.view(id);
    view.map(Json).ok_or_else(|| unknown(id))
}

/// `DELETE /control/actors/{id}`
pub(super) async fn stop(
    State(control): State<Control>,
    Path(id): Path<u64>,
) -> Result<StatusCode, Problem> {
    if control.desk.actors.stop(id) {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(unknown(id))
}

/// `DELETE /control/actors`
pub(super) async fn stop_all(State(control): State<Control>) -> StatusCode {
    control.desk.actors.stop_all();
    StatusCode::NO_CONTENT
}

fn unknown(id: u64) -> Problem {
    Problem::not_found(format!(
        "there is no actor {id}; GET /control/actors lists them"
    ))
}

fn is_toml(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/toml"))
}

impl From<ActorError> for Problem {
    fn from(error: ActorError) -> Self {
        let status = match error {
            ActorError::Spec { .. } => StatusCode::BAD_REQUEST,
            ActorError::Name(error) => return error.into(),
            ActorError::Mute | ActorError::Full => StatusCode::CONFLICT,
        };
        let message = error.to_string();
        Self { status, message }
    }
}
