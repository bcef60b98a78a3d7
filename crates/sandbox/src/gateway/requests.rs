//! What a session asks for once it is open: presence, voice, sounds; and its coming and going.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::close::Close;
use super::command::{RequestSounds, VoiceChange};
use super::hub::Hub;
use crate::snowflake::Snowflake;
use crate::world::gateway::Presence;
use crate::world::guild::VoiceWish;
use crate::world::{Actor, Shared};

/// Guilds that one request for sounds may name.
const MAX_GUILDS_ASKED: usize = 100;

/// Activities kept of one presence.
const MAX_ACTIVITIES: usize = 5;

#[derive(Deserialize)]
struct PresenceChange {
    status: String,
    #[serde(default)]
    activities: Vec<Value>,
}

/// Op 3. A payload that is none closes the connection.
pub(super) fn change_presence(
    shared: &Arc<Shared>,
    bot: Snowflake,
    presence: &Value,
) -> Result<(), Close> {
    let presence = parse_presence(presence).ok_or(Close::DECODE_ERROR)?;
    shared.write(|world| world.set_presence(bot, presence));
    Ok(())
}

/// A bot that identified shows as online, or as its IDENTIFY says.
pub(super) fn arrive(shared: &Arc<Shared>, bot: Snowflake, presence: Option<&Value>) {
    let presence = presence
        .and_then(parse_presence)
        .unwrap_or_else(|| Presence::of("online"));
    shared.write(|world| world.set_presence(bot, presence));
}

/// A session ended for good; a bot without another one shows as offline.
pub(super) fn leave(shared: &Arc<Shared>, hub: &Hub, bot: Snowflake, session_id: &str) {
    hub.forget(session_id);
    if !hub.has_session_of(bot) {
        shared.write(|world| world.set_presence(bot, Presence::of("offline")));
    }
}

/// Forgets sessions that nobody came back to; bots without another one show as offline.
pub(crate) fn sweep(shared: &Shared, hub: &Hub) {
    shared.write(|world| {
        for bot in hub.expire(world.now_ms()) {
            if !hub.has_session_of(bot) {
                world.set_presence(bot, Presence::of("offline"));
            }
        }
    });
}

/// Op 4. A channel that is none, or no place for the bot, is ignored, as Discord does.
pub(super) fn change_voice(shared: &Arc<Shared>, bot: Snowflake, change: &VoiceChange) {
    let wish = VoiceWish {
        self_mute: change.self_mute,
        self_deaf: change.self_deaf,
        self_video: change.self_video,
        ..VoiceWish::default()
    };
    shared.write(|world| {
        let actor = Actor::from(bot);
        let (guild, channel) = (change.guild_id, change.channel_id);
        if let Err(refusal) = world.set_voice_state(&actor, guild, channel, wish) {
            tracing::debug!(%refusal, "a bot cannot be where it wants to be in voice");
        }
    });
}

/// Op 31: SOUNDBOARD_SOUNDS for each guild that the bot is in.
pub(super) fn send_sounds(
    shared: &Arc<Shared>,
    hub: &Hub,
    bot: Snowflake,
    session_id: &str,
    request: &RequestSounds,
) {
    shared.read(|world| {
        let guilds = request.guild_ids.iter().take(MAX_GUILDS_ASKED);
        for guild in guilds.filter(|id| world.is_member(**id, bot)) {
            let sounds = world.sounds_for(*guild, bot);
            let data = json!({ "guild_id": guild, "soundboard_sounds": sounds });
            hub.send_to(session_id, world.now_ms(), "SOUNDBOARD_SOUNDS", &data);
        }
    });
}

/// Reads a presence as clients send it; `None` for a status that does not exist.
pub(crate) fn parse_presence(presence: &Value) -> Option<Presence> {
    let change: PresenceChange = serde_json::from_value(presence.clone()).ok()?;
    let shown = match change.status.as_str() {
        status @ ("online" | "idle" | "dnd") => status,
        "invisible" | "offline" => "offline",
        _ => return None,
    };
    let activities = change.activities.into_iter().take(MAX_ACTIVITIES).collect();
    Some(Presence {
        status: shown.to_owned(),
        activities,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invisible_bot_shows_as_offline() {
        let presence = parse_presence(&json!({ "status": "invisible" })).unwrap();
        assert_eq!(presence.status, "offline");
        assert!(parse_presence(&json!({ "status": "asleep" })).is_none());
    }
}
