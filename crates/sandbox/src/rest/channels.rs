//! Channels: themselves, overwrites, typing, invites, webhooks, followers.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};

use super::call::Call;
use super::reply::Reply;
use crate::world::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/channels/{channel}",
            get(get_channel).patch(modify).delete(delete),
        )
        .route(
            "/channels/{channel}/permissions/{overwrite}",
            put(set_overwrite).delete(delete_overwrite),
        )
        .route("/channels/{channel}/typing", post(typing))
        .route(
            "/channels/{channel}/invites",
            get(list_invites).post(create_invite),
        )
        .route(
            "/channels/{channel}/webhooks",
            get(list_webhooks).post(create_webhook),
        )
        .route("/channels/{channel}/followers", post(follow))
        .route("/channels/{channel}/voice-status", put(set_voice_status))
        .route(
            "/channels/{channel}/recipients/{user}",
            put(change_recipients).delete(change_recipients),
        )
}

async fn get_channel(call: Call) -> Reply {
    let answer = || {
        let id = call.id("channel")?;
        call.read(|world, by| {
            world.visible_channel(by.id, id)?;
            world.channel_answer(id, by.id)
        })
    };
    Reply::ok(answer())
}

async fn modify(call: Call) -> Reply {
    let channel = call.id("channel");
    let answer =
        channel.and_then(|id| call.write(|world, by| world.modify_channel(by, id, call.body())));
    Reply::ok(answer)
}

async fn delete(call: Call) -> Reply {
    let channel = call.id("channel");
    Reply::ok(channel.and_then(|id| call.write(|world, by| world.delete_channel(by, id))))
}

async fn set_overwrite(call: Call) -> Reply {
    let answer = || {
        let (channel, id) = (call.id("channel")?, call.id("overwrite")?);
        call.write(|world, by| world.set_overwrite(by, channel, id, call.body()))
    };
    Reply::done(answer())
}

async fn delete_overwrite(call: Call) -> Reply {
    let answer = || {
        let (channel, id) = (call.id("channel")?, call.id("overwrite")?);
        call.write(|world, by| world.delete_overwrite(by, channel, id))
    };
    Reply::done(answer())
}

async fn typing(call: Call) -> Reply {
    let channel = call.id("channel");
    Reply::done(channel.and_then(|id| call.write(|world, by| world.typing(by, id))))
}

async fn list_invites(call: Call) -> Reply {
    let channel = call.id("channel");
    Reply::ok(channel.and_then(|id| call.read(|world, by| world.channel_invites(by, id))))
}

async fn create_invite(call: Call) -> Reply {
    let channel = call.id("channel");
    let answer =
        channel.and_then(|id| call.write(|world, by| world.create_invite(by, id, call.body())));
    Reply::ok(answer)
}

async fn list_webhooks(call: Call) -> Reply {
    let channel = call.id("channel");
    Reply::ok(channel.and_then(|id| call.read(|world, by| world.channel_webhooks(by, id))))
}

async fn create_webhook(call: Call) -> Reply {
    let channel = call.id("channel");
    let answer =
        channel.and_then(|id| call.write(|world, by| world.create_webhook(by, id, call.body())));
    Reply::ok(answer)
}

async fn follow(call: Call) -> Reply {
    let channel = call.id("channel");
    let answer =
        channel.and_then(|id| call.write(|world, by| world.follow_channel(by, id, call.body())));
    Reply::ok(answer)
}

async fn set_voice_status(call: Call) -> Reply {
    let channel = call.id("channel");
    let answer =
        channel.and_then(|id| call.write(|world, by| world.set_voice_status(by, id, call.body())));
    Reply::done(answer)
}

async fn change_recipients(call: Call) -> Reply {
    let answer = || {
        let (channel, _) = (call.id("channel")?, call.id("user")?);
        call.read(|world, by| world.change_recipients(by, channel, call.body()))
    };
    Reply::done(answer())
}
