//! What a session asks for once it is open: members, presence, voice; and its coming and going.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::close::Close;
use super::command::{RequestMembers, VoiceChange};
use super::hub::Hub;
use crate::snowflake::Snowflake;
use crate::world::gateway::{MEMBERS_PER_CHUNK, MemberList, MemberQuery, Presence};
use crate::world::guild::VoiceWish;
use crate::world::intents::{GUILD_MEMBERS, GUILD_PRESENCES};
use crate::world::{Actor, Shared};

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
        .unwrap_or_else(|| status("online"));
    shared.write(|world| world.set_presence(bot, presence));
}

/// A session ended for good; a bot without another one shows as offline.
pub(super) fn leave(shared: &Arc<Shared>, hub: &Hub, bot: Snowflake, session_id: &str) {
    hub.forget(session_id);
    if !hub.has_session_of(bot) {
        shared.write(|world| world.set_presence(bot, status("offline")));
    }
}

/// Forgets sessions that nobody came back to; bots without another one show as offline.
pub(crate) fn sweep(shared: &Shared, hub: &Hub) {
    shared.write(|world| {
        for bot in hub.expire(world.now_ms()) {
            if !hub.has_session_of(bot) {
                world.set_presence(bot, status("offline"));
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

/// Op 8: GUILD_MEMBERS_CHUNKs to this session. All members need the GUILD_MEMBERS intent.
pub(super) fn send_members(
    shared: &Arc<Shared>,
    hub: &Hub,
    bot: Snowflake,
    session_id: &str,
    request: &RequestMembers,
) -> Result<(), Close> {
    let intents = hub.intents_of(session_id);
    let query = match (&request.query, &request.user_ids) {
        (_, Some(ids)) => MemberQuery::Ids(ids.as_slice().to_vec()),
        (Some(text), None) => MemberQuery::Prefix {
            text: text.clone(),
            limit: usize::try_from(request.limit).unwrap_or(usize::MAX),
        },
        (None, None) => return Err(Close::DECODE_ERROR),
    };
    let everyone = matches!(&query, MemberQuery::Prefix { text, limit: 0 } if text.is_empty());
    if everyone && intents & GUILD_MEMBERS == 0 {
        return Err(Close::DISALLOWED_INTENTS);
    }
    let presences = request.presences && intents & GUILD_PRESENCES != 0;
    let nonce = request.nonce.as_ref().filter(|nonce| nonce.is_string());
    shared.read(|world| {
        let guilds = request
            .guild_id
            .as_slice()
            .iter()
            .filter(|id| world.is_member(**id, bot));
        for guild in guilds {
            let list = world.members_page(*guild, &query, presences);
            for chunk in chunks(*guild, &list, presences, nonce) {
                hub.send_to(session_id, world.now_ms(), "GUILD_MEMBERS_CHUNK", &chunk);
            }
        }
    });
    Ok(())
}

fn chunks(
    guild: Snowflake,
    list: &MemberList,
    with_presences: bool,
    nonce: Option<&Value>,
) -> Vec<Value> {
    let count = list.members.len().div_ceil(MEMBERS_PER_CHUNK).max(1);
    let chunk = |index: usize| {
        let start = index * MEMBERS_PER_CHUNK;
        let end = list.members.len().min(start + MEMBERS_PER_CHUNK);
        let members = &list.members[start..end];
        let mut data = json!({
            "guild_id": guild,
            "members": members,
            "chunk_index": index,
            "chunk_count": count,
        });
        if with_presences {
            let inside = |presence: &&Value| {
                members
                    .iter()
                    .any(|member| member["user"]["id"] == presence["user"]["id"])
            };
            data["presences"] = list.presences.iter().filter(inside).cloned().collect();
        }
        if index == 0 && !list.not_found.is_empty() {
            data["not_found"] = json!(list.not_found);
        }
        if let Some(nonce) = nonce {
            data["nonce"] = nonce.clone();
        }
        data
    };
    (0..count).map(chunk).collect()
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

fn status(status: &str) -> Presence {
    Presence {
        status: status.to_owned(),
        activities: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_list_is_cut_into_chunks_of_a_thousand() {
        let members = (0..2_500)
            .map(|id| json!({ "user": { "id": id.to_string() } }))
            .collect();
        let list = MemberList {
            members,
            ..MemberList::default()
        };
        let nonce = json!("n");
        let chunks = chunks(Snowflake(1), &list, false, Some(&nonce));
        let sizes: Vec<usize> = chunks
            .iter()
            .map(|chunk| chunk["members"].as_array().unwrap().len())
            .collect();
        assert_eq!(sizes, [1_000, 1_000, 500]);
        assert_eq!(
            (&chunks[2]["chunk_index"], &chunks[2]["chunk_count"]),
            (&json!(2), &json!(3))
        );
        assert_eq!(chunks[1]["nonce"], "n");
    }

    #[test]
    fn nobody_found_is_one_empty_chunk() {
        let list = MemberList {
            not_found: vec![Snowflake(7)],
            ..MemberList::default()
        };
        let chunks = chunks(Snowflake(1), &list, false, None);
        assert_eq!(chunks.len(), 1);
        assert_eq!(chunks[0]["not_found"], json!(["7"]));
    }

    #[test]
    fn an_invisible_bot_shows_as_offline() {
        let presence = parse_presence(&json!({ "status": "invisible" })).unwrap();
        assert_eq!(presence.status, "offline");
        assert!(parse_presence(&json!({ "status": "asleep" })).is_none());
    }
}
