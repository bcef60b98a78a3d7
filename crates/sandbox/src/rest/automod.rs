//! The rules of AutoMod.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::call::Call;
use super::reply::Reply;
use crate::world::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/guilds/{guild}/auto-moderation/rules",
            get(list).post(create),
        )
        .route(
            "/guilds/{guild}/auto-moderation/rules/{rule}",
            get(one).patch(modify).delete(remove),
        )
}

async fn list(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| call.read(|world, by| world.list_automod_rules(by, guild))))
}

async fn create(call: Call) -> Reply {
    let answer = || {
        let guild = call.id("guild")?;
        call.write(|world, by| world.create_automod_rule(by, guild, call.body()))
    };
    Reply::ok(answer())
}

async fn one(call: Call) -> Reply {
    let answer = || {
        let (guild, rule) = (call.id("guild")?, call.id("rule")?);
        call.read(|world, by| world.get_automod_rule(by, guild, rule))
    };
    Reply::ok(answer())
}

async fn modify(call: Call) -> Reply {
    let answer = || {
        let (guild, rule) = (call.id("guild")?, call.id("rule")?);
        call.write(|world, by| world.modify_automod_rule(by, guild, rule, call.body()))
    };
    Reply::ok(answer())
}

async fn remove(call: Call) -> Reply {
    let answer = || {
        let (guild, rule) = (call.id("guild")?, call.id("rule")?);
        call.write(|world, by| world.delete_automod_rule(by, guild, rule))
    };
    Reply::done(answer())
}
