//! Who is in a thread: joining, adding, leaving, removing, listing.

use serde_json::{Value, json};

use super::{ChannelKind, Thread, thread_member_payload};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::message::kind;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// Members of one thread.
const MAX_MEMBERS: usize = 1_000;

impl World {
    /// Puts users into a thread, up to its limit, and tells of those who were not in it.
    pub(crate) fn join_thread(&mut self, id: Snowflake, users: &[Snowflake]) {
        let now = self.now_ms();
        let channel = self.channels.get_mut(&id);
        let Some(thread) = channel.and_then(|channel| channel.thread.as_mut()) else {
            return;
        };
        let mut added = Vec::new();
        for user in users {
            if thread.members.len() < MAX_MEMBERS && !thread.members.contains_key(user) {
                thread.members.insert(*user, now);
                added.push(*user);
            }
        }
        if added.is_empty() {
            return;
        }
        // Whoever comes into a thread may not have known of it.
        for user in &added {
            if self.applications.contains_key(user) {
                let data = self.channel_payload(id, *user).unwrap_or_default();
                let audience = Audience::User(*user);
                self.dispatch("THREAD_CREATE", audience, intents::GUILDS, data);
            }
        }
        self.tell_thread_members(id, &added, &[]);
    }

    /// Tells of those who came and went. The Gateway withholds the others' coming and going from
    /// sessions without the members intent.
    pub(crate) fn tell_thread_members(
        &mut self,
        id: Snowflake,
        added: &[Snowflake],
        removed: &[Snowflake],
    ) {
        let Some(channel) = self.channels.get(&id) else {
            return;
        };
        let (Some(thread), Some(guild)) = (channel.thread.as_ref(), channel.guild_id) else {
            return;
        };
        let mut data = json!({
            "id": id,
            "guild_id": guild,
            "member_count": thread.members.len().min(50),
        });
        if !added.is_empty() {
            let members = added.iter().map(|user| {
                let joined = thread.members.get(user).copied().unwrap_or_default();
                let mut member = thread_member_payload(id, *user, joined);
                member["member"] = self.member_payload(guild, *user).unwrap_or_default();
                member["presence"] = self.presence_payload(guild, *user);
                member
            });
            data["added_members"] = members.collect();
        }
        if !removed.is_empty() {
            data["removed_member_ids"] = json!(removed);
        }
        // Everyone who sees the thread hears it, and those who were just removed from it.
        for user in removed {
            if !self.may_view(*user, id) {
                let audience = Audience::User(*user);
                let wanted = intents::GUILDS;
                self.dispatch("THREAD_MEMBERS_UPDATE", audience, wanted, data.clone());
            }
        }
        let audience = Audience::Channel { guild, channel: id };
        let wanted = intents::GUILDS | intents::GUILD_MEMBERS;
        self.dispatch("THREAD_MEMBERS_UPDATE", audience, wanted, data);
    }

    /// Tells each bot in a thread that it is: sent when the thread wakes.
    pub(crate) fn tell_own_thread_members(&mut self, id: Snowflake) {
        let Some(channel) = self.channels.get(&id) else {
            return;
        };
        let (Some(thread), Some(guild)) = (channel.thread.as_ref(), channel.guild_id) else {
            return;
        };
        let bots = self.applications.keys();
        let inside: Vec<_> = bots
            .filter_map(|bot| Some((*bot, *thread.members.get(bot)?)))
            .collect();
        for (bot, joined) in inside {
            let mut data = thread_member_payload(id, bot, joined);
            data["guild_id"] = json!(guild);
            let audience = Audience::User(bot);
            self.dispatch("THREAD_MEMBER_UPDATE", audience, intents::GUILDS, data);
        }
    }

    pub(crate) fn thread_at(&self, user: Snowflake, id: Snowflake) -> Answer<&Thread> {
        let channel = self.visible_channel(user, id)?;
        channel
            .thread
            .as_ref()
            .ok_or_else(Refusal::wrong_channel_type)
    }

    /// Joins a thread, or adds another member to it.
    pub fn add_thread_member(
        &mut self,
        actor: &Actor,
        id: Snowflake,
        user: Snowflake,
    ) -> Answer<()> {
        let thread = self.thread_at(actor.id, id)?;
        let (archived, invitable) = (thread.archived, thread.invitable);
        let (known, full) = (
            thread.members.contains_key(&user),
            thread.members.len() >= MAX_MEMBERS,
        );
        if archived {
            return Err(archived_thread());
        }
        if user != actor.id {
            self.require_in(actor.id, id, bits::SEND_MESSAGES_IN_THREADS)?;
            if self.is_private_thread(id) && !invitable {
                self.require_in(actor.id, id, bits::MANAGE_THREADS)?;
            }
            let guild = self.guild_of(id).unwrap_or_default();
            if !self.is_member(guild, user) {
                return Err(Refusal::unknown(Unknown::Member));
            }
            let parent = self.channels.get(&id).and_then(|channel| channel.parent_id);
            if parent.is_some_and(|parent| !self.may_view(user, parent)) {
                return Err(Refusal::missing_access());
            }
        }
        if known {
            return Ok(());
        }
        if full {
            let text =
                format!("Maximum number of thread participants has been reached ({MAX_MEMBERS})");
            return Err(Refusal::new(400, 30_033, text));
        }
        self.join_thread(id, &[user]);
        if user != actor.id {
            self.post_about(id, actor.id, kind::RECIPIENT_ADD, user);
        }
        Ok(())
    }

    /// Leaves a thread, or removes another member from it.
    pub fn remove_thread_member(
        &mut self,
        actor: &Actor,
        id: Snowflake,
        user: Snowflake,
    ) -> Answer<()> {
        let thread = self.thread_at(actor.id, id)?;
        let (archived, owner) = (thread.archived, thread.owner_id);
        if archived {
            return Err(archived_thread());
        }
        if user != actor.id && !(self.is_private_thread(id) && owner == actor.id) {
            self.require_in(actor.id, id, bits::MANAGE_THREADS)?;
        }
        let channel = self.channels.get_mut(&id);
        let thread = channel.and_then(|channel| channel.thread.as_mut());
        if thread.is_some_and(|thread| thread.members.remove(&user).is_some()) {
            self.tell_thread_members(id, &[], &[user]);
            if user != actor.id {
                self.post_about(id, actor.id, kind::RECIPIENT_REMOVE, user);
            }
        }
        Ok(())
    }

    pub(crate) fn is_private_thread(&self, id: Snowflake) -> bool {
        let kind = self.channels.get(&id).map(|channel| channel.kind);
        kind == Some(ChannelKind::PrivateThread)
    }

    /// One member of a thread.
    pub fn thread_member(
        &self,
        actor: &Actor,
        id: Snowflake,
        user: Snowflake,
        with_member: bool,
    ) -> Answer {
        let thread = self.thread_at(actor.id, id)?;
        let joined = thread
            .members
            .get(&user)
            .ok_or_else(|| Refusal::unknown(Unknown::Member))?;
        Ok(self.thread_member_answer(id, user, *joined, with_member))
    }

    /// Members of a thread by id: a page of them when their member objects are wanted, else all.
    /// Bots need the members intent switched on.
    pub fn thread_members(
        &self,
        actor: &Actor,
        id: Snowflake,
        after: Option<Snowflake>,
        limit: usize,
        with_member: bool,
    ) -> Answer {
        let members = &self.thread_at(actor.id, id)?.members;
        let bot = self.applications.contains_key(&actor.id);
        if bot && self.privileged_intents_allowed(actor.id) & intents::GUILD_MEMBERS == 0 {
            return Err(Refusal::missing_access());
        }
        let (after, limit) = if with_member {
            (after, limit.clamp(1, 100))
        } else {
            (None, usize::MAX)
        };
        let page = members
            .iter()
            .filter(|(user, _)| after.is_none_or(|after| **user > after));
        Ok(page
            .take(limit)
            .map(|(user, joined)| self.thread_member_answer(id, *user, *joined, with_member))
            .collect())
    }

    fn thread_member_answer(
        &self,
        id: Snowflake,
        user: Snowflake,
        joined: u64,
        with_member: bool,
    ) -> Value {
        let mut payload = thread_member_payload(id, user, joined);
        let guild = self.guild_of(id).unwrap_or_default();
        if with_member && let Some(member) = self.member_payload(guild, user) {
            payload["member"] = member;
        }
        payload
    }
}

pub(crate) fn archived_thread() -> Refusal {
    Refusal::new(400, 50_083, "Thread is archived")
}
