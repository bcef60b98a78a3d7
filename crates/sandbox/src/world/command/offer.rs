//! Which commands a person is offered in a channel, as Discord's clients ask for them.

use serde_json::{Value, json};

use super::Command;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::{Actor, Answer, Refusal, World};

impl World {
    /// The commands that a person may use in a channel, with their applications.
    pub fn command_index(&self, actor: &Actor, channel: Snowflake) -> Answer {
        if self.applications.contains_key(&actor.id) {
            return Err(Refusal::new(403, 20_001, "Bots cannot use this endpoint"));
        }
        self.visible_channel(actor.id, channel)?;
        let commands = self.commands.values();
        let commands = commands.filter(|it| self.is_offered(actor.id, channel, it));
        let commands: Vec<&Command> = commands.collect();
        let mut applications: Vec<_> = commands.iter().map(|it| it.application_id).collect();
        applications.sort_unstable();
        applications.dedup();
        let applications = applications.into_iter().filter_map(|id| {
            let application = self.applications.get(&id)?;
            Some(json!({
                "id": id,
                "name": application.name,
                "description": application.description,
                "bot": self.user_payload(id),
            }))
        });
        Ok(json!({
            "applications": applications.collect::<Vec<_>>(),
            "application_commands": commands.iter().map(|it| it.payload()).collect::<Vec<Value>>(),
        }))
    }

    /// Whether a command can be used there by this person.
    pub(crate) fn is_offered(
        &self,
        user: Snowflake,
        channel: Snowflake,
        command: &Command,
    ) -> bool {
        let application = command.application_id;
        let Some(guild) = self.guild_of(channel) else {
            let with_bot = self.is_dm_recipient(channel, application);
            return command.guild_id.is_none() && with_bot && command.fits_context(1);
        };
        let nsfw = command
            .settings
            .get("nsfw")
            .is_some_and(|nsfw| *nsfw == true);
        let place = self.channels.get(&channel);
        let place_nsfw = place.and_then(|it| it.settings.get("nsfw"));
        command.guild_id.is_none_or(|home| home == guild)
            && self.is_member(guild, application)
            && command.fits_context(0)
            && (!nsfw || place_nsfw.is_some_and(|nsfw| *nsfw == true))
            && self.permissions_in(user, channel) & bits::VIEW_CHANNEL != 0
            && self.may_use_command(user, channel, command)
    }

    /// The command that a person means: by id, or by name and type.
    pub(crate) fn meant_command(
        &self,
        user: Snowflake,
        channel: Snowflake,
        application: Option<Snowflake>,
        data: &Value,
    ) -> Option<&Command> {
        let id: Option<Snowflake> = data["id"].as_str().and_then(|id| id.parse().ok());
        let name = data["name"].as_str().unwrap_or_default();
        let first = name.split(' ').next().unwrap_or_default();
        let kind = data["type"].as_u64();
        let fits = |command: &&Command| {
            let named = match id {
                Some(id) => command.id == id,
                None => command.name == name || command.kind == 1 && command.name == first,
            };
            named
                && application.is_none_or(|it| command.application_id == it)
                && kind.is_none_or(|kind| command.kind == kind)
        };
        let mut meant: Vec<_> = self.commands.values().filter(fits).collect();
        // Where two share a name, the guild's own goes first, and what can be used before what
        // cannot.
        meant.sort_by_key(|it| (!self.is_offered(user, channel, it), it.guild_id.is_none()));
        meant.first().copied()
    }
}
