//! Members, bans and prunes.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, patch, post, put};

use super::call::Call;
use super::reply::Reply;
use crate::world::Shared;
use crate::world::member::ban::BanPage;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/guilds/{guild}/members", get(list))
        .route("/guilds/{guild}/members/search", get(search))
        .route("/guilds/{guild}/members/@me", patch(modify_own))
        .route("/guilds/{guild}/members/@me/nick", patch(modify_own))
        .route(
            "/guilds/{guild}/members/{user}",
            get(one).put(add).patch(modify).delete(kick),
        )
        .route(
            "/guilds/{guild}/members/{user}/roles/{role}",
            put(add_role).delete(remove_role),
        )
        .route("/guilds/{guild}/bans", get(list_bans))
        .route(
            "/guilds/{guild}/bans/{user}",
            get(get_ban).put(ban).delete(unban),
        )
        .route("/guilds/{guild}/bulk-ban", post(bulk_ban))
        .route("/guilds/{guild}/prune", get(prune_count).post(prune))
}

async fn list(call: Call) -> Reply {
    let answer = || {
        let guild = call.id("guild")?;
        let (after, limit) = (call.open.query_id("after")?, call.open.limit(1, 1_000)?);
        call.read(|world, by| world.list_members(by, guild, after, limit))
    };
    Reply::ok(answer())
}

async fn search(call: Call) -> Reply {
    let answer = || {
        let guild = call.id("guild")?;
        let limit = call.open.limit(1, 1_000)?;
        let query = call.open.query("query").unwrap_or_default();
        call.read(|world, by| world.search_members(by, guild, query, limit))
    };
    Reply::ok(answer())
}

async fn one(call: Call) -> Reply {
    let answer = || {
        let (guild, user) = (call.id("guild")?, call.id("user")?);
        call.read(|world, by| world.get_member(by, guild, user))
    };
    Reply::ok(answer())
}

async fn modify(call: Call) -> Reply {
    let answer = || {
        let (guild, user) = (call.id("guild")?, call.id("user")?);
        call.write(|world, by| world.modify_member(by, guild, user, call.body()))
    };
    Reply::ok(answer())
}

async fn modify_own(call: Call) -> Reply {
    let guild = call.id("guild");
    let answer =
        guild.and_then(|id| call.write(|world, by| world.modify_own_member(by, id, call.body())));
    Reply::ok(answer)
}

async fn kick(call: Call) -> Reply {
    let answer = || {
        let (guild, user) = (call.id("guild")?, call.id("user")?);
        call.write(|world, by| world.kick_member(by, guild, user))
    };
    Reply::done(answer())
}

async fn add_role(call: Call) -> Reply {
    let answer = || {
        let (guild, user, role) = (call.id("guild")?, call.id("user")?, call.id("role")?);
        call.write(|world, by| world.set_member_role(by, guild, user, role, true))
    };
    Reply::done(answer())
}

async fn remove_role(call: Call) -> Reply {
    let answer = || {
        let (guild, user, role) = (call.id("guild")?, call.id("user")?, call.id("role")?);
        call.write(|world, by| world.set_member_role(by, guild, user, role, false))
    };
    Reply::done(answer())
}

async fn add(call: Call) -> Reply {
    let answer = || {
        let guild = call.id("guild")?;
        call.id("user")?;
        call.read(|world, by| world.add_by_access_token(by, guild, call.body()))
    };
    Reply::done(answer())
}

async fn list_bans(call: Call) -> Reply {
    let answer = || {
        let guild = call.id("guild")?;
        let page = BanPage {
            before: call.open.query_id("before")?,
            after: call.open.query_id("after")?,
            limit: call.open.limit(1_000, 1_000)?,
        };
        call.read(|world, by| world.list_bans(by, guild, page))
    };
    Reply::ok(answer())
}

async fn get_ban(call: Call) -> Reply {
    let answer = || {
        let (guild, user) = (call.id("guild")?, call.id("user")?);
        call.read(|world, by| world.get_ban(by, guild, user))
    };
    Reply::ok(answer())
}

async fn ban(call: Call) -> Reply {
    let answer = || {
        let (guild, user) = (call.id("guild")?, call.id("user")?);
        call.write(|world, by| world.ban_user(by, guild, user, call.body()))
    };
    Reply::done(answer())
}

async fn unban(call: Call) -> Reply {
    let answer = || {
        let (guild, user) = (call.id("guild")?, call.id("user")?);
        call.write(|world, by| world.unban_user(by, guild, user))
    };
    Reply::done(answer())
}

async fn bulk_ban(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|id| call.write(|world, by| world.bulk_ban(by, id, call.body()))))
}

async fn prune_count(call: Call) -> Reply {
    let answer = || {
        let guild = call.id("guild")?;
        let days = call.open.query_number("days")?.unwrap_or(7);
        let roles = call.open.query_ids("include_roles")?;
        call.read(|world, by| world.prune_count(by, guild, days, &roles))
    };
    Reply::ok(answer())
}

async fn prune(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|id| call.write(|world, by| world.prune(by, id, call.body()))))
}
