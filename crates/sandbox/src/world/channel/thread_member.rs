//! Who is in a thread: joining, adding, leaving, removing, listing.

use serde_json::{Value, json};

use super::{ChannelKind, Thread, thread_member_payload};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

impl World {
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
        let added_members: Vec<_> = added
            .iter()
            .map(|user| {
                let joined = thread.members.get(user).copied().unwrap_or_default();
                let mut member = thread_member_payload(id, *user, joined);
                member["member"] = self.member_payload(guild, *user).unwrap_or_default();
                member["presence"] = self.presence_payload(guild, *user);
                member
            })
            .collect();
        let data = json!({
            "id": id,
            "guild_id": guild,
            "member_count": thread.members.len().min(50),
            "added_members": added_members,
            "removed_member_ids": removed,
        });
        // Everyone who sees the thread hears it, and those who were just removed from it.
        for user in removed {
            if !self.may_view(*user, id) {
                self.dispatch(
                    "THREAD_MEMBERS_UPDATE",
                    Audience::User(*user),
                    1,
                    data.clone(),
                );
            }
        }
        let audience = Audience::Channel { guild, channel: id };
        self.dispatch("THREAD_MEMBERS_UPDATE", audience, intents::GUILDS, data);
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
        let private =
            self.channels.get(&id).map(|channel| channel.kind) == Some(ChannelKind::PrivateThread);
        if archived {
            return Err(Refusal::new(400, 50_083, "Thread is archived"));
        }
        if user != actor.id {
            self.require_in(actor.id, id, bits::SEND_MESSAGES_IN_THREADS)?;
            if private && !invitable {
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
        let now = self.now_ms();
        let channel = self.channels.get_mut(&id);
        let Some(thread) = channel.and_then(|channel| channel.thread.as_mut()) else {
            return Ok(());
        };
        if thread.members.contains_key(&user) {
            return Ok(());
        }
        thread.members.insert(user, now);
        self.tell_thread_members(id, &[user], &[]);
        if private && user != actor.id && self.applications.contains_key(&user) {
            let data = self.channel_payload(id, user).unwrap_or_default();
            self.dispatch("THREAD_CREATE", Audience::User(user), intents::GUILDS, data);
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
            return Err(Refusal::new(400, 50_083, "Thread is archived"));
        }
        let private =
            self.channels.get(&id).map(|channel| channel.kind) == Some(ChannelKind::PrivateThread);
        if user != actor.id && !(private && owner == actor.id) {
            self.require_in(actor.id, id, bits::MANAGE_THREADS)?;
        }
        let channel = self.channels.get_mut(&id);
        let thread = channel.and_then(|channel| channel.thread.as_mut());
        if thread.is_some_and(|thread| thread.members.remove(&user).is_some()) {
            self.tell_thread_members(id, &[], &[user]);
        }
        Ok(())
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

    /// Members of a thread by id.
    pub fn thread_members(
        &self,
        actor: &Actor,
        id: Snowflake,
        after: Option<Snowflake>,
        limit: usize,
        with_member: bool,
    ) -> Answer {
        let members = &self.thread_at(actor.id, id)?.members;
        let page = members
            .iter()
            .filter(|(user, _)| after.is_none_or(|after| **user > after));
        let page = page.take(limit.clamp(1, 100));
        Ok(page
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
