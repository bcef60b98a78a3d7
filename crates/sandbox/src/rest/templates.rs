//! Guild templates.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, put};

use super::call::{Call, OpenCall};
use super::reply::Reply;
use crate::world::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/guilds/templates/{code}", get(get_one).post(start))
        .route("/guilds/{guild}/templates", get(list).post(create))
        .route(
            "/guilds/{guild}/templates/{code}",
            put(sync).patch(modify).delete(delete),
        )
}

/// Needs no token.
async fn get_one(call: OpenCall) -> Reply {
    Reply::ok(
        call.shared
            .read(|world| world.get_template(call.text("code"))),
    )
}

/// A person's own act: bots are refused.
async fn start(call: Call) -> Reply {
    Reply::created(
        call.write(|world, by| world.start_from_template(by, call.text("code"), call.body())),
    )
}

async fn list(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|id| call.read(|world, by| world.list_templates(by, id))))
}

async fn create(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(
        guild.and_then(|id| call.write(|world, by| world.create_template(by, id, call.body()))),
    )
}

async fn sync(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(
        guild.and_then(|id| call.write(|world, by| world.sync_template(by, id, call.text("code")))),
    )
}

async fn modify(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|id| {
        call.write(|world, by| world.modify_template(by, id, call.text("code"), call.body()))
    }))
}

async fn delete(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(
        guild.and_then(|id| {
            call.write(|world, by| world.delete_template(by, id, call.text("code")))
        }),
    )
}
