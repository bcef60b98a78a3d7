//! What a session is told first: READY and the guilds of its shard; and with which intents.

use serde_json::{Value, json};

use super::close::Close;
use super::session::{Event, Session};
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::intents::{self, GUILDS, PRIVILEGED};

/// Every intent that Discord documents.
const KNOWN_INTENTS: u64 = ((1 << 17) - 1)
    | intents::AUTO_MODERATION_CONFIGURATION
    | intents::AUTO_MODERATION_EXECUTION
    | intents::GUILD_MESSAGE_POLLS
    | intents::DIRECT_MESSAGE_POLLS;

/// READY and the GUILD_CREATEs.
pub(super) fn greet(world: &World, session_id: &str, session: &mut Session) -> Vec<Event> {
    let guilds: Vec<Snowflake> = world
        .guilds_of(session.bot)
        .into_iter()
        .filter(|guild| session.has_guild(*guild))
        .collect();
    let stubs: Vec<Value> = guilds
        .iter()
        .map(|guild| json!({ "id": guild, "unavailable": true }))
        .collect();
    let ready = json!({
        "v": 10,
        "user": world.own_user_payload(session.bot),
        "guilds": stubs,
        "session_id": session_id,
        "session_type": "normal",
        "resume_gateway_url": world.addresses().gateway,
        "shard": [session.shard.0, session.shard.1],
        "application": world
            .application_of(session.bot)
            .map(|application| json!({ "id": application.id, "flags": application.flags })),
        "user_settings": {},
        "relationships": [],
        "private_channels": [],
        "presences": [],
        "guild_join_requests": [],
        "geo_ordered_rtc_regions": [],
        "_trace": ["sandbox"],
    });
    let mut frames = vec![session.record("READY", ready.to_string().into())];
    if session.intents & GUILDS == 0 {
        return frames;
    }
    for guild in guilds
        .into_iter()
        .filter(|guild| !world.is_unavailable(*guild))
    {
        if let Some(payload) = guild_create(world, guild, session) {
            frames.push(session.record("GUILD_CREATE", payload.to_string().into()));
        }
    }
    frames
}

/// A guild as a session gets it.
pub(super) fn guild_create(world: &World, guild: Snowflake, session: &Session) -> Option<Value> {
    world.guild_create_for(guild, session.bot, session.intents, session.large_threshold)
}

/// The intents that were asked for, if they exist and the bot may have them.
pub(super) fn checked_intents(
    world: &World,
    bot: Snowflake,
    asked: Option<u64>,
) -> Result<u64, Close> {
    let asked = asked.ok_or(Close::INVALID_INTENTS)?;
    if asked & !KNOWN_INTENTS != 0 {
        return Err(Close::INVALID_INTENTS);
    }
    if asked & PRIVILEGED & !world.privileged_intents_allowed(bot) != 0 {
        return Err(Close::DISALLOWED_INTENTS);
    }
    Ok(asked)
}
