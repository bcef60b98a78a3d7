//! What a bot says after its first answer: followups, and changes of what it said.

use serde_json::Value;

use super::respond::DEFERRED_MESSAGE;
use super::{Interaction, InteractionNote};
use crate::snowflake::Snowflake;
use crate::world::message::{MessageEdit, UploadedFile, flag};
use crate::world::refusal::Unknown;
use crate::world::{Answer, Refusal, World};

impl World {
    /// Another message; the first one after a deferred answer becomes that answer.
    pub(crate) fn follow_up(
        &mut self,
        interaction: &Interaction,
        body: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer {
        if self.is_loading(interaction) {
            return self.edit_answer(interaction, "@original", body, files);
        }
        let note = InteractionNote {
            original: interaction.original,
            ..interaction.note.clone()
        };
        let id = self.post_answer(interaction, note, body, files)?;
        if let Some(kept) = self.interactions.by_token_mut(&interaction.token) {
            kept.followups.push(id);
        }
        self.answer_payload(interaction, id)
    }

    fn is_loading(&self, interaction: &Interaction) -> bool {
        let original = interaction
            .original
            .filter(|_| interaction.answer == Some(DEFERRED_MESSAGE));
        let message = original.and_then(|id| self.message(interaction.channel_id, id));
        message.is_some_and(|message| message.flags & flag::LOADING != 0)
    }

    /// Which message `@original` or an id means.
    fn answered_message(&self, interaction: &Interaction, name: &str) -> Answer<Snowflake> {
        let id = if name == "@original" {
            interaction.original
        } else {
            name.parse().ok()
        };
        let own = |id: &Snowflake| {
            let message = self.message(interaction.channel_id, *id);
            message.is_some_and(|message| {
                let answers = message.interaction.is_some() || interaction.original == Some(*id);
                message.author_id == interaction.application_id && answers
            })
        };
        id.filter(own)
            .ok_or_else(|| Refusal::unknown(Unknown::Message))
    }

    /// One of the answers.
    pub(crate) fn get_answer(&self, interaction: &Interaction, name: &str) -> Answer {
        self.answer_payload(interaction, self.answered_message(interaction, name)?)
    }

    /// Changes an answer; changing a deferred one fills it.
    pub(crate) fn edit_answer(
        &mut self,
        interaction: &Interaction,
        name: &str,
        body: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer {
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
