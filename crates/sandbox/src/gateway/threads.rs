//! What a session learns of threads: whether its bot is in them, and of other people's coming and
//! going only with the members intent (Discord: Gateway Events › Thread Members Update).

use serde_json::Value;

use crate::snowflake::Snowflake;
use crate::world::intents::GUILD_MEMBERS;
use crate::world::{Dispatch, World};

/// Whether a session with these intents hears a dispatch about the members of a thread; true for
/// every other dispatch.
pub(crate) fn may_hear(dispatch: &Dispatch, intents: u64, bot: Snowflake) -> bool {
    if dispatch.kind != "THREAD_MEMBERS_UPDATE" || intents & GUILD_MEMBERS != 0 {
        return true;
    }
    let bot = bot.to_string();
    let listed = |key: &str| dispatch.data.get(key).and_then(Value::as_array);
    let mut added = listed("added_members").into_iter().flatten();
    let mut removed = listed("removed_member_ids").into_iter().flatten();
    added.any(|member| member["user_id"] == bot) || removed.any(|id| *id == bot)
}

/// A thread as a bot that is in it gets it: with its own membership.
pub(crate) fn own_copy(world: &World, dispatch: &Dispatch, bot: Snowflake) -> Option<Value> {
    if !matches!(dispatch.kind, "THREAD_CREATE" | "THREAD_UPDATE") {
        return None;
    }
    let id = dispatch.data.get("id")?.as_str()?.parse().ok()?;
    let member = world.channel_payload(id, bot)?.get("member")?.clone();
    let mut own = (*dispatch.data).clone();
    own["member"] = member;
    Some(own)
}
