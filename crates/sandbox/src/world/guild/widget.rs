//! The widget: what anyone may see of a guild that has switched it on.

use serde_json::{Value, json};

use crate::permissions::{self as bits, Standing};
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// Members that a widget shows.
const MAX_MEMBERS: usize = 100;

/// Seconds that an invite lives which a widget makes.
const INVITE_AGE: u64 = 86_400;

impl World {
    fn widget_settings(&self, guild: Snowflake) -> Value {
        let settings = self.guilds.get(&guild).map(|guild| &guild.settings);
        let enabled = settings.and_then(|settings| settings.get("widget_enabled")?.as_bool());
        json!({
            "enabled": enabled.unwrap_or_default(),
            "channel_id": self.channel_setting(guild, "widget_channel_id"),
        })
    }

    /// The settings of the widget.
    pub fn get_widget_settings(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        Ok(self.widget_settings(guild))
    }

    /// Changes the settings of the widget.
    pub fn modify_widget(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        let mut form = Form::new(body);
        let enabled = form.flag("enabled").value();
        let channel = form.id("channel_id").given();
        form.finish()?;
        if let Some(id) = channel.flatten()
            && self.guild_of(id) != Some(guild)
        {
            return Err(Refusal::unknown(Unknown::Channel));
        }
        let before = self.guild_payload(guild).unwrap_or_default();
        let settings = &mut self.guild_mut(guild)?.settings;
        if let Some(enabled) = enabled {
            settings.insert("widget_enabled".into(), json!(enabled));
        }
        if let Some(channel) = channel {
            settings.insert("widget_channel_id".into(), json!(channel));
        }
        let after = self.guild_payload(guild).unwrap_or_default();
        let changes = changes(&before, &after);
        if !changes.is_empty() {
            self.tell_guild(guild);
            let (action, none) = (action::GUILD_UPDATE, Value::Null);
            self.audit(guild, actor, action, Some(guild), changes, none);
        }
        Ok(self.widget_settings(guild))
    }

    /// The guild must have switched its widget on.
    pub(crate) fn require_widget(&self, guild: Snowflake) -> Answer<()> {
        self.guild(guild)?;
        if self.widget_settings(guild)["enabled"] == true {
            return Ok(());
        }
        Err(Refusal::new(403, 50_004, "Widget Disabled"))
    }

    /// The public widget; it makes an invite to its channel where there is none.
    pub fn widget(&mut self, guild: Snowflake) -> Answer {
        self.require_widget(guild)?;
        let instant_invite = self.widget_invite(guild);
        let (_, online) = self.counts(guild);
        let channels: Vec<_> = self
            .channels_of(guild)
            .into_iter()
            .filter(|channel| channel.kind.is_voice())
            .filter(|channel| self.everyone_may(guild, channel.id, bits::VIEW_CHANNEL))
            .map(|channel| {
                json!({"id": channel.id, "name": channel.name, "position": channel.position})
            })
            .collect();
        let members = &self.guild(guild)?.members;
        let online_members = members.keys().filter(|user| self.is_online(**user));
        let shown: Vec<_> = online_members
            .take(MAX_MEMBERS)
            .enumerate()
            .map(|(at, user)| self.widget_member(guild, *user, at))
            .collect();
        Ok(json!({
            "id": guild,
            "name": self.guild(guild)?.name,
            "instant_invite": instant_invite,
            "channels": channels,
            "members": shown,
            "presence_count": online,
        }))
    }

    /// Ids, discriminators and avatars are hidden, as Discord does to prevent abuse.
    fn widget_member(&self, guild: Snowflake, user: Snowflake, at: usize) -> Value {
        let presence = self.presence_payload(guild, user);
        let member = self.guilds.get(&guild).and_then(|it| it.members.get(&user));
        let account = self.users.get(&user);
        let name = member
            .and_then(|member| member.nick.clone())
            .or_else(|| account.and_then(|user| user.global_name.clone()))
            .or_else(|| account.map(|user| user.username.clone()));
        let mut shown = json!({
            "id": at.to_string(),
            "username": name,
            "discriminator": "0000",
            "avatar": null,
            "status": presence["status"],
            "avatar_url": format!("{}/embed/avatars/{}.png", self.addresses().http, at % 6),
        });
        if let Some(name) = presence["activities"][0]["name"].as_str() {
            shown["activity"] = json!({ "name": name });
        }
        let states = self.guilds.get(&guild).map(|guild| &guild.voice_states);
        let state = states
            .and_then(|states| states.get(&user))
            .filter(|state| self.everyone_may(guild, state.channel_id, bits::VIEW_CHANNEL));
        if let (Some(state), Some(member)) = (state, member) {
            shown["channel_id"] = json!(state.channel_id);
            shown["self_mute"] = json!(state.self_mute);
            shown["self_deaf"] = json!(state.self_deaf);
            shown["suppress"] = json!(state.suppress);
            shown["mute"] = json!(member.mute);
            shown["deaf"] = json!(member.deaf);
        }
        shown
    }

    /// Whether someone without roles may do all of this in a channel.
    pub(crate) fn everyone_may(&self, guild: Snowflake, channel: Snowflake, needed: u64) -> bool {
        let Some(channel) = self.channels.get(&channel) else {
            return false;
        };
        let granted = self
            .guilds
            .get(&guild)
            .and_then(|guild| guild.roles.get(&guild.id))
            .map_or(0, |role| role.permissions);
        let nobody = Standing {
            guild,
            user: Snowflake(0),
            owner: false,
            timed_out: false,
            roles: Vec::new(),
            granted,
        };
        let may = bits::implied(nobody.in_channel(&channel.overwrites), bits::SEND_MESSAGES);
        may & needed == needed
    }

    fn widget_invite(&mut self, guild: Snowflake) -> Option<String> {
        let channel = self.channel_setting(guild, "widget_channel_id")?;
        let owner = self.guilds.get(&guild)?.owner_id;
        let body = json!({ "max_age": INVITE_AGE });
        let invite = self.create_invite(&Actor::from(owner), channel, &body);
        let code = invite.ok()?["code"].as_str()?.to_owned();
        Some(format!("https://discord.com/invite/{code}"))
    }
}
