//! Integrations of a guild: in the sandbox, the bots that were added to it.

use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::audit::action;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

impl World {
    /// The bots of a guild. An integration has the id of its application.
    pub fn guild_integrations(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        let bots = self.bots_with(guild, 0);
        Ok(bots
            .into_iter()
            .map(|bot| self.integration_payload(guild, bot))
            .collect())
    }

    fn integration_payload(&self, guild: Snowflake, bot: Snowflake) -> Value {
        let name = self
            .applications
            .get(&bot)
            .map(|application| application.name.as_str());
        let owner = self
            .guilds
            .get(&guild)
            .map(|guild| guild.owner_id)
            .unwrap_or_default();
        json!({
            "id": bot,
            "type": "discord",
            "name": name,
            "enabled": true,
            "account": {"id": bot, "name": name},
            "application": self.public_application(bot),
            "scopes": ["bot", "applications.commands"],
            "user": self.user_payload(owner),
        })
    }

    /// As the audit log shows it.
    pub(crate) fn partial_integration(&self, id: Snowflake) -> Option<Value> {
        let name = &self.applications.get(&id)?.name;
        Some(json!({
            "id": id,
            "type": "discord",
            "name": name,
            "account": {"id": id, "name": name},
            "application_id": id,
        }))
    }

    /// Removes an integration, and its bot with it.
    pub fn delete_integration(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        id: Snowflake,
    ) -> Answer<()> {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        if !self.applications.contains_key(&id) || !self.is_member(guild, id) {
            return Err(Refusal::unknown(Unknown::Integration));
        }
        let kind = action::INTEGRATION_DELETE;
        self.audit(guild, actor, kind, Some(id), Vec::new(), Value::Null);
        self.remove_member(guild, id);
        Ok(())
    }

    /// The other bots hear that one was added.
    pub(crate) fn integration_added(&mut self, guild: Snowflake, bot: Snowflake, by: &Actor) {
        let mut data = self.integration_payload(guild, bot);
        data["guild_id"] = json!(guild);
        let audience = Audience::Guild(guild);
        let wanted = intents::GUILD_INTEGRATIONS;
        self.dispatch("INTEGRATION_CREATE", audience, wanted, data);
        self.tell_integrations(guild);
        let kind = action::INTEGRATION_CREATE;
        self.audit(guild, by, kind, Some(bot), Vec::new(), Value::Null);
    }

    /// … and that it is gone.
    pub(crate) fn integration_removed(&mut self, guild: Snowflake, bot: Snowflake) {
        let data = json!({"id": bot, "guild_id": guild, "application_id": bot});
        let wanted = intents::GUILD_INTEGRATIONS;
        self.dispatch("INTEGRATION_DELETE", Audience::Guild(guild), wanted, data);
        self.tell_integrations(guild);
    }

    fn tell_integrations(&mut self, guild: Snowflake) {
        let (wanted, data) = (intents::GUILD_INTEGRATIONS, json!({"guild_id": guild}));
        self.dispatch(
            "GUILD_INTEGRATIONS_UPDATE",
            Audience::Guild(guild),
            wanted,
            data,
        );
    }
}
