//! A person answers the questions of onboarding, and gets the roles that belong to the answers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::onboarding::{Onboarding, Prompt, PromptOption};
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::{Actor, Answer, Refusal, World};

/// Options that one answer may name.
const MAX_CHOSEN: usize = 750;

/// Guild member flags (Discord: Guild Member › Flags).
const COMPLETED_ONBOARDING: u64 = 1 << 1;
const STARTED_ONBOARDING: u64 = 1 << 3;

impl World {
    /// Takes a person's answers; those given before are forgotten, with the roles they brought.
    pub fn answer_onboarding(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        self.require_member(actor.id, guild)?;
        if self.applications.contains_key(&actor.id) {
            return Err(Refusal::new(403, 20_001, "Bots cannot use this endpoint"));
        }
        let onboarding = self.guild(guild)?.community.onboarding.clone();
        if !onboarding.enabled {
            return Err(Refusal::missing_access());
        }
        let mut form = Form::new(body);
        let chosen = form.ids("onboarding_responses", 0..=MAX_CHOSEN);
        let chosen: BTreeSet<_> = form
            .required("onboarding_responses", chosen)
            .into_iter()
            .collect();
        if form.is_clean()
            && let Some(message) = misfit(&onboarding, &chosen)
        {
            form.error(
                "onboarding_responses",
                "ONBOARDING_RESPONSE_INVALID",
                message,
            );
        }
        form.finish()?;
        let before = onboarding.answers.get(&actor.id).cloned();
        let taken: Vec<_> = picked(&onboarding, &before.unwrap_or_default())
            .flat_map(|option| option.role_ids.clone())
            .collect();
        let given: BTreeSet<_> = picked(&onboarding, &chosen)
            .flat_map(|option| option.role_ids.clone())
            .collect();
        let channels: BTreeSet<_> = picked(&onboarding, &chosen)
            .flat_map(|option| option.channel_ids.clone())
            .chain(onboarding.default_channel_ids.iter().copied())
            .collect();
        let member = self.member_mut(guild, actor.id)?;
        let old = (member.roles.clone(), member.flags);
        member.roles.retain(|role| !taken.contains(role));
        member.roles.extend(&given);
        member.flags |= COMPLETED_ONBOARDING | STARTED_ONBOARDING;
        let changed = old != (member.roles.clone(), member.flags);
        let answers = &mut self.guild_mut(guild)?.community.onboarding.answers;
        answers.insert(actor.id, chosen.clone());
        if changed {
            self.tell_member(guild, actor.id);
        }
        Ok(json!({
            "guild_id": guild,
            "user_id": actor.id,
            "onboarding_responses": chosen,
            "role_ids": given,
            "channel_ids": channels,
        }))
    }
}

/// The options that were chosen.
fn picked<'a>(
    onboarding: &'a Onboarding,
    chosen: &'a BTreeSet<Snowflake>,
) -> impl Iterator<Item = &'a PromptOption> {
    let options = onboarding.prompts.iter().flat_map(|it| &it.options);
    options.filter(|option| chosen.contains(&option.id))
}

/// What is wrong with a choice.
fn misfit(onboarding: &Onboarding, chosen: &BTreeSet<Snowflake>) -> Option<&'static str> {
    if picked(onboarding, chosen).count() != chosen.len() {
        return Some("Unknown option");
    }
    let count = |prompt: &Prompt| {
        let options = prompt.options.iter();
        options.filter(|option| chosen.contains(&option.id)).count()
    };
    let prompts = || onboarding.prompts.iter();
    if prompts().any(|prompt| prompt.single_select && count(prompt) > 1) {
        return Some("Only one answer can be given to a question");
    }
    let missing = |it: &Prompt| it.required && it.in_onboarding && count(it) == 0;
    prompts()
        .any(missing)
        .then_some("A required question has no answer")
}
