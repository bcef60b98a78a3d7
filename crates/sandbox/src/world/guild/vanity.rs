//! The vanity URL: a code of a guild's own choice, for guilds that have earned one.

use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::action;
use crate::world::guild::Invite;
use crate::world::{Actor, Answer, Refusal, World};

impl World {
    /// The code, if there is one, and how often it was used.
    pub fn get_vanity_url(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require_vanity(actor, guild)?;
        Ok(self.vanity_payload(guild))
    }

    fn require_vanity(&self, actor: &Actor, guild: Snowflake) -> Answer<()> {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        if self.has_feature(guild, "VANITY_URL") {
            return Ok(());
        }
        Err(Refusal::missing_access())
    }

    fn vanity_payload(&self, guild: Snowflake) -> Value {
        let guild = self.guilds.get(&guild);
        json!({
            "code": guild.and_then(|guild| guild.settings.get("vanity_url_code")),
            "uses": guild.map_or(0, |guild| guild.vanity_uses),
        })
    }

    /// A person chooses the code; null gives it up.
    pub fn set_vanity_url(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        self.require_vanity(actor, guild)?;
        if self.applications.contains_key(&actor.id) {
            return Err(Refusal::new(403, 20_001, "Bots cannot use this endpoint"));
        }
        let mut form = Form::new(body);
        let code = form.text("code", 2..=32).given().flatten();
        let odd = |letter: char| !letter.is_ascii_alphanumeric() && letter != '-';
        let taken = code
            .as_deref()
            .is_some_and(|code| self.guild_of_vanity(code).is_some_and(|it| it != guild));
        if taken || code.as_deref().is_some_and(|code| code.contains(odd)) {
            let message = "Vanity URL is taken or invalid.";
            form.error("code", "INVITE_CODE_INVALID", message);
        }
        form.finish()?;
        let before = self.vanity_payload(guild)["code"].clone();
        let kept = self.guild_mut(guild)?;
        kept.settings.insert("vanity_url_code".into(), json!(code));
        kept.vanity_uses = 0;
        if before != json!(code) {
            self.tell_guild(guild);
            let change = json!({"key": "vanity_url_code", "old_value": before, "new_value": code});
            let (action, none) = (action::GUILD_UPDATE, Value::Null);
            self.audit(guild, actor, action, Some(guild), vec![change], none);
        }
        Ok(self.vanity_payload(guild))
    }

    /// A vanity code as an invite to the first channel that everyone sees.
    pub(super) fn vanity_invite(&self, code: &str) -> Option<Invite> {
        let guild_id = self.guild_of_vanity(code)?;
        let channels = self.channels_of(guild_id);
        let mut open = channels.into_iter().filter(|channel| {
            channel.kind.has_messages()
                && self.everyone_may(guild_id, channel.id, bits::VIEW_CHANNEL)
        });
        Some(Invite {
            code: code.to_owned(),
            guild_id,
            channel_id: open.next()?.id,
            inviter: self.guilds.get(&guild_id)?.owner_id,
            created_ms: 0,
            max_age: 0,
            max_uses: 0,
            uses: 0,
            temporary: false,
        })
    }

    /// The guild that a vanity code leads to.
    pub(crate) fn guild_of_vanity(&self, code: &str) -> Option<Snowflake> {
        let leads = |guild: &&super::Guild| {
            let own = guild.settings.get("vanity_url_code");
            own.and_then(Value::as_str) == Some(code)
        };
        self.guilds.values().find(leads).map(|guild| guild.id)
    }
}
