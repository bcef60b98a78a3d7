//! How events change the cache. An event that cannot be read makes its guild unknown again, so
//! that stale facts never pass for current ones.

use std::{collections::HashMap, sync::Arc};

use model::{ChannelId, GuildId, RoleId, UserId};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    CHANNELS_MAX, Cache, Entry, GUILDS_MAX, State,
    payload::{ChannelPayload, GuildPayload, MemberPayload, RolePayload, UserPayload},
};
use crate::permissions::Member;

/// An event did not have the documented shape.
#[derive(Debug, thiserror::Error)]
#[error("a {kind} event has an unexpected shape; its guild is looked up anew")]
pub struct NotUnderstood {
    kind: String,
    #[source]
    source: serde_json::Error,
}

/// Whether events of this kind change the cache.
pub fn feeds_on(kind: &str) -> bool {
    Change::of(kind).is_some()
}

#[derive(Debug, Clone, Copy)]
enum Change {
    Ready,
    Guild,
    GuildGone,
    Channel,
    ChannelGone,
    Threads,
    Role,
    RoleGone,
    Member,
    MemberGone,
}

impl Change {
    fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "READY" => Self::Ready,
            "GUILD_CREATE" | "GUILD_UPDATE" => Self::Guild,
            "GUILD_DELETE" => Self::GuildGone,
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE" => {
                Self::Channel
            }
            "CHANNEL_DELETE" | "THREAD_DELETE" => Self::ChannelGone,
            "THREAD_LIST_SYNC" => Self::Threads,
            "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => Self::Role,
            "GUILD_ROLE_DELETE" => Self::RoleGone,
            "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE" => Self::Member,
            "GUILD_MEMBER_REMOVE" => Self::MemberGone,
            _ => return None,
        })
    }
}

#[derive(Deserialize)]
struct Ready {
    user: UserPayload,
}

#[derive(Deserialize)]
struct GuildOnly {
    id: GuildId,
    /// Discord has an outage there; it will be described anew.
    #[serde(default)]
    unavailable: bool,
}

#[derive(Deserialize)]
struct ChannelGone {
    id: ChannelId,
    guild_id: GuildId,
}

#[derive(Deserialize)]
struct ThreadList {
    guild_id: GuildId,
    /// Absent means all channels of the guild.
    channel_ids: Option<Vec<ChannelId>>,
    threads: Vec<ChannelPayload>,
}

#[derive(Deserialize)]
struct RoleEvent {
    guild_id: GuildId,
    role: RolePayload,
}

#[derive(Deserialize)]
struct RoleGone {
    guild_id: GuildId,
    role_id: RoleId,
}

#[derive(Deserialize)]
struct MemberEvent {
    guild_id: GuildId,
    #[serde(flatten)]
    member: MemberPayload,
}

#[derive(Deserialize)]
struct MemberGone {
    guild_id: GuildId,
    user: UserPayload,
}

/// The guild that an event is about, read as leniently as can be.
#[derive(Deserialize)]
struct About {
    guild_id: Option<GuildId>,
    id: Option<GuildId>,
}

impl Cache {
    /// Take in one event, `data` being its `d` as JSON. Kinds it does not feed on do nothing.
    pub fn apply(&self, kind: &str, data: &str) -> Result<(), NotUnderstood> {
        let Some(change) = Change::of(kind) else {
            return Ok(());
        };
        let applied = self.change(change, data);
        if applied.is_err() {
            let about = serde_json::from_str(data).ok();
            let guild = about.and_then(|About { guild_id, id }| guild_id.or(id));
            let mut state = self.write();
            match guild {
                Some(guild) => state.remove(guild),
                None => state.clear(),
            }
        }
        applied.map_err(|source| NotUnderstood {
            kind: kind.to_owned(),
            source,
        })
    }

    fn change(&self, change: Change, data: &str) -> Result<(), serde_json::Error> {
        match change {
            Change::Ready => {
                let ready: Ready = read(data)?;
                let mut state = self.write();
                state.clear();
                state.bot = Some(ready.user.id);
            }
            Change::Guild => {
                // An unavailable guild is announced with its id alone.
                let only: GuildOnly = read(data)?;
                if only.unavailable {
                    self.write().remove(only.id);
                } else {
                    let guild = read(data)?;
                    self.write().put_guild(guild, self.members_max);
                }
            }
            Change::GuildGone => {
                let gone: GuildOnly = read(data)?;
                self.write().remove(gone.id);
            }
            Change::Channel => {
                let channel = read(data)?;
                self.write().put_channel(channel);
            }
            Change::ChannelGone => {
                let gone: ChannelGone = read(data)?;
                self.write().remove_channel(gone.guild_id, gone.id);
            }
            Change::Threads => {
                let list = read(data)?;
                self.write().put_threads(list);
            }
            Change::Role => {
                let event: RoleEvent = read(data)?;
                let role = event.role.role();
                self.write().change_roles(event.guild_id, |roles| {
                    match roles.binary_search_by_key(&role.id, |known| known.id) {
                        Ok(index) => roles[index] = role,
                        Err(index) => roles.insert(index, role),
                    }
                });
            }
            Change::RoleGone => {
                let gone: RoleGone = read(data)?;
                self.write().change_roles(gone.guild_id, |roles| {
                    roles.retain(|role| role.id != gone.role_id);
                });
            }
            Change::Member => {
                let event: MemberEvent = read(data)?;
                self.write()
                    .put_member(event.guild_id, event.member, self.members_max);
            }
            Change::MemberGone => {
                let gone: MemberGone = read(data)?;
                self.write().remove_member(gone.guild_id, gone.user.id);
            }
        }
        Ok(())
    }
}

fn read<T: DeserializeOwned>(data: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(data)
}

impl State {
    /// A new session describes every guild anew.
    fn clear(&mut self) {
        self.guilds.clear();
        self.channels.clear();
        self.members = 0;
    }

    fn remove(&mut self, guild: GuildId) {
        let Some(entry) = self.guilds.remove(&guild) else {
            return;
        };
        for channel in entry.channels.keys() {
            self.channels.remove(channel);
        }
        let own = self.bot.is_some_and(|bot| entry.members.contains_key(&bot));
        self.members -= entry.members.len() - usize::from(own);
    }

    /// GUILD_UPDATE carries no channels, so those that are known stay.
    fn put_guild(&mut self, mut payload: GuildPayload, members_max: usize) {
        let id = payload.id;
        let guild = Arc::new(payload.guild());
        if let Some(entry) = self.guilds.get_mut(&id) {
            entry.guild = guild;
        } else if self.guilds.len() < GUILDS_MAX {
            let entry = Entry {
                guild,
                channels: HashMap::new(),
                members: HashMap::new(),
            };
            self.guilds.insert(id, entry);
        }
        for mut channel in payload.channels.into_iter().chain(payload.threads) {
            channel.guild_id = Some(id);
            self.put_channel(channel);
        }
        for member in payload.members {
            self.put_member(id, member, members_max);
        }
    }

    fn put_channel(&mut self, payload: ChannelPayload) {
        let (Some(guild), id) = (payload.guild_id, payload.id) else {
            return;
        };
        if payload.is_archived() {
            return self.remove_channel(guild, id);
        }
        let Some(entry) = self.guilds.get_mut(&guild) else {
            return;
        };
        if entry.channels.len() < CHANNELS_MAX || entry.channels.contains_key(&id) {
            let channel = Arc::new(payload.channel(Some(guild)));
            entry.channels.insert(id, channel);
            self.channels.insert(id, guild);
        }
    }

    fn remove_channel(&mut self, guild: GuildId, channel: ChannelId) {
        let Some(entry) = self.guilds.get_mut(&guild) else {
            return;
        };
        let index = &mut self.channels;
        entry.channels.retain(|id, known| {
            let goes = *id == channel || (known.is_thread() && known.parent == Some(channel));
            if goes {
                index.remove(id);
            }
            !goes
        });
    }

    /// The threads listed are all active ones of those channels.
    fn put_threads(&mut self, list: ThreadList) {
        let Some(entry) = self.guilds.get_mut(&list.guild_id) else {
            return;
        };
        let index = &mut self.channels;
        entry.channels.retain(|id, known| {
            let listed = match (&list.channel_ids, known.parent) {
                (None, _) => true,
                (Some(channels), Some(parent)) => channels.contains(&parent),
                (Some(_), None) => false,
            };
            let goes = known.is_thread() && listed;
            if goes {
                index.remove(id);
            }
            !goes
        });
        for mut thread in list.threads {
            thread.guild_id = Some(list.guild_id);
            self.put_channel(thread);
        }
    }

    fn change_roles(
        &mut self,
        guild: GuildId,
        change: impl FnOnce(&mut Vec<crate::permissions::Role>),
    ) {
        if let Some(entry) = self.guilds.get_mut(&guild) {
            change(&mut Arc::make_mut(&mut entry.guild).roles);
        }
    }

    fn put_member(&mut self, guild: GuildId, payload: MemberPayload, members_max: usize) {
        let user = payload.user.id;
        let own = self.bot == Some(user);
        let Some(entry) = self.guilds.get_mut(&guild) else {
            return;
        };
        let known = entry.members.get(&user);
        if known.is_none() && !own {
            if self.members >= members_max {
                return;
            }
            self.members += 1;
        }
        let member: Member = payload.member(known.map(Arc::as_ref));
        entry.members.insert(user, Arc::new(member));
    }

    fn remove_member(&mut self, guild: GuildId, user: UserId) {
        let removed = self
            .guilds
            .get_mut(&guild)
            .and_then(|entry| entry.members.remove(&user));
        if removed.is_some() && self.bot != Some(user) {
            self.members -= 1;
        }
    }
}
