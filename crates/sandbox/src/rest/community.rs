//! What a guild shows beyond its channels: its widget, vanity URL and incident actions.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use http::header;

use super::call::{Call, OpenCall};
use super::reply::Reply;
use crate::world::Shared;

/// Widgets are shown on other people's pages.
const FROM_ANYWHERE: [(header::HeaderName, &str); 1] = [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/guilds/{guild}/widget",
            get(widget_settings).patch(modify_widget),
        )
        .route("/guilds/{guild}/widget.json", get(widget))
        .route("/guilds/{guild}/widget.png", get(widget_image))
        .route(
            "/guilds/{guild}/vanity-url",
            get(vanity_url).patch(set_vanity_url),
        )
        .route("/guilds/{guild}/incident-actions", put(incident_actions))
}

async fn widget_settings(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|id| call.read(|world, by| world.get_widget_settings(by, id))))
}

async fn modify_widget(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|id| call.write(|world, by| world.modify_widget(by, id, call.body()))))
}

/// Needs no token.
async fn widget(call: OpenCall) -> Response {
    let guild = call.id("guild");
    let answer = guild.and_then(|id| call.shared.write(|world| world.widget(id)));
    (FROM_ANYWHERE, Reply::ok(answer)).into_response()
}

/// Needs no token.
async fn widget_image(call: OpenCall) -> Response {
    let style = call.query("style");
    let guild = call.id("guild");
    match guild.and_then(|id| call.shared.read(|world| world.widget_image(id, style))) {
        Ok(picture) => {
            let kind = [(header::CONTENT_TYPE, "image/png")];
            (FROM_ANYWHERE, kind, picture).into_response()
        }
        Err(refusal) => (FROM_ANYWHERE, Reply::refused(refusal)).into_response(),
    }
}

async fn vanity_url(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|id| call.read(|world, by| world.get_vanity_url(by, id))))
}

/// A person's own act: bots are refused.
async fn set_vanity_url(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(
        guild.and_then(|id| call.write(|world, by| world.set_vanity_url(by, id, call.body()))),
    )
}

async fn incident_actions(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(
        guild
            .and_then(|id| call.write(|world, by| world.set_incident_actions(by, id, call.body()))),
    )
}
