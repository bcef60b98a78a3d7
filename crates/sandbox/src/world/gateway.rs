//! What the Gateway asks of the world: GUILD_CREATE, pages of members, presences, voice states.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::clock::iso8601;
use super::guild::VoiceState;
use super::{Audience, World, intents};
use crate::snowflake::Snowflake;

/// Members in one GUILD_MEMBERS_CHUNK (Discord: Request Guild Members).
pub const MEMBERS_PER_CHUNK: usize = 1_000;

/// Members listed by a query or by ids in one request.
const MEMBERS_PER_QUERY: usize = 100;

/// Above this many members, GUILD_CREATE lists only those who are online.
pub const LARGE_GUILD: usize = 250;

/// What op 8 asks for.
#[derive(Clone, Debug)]
pub enum MemberQuery {
    /// Names that start so, case-insensitively; at most `limit`, 0 for all with an empty prefix.
    Prefix { text: String, limit: usize },
    /// Exactly these, at most 100.
    Ids(Vec<Snowflake>),
}

/// Members for the chunks of one request, in order.
#[derive(Clone, Debug, Default)]
pub struct MemberList {
    pub members: Vec<Value>,
    pub presences: Vec<Value>,
    /// Ids asked for that are no members.
    pub not_found: Vec<Snowflake>,
}

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
        let guild = self.guilds.get(&guild_id)?;
        let mut payload = self.guild_payload(guild_id)?;
        let large = guild.members.len() > LARGE_GUILD;
        let all = wanted & intents::GUILD_MEMBERS != 0 && !large;
        let shown = guild.members.keys().filter(|user| {
            all || **user == viewer
                || (wanted & intents::GUILD_PRESENCES != 0 && self.is_online(**user))
                || guild.voice_states.contains_key(user)
        });
        let members: Vec<_> = shown
            .filter_map(|user| self.member_payload(guild_id, *user))
            .collect();
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
        payload["soundboard_sounds"] = json!([]);
        payload["presences"] = if wanted & intents::GUILD_PRESENCES == 0 {
            json!([])
        } else {
            let online = guild.members.keys().filter(|user| self.is_online(**user));
            online
                .map(|user| self.presence_payload(guild_id, *user))
                .collect()
        };
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

    /// The members that op 8 asks for; the Gateway cuts them into chunks.
    pub fn members_page(
        &self,
        guild_id: Snowflake,
        query: &MemberQuery,
        with_presences: bool,
    ) -> MemberList {
        let mut list = MemberList::default();
        let Some(guild) = self.guilds.get(&guild_id) else {
            return list;
        };
        let chosen: Vec<Snowflake> = match query {
            MemberQuery::Ids(ids) => {
                let ids = || ids.iter().take(MEMBERS_PER_QUERY).copied();
                list.not_found = ids().filter(|id| !guild.members.contains_key(id)).collect();
                ids().filter(|id| guild.members.contains_key(id)).collect()
            }
            MemberQuery::Prefix { text, limit } => {
                let everyone = text.is_empty() && *limit == 0;
                let limit = if everyone {
                    usize::MAX
                } else {
                    (*limit).clamp(1, MEMBERS_PER_QUERY)
                };
                let users = guild.members.keys().copied();
                users
                    .filter(|user| self.name_starts_with(guild_id, *user, text))
                    .take(limit)
                    .collect()
            }
        };
        for user in chosen {
            list.members.extend(self.member_payload(guild_id, user));
            if with_presences && self.is_online(user) {
                list.presences.push(self.presence_payload(guild_id, user));
            }
        }
        list
    }

    /// Whether username, display name or nickname starts so, case-insensitively.
    pub(crate) fn name_starts_with(&self, guild: Snowflake, user: Snowflake, start: &str) -> bool {
        let start = start.to_lowercase();
        let nick = self
            .guilds
            .get(&guild)
            .and_then(|g| g.members.get(&user)?.nick.as_deref());
        let account = self.users.get(&user);
        let username = account.map(|user| user.username.as_str());
        let global = account.and_then(|user| user.global_name.as_deref());
        [username, global, nick]
            .iter()
            .flatten()
            .any(|n| n.to_lowercase().starts_with(&start))
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
