//! Interactions: what people set off (commands, buttons, selects, modals), told to the bot.
//!
//! They go out on the Gateway only: an application may set an `interactions_endpoint_url`, which is
//! kept and shown, but the sandbox never calls it.

mod component;
mod follow;
mod modal;
mod note;
mod option;
mod pick;
mod resolve;
pub mod respond;
mod run;
mod seen;
mod start;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use note::InteractionNote;

use super::message::UploadedFile;
use super::refusal::Unknown;
use super::{Actor, Answer, Refusal, World};
use crate::snowflake::Snowflake;
use crate::validate::Form;

/// Interactions remembered; the oldest go first.
const MAX_INTERACTIONS: usize = 10_000;
/// The first answer must come within this time (Discord: Receiving and Responding).
const FIRST_ANSWER_MS: u64 = 3_000;
/// Followups work for so long.
const TOKEN_MS: u64 = 15 * 60 * 1_000;

/// Discord: Interaction › Interaction Type.
pub(crate) const COMMAND: u64 = 2;
pub(crate) const COMPONENT: u64 = 3;
pub(crate) const AUTOCOMPLETE: u64 = 4;
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
    /// What a message that answers it says of it.
    pub note: InteractionNote,
    /// The type of the option that is being completed.
    pub focused: Option<u64>,
    /// The type of the bot's first answer.
    pub answer: Option<u64>,
    /// The message of that answer, `@original`.
    pub original: Option<Snowflake>,
    /// Messages that followed.
    pub followups: Vec<Snowflake>,
    /// The modal that the bot opened, for the person to fill in.
    pub modal: Option<Value>,
    /// What the bot proposes to complete an option.
    pub choices: Option<Vec<Value>>,
}

/// The interactions of a world, oldest first.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Interactions(VecDeque<Interaction>);

impl Interactions {
    fn keep(&mut self, interaction: Interaction) {
        if self.0.len() >= MAX_INTERACTIONS {
            self.0.pop_front();
        }
        self.0.push_back(interaction);
    }

    fn by_token(&self, token: &str) -> Option<&Interaction> {
        self.0
            .iter()
            .rev()
            .find(|interaction| interaction.token == token)
    }

    fn by_token_mut(&mut self, token: &str) -> Option<&mut Interaction> {
        self.0
            .iter_mut()
            .rev()
            .find(|interaction| interaction.token == token)
    }

    /// Ids rise with time.
    fn by_id(&self, id: Snowflake) -> Option<&Interaction> {
        let at = self
            .0
            .binary_search_by_key(&id, |interaction| interaction.id);
        at.ok().and_then(|at| self.0.get(at))
    }
}

impl World {
    /// A person presses a button, picks in a select, runs a command, has an option completed or
    /// sends a modal: the body is that of a Discord client (`type`, `application_id`,
    /// `channel_id`, `message_id`, `data`). Files are those of a command's or modal's uploads.
    pub fn interact(&mut self, actor: &Actor, body: &Value, files: Vec<UploadedFile>) -> Answer {
        if self.applications.contains_key(&actor.id) {
            return Err(Refusal::new(403, 20_001, "Bots cannot use this endpoint"));
        }
        let mut form = Form::new(body);
        let kind = form.choice("type", &[COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT]);
        let kind = form.required("type", kind);
        let channel = form.id("channel_id");
        let channel = form.required("channel_id", channel);
        let application = form.id("application_id").value();
        let message = form.id("message_id").value();
        let source = form.id("interaction_id").value();
        form.finish()?;
        self.visible_channel(actor.id, channel)?;
        let nothing = Value::Object(serde_json::Map::new());
        let data = body.get("data").unwrap_or(&nothing);
        match kind {
            COMPONENT => self.press(actor, channel, message.unwrap_or_default(), data),
            MODAL_SUBMIT => self.submit_modal(actor, source.unwrap_or_default(), data, files),
            _ => self.run_command(actor, kind, channel, application, data, files),
        }
    }

    /// The interaction of a token, while that lives: gone and unacknowledged ones are unknown
    /// webhooks (10015), old ones have a token that is no longer valid (50027).
    pub(crate) fn followed_interaction(
        &self,
        application: Snowflake,
        token: &str,
    ) -> Answer<&Interaction> {
        let interaction = self.interactions.by_token(token);
        let interaction = interaction
            .filter(|it| it.application_id == application && it.answer.is_some())
            .ok_or_else(|| Refusal::unknown(Unknown::Webhook))?;
        if interaction.created_ms + TOKEN_MS <= self.now_ms() {
            return Err(Refusal::new(401, 50_027, "Invalid Webhook Token"));
        }
        Ok(interaction)
    }
}
