//! Rules are made, changed and deleted by those who manage the guild.

use serde_json::{Value, json};

use super::{Effect, Rule, trigger};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::automod::{NewRule, read_edit, read_new};
use crate::world::audit::{action, changes};
use crate::world::{Actor, Answer, Refusal, World, intents};

impl World {
    /// All rules.
    pub fn list_automod_rules(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        let guild = self.guild(guild)?;
        let rules = guild.automod.values();
        Ok(rules
            .map(|rule| Self::automod_payload(guild, rule))
            .collect())
    }

    /// One rule.
    pub fn get_automod_rule(&self, actor: &Actor, guild: Snowflake, id: Snowflake) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        let guild = self.guild(guild)?;
        let rule = guild.automod.get(&id).ok_or_else(Refusal::route)?;
        Ok(Self::automod_payload(guild, rule))
    }

    /// Adds a rule; each kind of trigger has a number of rules that it may have.
    pub fn create_automod_rule(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD)?;
        let new = read_new(body)?;
        self.check_automod(actor, guild, &new.effects)?;
        let number = new.trigger.number();
        let rules = self.guild(guild)?.automod.values();
        let max = trigger::max_rules(number);
        if rules.filter(|rule| rule.trigger.number() == number).count() >= max {
            let text = format!("Maximum number of rules for this trigger reached ({max})");
            let code = "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED";
            return Err(Refusal::field("trigger_type", code, &text));
        }
        let id = self.next_id();
        let rule = self.known_only(guild, id, actor.id, new);
        self.guild_mut(guild)?.automod.insert(id, rule);
        self.rule_changed(actor, guild, id, &Value::Null)
    }

    /// Changes a rule; its trigger stays what it is.
    pub fn modify_automod_rule(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        id: Snowflake,
        body: &Value,
    ) -> Answer {
        let before = self.get_automod_rule(actor, guild, id)?;
        let rule = self.guild(guild)?.automod.get(&id);
        let rule = rule.ok_or_else(Refusal::route)?.clone();
        let creator = rule.creator;
        let changed = read_edit(body, rule)?;
        self.check_automod(actor, guild, &changed.effects)?;
        let rule = self.known_only(guild, id, creator, changed);
        self.guild_mut(guild)?.automod.insert(id, rule);
        self.rule_changed(actor, guild, id, &before)
    }

    /// Deletes a rule.
    pub fn delete_automod_rule(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        id: Snowflake,
    ) -> Answer<()> {
        let before = self.get_automod_rule(actor, guild, id)?;
        self.guild_mut(guild)?.automod.remove(&id);
        let wanted = intents::AUTO_MODERATION_CONFIGURATION;
        self.tell_managers(guild, "AUTO_MODERATION_RULE_DELETE", wanted, &before);
        let told = rule_changes(&before, &Value::Null);
        let deleted = action::AUTO_MODERATION_RULE_DELETE;
        self.audit(guild, actor, deleted, Some(id), told, Value::Null);
        Ok(())
    }

    fn rule_changed(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        id: Snowflake,
        before: &Value,
    ) -> Answer {
        let after = self.get_automod_rule(actor, guild, id)?;
        let (event, kind) = if before.is_null() {
            let kind = action::AUTO_MODERATION_RULE_CREATE;
            ("AUTO_MODERATION_RULE_CREATE", kind)
        } else {
            let kind = action::AUTO_MODERATION_RULE_UPDATE;
            ("AUTO_MODERATION_RULE_UPDATE", kind)
        };
        let wanted = intents::AUTO_MODERATION_CONFIGURATION;
        self.tell_managers(guild, event, wanted, &after);
        let told = rule_changes(before, &after);
        self.audit(guild, actor, kind, Some(id), told, Value::Null);
        Ok(after)
    }

    /// Timeouts need the permission to give them; alerts need a channel that exists.
    fn check_automod(&self, actor: &Actor, guild: Snowflake, effects: &[Effect]) -> Answer<()> {
        for (index, effect) in effects.iter().enumerate() {
            match effect {
                Effect::Timeout { .. } => self.require(actor.id, guild, bits::MODERATE_MEMBERS)?,
                Effect::Alert { channel } => {
                    let place = self.channels.get(channel);
                    let fits = |kind: crate::world::ChannelKind| kind.has_messages();
                    if !place.is_some_and(|it| it.guild_id == Some(guild) && fits(it.kind)) {
                        let path = format!("actions.{index}.metadata.channel_id");
                        let text = "Channel is invalid";
                        return Err(Refusal::field(&path, "CHANNEL_INVALID", text));
                    }
                }
                Effect::Block { .. } | Effect::Quarantine => {}
            }
        }
        Ok(())
    }

    /// Exemptions name roles and channels of the guild only.
    fn known_only(
        &self,
        guild: Snowflake,
        id: Snowflake,
        creator: Snowflake,
        new: NewRule,
    ) -> Rule {
        let roles = self.guilds.get(&guild).map(|guild| &guild.roles);
        let role = |id: &Snowflake| roles.is_some_and(|roles| roles.contains_key(id));
        let channel = |id: &Snowflake| self.guild_of(*id) == Some(guild);
        Rule {
            id,
            creator,
            name: new.name,
            trigger: new.trigger,
            effects: new.effects,
            enabled: new.enabled,
            exempt_roles: new.exempt_roles.into_iter().filter(role).collect(),
            exempt_channels: new.exempt_channels.into_iter().filter(channel).collect(),
        }
    }
}

fn rule_changes(before: &Value, after: &Value) -> Vec<Value> {
    let mut told = changes(before, after);
    told.retain(|change| change["key"] != json!("creator_id"));
    told
}
