//! Guilds: themselves, their channels, roles, audit log, invites, emojis, webhooks.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::call::Call;
use super::reply::Reply;
use crate::world::Shared;
use crate::world::audit::AuditQuery;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/guilds/{guild}", get(get_guild).patch(modify_guild))
        .route("/guilds/{guild}/preview", get(preview))
        .route(
            "/guilds/{guild}/channels",
            get(list_channels)
                .post(create_channel)
                .patch(reorder_channels),
        )
        .route(
            "/guilds/{guild}/roles",
            get(list_roles).post(create_role).patch(reorder_roles),
        )
        .route(
            "/guilds/{guild}/roles/member-counts",
            get(role_member_counts),
        )
        .route(
            "/guilds/{guild}/roles/{role}",
            get(get_role).patch(modify_role).delete(delete_role),
        )
        .route("/guilds/{guild}/audit-logs", get(audit_log))
        .route("/guilds/{guild}/invites", get(invites))
        .route("/guilds/{guild}/webhooks", get(webhooks))
        .route(
            "/guilds/{guild}/emojis",
            get(list_emojis).post(create_emoji),
        )
        .route(
            "/guilds/{guild}/emojis/{emoji}",
            get(get_emoji).patch(modify_emoji).delete(delete_emoji),
        )
}

async fn get_guild(call: Call) -> Reply {
    let counts = call.open.flag("with_counts");
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| call.read(|world, by| world.get_guild(by, guild, counts))))
}

async fn modify_guild(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|id| call.write(|world, by| world.modify_guild(by, id, call.body()))))
}

async fn preview(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| call.read(|world, by| world.guild_preview(by, guild))))
}

async fn list_channels(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| call.read(|world, by| world.list_channels(by, guild))))
}

async fn create_channel(call: Call) -> Reply {
    let guild = call.id("guild");
    let answer =
        guild.and_then(|id| call.write(|world, by| world.create_channel(by, id, call.body())));
    Reply::created(answer)
}

async fn reorder_channels(call: Call) -> Reply {
    let guild = call.id("guild");
    let answer =
        guild.and_then(|id| call.write(|world, by| world.reorder_channels(by, id, call.body())));
    Reply::done(answer)
}

async fn list_roles(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| call.read(|world, by| world.list_roles(by, guild))))
}

async fn create_role(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|id| call.write(|world, by| world.create_role(by, id, call.body()))))
}

async fn reorder_roles(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|id| call.write(|world, by| world.reorder_roles(by, id, call.body()))))
}

async fn role_member_counts(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| call.read(|world, by| world.role_member_counts(by, guild))))
}

async fn get_role(call: Call) -> Reply {
    let answer = || {
        let (guild, role) = (call.id("guild")?, call.id("role")?);
        call.read(|world, by| world.get_role(by, guild, role))
    };
    Reply::ok(answer())
}

async fn modify_role(call: Call) -> Reply {
    let answer = || {
        let (guild, role) = (call.id("guild")?, call.id("role")?);
        call.write(|world, by| world.modify_role(by, guild, role, call.body()))
    };
    Reply::ok(answer())
}

async fn delete_role(call: Call) -> Reply {
    let answer = || {
        let (guild, role) = (call.id("guild")?, call.id("role")?);
        call.write(|world, by| world.delete_role(by, guild, role))
    };
    Reply::done(answer())
}

async fn audit_log(call: Call) -> Reply {
    let answer = || {
        let guild = call.id("guild")?;
        let query = AuditQuery {
            user_id: call.open.query_id("user_id")?,
            target_id: call.open.query_id("target_id")?,
            action_type: call.open.query_number("action_type")?,
            before: call.open.query_id("before")?,
            after: call.open.query_id("after")?,
            limit: call.open.limit(50, 100)?,
        };
        call.read(|world, by| world.audit_log(by, guild, &query))
    };
    Reply::ok(answer())
}

async fn invites(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| call.read(|world, by| world.guild_invites(by, guild))))
}

async fn webhooks(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| call.read(|world, by| world.guild_webhooks(by, guild))))
}

async fn list_emojis(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| call.read(|world, by| world.list_emojis(by, guild))))
}

async fn create_emoji(call: Call) -> Reply {
    let guild = call.id("guild");
    let answer =
        guild.and_then(|id| call.write(|world, by| world.create_emoji(by, id, call.body())));
    Reply::created(answer)
}

async fn get_emoji(call: Call) -> Reply {
    let answer = || {
        let (guild, emoji) = (call.id("guild")?, call.id("emoji")?);
        call.read(|world, by| world.get_emoji(by, guild, emoji))
    };
    Reply::ok(answer())
}

async fn modify_emoji(call: Call) -> Reply {
    let answer = || {
        let (guild, emoji) = (call.id("guild")?, call.id("emoji")?);
        call.write(|world, by| world.modify_emoji(by, guild, emoji, call.body()))
    };
    Reply::ok(answer())
}

async fn delete_emoji(call: Call) -> Reply {
    let answer = || {
        let (guild, emoji) = (call.id("guild")?, call.id("emoji")?);
        call.write(|world, by| world.delete_emoji(by, guild, emoji))
    };
    Reply::done(answer())
}
