//! Application commands: registered by bots, run by people.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::COMMAND;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// Commands of one scope (Discord: 100 chat commands, and 15 each for users and messages).
const MAX_COMMANDS: usize = 130;

/// A command of an application, everywhere or in one guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Command {
    pub id: Snowflake,
    pub application_id: Snowflake,
    pub guild_id: Option<Snowflake>,
    pub kind: u64,
    pub name: String,
    /// Everything else, as it was sent.
    settings: Map<String, Value>,
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
                object.insert("dm_permission".into(), json!(true));
            }
        }
        payload
    }

    fn is_in(&self, application: Snowflake, guild: Option<Snowflake>) -> bool {
        self.application_id == application && self.guild_id == guild
    }
}

impl World {
    fn own_application(&self, actor: &Actor, application: Snowflake) -> Answer<()> {
        if actor.id == application && self.applications.contains_key(&application) {
            return Ok(());
        }
        Err(Refusal::missing_access())
    }

    /// The commands of a scope.
    pub fn list_commands(
        &self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
    ) -> Answer {
        self.own_application(actor, application)?;
        let commands = self
            .commands
            .values()
            .filter(|it| it.is_in(application, guild));
        Ok(commands.map(Command::payload).collect())
    }

    /// One command.
    pub fn get_command(
        &self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
        id: Snowflake,
    ) -> Answer {
        self.own_application(actor, application)?;
        let command = self
            .commands
            .get(&id)
            .filter(|it| it.is_in(application, guild));
        Ok(command
            .ok_or_else(|| Refusal::unknown(Unknown::Command))?
            .payload())
    }

    /// Creates a command; one of the same name and type is replaced.
    pub fn put_command(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
        body: &Value,
    ) -> Answer {
        self.own_application(actor, application)?;
        let mut form = Form::new(body);
        let kind = form.choice("type", &[1, 2, 3]).value().unwrap_or(1);
        let name = form.text("name", 1..=32);
        let name = form.required("name", name);
        let plain = |c: char| (c.is_alphanumeric() && !c.is_uppercase()) || c == '-' || c == '_';
        if form.is_clean() && kind == 1 && !name.chars().all(plain) {
            let message = "Command name is invalid";
            form.error("name", "APPLICATION_COMMAND_INVALID_NAME", message);
        }
        if kind == 1 {
            let description = form.text("description", 1..=100);
            form.required("description", description);
        }
        form.finish()?;
        let in_scope = self
            .commands
            .values()
            .filter(|it| it.is_in(application, guild));
        let same = in_scope
            .clone()
            .find(|it| it.kind == kind && it.name == name);
        let known = same.map(|command| command.id);
        if known.is_none() && in_scope.count() >= MAX_COMMANDS {
            let text = "Maximum number of application commands reached";
            return Err(Refusal::new(400, 30_032, text));
        }
        let id = known.unwrap_or_else(|| self.next_id());
        let version = self.next_id();
        let command = Command {
            id,
            application_id: application,
            guild_id: guild,
            kind,
            name,
            settings: settings_of(body),
            version,
        };
        let payload = command.payload();
        self.commands.insert(id, command);
        Ok(payload)
    }

    /// Changes a command.
    pub fn modify_command(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
        id: Snowflake,
        body: &Value,
    ) -> Answer {
        self.get_command(actor, application, guild, id)?;
        let mut form = Form::new(body);
        let name = form.text("name", 1..=32).value();
        form.finish()?;
        let version = self.next_id();
        let Some(command) = self.commands.get_mut(&id) else {
            return Err(Refusal::unknown(Unknown::Command));
        };
        command.name = name.unwrap_or_else(|| command.name.clone());
        command.settings.extend(settings_of(body));
        command.version = version;
        Ok(command.payload())
    }

    /// Deletes a command.
    pub fn delete_command(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
        id: Snowflake,
    ) -> Answer<()> {
        self.get_command(actor, application, guild, id)?;
        self.commands.remove(&id);
        Ok(())
    }

    /// Replaces all commands of a scope.
    pub fn replace_commands(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
        body: &Value,
    ) -> Answer {
        self.own_application(actor, application)?;
        let Some(wanted) = body.as_array() else {
            let text = "Only iterables may be used in a ListType";
            return Err(Refusal::field("commands", "LIST_TYPE_CONVERT", text));
        };
        let before = self.commands.clone();
        let mut kept = Vec::with_capacity(wanted.len().min(MAX_COMMANDS));
        for command in wanted {
            match self.put_command(actor, application, guild, command) {
                Ok(command) => kept.push(command),
                Err(refusal) => {
                    self.commands = before;
                    return Err(refusal);
                }
            }
        }
        let stays = |id: &Snowflake| kept.iter().any(|command| command["id"] == json!(id));
        self.commands
            .retain(|id, command| !command.is_in(application, guild) || stays(id));
        Ok(Value::Array(kept))
    }

    /// A person runs a command by name; `options` are passed on as they come.
    pub(super) fn run_command(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        application: Snowflake,
        data: &Value,
    ) -> Answer {
        let guild = self.guild_of(channel);
        let name = data["name"].as_str().unwrap_or_default();
        let fits = |command: &&Command| {
            command.name == name
                && command.application_id == application
                && (command.guild_id.is_none() || command.guild_id == guild)
        };
        let command = self.commands.values().find(fits);
        let command = command.ok_or_else(|| Refusal::unknown(Unknown::Command))?;
        let mut event = json!({"id": command.id, "name": command.name, "type": command.kind});
        if let Some(home) = command.guild_id {
            // Libraries tell a guild's own commands from global ones by this.
            event["guild_id"] = json!(home);
        }
        for key in ["options", "target_id", "resolved"] {
            if let Some(value) = data.get(key) {
                event[key] = value.clone();
            }
        }
        Ok(self.begin(actor, COMMAND, application, channel, None, &event))
    }
}

/// What is kept of a command as it was sent.
fn settings_of(body: &Value) -> Map<String, Value> {
    let kept = [
        "name_localizations",
        "description",
        "description_localizations",
        "options",
        "default_member_permissions",
        "nsfw",
        "integration_types",
        "contexts",
    ];
    let given = kept
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), body.get(*key)?.clone())));
    given
        .filter(|(key, value)| key != "options" || value.is_array())
        .collect()
}
