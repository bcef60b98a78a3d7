//! Interactions: what people set off (commands, buttons, selects, modals), told to the bot.

pub mod command;
pub mod respond;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::refusal::Unknown;
use super::{Actor, Answer, Audience, Refusal, World};
use crate::snowflake::Snowflake;
use crate::validate::Form;

/// Interactions remembered; the oldest go first.
const MAX_INTERACTIONS: usize = 10_000;
const TOKEN_LENGTH: usize = 120;

/// Discord: Interaction › Interaction Type.
pub(crate) const COMMAND: u64 = 2;
pub(crate) const COMPONENT: u64 = 3;
pub(crate) const MODAL_SUBMIT: u64 = 5;

/// Something that a person set off and a bot has to answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Interaction {
    pub id: Snowflake,
    pub token: String,
    pub kind: u64,
    pub application_id: Snowflake,
    pub user_id: Snowflake,
    pub channel_id: Snowflake,
    /// The message with the component.
    pub message_id: Option<Snowflake>,
    pub created_ms: u64,
    /// The bot has answered or deferred.
    pub acknowledged: bool,
    /// Deferred: the flags of the message to come.
    pub deferred: Option<u64>,
    /// The answer, `@original`.
    pub original: Option<Snowflake>,
    /// The modal that the bot opened, for the person to fill in.
    pub modal: Option<Value>,
}

/// The interactions of a world, oldest first.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Interactions(VecDeque<Interaction>);

impl Interactions {
    fn keep(&mut self, interaction: Interaction) {
        if self.0.len() >= MAX_INTERACTIONS {
            self.0.pop_front();
        }
        self.0.push_back(interaction);
    }

    pub(super) fn by_token(&self, token: &str) -> Option<&Interaction> {
        self.0
            .iter()
            .rev()
            .find(|interaction| interaction.token == token)
    }

    pub(super) fn by_token_mut(&mut self, token: &str) -> Option<&mut Interaction> {
        self.0
            .iter_mut()
            .rev()
            .find(|interaction| interaction.token == token)
    }

    fn by_id(&self, id: Snowflake) -> Option<&Interaction> {
        self.0.iter().find(|interaction| interaction.id == id)
    }
}

impl World {
    /// A person presses a button, picks in a select, runs a command or sends a modal: the body is
    /// that of a Discord client (`type`, `application_id`, `channel_id`, `message_id`, `data`).
    pub fn interact(&mut self, actor: &Actor, body: &Value) -> Answer {
        if self.applications.contains_key(&actor.id) {
            return Err(Refusal::new(403, 20_001, "Bots cannot use this endpoint"));
        }
        let mut form = Form::new(body);
        let kind = form.choice("type", &[COMMAND, COMPONENT, MODAL_SUBMIT]);
        let kind = form.required("type", kind);
        let channel = form.id("channel_id");
        let channel = form.required("channel_id", channel);
        let application = form.id("application_id").value();
        let message = form.id("message_id").value();
        let source = form.id("interaction_id").value();
        form.finish()?;
        self.visible_channel(actor.id, channel)?;
        let data = body.get("data").cloned().unwrap_or_else(|| json!({}));
        match kind {
            COMPONENT => self.press(actor, channel, message.unwrap_or_default(), data),
            COMMAND => self.run_command(actor, channel, application.unwrap_or_default(), &data),
            _ => self.submit_modal(actor, source.unwrap_or_default(), &data),
        }
    }

    fn press(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        id: Snowflake,
        mut data: Value,
    ) -> Answer {
        let message = self.readable_message(actor.id, channel, id)?;
        let custom_id = data["custom_id"].as_str().unwrap_or_default();
        let Some(component) = find_component(&message.components, custom_id) else {
            let text = "Component does not exist on the message";
            return Err(Refusal::field("data", "COMPONENT_VALIDATION_FAILED", text));
        };
        if component["disabled"] == true {
            let text = "Component is disabled";
            return Err(Refusal::field("data", "COMPONENT_VALIDATION_FAILED", text));
        }
        data["component_type"] = component["type"].clone();
        data["id"] = component["id"].clone();
        let application = match &message.webhook {
            None => Some(message.author_id),
            Some(webhook) => webhook.application_id,
        };
        let application = application.filter(|id| self.applications.contains_key(id));
        let application = application.ok_or_else(|| Refusal::unknown(Unknown::Application))?;
        Ok(self.begin(actor, COMPONENT, application, channel, Some(id), &data))
    }

    fn submit_modal(&mut self, actor: &Actor, source: Snowflake, data: &Value) -> Answer {
        let source = self
            .interactions
            .by_id(source)
            .filter(|it| it.user_id == actor.id);
        let source = source.filter(|it| it.modal.is_some()).cloned();
        let source = source.ok_or_else(|| Refusal::unknown(Unknown::Interaction))?;
        let (application, channel) = (source.application_id, source.channel_id);
        Ok(self.begin(
            actor,
            MODAL_SUBMIT,
            application,
            channel,
            source.message_id,
            data,
        ))
    }

    /// Remembers an interaction and tells the bot; answers `{id, token}`, for the test of it.
    pub(super) fn begin(
        &mut self,
        actor: &Actor,
        kind: u64,
        application_id: Snowflake,
        channel_id: Snowflake,
        message_id: Option<Snowflake>,
        data: &Value,
    ) -> Value {
        let interaction = Interaction {
            id: self.next_id(),
            token: self.random_text(TOKEN_LENGTH),
            kind,
            application_id,
            user_id: actor.id,
            channel_id,
            message_id,
            created_ms: self.now_ms(),
            acknowledged: false,
            deferred: None,
            original: None,
            modal: None,
        };
        let event = self.interaction_payload(&interaction, data);
        let answer = json!({"id": interaction.id, "token": interaction.token});
        self.interactions.keep(interaction);
        self.dispatch(
            "INTERACTION_CREATE",
            Audience::User(application_id),
            0,
            event,
        );
        answer
    }

    fn interaction_payload(&self, interaction: &Interaction, data: &Value) -> Value {
        let (user, channel, bot) = (
            interaction.user_id,
            interaction.channel_id,
            interaction.application_id,
        );
        let mut payload = json!({
            "id": interaction.id,
            "application_id": bot,
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "data": data,
            "channel_id": channel,
            "channel": self.channel_payload(channel, bot),
            "app_permissions": self.permissions_in(bot, channel).to_string(),
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {},
            "context": 1,
            "attachment_size_limit": 10_485_760,
        });
        match self.guild_of(channel) {
            Some(guild) => {
                payload["guild_id"] = json!(guild);
                payload["guild"] = json!({"id": guild, "locale": "en-US", "features": []});
                payload["guild_locale"] = json!("en-US");
                payload["authorizing_integration_owners"] = json!({"0": guild});
                payload["context"] = json!(0);
                let mut member = self.member_payload(guild, user).unwrap_or_default();
                member["permissions"] = json!(self.permissions_in(user, channel).to_string());
                payload["member"] = member;
            }
            None => payload["user"] = self.user_payload(user),
        }
        if let Some(message) = interaction
            .message_id
            .and_then(|id| self.message(channel, id))
        {
            payload["message"] = self.message_payload(message, bot);
        }
        payload
    }
}

/// The component with a custom id, at any depth.
fn find_component<'a>(components: &'a [Value], custom_id: &str) -> Option<&'a Value> {
    components.iter().find_map(|component| {
        if component["custom_id"] == custom_id && !custom_id.is_empty() {
            return Some(component);
        }
        let children = component["components"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let accessory = component
            .get("accessory")
            .map(std::slice::from_ref)
            .unwrap_or_default();
        find_component(children, custom_id).or_else(|| find_component(accessory, custom_id))
    })
}
