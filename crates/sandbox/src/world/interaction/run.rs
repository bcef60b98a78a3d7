//! People run commands, and have their options completed.

use serde_json::{Value, json};

use super::option::{Reader, Typed, text};
use super::resolve::Resolved;
use super::start::Start;
use super::{AUTOCOMPLETE, InteractionNote};
use crate::snowflake::Snowflake;
use crate::validate::command::{MESSAGE, USER};
use crate::world::message::UploadedFile;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

impl World {
    pub(super) fn run_command(
        &mut self,
        actor: &Actor,
        kind: u64,
        channel: Snowflake,
        application: Option<Snowflake>,
        data: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer {
        let command = self.meant_command(actor.id, channel, application, data);
        let command = command
            .ok_or_else(|| Refusal::unknown(Unknown::Command))?
            .clone();
        if !self.is_offered(actor.id, channel, &command) {
            let text = "You are not permitted to use this command here";
            return Err(Refusal::new(403, 50_013, text));
        }
        let mut event = json!({"id": command.id, "name": command.name, "type": command.kind});
        if let Some(home) = command.guild_id {
            // Libraries tell a guild's own commands from global ones by this.
            event["guild_id"] = json!(home);
        }
        let mut note = InteractionNote::default();
        let mut focused = None;
        let resolved = if matches!(command.kind, USER | MESSAGE) {
            let target: Option<Snowflake> = text(&data["target_id"]).parse().ok();
            let target = target.unwrap_or_default();
            let mut resolved = Resolved::default();
            let found = if command.kind == USER {
                note.target_user = Some(target);
                resolved.user(self, channel, target)
            } else {
                note.target_message = Some(target);
                resolved.message(self, (actor.id, channel), target)
            };
            if !found {
                let message = "Must be the id of the user or message that the command is for";
                let code = "APPLICATION_COMMAND_INVALID_TARGET";
                return Err(Refusal::field("data.target_id", code, message));
            }
            note.name = Some(command.name.clone());
            event["target_id"] = json!(target);
            resolved
        } else {
            let typed = Typed::read(data);
            let mut reader = Reader {
                world: self,
                user: actor.id,
                channel,
                files,
                resolved: Resolved::default(),
                completing: kind == AUTOCOMPLETE,
            };
            let (options, completed) = reader.read(command.options(), &typed)?;
            let resolved = reader.resolved;
            focused = completed;
            if !options.is_empty() {
                event["options"] = Value::Array(options);
            }
            let words = std::iter::once(&command.name).chain(&typed.path);
            note.name = Some(words.cloned().collect::<Vec<_>>().join(" "));
            resolved
        };
        if let Some(resolved) = resolved.into_payload() {
            event["resolved"] = resolved;
        }
        let start = Start {
            kind,
            application: command.application_id,
            user: actor.id,
            channel,
            message: None,
            note,
            focused,
        };
        Ok(self.begin(start, &event))
    }
}
