//! The bot's first answer, within three seconds and only once.

use serde_json::{Value, json};

use super::{
    AUTOCOMPLETE, COMMAND, COMPONENT, FIRST_ANSWER_MS, Interaction, InteractionNote, MODAL_SUBMIT,
};
use crate::snowflake::Snowflake;
use crate::validate::command_option::choice;
use crate::validate::{Form, modal};
use crate::world::message::{Message, MessageEdit, NewMessage, NewReference, UploadedFile, flag};
use crate::world::refusal::Unknown;
use crate::world::{Answer, Refusal, World};

/// Discord: Interaction Callback Type.
pub(super) const MESSAGE: u64 = 4;
pub(super) const DEFERRED_MESSAGE: u64 = 5;
const DEFERRED_UPDATE: u64 = 6;
const UPDATE: u64 = 7;
const CHOICES: u64 = 8;
const MODAL: u64 = 9;
const PREMIUM_REQUIRED: u64 = 10;
const LAUNCH_ACTIVITY: u64 = 12;

const MAX_CHOICES: usize = 25;
/// The application flag of those with activities.
const FLAG_EMBEDDED: u64 = 1 << 17;

/// What an answer leaves behind.
#[derive(Default)]
struct Outcome {
    message: Option<Snowflake>,
    modal: Option<Value>,
    choices: Option<Vec<Value>>,
    /// Of `with_response`; null where Discord has none.
    resource: Value,
}

impl World {
    /// The first answer; the value is that of `with_response=true`.
    pub fn respond(
        &mut self,
        id: Snowflake,
        token: &str,
        body: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer {
        let interaction = self.interactions.by_token(token).filter(|it| it.id == id);
        let unknown = || Refusal::unknown(Unknown::Interaction);
        let interaction = interaction.ok_or_else(unknown)?.clone();
        if interaction.answer.is_some() {
            let text = "Interaction has already been acknowledged.";
            return Err(Refusal::new(400, 40_060, text));
        }
        if interaction.created_ms + FIRST_ANSWER_MS < self.now_ms() {
            return Err(unknown());
        }
        let mut form = Form::new(body);
        let known = [
            1,
            MESSAGE,
            DEFERRED_MESSAGE,
            DEFERRED_UPDATE,
            UPDATE,
            CHOICES,
            MODAL,
            PREMIUM_REQUIRED,
            LAUNCH_ACTIVITY,
        ];
        let kind = form.choice("type", &known);
        let kind = form.required("type", kind);
        if form.is_clean() && !self.fits(&interaction, kind) {
            let message = "This type of response does not fit this interaction";
            form.error("type", "INTERACTION_CALLBACK_TYPE_INVALID", message);
        }
        form.finish()?;
        let outcome = self.carry_answer(&interaction, kind, body, files)?;
        let flags = outcome
            .message
            .and_then(|id| self.message(interaction.channel_id, id));
        let flags = flags.map_or(0, |message| message.flags);
        if let Some(kept) = self.interactions.by_token_mut(token) {
            kept.answer = Some(kind);
            kept.original = outcome.message;
            kept.modal = outcome.modal;
            kept.choices = outcome.choices;
        }
        let mut answer = json!({"interaction": {
            "id": id, "type": interaction.kind, "channel_id": interaction.channel_id,
        }});
        if let Some(guild) = interaction.note.guild {
            answer["interaction"]["guild_id"] = json!(guild);
        }
        if let Some(message) = outcome.message {
            answer["interaction"]["response_message_id"] = json!(message);
            answer["interaction"]["response_message_loading"] = json!(flags & flag::LOADING != 0);
            answer["interaction"]["response_message_ephemeral"] =
                json!(flags & flag::EPHEMERAL != 0);
        }
        if kind == LAUNCH_ACTIVITY {
            answer["interaction"]["activity_instance_id"] =
                outcome.resource["activity_instance"]["id"].clone();
        }
        if !outcome.resource.is_null() {
            answer["resource"] = outcome.resource;
        }
        Ok(answer)
    }

    /// Which answers an interaction takes (Discord: Interaction Callback Type).
    fn fits(&self, interaction: &Interaction, kind: u64) -> bool {
        let asks = interaction.kind;
        let on_message = interaction.message_id.is_some();
        match kind {
            MESSAGE | DEFERRED_MESSAGE => asks != AUTOCOMPLETE,
            DEFERRED_UPDATE | UPDATE => on_message && matches!(asks, COMPONENT | MODAL_SUBMIT),
            CHOICES => asks == AUTOCOMPLETE,
            MODAL | PREMIUM_REQUIRED => matches!(asks, COMMAND | COMPONENT),
            LAUNCH_ACTIVITY => {
                let application = self.applications.get(&interaction.application_id);
                let embedded = application.is_some_and(|it| it.flags & FLAG_EMBEDDED != 0);
                asks != AUTOCOMPLETE && embedded
            }
            // Only pings are answered with a pong, and no ping comes over the Gateway.
            _ => false,
        }
    }

    fn carry_answer(
        &mut self,
        interaction: &Interaction,
        kind: u64,
        body: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer<Outcome> {
        let nothing = json!({});
        let data = body
            .get("data")
            .filter(|data| !data.is_null())
            .unwrap_or(&nothing);
        let mut outcome = Outcome::default();
        match kind {
            MESSAGE => {
                let note = interaction.note.clone();
                outcome.message = Some(self.post_answer(interaction, note, data, files)?);
            }
            DEFERRED_MESSAGE => outcome.message = Some(self.post_loading(interaction, data)),
            UPDATE => {
                let message = interaction.message_id.unwrap_or_default();
                let edit = MessageEdit::parse(data, files).map_err(|no| no.under("data"))?;
                self.apply_edit(interaction.channel_id, message, edit)?;
                outcome.message = Some(message);
            }
            DEFERRED_UPDATE => outcome.message = interaction.message_id,
            CHOICES => outcome.choices = Some(read_choices(interaction, data)?),
            MODAL => outcome.modal = Some(modal::read(data)?),
            LAUNCH_ACTIVITY => {
                let (bot, user) = (interaction.application_id, interaction.user_id);
                let id = self.launch_activity(bot, interaction.channel_id, user);
                outcome.resource = json!({"type": kind, "activity_instance": {"id": id}});
            }
            _ => {}
        }
        // Discord documents no resource for what is deferred.
        if let Some(message) = outcome.message.filter(|_| matches!(kind, MESSAGE | UPDATE)) {
            outcome.resource =
                json!({"type": kind, "message": self.answer_payload(interaction, message)?});
        }
        Ok(outcome)
    }

    /// Sends a message that answers an interaction.
    pub(super) fn post_answer(
        &mut self,
        interaction: &Interaction,
        note: InteractionNote,
        data: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer<Snowflake> {
        let mut new = NewMessage::parse(data, files)?;
        new.reference = note.referenced().map(|message_id| NewReference {
            message_id,
            channel_id: None,
            forward: false,
            fail_if_not_exists: false,
        });
        new.interaction = Some(note);
        self.post(
            interaction.application_id,
            None,
            interaction.channel_id,
            new,
        )
    }

    /// "The bot is thinking …": a message without content that the answer will fill.
    fn post_loading(&mut self, interaction: &Interaction, data: &Value) -> Snowflake {
        let id = self.next_id();
        let (channel, bot) = (interaction.channel_id, interaction.application_id);
        let mut message = Message::bare(id, channel, bot);
        let chosen = data["flags"].as_u64().unwrap_or_default();
        message.kind = interaction.note.message_kind();
        message.flags = flag::LOADING | chosen & flag::EPHEMERAL;
        message.interaction = Some(interaction.note.clone());
        self.append(message);
        id
    }

    pub(super) fn answer_payload(&self, interaction: &Interaction, id: Snowflake) -> Answer {
        let message = self.message(interaction.channel_id, id);
        let message = message.ok_or_else(|| Refusal::unknown(Unknown::Message))?;
        Ok(self.message_payload(message, interaction.application_id))
    }
}

fn read_choices(interaction: &Interaction, data: &Value) -> Answer<Vec<Value>> {
    let kind = interaction.focused.unwrap_or_default();
    let mut form = Form::new(data);
    let choices = form.objects("choices", 0..=MAX_CHOICES, |form| choice(form, kind));
    form.finish().map_err(|refusal| refusal.under("data"))?;
    Ok(choices.value().unwrap_or_default())
}
