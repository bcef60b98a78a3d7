//! Snapshots over the control API: the world as a document, and named ones kept in memory.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Control, Problem, parse};
use crate::desk::Desk;
use crate::snapshot::{MAX_SNAPSHOT_BYTES, ShelfError, ShelvedView, Snapshot, SnapshotError};

/// The document's route, whose bodies are larger than those of all others.
pub(crate) fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/control/snapshot", get(download).put(upload))
        .with_state(desk)
}

/// `GET /control/snapshot`
async fn download(State(desk): State<Arc<Desk>>) -> Response {
    let document = desk.snapshot().write();
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}

/// `PUT /control/snapshot`
async fn upload(State(desk): State<Arc<Desk>>, body: Body) -> Result<Json<Value>, Problem> {
    let read = axum::body::to_bytes(body, MAX_SNAPSHOT_BYTES).await;
    let document = read.map_err(|_| Problem {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        message: format!("a snapshot may have {MAX_SNAPSHOT_BYTES} bytes"),
    })?;
    let snapshot = Snapshot::read(document)?;
    Ok(Json(restored(&desk, &snapshot)?))
}

/// `GET /control/snapshots`
pub(super) async fn list(State(control): State<Control>) -> Json<Value> {
    Json(json!({ "snapshots": control.desk.shelf().views() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

/// `POST /control/snapshots`
pub(super) async fn keep(
    State(control): State<Control>,
    body: Bytes,
) -> Result<(StatusCode, Json<ShelvedView>), Problem> {
    let named: Named = parse(&body)?;
    let snapshot = control.desk.snapshot();
    let kept = control.desk.shelf().keep(&named.name, &snapshot)?;
    Ok((StatusCode::CREATED, Json(kept)))
}

/// `POST /control/snapshots/{name}/restore`
pub(super) async fn restore(
    State(control): State<Control>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let snapshot = control.desk.shelf().take_down(&name)?;
    Ok(Json(restored(&control.desk, &snapshot)?))
}

/// `DELETE /control/snapshots/{name}`
pub(super) async fn forget(
    State(control): State<Control>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    control.desk.shelf().forget(&name)?;
    Ok(StatusCode::NO_CONTENT)
}

fn restored(desk: &Desk, snapshot: &Snapshot) -> Result<Value, SnapshotError> {
    let sessions = desk.restore(snapshot)?;
    Ok(json!({
        "saved_at_ms": snapshot.saved_at_ms(),
        "now_ms": desk.now_ms(),
        "sessions": sessions,
    }))
}

impl From<SnapshotError> for Problem {
    fn from(error: SnapshotError) -> Self {
        Self::bad(error.to_string())
    }
}

impl From<ShelfError> for Problem {
    fn from(error: ShelfError) -> Self {
        let status = match error {
            ShelfError::Unknown(..) => StatusCode::NOT_FOUND,
            ShelfError::Full | ShelfError::TooLarge => StatusCode::CONFLICT,
            ShelfError::Name => StatusCode::BAD_REQUEST,
            ShelfError::Packing(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let message = error.to_string();
        Self { status, message }
    }
}
