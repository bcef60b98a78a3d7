//! What the Gateway asks of the world: GUILD_CREATE, pages of members, presences, voice states.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::clock::iso8601;
use super::guild::{Guild, VoiceState};
use super::{Audience, World, intents};
use crate::snowflake::Snowflake;

/// `large_threshold` of an IDENTIFY that does not say; a guild with more members lists only those
/// who are online (Discord: Gateway › Identify).
pub const LARGE_THRESHOLD: usize = 50;

/// Above this many members, GUILD_CREATE lists nobody but the bot and those in voice channels
/// (Discord: Gateway Events › Guild Create).
const HUGE_GUILD: usize = 75_000;

/// Someone's status as their clients set it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Presence {
    /// `online`, `idle`, `dnd` or `offline`.
    pub status: String,
    pub activities: Vec<Value>,
}

impl Presence {
    /// A status without activities.
    pub(crate) fn of(status: &str) -> Self {
        Self {
            status: status.to_owned(),
            activities: Vec::new(),
        }
    }
}

impl World {
    /// The full GUILD_CREATE for `viewer` with these intents.
    pub fn guild_create_payload(
        &self,
        guild_id: Snowflake,
        viewer: Snowflake,
        wanted: u64,
    ) -> Option<Value> {
        self.guild_create_for(guild_id, viewer, wanted, LARGE_THRESHOLD)
    }

    /// The same for a session that said when a guild is large to it.
    pub(crate) fn guild_create_for(
        &self,
        guild_id: Snowflake,
        viewer: Snowflake,
        wanted: u64,
        large_threshold: usize,
    ) -> Option<Value> {
        let guild = self.guilds.get(&guild_id)?;
        let mut payload = self.guild_payload(guild_id)?;
        let large = guild.members.len() > large_threshold;
        let (members, presences) = self.listed_members(guild, viewer, wanted, large);
        let channels = self.channels_of(guild_id);
        let channels = channels
            .iter()
            .filter_map(|c| self.channel_payload(c.id, viewer));
        let threads = self
            .threads_of(guild_id)
            .filter(|(channel, thread)| !thread.archived && self.may_view(viewer, channel.id))
            .filter_map(|(channel, _)| self.channel_payload(channel.id, viewer))
            .map(without_own_ids);
        payload["channels"] = channels.collect();
        payload["threads"] = threads.collect();
        payload["member_count"] = json!(guild.members.len());
        payload["members"] = json!(members);
        payload["large"] = json!(large);
        payload["unavailable"] = json!(false);
        payload["joined_at"] = json!(
            guild
                .members
                .get(&viewer)
                .map(|member| iso8601(member.joined_ms))
        );
        payload["stage_instances"] = json!(self.stages_for(guild_id, viewer));
        payload["guild_scheduled_events"] =
            json!(self.scheduled_events_for(guild_id, viewer, false));
        payload["soundboard_sounds"] = json!(self.sounds_for(guild_id, viewer));
        payload["presences"] = json!(presences);
        payload["voice_states"] = guild
            .voice_states
            .iter()
            .map(|(user, state)| {
                let mut voice = self.voice_state_payload(guild_id, *user, state);
                if let Some(object) = voice.as_object_mut() {
                    object.remove("guild_id");
                    object.remove("member");
                }
                voice
            })
            .collect();
        Some(payload)
    }

    /// The members and presences of GUILD_CREATE: without the presences intent, and in a huge guild,
    /// only the bot and those in voice channels; in a large one those who are online besides.
    fn listed_members(
        &self,
        guild: &Guild,
        viewer: Snowflake,
        wanted: u64,
        large: bool,
    ) -> (Vec<Value>, Vec<Value>) {
        let presences = wanted & intents::GUILD_PRESENCES != 0;
        let shown: Vec<Snowflake> = if presences && guild.members.len() <= HUGE_GUILD {
            let here = |user: &Snowflake| {
                !large
                    || *user == viewer
                    || guild.voice_states.contains_key(user)
                    || self.is_online(*user)
            };
            guild.members.keys().copied().filter(here).collect()
        } else {
            let speaking = guild.voice_states.keys().copied();
            let own = std::iter::once(viewer).filter(|it| !guild.voice_states.contains_key(it));
            own.chain(speaking).collect()
        };
        let members = shown
            .iter()
            .filter_map(|user| self.member_payload(guild.id, *user));
        let online = shown
            .iter()
            .filter(|user| presences && self.is_online(**user));
        let online = online.map(|user| self.presence_payload(guild.id, *user));
        (members.collect(), online.collect())
    }

    /// Whether a user shows as anything but offline.
    pub fn is_online(&self, user: Snowflake) -> bool {
        self.presences
            .get(&user)
            .is_some_and(|presence| presence.status != "offline")
    }

    /// A user's status; the guilds that it shares hear of it.
    pub fn set_presence(&mut self, user: Snowflake, presence: Presence) {
        self.presences.insert(user, presence);
        for guild in self.guilds_of(user) {
            let data = self.presence_payload(guild, user);
            let audience = Audience::Guild(guild);
            self.dispatch("PRESENCE_UPDATE", audience, intents::GUILD_PRESENCES, data);
        }
    }

    /// The presence object.
    pub fn presence_payload(&self, guild: Snowflake, user: Snowflake) -> Value {
        let presence = self.presences.get(&user);
        let status = presence.map_or("offline", |presence| presence.status.as_str());
        let client_status = if status == "offline" {
            json!({})
        } else {
            json!({"desktop": status})
        };
        json!({
            "user": {"id": user},
            "guild_id": guild,
            "status": status,
            "activities": presence.map(|presence| presence.activities.clone()).unwrap_or_default(),
            "client_status": client_status,
        })
    }

    /// The voice state object with its member.
    pub fn voice_state_payload(
        &self,
        guild: Snowflake,
        user: Snowflake,
        state: &VoiceState,
    ) -> Value {
        let member = self.member_payload(guild, user);
        let server = |key: &str| {
            member
                .as_ref()
                .and_then(|member| member[key].as_bool())
                .unwrap_or_default()
        };
        let mut payload = json!({
            "guild_id": guild,
            "channel_id": state.channel_id,
            "user_id": user,
            "session_id": state.session_id,
            "deaf": server("deaf"),
            "mute": server("mute"),
            "self_deaf": state.self_deaf,
            "self_mute": state.self_mute,
            "self_video": state.self_video,
            "suppress": state.suppress,
            "request_to_speak_timestamp": state.request_to_speak_ms.map(iso8601),
            "member": member,
        });
        if state.self_stream {
            payload["self_stream"] = json!(true);
        }
        payload
    }
}

/// Inside a guild, the viewer's own membership of a thread goes without the ids of both.
fn without_own_ids(mut thread: Value) -> Value {
    let member = thread.get_mut("member").and_then(Value::as_object_mut);
    if let Some(member) = member {
        member.retain(|key, _| key != "id" && key != "user_id");
    }
    thread
}
