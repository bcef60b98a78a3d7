//! Application commands: registered by bots, restricted by people, offered where they fit.

mod edit;
mod offer;
pub mod permission;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::snowflake::Snowflake;
use crate::validate::command::NewCommand;

/// A command of an application, everywhere or in one guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Command {
    pub id: Snowflake,
    pub application_id: Snowflake,
    pub guild_id: Option<Snowflake>,
    pub kind: u64,
    pub name: String,
    /// Everything else, already validated, under Discord's names.
    pub(super) settings: Map<String, Value>,
    version: Snowflake,
}

impl Command {
    fn payload(&self) -> Value {
        let mut payload = json!({
            "id": self.id,
            "application_id": self.application_id,
            "version": self.version,
            "type": self.kind,
            "name": self.name,
            "name_localizations": null,
            "description": "",
            "description_localizations": null,
            "default_member_permissions": null,
            "nsfw": false,
            "integration_types": [0],
            "contexts": null,
        });
        if let Some(object) = payload.as_object_mut() {
            object.extend(self.settings.clone());
            if let Some(guild) = self.guild_id {
                object.insert("guild_id".into(), json!(guild));
            } else {
                object.insert("dm_permission".into(), json!(self.fits_context(1)));
            }
        }
        payload
    }

    fn is_in(&self, application: Snowflake, guild: Option<Snowflake>) -> bool {
        self.application_id == application && self.guild_id == guild
    }

    /// Whether nothing would change.
    fn equals(&self, new: &NewCommand) -> bool {
        self.kind == new.kind && self.name == new.name && self.settings == new.settings
    }

    /// Discord: Interaction Context Types; all, when the command does not say.
    pub(crate) fn fits_context(&self, context: u64) -> bool {
        let contexts = self.settings.get("contexts").and_then(Value::as_array);
        contexts.is_none_or(|all| all.contains(&json!(context)))
    }

    /// The options as they were registered.
    pub(crate) fn options(&self) -> &[Value] {
        let options = self.settings.get("options").and_then(Value::as_array);
        options.map(Vec::as_slice).unwrap_or_default()
    }

    /// Who may use it where nobody has decided otherwise; `None` is everyone.
    fn default_permissions(&self) -> Option<u64> {
        let text = self.settings.get("default_member_permissions")?.as_str()?;
        text.parse().ok()
    }
}
