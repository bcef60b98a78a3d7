//! Stage instances.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::call::Call;
use super::reply::Reply;
use crate::world::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/stage-instances", post(create)).route(
        "/stage-instances/{channel}",
        get(get_one).patch(modify).delete(delete),
    )
}

async fn create(call: Call) -> Reply {
    Reply::ok(call.write(|world, by| world.create_stage_instance(by, call.body())))
}

async fn get_one(call: Call) -> Reply {
    let channel = call.id("channel");
    Reply::ok(channel.and_then(|id| call.read(|world, by| world.get_stage_instance(by, id))))
}

async fn modify(call: Call) -> Reply {
    let channel = call.id("channel");
    Reply::ok(
        channel.and_then(|id| {
            call.write(|world, by| world.modify_stage_instance(by, id, call.body()))
        }),
    )
}

async fn delete(call: Call) -> Reply {
    let channel = call.id("channel");
    Reply::done(channel.and_then(|id| call.write(|world, by| world.delete_stage_instance(by, id))))
}
