//! Members: lists, search, nicknames, roles, timeouts, voice, and who comes and goes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Member;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::{Form, Patch};
use crate::world::audit::action;
use crate::world::clock::{iso8601, parse_iso8601};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

const MAX_TIMEOUT_MS: u64 = 28 * 24 * 60 * 60 * 1_000;
/// The one member flag that moderators may change.
const BYPASSES_VERIFICATION: u64 = 1 << 2;
const MAX_MEMBERS_PAGE: usize = 1_000;

impl World {
    pub(crate) fn member(&self, guild: Snowflake, user: Snowflake) -> Answer<&Member> {
        let member = self.guild(guild)?.members.get(&user);
        member.ok_or_else(|| {
            Refusal::unknown(if self.users.contains_key(&user) {
                Unknown::Member
            } else {
                Unknown::User
            })
        })
    }

    pub(crate) fn member_mut(&mut self, guild: Snowflake, user: Snowflake) -> Answer<&mut Member> {
        let members = &mut self.guild_mut(guild)?.members;
        members
            .get_mut(&user)
            .ok_or_else(|| Refusal::unknown(Unknown::Member))
    }

    /// One member.
    pub fn get_member(&self, actor: &Actor, guild: Snowflake, user: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        self.member(guild, user)?;
        self.member_payload(guild, user)
            .ok_or_else(|| Refusal::unknown(Unknown::Member))
    }

    /// Members by id; bots need the members intent.
    pub fn list_members(
        &self,
        actor: &Actor,
        guild: Snowflake,
        after: Option<Snowflake>,
        limit: usize,
    ) -> Answer {
        self.require_member(actor.id, guild)?;
        let is_bot = self.applications.contains_key(&actor.id);
        if is_bot && self.privileged_intents_allowed(actor.id) & intents::GUILD_MEMBERS == 0 {
            return Err(Refusal::missing_access());
        }
        let members = self.guild(guild)?.members.keys().copied();
        let page = members.filter(|user| after.is_none_or(|after| *user > after));
        let page = page.take(limit.clamp(1, MAX_MEMBERS_PAGE));
        Ok(page
            .filter_map(|user| self.member_payload(guild, user))
            .collect())
    }

    /// Members whose name starts so.
    pub fn search_members(
        &self,
        actor: &Actor,
        guild: Snowflake,
        query: &str,
        limit: usize,
    ) -> Answer {
        self.require_member(actor.id, guild)?;
        let members = self.guild(guild)?.members.keys().copied();
        let found = members.filter(|user| self.name_starts_with(guild, *user, query));
        let found = found.take(limit.clamp(1, MAX_MEMBERS_PAGE));
        Ok(found
            .filter_map(|user| self.member_payload(guild, user))
            .collect())
    }

    /// Changes another member, field by field with the permission that each needs.
    pub fn modify_member(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        user: Snowflake,
        body: &Value,
    ) -> Answer {
        self.require_member(actor.id, guild)?;
        let mut member = self.member(guild, user)?.clone();
        let before = member.clone();
        let now = self.now_ms();
        let mut form = Form::new(body);
        let nick = form.text("nick", 0..=32).given();
        let roles = form.ids("roles", 0..=250).given();
        let mute = form.flag("mute").value();
        let deaf = form.flag("deaf").value();
        let flags = form.bits("flags").value();
        let channel = form.id("channel_id").given();
        let until = match form.text("communication_disabled_until", 0..=64) {
            Patch::Absent => None,
            Patch::Null => Some(None),
            Patch::Value(text) => match parse_iso8601(&text) {
                Some(until) if until <= now + MAX_TIMEOUT_MS + 60_000 => Some(Some(until)),
                Some(_) => {
                    let key = "communication_disabled_until";
                    let message = "Timeout must end within 28 days";
                    form.error(key, "GUILD_MEMBER_TIMEOUT_TOO_LONG", message);
                    None
                }
                None => {
                    let message = format!("Could not parse {text}. Should be ISO8601.");
                    form.error(
                        "communication_disabled_until",
                        "DATE_TIME_TYPE_PARSE",
                        &message,
                    );
                    None
                }
            },
        };
        form.finish()?;
        if let Some(nick) = nick {
            self.check_nick(actor, guild, user)?;
            member.nick = nick.filter(|nick| !nick.is_empty());
        }
        if let Some(roles) = roles {
            let wanted: BTreeSet<_> = roles.unwrap_or_default().into_iter().collect();
            self.require(actor.id, guild, bits::MANAGE_ROLES)?;
            for role in wanted.symmetric_difference(&member.roles) {
                self.check_assignable(actor, guild, *role)?;
            }
            member.roles = wanted;
        }
        if let Some(until) = until {
            self.require(actor.id, guild, bits::MODERATE_MEMBERS)?;
            self.require_above_member(actor.id, guild, user)?;
            let admin = self.permissions_in_guild(guild, user) & bits::ADMINISTRATOR != 0;
            if until.is_some() && admin {
                return Err(Refusal::missing_permissions());
            }
            member.timeout_until_ms = until.filter(|until| *until > now);
        }
        for (wanted, needed) in [(mute, bits::MUTE_MEMBERS), (deaf, bits::DEAFEN_MEMBERS)] {
            if wanted.is_some() {
                self.require(actor.id, guild, needed)?;
                self.require_connected(guild, user)?;
            }
        }
        member.mute = mute.unwrap_or(member.mute);
        member.deaf = deaf.unwrap_or(member.deaf);
        if let Some(flags) = flags {
            self.require(actor.id, guild, bits::MODERATE_MEMBERS)?;
            member.flags = member.flags & !BYPASSES_VERIFICATION | flags & BYPASSES_VERIFICATION;
        }
        if let Some(channel) = channel {
            self.require(actor.id, guild, bits::MOVE_MEMBERS)?;
            self.require_connected(guild, user)?;
            self.check_voice_channel(guild, channel)?;
            if let Some(target) = channel {
                self.require_in(actor.id, target, bits::CONNECT)?;
            }
        }
        let sight = self.sight_when_bot(guild, user);
        self.guild_mut(guild)?.members.insert(user, member.clone());
        self.audit_member_change(actor, guild, &before, &member);
        if !same_member(&before, &member) {
            self.tell_member(guild, user);
            self.tell_gained(guild, &sight);
        }
        if before.nick != member.nick {
            self.screen_profile(guild, user);
        }
        if mute.is_some() || deaf.is_some() {
            self.tell_voice_state(guild, user);
        }
        if let Some(channel) = channel {
            self.move_in_voice(actor, guild, user, channel);
        }
        self.member_payload(guild, user)
            .ok_or_else(|| Refusal::unknown(Unknown::Member))
    }

    fn check_nick(&self, actor: &Actor, guild: Snowflake, user: Snowflake) -> Answer<()> {
        if actor.id == user {
            return self.require(actor.id, guild, bits::CHANGE_NICKNAME);
        }
        self.require(actor.id, guild, bits::MANAGE_NICKNAMES)?;
        self.require_above_member(actor.id, guild, user)
    }

    fn check_assignable(&self, actor: &Actor, guild: Snowflake, role: Snowflake) -> Answer<()> {
        self.require_above_role(actor.id, guild, role)?;
        let managed = self
            .guild(guild)?
            .roles
            .get(&role)
            .is_some_and(|role| role.managed);
        if managed || role == guild {
            return Err(Refusal::new(400, 50_028, "Invalid Role"));
        }
        Ok(())
    }

    /// Changes the actor's own nickname.
    pub fn modify_own_member(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        self.require_member(actor.id, guild)?;
        let before = self.member(guild, actor.id)?.clone();
        let mut form = Form::new(body);
        let nick = form.text("nick", 0..=32).given();
        form.finish()?;
        if let Some(nick) = nick {
            self.require(actor.id, guild, bits::CHANGE_NICKNAME)?;
            self.member_mut(guild, actor.id)?.nick = nick.filter(|nick| !nick.is_empty());
        }
        let member = self.member(guild, actor.id)?.clone();
        if !same_member(&before, &member) {
            self.audit_member_change(actor, guild, &before, &member);
            self.tell_member(guild, actor.id);
            self.screen_profile(guild, actor.id);
        }
        let mut payload = self.member_payload(guild, actor.id).unwrap_or_default();
        payload["permissions"] = json!(self.permissions_in_guild(guild, actor.id).to_string());
        Ok(payload)
    }

    /// Gives or takes one role.
    pub fn set_member_role(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        user: Snowflake,
        role: Snowflake,
        has: bool,
    ) -> Answer<()> {
        self.require(actor.id, guild, bits::MANAGE_ROLES)?;
        let before = self.member(guild, user)?.clone();
        self.check_assignable(actor, guild, role)?;
        let sight = self.sight_when_bot(guild, user);
        let member = self.member_mut(guild, user)?;
        let changed = if has {
            member.roles.insert(role)
        } else {
            member.roles.remove(&role)
        };
        if changed {
            let member = member.clone();
            self.audit_member_change(actor, guild, &before, &member);
            self.tell_member(guild, user);
            self.tell_gained(guild, &sight);
        }
        Ok(())
    }

    /// Removes a member who may come back.
    pub fn kick_member(&mut self, actor: &Actor, guild: Snowflake, user: Snowflake) -> Answer<()> {
        self.require(actor.id, guild, bits::KICK_MEMBERS)?;
        self.member(guild, user)?;
        self.require_above_member(actor.id, guild, user)?;
        self.remove_member(guild, user);
        let (action, none) = (action::MEMBER_KICK, Value::Null);
        self.audit(guild, actor, action, Some(user), Vec::new(), none);
        Ok(())
    }

    pub(crate) fn tell_member(&mut self, guild: Snowflake, user: Snowflake) {
        let mut data = self.member_payload(guild, user).unwrap_or_default();
        data["guild_id"] = json!(guild);
        let audience = Audience::Guild(guild);
        self.dispatch(
            "GUILD_MEMBER_UPDATE",
            audience,
            intents::GUILD_MEMBERS,
            data,
        );
        self.reconsider_voice(guild);
    }

    fn audit_member_change(&mut self, actor: &Actor, guild: Snowflake, old: &Member, new: &Member) {
        let user = new.user_id;
        let mut changes = Vec::new();
        let mut note = |key: &str, old: Value, new: Value| {
            if old != new {
                let mut change = json!({"key": key});
                for (side, value) in [("old_value", old), ("new_value", new)] {
                    if !value.is_null() {
                        change[side] = value;
                    }
                }
                changes.push(change);
            }
        };
        note("nick", json!(old.nick), json!(new.nick));
        note("mute", json!(old.mute), json!(new.mute));
        note("deaf", json!(old.deaf), json!(new.deaf));
        let until = |member: &Member| json!(member.timeout_until_ms.map(iso8601));
        note("communication_disabled_until", until(old), until(new));
        if !changes.is_empty() {
            let (action, none) = (action::MEMBER_UPDATE, Value::Null);
            self.audit(guild, actor, action, Some(user), changes, none);
        }
        let named = |ids: Vec<&Snowflake>| -> Vec<Value> {
            let roles = self.guilds.get(&guild).map(|guild| &guild.roles);
            let name = |id| roles.and_then(|roles| Some(roles.get(id)?.name.clone()));
            ids.into_iter()
                .map(|id| json!({"id": id, "name": name(id)}))
                .collect()
        };
        let added = named(new.roles.difference(&old.roles).collect());
        let removed = named(old.roles.difference(&new.roles).collect());
        let changes: Vec<_> = [("$add", added), ("$remove", removed)]
            .into_iter()
            .filter(|(_, roles)| !roles.is_empty())
            .map(|(key, roles)| json!({"key": key, "new_value": roles}))
            .collect();
        if !changes.is_empty() {
            let (action, none) = (action::MEMBER_ROLE_UPDATE, Value::Null);
            self.audit(guild, actor, action, Some(user), changes, none);
        }
    }
}

fn same_member(a: &Member, b: &Member) -> bool {
    a.partial_payload() == b.partial_payload()
}
