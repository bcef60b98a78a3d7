//! Gateway v10: sessions, intents, replay, compression. Served at `/gateway`, with the query that
//! Discord documents (`v`, `encoding=json`, `compress`).

mod asked;
mod close;
mod command;
mod compress;
mod connection;
mod content;
mod deliver;
mod frame;
mod greet;
mod hub;
mod members;
mod requests;
mod rules;
mod session;
mod spoil;
mod starts;
mod threads;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Extension, Router};
use http::StatusCode;
use serde::Deserialize;
use tokio_util::task::TaskTracker;

use close::Close;
use compress::Encoder;
pub(crate) use connection::Context;
pub(crate) use hub::Hub;
pub(crate) use requests::{parse_presence, sweep};
pub(crate) use rules::Rules;
pub(crate) use starts::{PER_DAY, SessionStarts};

use crate::server::wire::CutHandle;

/// The largest websocket message that is read at all; larger commands are a decode error anyway.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Websockets open at once, identified or not.
const MAX_CONNECTIONS: usize = 1_000;

#[derive(Debug, Deserialize)]
struct Opening {
    #[serde(default)]
    v: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
    #[serde(default)]
    compress: Option<String>,
}

/// The Gateway's routes. The tracker holds every connection's task until it ends.
pub(crate) fn router(context: Context, tracker: TaskTracker) -> Router {
    Router::new()
        .route("/gateway", any(open))
        .route("/gateway/", any(open))
        .layer(Extension(tracker))
        .with_state(context)
}

async fn open(
    State(context): State<Context>,
    Extension(tracker): Extension<TaskTracker>,
    ConnectInfo(cut): ConnectInfo<CutHandle>,
    Query(opening): Query<Opening>,
    upgrade: WebSocketUpgrade,
) -> Response {
    // The server and its sweeper are tracked too, which makes no difference here.
    if tracker.len() > MAX_CONNECTIONS {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let encoder = checked(&opening);
    upgrade
        .max_message_size(MAX_MESSAGE_BYTES)
        .on_upgrade(move |socket| {
            let panics = context.panics.clone();
            let served = connection::serve(socket, context, encoder, cut);
            tracker.track_future(panics.survive(served))
        })
}

/// A wrong version or encoding is told by a close code, after the upgrade, as Discord does.
fn checked(opening: &Opening) -> Result<Encoder, Close> {
    if opening
        .v
        .as_deref()
        .is_some_and(|version| !matches!(version, "9" | "10"))
    {
        return Err(Close::INVALID_VERSION);
    }
    if opening
        .encoding
        .as_deref()
        .is_some_and(|encoding| encoding != "json")
    {
        return Err(Close::DECODE_ERROR);
    }
    Encoder::named(opening.compress.as_deref()).ok_or(Close::DECODE_ERROR)
}
