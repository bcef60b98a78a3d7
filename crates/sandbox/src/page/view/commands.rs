//! The commands that a person can use in a channel, flattened: a subcommand is a command of its
//! own.

use serde_json::Value;

use super::{id, list, text};
use crate::snowflake::Snowflake;
use crate::world::{Actor, World};

/// Commands listed.
const MAX_COMMANDS: usize = 200;

/// Discord: Application Command Option Type.
const SUBCOMMAND: u64 = 1;
const GROUP: u64 = 2;

/// A command with its parameters.
#[derive(Clone, Debug)]
pub(in super::super) struct Command {
    pub(in super::super) application: Snowflake,
    pub(in super::super) bot: String,
    /// Name, and the names of group and subcommand.
    pub(in super::super) path: Vec<String>,
    pub(in super::super) description: String,
    pub(in super::super) parameters: Vec<Parameter>,
}

/// An option of a command.
#[derive(Clone, Debug)]
pub(in super::super) struct Parameter {
    pub(in super::super) name: String,
    pub(in super::super) description: String,
    pub(in super::super) kind: u64,
    pub(in super::super) required: bool,
    /// What is shown, and what is sent.
    pub(in super::super) choices: Vec<(String, Value)>,
    pub(in super::super) autocomplete: bool,
}

/// Chat commands of all bots in a channel, in the order of their names.
pub(in super::super) fn chat_commands(
    world: &World,
    viewer: Snowflake,
    channel: Snowflake,
) -> Vec<Command> {
    let mut commands: Vec<Command> = offered(world, viewer, channel)
        .iter()
        .filter(|command| command["type"] == 1)
        .flat_map(|command| flattened(world, channel, command))
        .take(MAX_COMMANDS)
        .collect();
    commands.sort_by(|a, b| a.path.cmp(&b.path));
    commands
}

/// Commands of the menu of a message: application and name.
pub(super) fn for_messages(
    world: &World,
    viewer: Snowflake,
    channel: Snowflake,
) -> Vec<(Snowflake, String)> {
    let commands = offered(world, viewer, channel);
    let commands = commands.iter().filter(|command| command["type"] == 3);
    commands
        .filter_map(|it| Some((id(it, "application_id")?, text(it, "name").to_owned())))
        .take(MAX_COMMANDS)
        .collect()
}

/// A command, or its subcommands.
fn flattened(world: &World, channel: Snowflake, command: &Value) -> Vec<Command> {
    let application = id(command, "application_id").unwrap_or_default();
    let bot = super::display_name(world, channel, application);
    let name = text(command, "name").to_owned();
    let base = Command {
        application,
        bot,
        path: vec![name],
        description: text(command, "description").to_owned(),
        parameters: Vec::new(),
    };
    let mut found = Vec::new();
    collect(&base, list(command, "options"), &mut found);
    found
}

fn collect(base: &Command, options: &[Value], found: &mut Vec<Command>) {
    let nested = |option: &&Value| matches!(option["type"].as_u64(), Some(SUBCOMMAND | GROUP));
    if base.path.len() < 3 && options.iter().any(|option| nested(&option)) {
        for option in options.iter().filter(nested) {
            let mut path = base.path.clone();
            path.push(text(option, "name").to_owned());
            let description = text(option, "description").to_owned();
            let inner = Command {
                path,
                description,
                ..base.clone()
            };
            collect(&inner, list(option, "options"), found);
        }
        return;
    }
    let parameters = options.iter().map(parameter).collect();
    found.push(Command {
        parameters,
        ..base.clone()
    });
}

fn parameter(option: &Value) -> Parameter {
    let choices = list(option, "choices").iter();
    Parameter {
        name: text(option, "name").to_owned(),
        description: text(option, "description").to_owned(),
        kind: option["type"].as_u64().unwrap_or(3),
        required: option["required"] == true,
        choices: choices
            .map(|choice| (text(choice, "name").to_owned(), choice["value"].clone()))
            .collect(),
        autocomplete: option["autocomplete"] == true,
    }
}

/// What Discord's own clients would offer.
fn offered(world: &World, viewer: Snowflake, channel: Snowflake) -> Vec<Value> {
    let index = world.command_index(&Actor::from(viewer), channel);
    let index = index.unwrap_or_default();
    list(&index, "application_commands").to_vec()
}
