//! Roles and how Discord renders them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::snowflake::Snowflake;

/// A role of a guild; `@everyone` has the guild's id.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Role {
    pub id: Snowflake,
    pub name: String,
    pub permissions: u64,
    pub position: i64,
    pub color: u32,
    pub hoist: bool,
    pub mentionable: bool,
    /// Belongs to an integration and cannot be edited away.
    pub managed: bool,
    pub unicode_emoji: Option<String>,
    /// The bot whose own role this is.
    pub bot_id: Option<Snowflake>,
}

impl Role {
    /// A role without rights, just above `@everyone`.
    pub fn new(id: Snowflake, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            permissions: 0,
            position: 1,
            color: 0,
            hoist: false,
            mentionable: false,
            managed: false,
            unicode_emoji: None,
            bot_id: None,
        }
    }

    /// The role object.
    pub fn payload(&self) -> Value {
        let mut payload = json!({
            "id": self.id,
            "name": self.name,
            "description": null,
            "permissions": self.permissions.to_string(),
            "position": self.position,
            "color": self.color,
            "colors": {
                "primary_color": self.color, "secondary_color": null, "tertiary_color": null,
            },
            "hoist": self.hoist,
            "managed": self.managed,
            "mentionable": self.mentionable,
            "icon": null,
            "unicode_emoji": self.unicode_emoji,
            "flags": 0,
        });
        if let Some(bot) = self.bot_id {
            payload["tags"] = json!({"bot_id": bot});
        }
        payload
    }
}
