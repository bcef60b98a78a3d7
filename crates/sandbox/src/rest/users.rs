//! Users, the Gateway's address, voice regions, invites.

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};
use serde_json::{Value, json};

use super::call::{Call, OpenCall};
use super::reply::Reply;
use crate::world::refusal::Unknown;
use crate::world::{Refusal, Shared};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/users/@me", get(own_user).patch(modify_own_user))
        .route("/users/@me/channels", post(open_dm))
        .route("/users/@me/guilds", get(own_guilds))
        .route("/users/@me/guilds/{guild}", delete(leave_guild))
        .route("/users/@me/guilds/{guild}/member", get(own_member))
        .route("/users/{user}", get(user))
        .route("/gateway", get(gateway))
        .route("/gateway/bot", get(gateway_bot))
        .route("/voice/regions", get(voice_regions))
        .route("/guilds/{guild}/regions", get(voice_regions))
        .route("/invites/{code}", get(get_invite).delete(delete_invite))
}

async fn own_user(call: Call) -> Reply {
    Reply::ok(call.read(|world, actor| Ok(world.own_user_payload(actor.id))))
}

async fn modify_own_user(call: Call) -> Reply {
    Reply::ok(call.write(|world, actor| world.modify_own_user(actor, call.body())))
}

async fn user(call: Call) -> Reply {
    let answer = || {
        let id = call.id("user")?;
        call.read(|world, _| {
            let known = world.users.contains_key(&id);
            known
                .then(|| world.user_payload(id))
                .ok_or_else(|| Refusal::unknown(Unknown::User))
        })
    };
    Reply::ok(answer())
}

async fn open_dm(call: Call) -> Reply {
    Reply::ok(call.write(|world, actor| world.open_dm_as_asked(actor, call.body())))
}

async fn own_guilds(call: Call) -> Reply {
    let answer = || {
        let (before, after) = (call.open.query_id("before")?, call.open.query_id("after")?);
        let limit = call.open.limit(200, 200)?;
        let counts = call.open.flag("with_counts");
        call.read(|world, actor| world.my_guilds(actor, before, after, limit, counts))
    };
    Reply::ok(answer())
}

async fn leave_guild(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::done(guild.and_then(|guild| call.write(|world, actor| world.leave_guild(actor, guild))))
}

async fn own_member(call: Call) -> Reply {
    let answer = || {
        let guild = call.id("guild")?;
        call.read(|world, actor| world.get_member(actor, guild, actor.id))
    };
    Reply::ok(answer())
}

/// Needs no token.
async fn gateway(call: OpenCall) -> Reply {
    Reply::ok(Ok(
        json!({"url": call.shared.read(|world| world.addresses().gateway.clone())}),
    ))
}

/// Guilds for which `GET /gateway/bot` recommends one shard (Discord: Gateway › Sharding).
const GUILDS_PER_SHARD: usize = 1_000;

async fn gateway_bot(call: Call) -> Reply {
    let answer = call.read(|world, actor| {
        Ok(json!({
            "url": world.addresses().gateway,
            "shards": world.guilds_of(actor.id).len().div_ceil(GUILDS_PER_SHARD).max(1),
            "session_start_limit": world.session_starts.limit_payload(actor.id, world.now_ms()),
        }))
    });
    Reply::ok(answer)
}

async fn voice_regions(_call: Call) -> Reply {
    let region = |id: &str, name: &str, optimal: bool| {
        json!({
            "id": id, "name": name, "custom": false, "deprecated": false, "optimal": optimal,
        })
    };
    let regions: Vec<Value> = vec![
        region("rotterdam", "Rotterdam", true),
        region("us-east", "US East", false),
        region("singapore", "Singapore", false),
    ];
    Reply::ok(Ok(Value::Array(regions)))
}

async fn get_invite(call: Call) -> Reply {
    let counts = call.open.flag("with_counts");
    let answer = || {
        let event = call.open.query_id("guild_scheduled_event_id")?;
        call.read(|world, _| world.get_invite(call.text("code"), counts, event))
    };
    Reply::ok(answer())
}

async fn delete_invite(call: Call) -> Reply {
    Reply::ok(call.write(|world, actor| world.delete_invite(actor, call.text("code"))))
}
