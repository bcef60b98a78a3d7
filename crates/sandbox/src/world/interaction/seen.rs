//! What the person who set off an interaction sees of it, ephemeral answers included.

use serde_json::{Value, json};

use super::{FIRST_ANSWER_MS, Interaction};
use crate::snowflake::Snowflake;
use crate::world::refusal::Unknown;
use crate::world::{Answer, Refusal, World};

impl World {
    /// `{id, type, status, response?, followups}`; `status` is `waiting`, `answered`, or `failed`
    /// ("The application did not respond").
    pub fn seen_interaction(&self, id: Snowflake) -> Answer {
        let interaction = self.interactions.by_id(id);
        let interaction = interaction.ok_or_else(|| Refusal::unknown(Unknown::Interaction))?;
        let late = interaction.created_ms + FIRST_ANSWER_MS < self.now_ms();
        let status = match interaction.answer {
            Some(_) => "answered",
            None if late => "failed",
            None => "waiting",
        };
        let shown = interaction.followups.iter();
        let followups: Vec<_> = shown
            .filter_map(|id| self.shown(interaction, *id))
            .collect();
        let mut seen = json!({
            "id": id,
            "type": interaction.kind,
            "application_id": interaction.application_id,
            "channel_id": interaction.channel_id,
            "user_id": interaction.user_id,
            "status": status,
            "followups": followups,
        });
        if let Some(kind) = interaction.answer {
            let mut response = json!({"type": kind});
            let message = interaction
                .original
                .and_then(|id| self.shown(interaction, id));
            for (key, value) in [
                ("message", message),
                ("modal", interaction.modal.clone()),
                ("choices", interaction.choices.clone().map(Value::Array)),
            ] {
                if let Some(value) = value {
                    response[key] = value;
                }
            }
            seen["response"] = response;
        }
        Ok(seen)
    }

    fn shown(&self, interaction: &Interaction, id: Snowflake) -> Option<Value> {
        let message = self.message(interaction.channel_id, id)?;
        Some(self.message_payload(message, interaction.user_id))
    }
}
