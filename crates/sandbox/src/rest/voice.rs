//! Voice states.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::call::Call;
use super::reply::Reply;
use crate::world::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/guilds/{guild}/voice-states/@me",
            get(own).patch(modify_own),
        )
        .route(
            "/guilds/{guild}/voice-states/{user}",
            get(get_one).patch(modify),
        )
}

async fn own(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|g| call.read(|world, by| world.get_voice_state(by, g, by.id))))
}

async fn get_one(call: Call) -> Reply {
    let answer = || {
        let (guild, user) = (call.id("guild")?, call.id("user")?);
        call.read(|world, by| world.get_voice_state(by, guild, user))
    };
    Reply::ok(answer())
}

async fn modify_own(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::done(guild.and_then(|guild| {
        call.write(|world, by| world.modify_own_voice_state(by, guild, call.body()))
    }))
}

async fn modify(call: Call) -> Reply {
    let answer = || {
        let (guild, user) = (call.id("guild")?, call.id("user")?);
        call.write(|world, by| world.modify_voice_state(by, guild, user, call.body()))
    };
    Reply::done(answer())
}
