//! The control API: people act, the world is looked at, limits and faults are set. It is JSON under
//! `/control`, needs no token, and is for the machine that the sandbox runs on.
//!
//! People act through the very routes that bots use, with their own permissions and Discord's own
//! errors: any request to `/control/channels/…` or `/control/guilds/…` is made as
//! `/api/v10/channels/…` or `/api/v10/guilds/…` by the user whom `as` names (a field of the JSON
//! body, or of the query for other bodies). Without `as`, the guild's owner acts.
//!
//! Where an id of a user, guild, channel or role is asked for, its name will do. Every route is a
//! row of `control/table`, from which `GET /control`, `GET /control/openapi.json` and
//! `docs/control.md` are made.

mod act;
mod actors;
pub(crate) mod events;
mod grant;
mod naming;
pub mod openapi;
mod operate;
mod people;
mod person;
mod snapshots;
mod state;
mod table;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

pub(crate) use naming::ids_in_path;
pub use person::Person;
pub(crate) use person::encoded;
pub(crate) use snapshots::router as snapshot_router;

use crate::desk::Desk;
use crate::snowflake::Snowflake;
use crate::world::Refusal;

/// What every handler needs.
#[derive(Clone)]
struct Control {
    desk: Arc<Desk>,
    /// REST without its front: people are neither limited nor faulted.
    people: Router,
    cancel: CancellationToken,
}

/// The routes behind the names.
#[derive(Clone)]
struct Serving {
    desk: Arc<Desk>,
    routes: Router,
}

/// The routes of the control API. `people` is the REST router; whoever waits for something is let
/// go by `cancel`.
pub(crate) fn router(desk: Arc<Desk>, people: Router, cancel: CancellationToken) -> Router {
    let mut routes = Router::new();
    for row in table::rows() {
        if let Some(handler) = row.handler {
            routes = routes.route(&format!("/control{}", row.path), handler());
        }
    }
    let control = Control {
        desk: Arc::clone(&desk),
        people,
        cancel,
    };
    let routes = routes
        .route("/control/users/@me", any(act::forward))
        .route("/control/users/@me/{*rest}", any(act::forward))
        .route("/control/guilds/{*rest}", any(act::in_guild))
        .route("/control/channels/{*rest}", any(act::forward))
        .route("/control/applications/{*rest}", any(act::forward))
        .route("/control/interactions", post(act::forward))
        .route("/control/stage-instances", post(act::forward))
        .route("/control/stage-instances/{*rest}", any(act::forward))
        .route("/control/{*rest}", any(unknown))
        .with_state(control);
    let serve = |State(serving): State<Serving>, request: Request| naming::serve(serving, request);
    Router::new()
        .route("/control", any(serve))
        .route("/control/{*rest}", any(serve))
        .with_state(Serving { desk, routes })
}

async fn unknown() -> Problem {
    Problem::not_found("no such route; GET /control lists all of them")
}

/// Why the control API refuses: a status and a sentence.
#[derive(Debug)]
struct Problem {
    status: StatusCode,
    message: String,
}

impl Problem {
    fn bad(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }

    fn not_found(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            message: message.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        Self {
            status,
            message: refusal.message,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "message": self.message }))).into_response()
    }
}

/// Reads a JSON body; an empty one counts as `{}`.
fn parse<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Problem::bad(format!("invalid body: {error}")))
}

fn id_of(text: &str) -> Result<Snowflake, Problem> {
    text.parse()
        .map_err(|_| Problem::bad(format!("{text:?} is no id")))
}
