//! The bot's side of an interaction: the first answer within three seconds, then followups.

use serde_json::{Value, json};

use super::{COMPONENT, Interaction, MODAL_SUBMIT};
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::message::{InteractionNote, MessageEdit, NewMessage, UploadedFile, flag};
use crate::world::refusal::Unknown;
use crate::world::{Answer, Refusal, World};

/// The first answer must come within this time (Discord: Receiving and Responding).
const FIRST_ANSWER_MS: u64 = 3_000;
/// Followups work for so long.
const TOKEN_MS: u64 = 15 * 60 * 1_000;

/// Discord: Interaction Callback Type.
const MESSAGE: u64 = 4;
const DEFERRED_MESSAGE: u64 = 5;
const DEFERRED_UPDATE: u64 = 6;
const UPDATE: u64 = 7;
const MODAL: u64 = 9;

impl World {
    /// The first answer; the value is that of `with_response=true`.
    pub fn respond(
        &mut self,
        id: Snowflake,
        token: &str,
        body: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer {
        let now = self.now_ms();
        let interaction = self
            .interactions
            .by_token(token)
            .filter(|it| it.id == id)
            .cloned();
        let interaction = interaction.ok_or_else(|| Refusal::unknown(Unknown::Interaction))?;
        if interaction.acknowledged {
            let text = "Interaction has already been acknowledged.";
            return Err(Refusal::new(400, 40_060, text));
        }
        if interaction.created_ms + FIRST_ANSWER_MS < now {
            return Err(Refusal::unknown(Unknown::Interaction));
        }
        let mut form = Form::new(body);
        let known = [MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, 8, MODAL];
        let kind = form.choice("type", &known);
        let kind = form.required("type", kind);
        let on_message = interaction.message_id.is_some()
            && matches!(interaction.kind, COMPONENT | MODAL_SUBMIT);
        let fits = match kind {
            DEFERRED_UPDATE | UPDATE => on_message,
            MODAL => interaction.kind != MODAL_SUBMIT,
            _ => true,
        };
        if form.is_clean() && !fits {
            let message = "This type of response does not fit this interaction";
            form.error("type", "INTERACTION_CALLBACK_TYPE_INVALID", message);
        }
        form.finish()?;
        let nothing = json!({});
        let data = body.get("data").unwrap_or(&nothing);
        let mut resource = Value::Null;
        let (mut original, mut deferred, mut modal) = (None, None, None);
        match kind {
            MESSAGE => {
                let message = self.post_answer(&interaction, data, files)?;
                original = Some(message);
                resource = json!({
                    "type": MESSAGE, "message": self.answer_payload(&interaction, message)?,
                });
            }
            DEFERRED_MESSAGE => deferred = Some(data["flags"].as_u64().unwrap_or_default()),
            UPDATE => {
                let message = interaction.message_id.unwrap_or_default();
                let edit = MessageEdit::parse(data, files)?;
                self.apply_edit(interaction.channel_id, message, edit)?;
                original = Some(message);
                resource = json!({
                    "type": UPDATE, "message": self.answer_payload(&interaction, message)?,
                });
            }
            DEFERRED_UPDATE => original = interaction.message_id,
            MODAL => modal = Some(data.clone()),
            _ => {}
        }
        if let Some(kept) = self.interactions.by_token_mut(token) {
            kept.acknowledged = true;
            (kept.original, kept.deferred, kept.modal) = (original, deferred, modal);
        }
        let mut answer = json!({"interaction": {"id": id, "type": interaction.kind}});
        if let Some(message) = original {
            answer["interaction"]["response_message_id"] = json!(message);
        }
        if !resource.is_null() {
            answer["resource"] = resource;
        }
        Ok(answer)
    }

    fn post_answer(
        &mut self,
        interaction: &Interaction,
        data: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer<Snowflake> {
        let mut new = NewMessage::parse(data, files)?;
        new.interaction = Some(InteractionNote {
            id: interaction.id,
            kind: interaction.kind,
            user: interaction.user_id,
            message_id: interaction.message_id,
        });
        self.post(
            interaction.application_id,
            None,
            interaction.channel_id,
            new,
        )
    }

    fn answer_payload(&self, interaction: &Interaction, id: Snowflake) -> Answer {
        let message = self.message(interaction.channel_id, id);
        let message = message.ok_or_else(|| Refusal::unknown(Unknown::Message))?;
        Ok(self.message_payload(message, interaction.application_id))
    }

    /// The interaction behind `/webhooks/{application}/{token}`, while its token lives.
    pub(crate) fn followed_interaction(
        &self,
        application: Snowflake,
        token: &str,
    ) -> Option<&Interaction> {
        let interaction = self.interactions.by_token(token)?;
        let alive = interaction.created_ms + TOKEN_MS > self.now_ms();
        (alive && interaction.acknowledged && interaction.application_id == application)
            .then_some(interaction)
    }

    /// Another message; the first one after a deferred answer becomes that answer.
    pub(crate) fn follow_up(
        &mut self,
        interaction: &Interaction,
        body: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer {
        let mut data = body.clone();
        if let Some(flags) = interaction.deferred {
            let own = data["flags"].as_u64().unwrap_or_default();
            data["flags"] = json!(own | flags & flag::EPHEMERAL);
        }
        let id = self.post_answer(interaction, &data, files)?;
        if interaction.deferred.is_some() {
            self.settle(interaction, id);
        }
        self.answer_payload(interaction, id)
    }

    fn settle(&mut self, interaction: &Interaction, id: Snowflake) {
        if let Some(kept) = self.interactions.by_token_mut(&interaction.token) {
            kept.original = Some(id);
            kept.deferred = None;
        }
    }

    /// Which message `@original` or an id means.
    fn answered_message(&self, interaction: &Interaction, name: &str) -> Answer<Snowflake> {
        let id = if name == "@original" {
            interaction.original
        } else {
            name.parse().ok()
        };
        let own = |id: &Snowflake| {
            self.message(interaction.channel_id, *id)
                .is_some_and(|message| message.author_id == interaction.application_id)
        };
        id.filter(own)
            .ok_or_else(|| Refusal::unknown(Unknown::Message))
    }

    /// One of the answers.
    pub(crate) fn get_answer(&self, interaction: &Interaction, name: &str) -> Answer {
        self.answer_payload(interaction, self.answered_message(interaction, name)?)
    }

    /// Changes an answer; changing a deferred one sends it.
    pub(crate) fn edit_answer(
        &mut self,
        interaction: &Interaction,
        name: &str,
        body: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer {
        if name == "@original" && interaction.deferred.is_some() {
            return self.follow_up(interaction, body, files);
        }
        let id = self.answered_message(interaction, name)?;
        let edit = MessageEdit::parse(body, files)?;
        self.apply_edit(interaction.channel_id, id, edit)?;
        self.answer_payload(interaction, id)
    }

    /// Takes an answer back.
    pub(crate) fn delete_answer(&mut self, interaction: &Interaction, name: &str) -> Answer<()> {
        let id = self.answered_message(interaction, name)?;
        self.remove_message(interaction.channel_id, id);
        Ok(())
    }
}
