//! Bans, singly and in bulk, and pruning of members who have been away.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::action;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Invite, Refusal, World, intents};

/// Messages of the last week can go with a ban.
const MAX_DELETE_SECONDS: i64 = 7 * 24 * 60 * 60;
const MAX_BULK: usize = 200;
const MAX_PAGE: usize = 1_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// A page of bans.
#[derive(Clone, Copy, Debug, Default)]
pub struct BanPage {
    pub before: Option<Snowflake>,
    pub after: Option<Snowflake>,
    pub limit: usize,
}

impl World {
    /// Bans by user id.
    pub fn list_bans(&self, actor: &Actor, guild: Snowflake, page: BanPage) -> Answer {
        self.require(actor.id, guild, bits::BAN_MEMBERS)?;
        let bans = self.guild(guild)?.bans.iter().filter(|(user, _)| {
            page.before.is_none_or(|before| **user < before)
                && page.after.is_none_or(|after| **user > after)
        });
        let mut bans: Vec<_> = bans.collect();
        let limit = page.limit.clamp(1, MAX_PAGE);
        if page.before.is_some() && page.after.is_none() {
            // The page just before a user, still in ascending order.
            bans.drain(..bans.len().saturating_sub(limit));
        }
        bans.truncate(limit);
        Ok(bans
            .into_iter()
            .map(|(user, reason)| self.ban_payload(*user, reason.as_ref()))
            .collect())
    }

    fn ban_payload(&self, user: Snowflake, reason: Option<&String>) -> Value {
        json!({"user": self.user_payload(user), "reason": reason})
    }

    /// One ban.
    pub fn get_ban(&self, actor: &Actor, guild: Snowflake, user: Snowflake) -> Answer {
        self.require(actor.id, guild, bits::BAN_MEMBERS)?;
        let reason = self.guild(guild)?.bans.get(&user);
        let reason = reason.ok_or_else(|| Refusal::unknown(Unknown::Ban))?;
        Ok(self.ban_payload(user, reason.as_ref()))
    }

    /// Bans a user, who need not be a member, and deletes recent messages if asked to.
    pub fn ban_user(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        user: Snowflake,
        body: &Value,
    ) -> Answer<()> {
        self.require(actor.id, guild, bits::BAN_MEMBERS)?;
        let seconds = read_delete_seconds(body)?;
        if !self.users.contains_key(&user) {
            return Err(Refusal::unknown(Unknown::User));
        }
        self.check_bannable(actor, guild, user)?;
        self.place_ban(actor, guild, user, seconds)
    }

    fn check_bannable(&self, actor: &Actor, guild: Snowflake, user: Snowflake) -> Answer<()> {
        if user == actor.id || self.guild(guild)?.owner_id == user {
            return Err(Refusal::missing_permissions());
        }
        if self.is_member(guild, user) {
            return self.require_above_member(actor.id, guild, user);
        }
        Ok(())
    }

    fn place_ban(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        user: Snowflake,
        seconds: u64,
    ) -> Answer<()> {
        let known = self
            .guild_mut(guild)?
            .bans
            .insert(user, actor.reason.clone());
        if known.is_some() {
            return Ok(());
        }
        if self.is_member(guild, user) {
            self.remove_member(guild, user);
        }
        let own = |it: &&Invite| it.guild_id == guild && it.inviter == user;
        let own: Vec<_> = self.invites.values().filter(own).cloned().collect();
        for invite in own {
            self.forget_invite(&invite.code);
        }
        self.delete_recent(guild, user, seconds);
        let data = json!({"guild_id": guild, "user": self.user_payload(user)});
        let wanted = intents::GUILD_MODERATION;
        self.dispatch("GUILD_BAN_ADD", Audience::Guild(guild), wanted, data);
        let (action, none) = (action::MEMBER_BAN_ADD, Value::Null);
        self.audit(guild, actor, action, Some(user), Vec::new(), none);
        Ok(())
    }

    fn delete_recent(&mut self, guild: Snowflake, user: Snowflake, seconds: u64) {
        if seconds == 0 {
            return;
        }
        let since = Snowflake::at_ms(self.now_ms().saturating_sub(seconds * 1_000));
        let in_guild = self
            .channels
            .values()
            .filter(|channel| channel.guild_id == Some(guild));
        let channels: Vec<_> = in_guild.map(|channel| channel.id).collect();
        for channel in channels {
            let messages = self
                .messages
                .get(&channel)
                .into_iter()
                .flat_map(|m| m.range(since..));
            let own: Vec<_> = messages
                .filter(|(_, message)| message.author_id == user && message.webhook.is_none())
                .map(|(id, _)| *id)
                .collect();
            for id in own {
                self.remove_message(channel, id);
            }
        }
    }

    /// Lifts a ban.
    pub fn unban_user(&mut self, actor: &Actor, guild: Snowflake, user: Snowflake) -> Answer<()> {
        self.require(actor.id, guild, bits::BAN_MEMBERS)?;
        if self.guild_mut(guild)?.bans.remove(&user).is_none() {
            return Err(Refusal::unknown(Unknown::Ban));
        }
        let data = json!({"guild_id": guild, "user": self.user_payload(user)});
        let wanted = intents::GUILD_MODERATION;
        self.dispatch("GUILD_BAN_REMOVE", Audience::Guild(guild), wanted, data);
        let (action, none) = (action::MEMBER_BAN_REMOVE, Value::Null);
        self.audit(guild, actor, action, Some(user), Vec::new(), none);
        Ok(())
    }

    /// Bans up to 200 users; those out of reach are named as failed.
    pub fn bulk_ban(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        self.require(actor.id, guild, bits::BAN_MEMBERS | bits::MANAGE_GUILD)?;
        let seconds = read_delete_seconds(body)?;
        let mut form = Form::new(body);
        let users = form.ids("user_ids", 1..=MAX_BULK);
        let users = form.required("user_ids", users);
        form.finish()?;
        let (mut banned, mut failed) = (Vec::new(), Vec::new());
        for user in users {
            let fresh = !self.guild(guild)?.bans.contains_key(&user);
            let reachable = self.users.contains_key(&user)
                && fresh
                && self.check_bannable(actor, guild, user).is_ok();
            if reachable {
                self.place_ban(actor, guild, user, seconds)?;
                banned.push(user);
            } else {
                failed.push(user);
            }
        }
        if banned.is_empty() {
            return Err(Refusal::new(400, 500_000, "Failed to ban users"));
        }
        Ok(json!({"banned_users": banned, "failed_users": failed}))
    }

    /// How many members a prune would remove.
    pub fn prune_count(
        &self,
        actor: &Actor,
        guild: Snowflake,
        days: u64,
        roles: &[Snowflake],
    ) -> Answer {
        let idle = self.idle_members(actor, guild, days, roles)?;
        Ok(json!({"pruned": idle.len()}))
    }

    /// Removes members without roles (but those named) who have not written for some days.
    pub fn prune(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        let mut form = Form::new(body);
        let days = form.integer("days", 1..=30).value().unwrap_or(7);
        let wants_count = form.flag("compute_prune_count").value().unwrap_or(true);
        let roles = form
            .ids("include_roles", 0..=250)
            .value()
            .unwrap_or_default();
        form.finish()?;
        let idle = self.idle_members(actor, guild, days.unsigned_abs(), &roles)?;
        for user in &idle {
            self.remove_member(guild, *user);
        }
        let options = json!({
            "delete_member_days": days.to_string(), "members_removed": idle.len().to_string(),
        });
        self.audit(
            guild,
            actor,
            action::MEMBER_PRUNE,
            None,
            Vec::new(),
            options,
        );
        Ok(json!({"pruned": wants_count.then_some(idle.len())}))
    }

    fn idle_members(
        &self,
        actor: &Actor,
        guild_id: Snowflake,
        days: u64,
        roles: &[Snowflake],
    ) -> Answer<Vec<Snowflake>> {
        self.require(actor.id, guild_id, bits::KICK_MEMBERS | bits::MANAGE_GUILD)?;
        if !(1..=30).contains(&days) {
            let message = "int value should be between 1 and 30.";
            return Err(Refusal::field("days", "NUMBER_TYPE_RANGE", message));
        }
        let guild = self.guild(guild_id)?;
        let mut last_seen: BTreeMap<Snowflake, u64> = BTreeMap::new();
        for channel in self
            .channels
            .values()
            .filter(|c| c.guild_id == Some(guild_id))
        {
            for message in self
                .messages
                .get(&channel.id)
                .into_iter()
                .flat_map(BTreeMap::values)
            {
                let seen = last_seen.entry(message.author_id).or_default();
                *seen = (*seen).max(message.id.timestamp_ms());
            }
        }
        let since = self.now_ms().saturating_sub(days * DAY_MS);
        let idle = guild.members.values().filter(|member| {
            let seen = last_seen
                .get(&member.user_id)
                .copied()
                .unwrap_or(0)
                .max(member.joined_ms);
            member.user_id != guild.owner_id
                && !self.applications.contains_key(&member.user_id)
                && member.roles.iter().all(|role| roles.contains(role))
                && !self.is_online(member.user_id)
                && seen < since
        });
        Ok(idle.map(|member| member.user_id).collect())
    }
}

fn read_delete_seconds(body: &Value) -> Answer<u64> {
    let mut form = Form::new(body);
    let seconds = form
        .integer("delete_message_seconds", 0..=MAX_DELETE_SECONDS)
        .value();
    let days = form.integer("delete_message_days", 0..=7).value();
    form.finish()?;
    Ok(seconds
        .unwrap_or(days.unwrap_or(0) * 24 * 60 * 60)
        .unsigned_abs())
}
