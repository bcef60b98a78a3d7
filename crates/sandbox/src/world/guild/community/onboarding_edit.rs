//! Setting onboarding up.

use std::collections::BTreeSet;

use serde_json::Value;

use super::EmojiChoice;
use super::onboarding::{ADVANCED, Onboarding, Prompt, PromptOption};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::{Actor, Answer, Refusal, World};

/// Discord's limits (OpenAPI: UpdateGuildOnboardingRequest).
const MAX_PROMPTS: usize = 15;
const MAX_OPTIONS: usize = 50;
const MAX_GIVEN: usize = 50;
const MAX_DEFAULT_CHANNELS: usize = 500;

impl World {
    /// Sets onboarding up, and switches it on or off.
    pub fn put_onboarding(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        self.require(actor.id, guild, bits::MANAGE_GUILD | bits::MANAGE_ROLES)?;
        let before = self.guild(guild)?.community.onboarding.clone();
        let mut after = before.clone();
        let mut form = Form::new(body);
        let prompts = form.objects("prompts", 0..=MAX_PROMPTS, read_prompt);
        if let Some(prompts) = prompts.given() {
            after.prompts = prompts.unwrap_or_default();
        }
        let channels = form.ids("default_channel_ids", 0..=MAX_DEFAULT_CHANNELS);
        if let Some(channels) = channels.given() {
            after.default_channel_ids = unique(channels.unwrap_or_default());
        }
        after.enabled = form.flag("enabled").value().unwrap_or(after.enabled);
        after.mode = form
            .choice("mode", &[0, ADVANCED])
            .value()
            .unwrap_or(after.mode);
        form.finish()?;
        self.check_onboarding(guild, &after)?;
        if after.enabled && !self.meets_requirements(guild, &after) {
            let (code, text) = if before.enabled {
                (350_001, "Cannot update onboarding while below requirements")
            } else {
                (
                    350_000,
                    "Cannot enable onboarding, requirements are not met",
                )
            };
            return Err(Refusal::new(400, code, text));
        }
        self.settle_ids(guild, &before, &mut after)?;
        after.known = true;
        self.guild_mut(guild)?.community.onboarding = after.clone();
        self.audit_onboarding(actor, guild, &before, &after);
        Ok(after.payload(guild))
    }

    /// Roles and channels must be the guild's, and no role one that nobody can be given.
    fn check_onboarding(&self, guild: Snowflake, onboarding: &Onboarding) -> Answer<()> {
        let roles = &self.guild(guild)?.roles;
        let unknown = |path: &str, code: &str, text: &str| Err(Refusal::field(path, code, text));
        let foreign = |id: &Snowflake| self.guild_of(*id) != Some(guild);
        if onboarding.default_channel_ids.iter().any(foreign) {
            let path = "default_channel_ids";
            return unknown(path, "CHANNEL_INVALID", "Channel does not exist");
        }
        for (at, prompt) in onboarding.prompts.iter().enumerate() {
            for (nth, option) in prompt.options.iter().enumerate() {
                let path = format!("prompts.{at}.options.{nth}");
                if option.channel_ids.iter().any(foreign) {
                    let path = format!("{path}.channel_ids");
                    return unknown(&path, "CHANNEL_INVALID", "Channel does not exist");
                }
                let given = |id: &Snowflake| roles.get(id).is_some_and(|role| !role.managed);
                if option.role_ids.iter().any(|id| *id == guild || !given(id)) {
                    let path = format!("{path}.role_ids");
                    return unknown(&path, "ROLE_INVALID", "Role cannot be given");
                }
            }
        }
        Ok(())
    }

    /// Prompts and options that are new get ids; those that are known keep theirs.
    fn settle_ids(
        &mut self,
        guild: Snowflake,
        before: &Onboarding,
        after: &mut Onboarding,
    ) -> Answer<()> {
        let mut known: BTreeSet<Snowflake> = BTreeSet::new();
        for prompt in &before.prompts {
            known.insert(prompt.id);
            known.extend(prompt.options.iter().map(|option| option.id));
        }
        let emojis = self.guild(guild)?.emojis.clone();
        let mut settle = |id: Snowflake| {
            // Each known id serves once.
            if known.remove(&id) {
                id
            } else {
                self.next_id()
            }
        };
        for prompt in &mut after.prompts {
            prompt.id = settle(prompt.id);
            for option in &mut prompt.options {
                option.id = settle(option.id);
                option.emoji = std::mem::take(&mut option.emoji).completed(&emojis);
            }
        }
        let left: BTreeSet<_> = after
            .prompts
            .iter()
            .flat_map(|prompt| &prompt.options)
            .map(|option| option.id)
            .collect();
        for chosen in after.answers.values_mut() {
            chosen.retain(|option| left.contains(option));
        }
        Ok(())
    }

    fn audit_onboarding(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        before: &Onboarding,
        after: &Onboarding,
    ) {
        let find = |all: &Onboarding, id: Snowflake| {
            let prompt = all.prompts.iter().find(|prompt| prompt.id == id);
            prompt.map_or(Value::Null, Prompt::payload)
        };
        let prompts = before.prompts.iter().chain(&after.prompts);
        let ids: BTreeSet<_> = prompts.map(|prompt| prompt.id).collect();
        for id in ids {
            let (old, new) = (find(before, id), find(after, id));
            let action = match (old.is_null(), new.is_null()) {
                (true, _) => action::ONBOARDING_PROMPT_CREATE,
                (_, true) => action::ONBOARDING_PROMPT_DELETE,
                _ => action::ONBOARDING_PROMPT_UPDATE,
            };
            let changes = changes(&old, &new);
            if !changes.is_empty() {
                self.audit(guild, actor, action, Some(id), changes, Value::Null);
            }
        }
        let (old, new) = (before.payload(guild), after.payload(guild));
        let changes = changes(if before.known { &old } else { &Value::Null }, &new);
        if !changes.is_empty() {
            let action = if before.known {
                action::ONBOARDING_UPDATE
            } else {
                action::ONBOARDING_CREATE
            };
            self.audit(guild, actor, action, Some(guild), changes, Value::Null);
        }
    }
}

fn unique(mut ids: Vec<Snowflake>) -> Vec<Snowflake> {
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    ids
}

fn read_prompt(form: &mut Form<'_>) -> Prompt {
    let id = form.id("id");
    let title = form.text("title", 1..=100);
    let options = form.objects("options", 1..=MAX_OPTIONS, read_option);
    Prompt {
        id: form.required("id", id),
        title: form.required("title", title),
        options: form.required("options", options),
        single_select: form.flag("single_select").value().unwrap_or_default(),
        required: form.flag("required").value().unwrap_or_default(),
        in_onboarding: form.flag("in_onboarding").value().unwrap_or_default(),
        kind: form.choice("type", &[0, 1]).value().unwrap_or_default(),
    }
}

fn read_option(form: &mut Form<'_>) -> PromptOption {
    let title = form.text("title", 1..=50);
    let ids = |form: &mut Form<'_>, key: &str| {
        unique(form.ids(key, 0..=MAX_GIVEN).value().unwrap_or_default())
    };
    PromptOption {
        id: form.id("id").value().unwrap_or_default(),
        title: form.required("title", title),
        description: form
            .text("description", 0..=100)
            .value()
            .unwrap_or_default(),
        emoji: EmojiChoice {
            id: form.id("emoji_id").value(),
            name: form.text("emoji_name", 0..=100).value(),
            animated: form.flag("emoji_animated").value().unwrap_or_default(),
        },
        role_ids: ids(form, "role_ids"),
        channel_ids: ids(form, "channel_ids"),
    }
}
