//! What a message says of the interaction that it answers.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{COMMAND, COMPONENT};
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::message::kind;

/// The interaction that a message answers.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct InteractionNote {
    pub id: Snowflake,
    pub kind: u64,
    pub user: Snowflake,
    pub guild: Option<Snowflake>,
    /// The message whose component was used.
    pub message_id: Option<Snowflake>,
    /// The command with its subcommands.
    pub name: Option<String>,
    /// The user or message of a context menu.
    pub target_user: Option<Snowflake>,
    pub target_message: Option<Snowflake>,
    /// What opened the modal.
    pub trigger: Option<Box<InteractionNote>>,
    /// Of a followup: the first answer.
    pub original: Option<Snowflake>,
}

impl InteractionNote {
    /// The type of a message that answers it.
    pub(crate) fn message_kind(&self) -> u64 {
        let trigger = self.trigger.as_deref().unwrap_or(self);
        let on_target = self.target_user.is_some() || self.target_message.is_some();
        match trigger.kind {
            _ if self.original.is_some() => kind::REPLY,
            COMPONENT => kind::REPLY,
            COMMAND if on_target => kind::CONTEXT_MENU_COMMAND,
            _ => kind::CHAT_INPUT_COMMAND,
        }
    }

    /// The message that an answer points at.
    pub(crate) fn referenced(&self) -> Option<Snowflake> {
        self.original.or(self.message_id)
    }

    /// Discord: Interaction Contexts › authorizing integration owners.
    pub(super) fn owners(&self) -> Value {
        match self.guild {
            Some(guild) => json!({ "0": guild }),
            None => json!({ "0": "0" }),
        }
    }
}

impl World {
    /// `interaction_metadata` of a message.
    pub(crate) fn interaction_metadata(&self, note: &InteractionNote) -> Value {
        let mut metadata = json!({
            "id": note.id,
            "type": note.kind,
            "user": self.user_payload(note.user),
            "authorizing_integration_owners": note.owners(),
        });
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                metadata[key] = value;
            }
        };
        put(
            "original_response_message_id",
            note.original.map(|id| json!(id)),
        );
        if note.kind == COMPONENT {
            put("interacted_message_id", note.message_id.map(|id| json!(id)));
        }
        put("name", note.name.as_ref().map(|name| json!(name)));
        put(
            "target_user",
            note.target_user.map(|id| self.user_payload(id)),
        );
        put("target_message_id", note.target_message.map(|id| json!(id)));
        let trigger = note.trigger.as_deref();
        put(
            "triggering_interaction_metadata",
            trigger.map(|it| self.interaction_metadata(it)),
        );
        metadata
    }
}
