//! Commands are registered, changed, replaced in bulk and deleted by their application.

use serde_json::{Map, Value, json};

use super::Command;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::validate::command::{CHAT_INPUT, NewCommand, PRIMARY_ENTRY_POINT, read, read_form};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// Commands of one scope in one bulk overwrite.
const MAX_COMMANDS: usize = 130;

/// Commands of one type in one scope.
const fn max_of_kind(kind: u64) -> usize {
    match kind {
        CHAT_INPUT => 100,
        PRIMARY_ENTRY_POINT => 1,
        _ => 15,
    }
}

impl World {
    /// Only an application itself reaches what is its own.
    pub(crate) fn own_application(&self, actor: &Actor, application: Snowflake) -> Answer<()> {
        if !self.applications.contains_key(&application) {
            return Err(Refusal::unknown(Unknown::Application));
        }
        if actor.id == application {
            return Ok(());
        }
        let text = "You are not authorized to perform this action on this application";
        Err(Refusal::new(403, 20_012, text))
    }

    fn own_scope(
        &self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
    ) -> Answer<()> {
        self.own_application(actor, application)?;
        match guild {
            Some(guild) if !self.is_member(guild, application) => Err(Refusal::missing_access()),
            _ => Ok(()),
        }
    }

    /// The commands of a scope; translations only when asked for.
    pub fn list_commands(
        &self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
        localized: bool,
    ) -> Answer {
        self.own_scope(actor, application, guild)?;
        let commands = self.commands.values();
        let commands = commands.filter(|it| it.is_in(application, guild));
        let payloads = commands.map(|command| {
            let mut payload = command.payload();
            if !localized {
                drop_translations(&mut payload);
            }
            payload
        });
        Ok(payloads.collect())
    }

    /// A command of any application, as the audit log shows it.
    pub(crate) fn command_payload(&self, id: Snowflake) -> Option<Value> {
        self.commands.get(&id).map(Command::payload)
    }

    /// One command.
    pub fn get_command(
        &self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
        id: Snowflake,
    ) -> Answer {
        Ok(self.own_command(actor, application, guild, id)?.payload())
    }

    fn own_command(
        &self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
        id: Snowflake,
    ) -> Answer<&Command> {
        self.own_scope(actor, application, guild)?;
        let command = self.commands.get(&id);
        let command = command.filter(|it| it.is_in(application, guild));
        command.ok_or_else(|| Refusal::unknown(Unknown::Command))
    }

    /// Creates a command, or replaces the one of the same name and type; tells which.
    pub fn put_command(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
        body: &Value,
    ) -> Answer<(Value, bool)> {
        self.own_scope(actor, application, guild)?;
        let new = read(body)?;
        let known = self.same_command(application, guild, &new);
        if known.is_none() {
            self.check_room(application, guild, new.kind)?;
            self.count_creates(application, guild, 1)?;
        }
        let id = self.keep_command(application, guild, known, new);
        let command = self.commands.get(&id);
        let command = command.ok_or_else(|| Refusal::unknown(Unknown::Command))?;
        Ok((command.payload(), known.is_none()))
    }

    fn same_command(
        &self,
        application: Snowflake,
        guild: Option<Snowflake>,
        new: &NewCommand,
    ) -> Option<Snowflake> {
        let mut commands = self.commands.values();
        let same = |it: &&Command| {
            it.is_in(application, guild) && it.kind == new.kind && it.name == new.name
        };
        commands.find(same).map(|command| command.id)
    }

    fn check_room(
        &self,
        application: Snowflake,
        guild: Option<Snowflake>,
        kind: u64,
    ) -> Answer<()> {
        let commands = self.commands.values();
        let same = commands.filter(|it| it.is_in(application, guild) && it.kind == kind);
        let max = max_of_kind(kind);
        if same.count() < max {
            return Ok(());
        }
        let text = format!("Maximum number of application commands reached ({max})");
        Err(Refusal::new(400, 30_032, text))
    }

    /// Keeps a command under a known id, else a new one; the version moves only with a change.
    fn keep_command(
        &mut self,
        application: Snowflake,
        guild: Option<Snowflake>,
        known: Option<Snowflake>,
        new: NewCommand,
    ) -> Snowflake {
        let old = known.and_then(|id| self.commands.get(&id));
        if let Some(old) = old.filter(|old| old.equals(&new)) {
            return old.id;
        }
        let id = known.unwrap_or_else(|| self.next_id());
        let version = self.next_id();
        let command = Command {
            id,
            application_id: application,
            guild_id: guild,
            kind: new.kind,
            name: new.name,
            settings: new.settings,
            version,
        };
        self.commands.insert(id, command);
        id
    }

    /// Changes a command: what the body does not name stays.
    pub fn modify_command(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
        id: Snowflake,
        body: &Value,
    ) -> Answer {
        let command = self.own_command(actor, application, guild, id)?;
        let mut merged = Map::from_iter([
            ("type".to_owned(), json!(command.kind)),
            ("name".to_owned(), json!(command.name)),
        ]);
        merged.extend(command.settings.clone());
        let Some(changes) = body.as_object() else {
            Form::new(body).finish()?;
            return Ok(command.payload());
        };
        let kept = |key: &str| key == "type" || key == "id";
        let given = changes.iter().filter(|(key, _)| !kept(key));
        merged.extend(given.map(|(key, value)| (key.clone(), value.clone())));
        let new = read(&Value::Object(merged))?;
        if self
            .same_command(application, guild, &new)
            .is_some_and(|same| same != id)
        {
            let message = "Application command names must be unique";
            let code = "APPLICATION_COMMANDS_DUPLICATE_NAME";
            return Err(Refusal::field("name", code, message));
        }
        self.keep_command(application, guild, Some(id), new);
        self.get_command(actor, application, guild, id)
    }

    /// Deletes a command, and what people decided about it.
    pub fn delete_command(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
        id: Snowflake,
    ) -> Answer<()> {
        self.own_command(actor, application, guild, id)?;
        self.forget_command(id);
        Ok(())
    }

    fn forget_command(&mut self, id: Snowflake) {
        self.commands.remove(&id);
        for guild in self.guilds.values_mut() {
            guild.command_permissions.remove(&id);
        }
    }

    /// Replaces all commands of a scope. Those of the same name and type keep their ids, and so
    /// what people decided about them.
    pub fn replace_commands(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        guild: Option<Snowflake>,
        body: &Value,
    ) -> Answer {
        self.own_scope(actor, application, guild)?;
        // Errors are named by index, without a name for the list itself.
        let holder = json!({"": body});
        let mut form = Form::new(&holder);
        let wanted = form.objects("", 0..=MAX_COMMANDS, read_form);
        let wanted = form.required("", wanted);
        form.finish().map_err(Refusal::unwrapped)?;
        check_bulk(&wanted)?;
        let is_new = |new: &&NewCommand| {
            let named = new.id.is_some_and(|id| self.commands.contains_key(&id));
            !named && self.same_command(application, guild, new).is_none()
        };
        let created = wanted.iter().filter(is_new).count();
        self.count_creates(application, guild, created)?;
        let mut kept = Vec::with_capacity(wanted.len());
        for new in wanted {
            let named = new.id.filter(|id| {
                let known = self.commands.get(id);
                known.is_some_and(|it| it.is_in(application, guild) && it.kind == new.kind)
            });
            let known = named.or_else(|| self.same_command(application, guild, &new));
            let known = known.filter(|id| !kept.contains(id));
            kept.push(self.keep_command(application, guild, known, new));
        }
        let commands = self.commands.values();
        let gone = commands.filter(|it| it.is_in(application, guild) && !kept.contains(&it.id));
        let gone: Vec<_> = gone.map(|command| command.id).collect();
        for id in gone {
            self.forget_command(id);
        }
        let payloads = kept.iter().filter_map(|id| self.commands.get(id));
        Ok(payloads.map(Command::payload).collect())
    }
}

/// Each name once for its type, and no type beyond its number.
fn check_bulk(wanted: &[NewCommand]) -> Answer<()> {
    for (index, command) in wanted.iter().enumerate() {
        let same_kind = || wanted[..index].iter().filter(|it| it.kind == command.kind);
        if same_kind().any(|it| it.name == command.name) {
            let message = "Application command names must be unique";
            let code = "APPLICATION_COMMANDS_DUPLICATE_NAME";
            return Err(Refusal::field(&format!("{index}.name"), code, message));
        }
        let max = max_of_kind(command.kind);
        if same_kind().count() >= max {
            let text = format!("Maximum number of application commands reached ({max})");
            return Err(Refusal::new(400, 30_032, text));
        }
    }
    Ok(())
}

fn drop_translations(part: &mut Value) {
    let Some(object) = part.as_object_mut() else {
        return;
    };
    object.remove("name_localizations");
    object.remove("description_localizations");
    for key in ["options", "choices"] {
        let inner = object.get_mut(key).and_then(Value::as_array_mut);
        inner.into_iter().flatten().for_each(drop_translations);
    }
}
