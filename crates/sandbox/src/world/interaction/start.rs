//! An interaction begins: it is remembered, and its bot hears of it.

use serde_json::{Value, json};

use super::{Interaction, InteractionNote};
use crate::snowflake::Snowflake;
use crate::world::{Audience, World};

const TOKEN_LENGTH: usize = 120;
/// The largest file that an answer may carry.
const ATTACHMENT_SIZE_LIMIT: u64 = 10 * 1024 * 1024;

/// What is known of an interaction before it has an id.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) kind: u64,
    pub(super) application: Snowflake,
    pub(super) user: Snowflake,
    pub(super) channel: Snowflake,
    /// The message with the component.
    pub(super) message: Option<Snowflake>,
    /// Id, kind, user and guild are filled in here.
    pub(super) note: InteractionNote,
    pub(super) focused: Option<u64>,
}

impl World {
    /// Remembers an interaction and tells the bot; answers `{id, token}`, for the test of it.
    pub(super) fn begin(&mut self, start: Start, data: &Value) -> Value {
        let id = self.next_id();
        let note = InteractionNote {
            id,
            kind: start.kind,
            user: start.user,
            guild: self.guild_of(start.channel),
            message_id: start.message,
            ..start.note
        };
        let interaction = Interaction {
            id,
            token: self.random_text(TOKEN_LENGTH),
            kind: start.kind,
            application_id: start.application,
            user_id: start.user,
            channel_id: start.channel,
            message_id: start.message,
            created_ms: self.now_ms(),
            note,
            focused: start.focused,
            answer: None,
            original: None,
            followups: Vec::new(),
            modal: None,
            choices: None,
        };
        let event = self.interaction_payload(&interaction, data);
        let answer = json!({"id": interaction.id, "token": interaction.token});
        self.interactions.keep(interaction);
        let audience = Audience::User(start.application);
        self.dispatch("INTERACTION_CREATE", audience, 0, event);
        answer
    }

    fn interaction_payload(&self, interaction: &Interaction, data: &Value) -> Value {
        let (user, channel) = (interaction.user_id, interaction.channel_id);
        let bot = interaction.application_id;
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
            "entitlements": self.active_entitlements(bot, user, interaction.note.guild),
            "authorizing_integration_owners": interaction.note.owners(),
            "context": 1,
            "attachment_size_limit": ATTACHMENT_SIZE_LIMIT,
        });
        if let Some(guild) = interaction.note.guild {
            let rendered = self.guild_payload(guild).unwrap_or_default();
            let locale = rendered["preferred_locale"].clone();
            payload["guild_id"] = json!(guild);
            payload["guild"] = json!({
                "id": guild, "locale": locale, "features": rendered["features"],
            });
            payload["guild_locale"] = locale;
            payload["context"] = json!(0);
            let mut member = self.member_payload(guild, user).unwrap_or_default();
            member["permissions"] = json!(self.permissions_in(user, channel).to_string());
            payload["member"] = member;
        } else {
            payload["user"] = self.user_payload(user);
        }
        let message = interaction
            .message_id
            .and_then(|id| self.message(channel, id));
        if let Some(message) = message {
            payload["message"] = self.message_payload(message, bot);
        }
        payload
    }
}
