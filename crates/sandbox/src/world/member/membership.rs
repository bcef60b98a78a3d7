//! Who comes into a guild and who goes.

use serde_json::Value;
use serde_json::json;

use super::Member;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::action;
use crate::world::message::kind;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, Role, World, intents};

/// Characters, by Discord's OpenAPI document.
const MAX_ACCESS_TOKEN: usize = 10_240;

impl World {
    /// A user leaves by itself; owners cannot.
    pub fn leave_guild(&mut self, actor: &Actor, guild: Snowflake) -> Answer<()> {
        if !self.is_member(guild, actor.id) {
            return Err(Refusal::unknown(Unknown::Guild));
        }
        if self.guild(guild)?.owner_id == actor.id {
            return Err(Refusal::new(400, 50_055, "Invalid guild"));
        }
        self.remove_member(guild, actor.id);
        Ok(())
    }

    /// A user comes in: a bot with a role of its own (`permissions`), a person with a greeting.
    pub fn join_guild(
        &mut self,
        user: Snowflake,
        guild: Snowflake,
        permissions: u64,
    ) -> Answer<()> {
        if !self.users.contains_key(&user) {
            return Err(Refusal::unknown(Unknown::User));
        }
        if self.guild(guild)?.bans.contains_key(&user) {
            return Err(Refusal::new(
                403,
                40_007,
                "The user is banned from this guild.",
            ));
        }
        if self.is_member(guild, user) {
            return Ok(());
        }
        let now = self.now_ms();
        let bot_role = self
            .applications
            .get(&user)
            .map(|application| application.name.clone());
        let is_bot = bot_role.is_some();
        let mut member = Member::new(user, now);
        if let Some(name) = bot_role {
            let id = self.next_id();
            let mut role = Role::new(id, &name);
            role.permissions = permissions;
            role.managed = true;
            role.bot_id = Some(user);
            role.position = i64::try_from(self.guild(guild)?.roles.len()).unwrap_or(i64::MAX);
            let rendered = role.payload();
            self.guild_mut(guild)?.roles.insert(id, role);
            self.tell_role("GUILD_ROLE_CREATE", guild, &rendered);
            member.roles.insert(id);
        }
        self.guild_mut(guild)?.members.insert(user, member);
        let mut data = self.member_payload(guild, user).unwrap_or_default();
        data["guild_id"] = json!(guild);
        let audience = Audience::Guild(guild);
        self.dispatch("GUILD_MEMBER_ADD", audience, intents::GUILD_MEMBERS, data);
        if self.is_online(user) {
            let data = self.presence_payload(guild, user);
            let wanted = intents::GUILD_PRESENCES;
            self.dispatch("PRESENCE_UPDATE", audience, wanted, data);
        }
        if is_bot {
            self.tell_joined(guild, user);
            let owner = Actor::from(self.guild(guild)?.owner_id);
            let (action, none) = (action::BOT_ADD, Value::Null);
            self.audit(guild, &owner, action, Some(user), Vec::new(), none);
            self.integration_added(guild, user, &owner);
        }
        self.greet(guild, user);
        self.screen_profile(guild, user);
        Ok(())
    }

    /// Tells a bot that it has come into a guild. Unlike after an outage, the guild does not say
    /// that it is available.
    pub(crate) fn tell_joined(&mut self, guild: Snowflake, bot: Snowflake) {
        if let Some(mut data) = self.guild_create_payload(guild, bot, u64::MAX) {
            data.as_object_mut().map(|it| it.remove("unavailable"));
            self.dispatch("GUILD_CREATE", Audience::User(bot), intents::GUILDS, data);
        }
    }

    /// A bot lets someone in by the access token that they gave its website. Nobody signs in to
    /// websites here, so no token is ever valid; people join by invites.
    pub fn add_by_access_token(&self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer<()> {
        self.require(actor.id, guild, bits::CREATE_INSTANT_INVITE)?;
        let mut form = Form::new(body);
        let token = form.text("access_token", 1..=MAX_ACCESS_TOKEN);
        form.required("access_token", token);
        form.finish()?;
        let text = "Invalid OAuth2 access token provided";
        Err(Refusal::new(403, 50_025, text))
    }

    /// The join message in the system channel.
    fn greet(&mut self, guild: Snowflake, user: Snowflake) {
        let settings = self.guilds.get(&guild).map(|guild| &guild.settings);
        let channel = settings.and_then(|all| all.get("system_channel_id")?.as_str()?.parse().ok());
        let muted = settings
            .and_then(|all| all.get("system_channel_flags")?.as_u64())
            .is_some_and(|flags| flags & 1 != 0);
        if let Some(channel) = channel.filter(|_| !muted)
            && self.channels.contains_key(&channel)
        {
            self.post_system(channel, user, kind::USER_JOIN, String::new(), None);
        }
    }

    /// Takes a member out, with everything that hangs on the membership, and tells everyone.
    pub(crate) fn remove_member(&mut self, guild_id: Snowflake, user: Snowflake) {
        if self
            .guilds
            .get(&guild_id)
            .is_some_and(|g| g.voice_states.contains_key(&user))
        {
            self.leave_voice(guild_id, user);
        }
        let Some(guild) = self.guilds.get_mut(&guild_id) else {
            return;
        };
        guild.members.remove(&user);
        let own = guild.roles.values().find(|role| role.bot_id == Some(user));
        let own = own.map(|role| role.id);
        for channel in self
            .channels
            .values_mut()
            .filter(|c| c.guild_id == Some(guild_id))
        {
            if let Some(thread) = channel.thread.as_mut() {
                thread.members.remove(&user);
            }
        }
        let data = json!({"guild_id": guild_id, "user": self.user_payload(user)});
        let audience = Audience::Guild(guild_id);
        self.dispatch(
            "GUILD_MEMBER_REMOVE",
            audience,
            intents::GUILD_MEMBERS,
            data,
        );
        if let Some(role) = own {
            self.forget_role(guild_id, role);
        }
        if self.applications.contains_key(&user) {
            // Without `unavailable`, which tells a removal from an outage.
            self.integration_removed(guild_id, user);
            let data = json!({"id": guild_id});
            self.dispatch("GUILD_DELETE", Audience::User(user), intents::GUILDS, data);
        }
    }
}
