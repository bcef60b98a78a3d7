//! The messages of a channel in the eyes of one person.

use serde_json::Value;
use time::OffsetDateTime;

use super::super::markdown::Names;
use super::names::{name_in, names_for};
use super::{Can, Face, commands, id};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::message::page::Page;
use crate::world::{Actor, World};

/// Messages on one screen.
const PAGE: usize = 50;
/// A message of the same author within this time continues the one before.
const CONTINUES_MS: u64 = 7 * 60 * 1_000;
/// Channels offered for forwarding.
const MAX_TARGETS: usize = 30;
/// Members, roles and channels that a select offers.
const MAX_PICKS: usize = 100;

/// Messages, oldest first, with what it takes to show them.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Log {
    pub(in super::super) viewer: Snowflake,
    pub(in super::super) channel: Snowflake,
    pub(in super::super) entries: Vec<Entry>,
    pub(in super::super) names: Names,
    pub(in super::super) can: Can,
    pub(in super::super) picks: Picks,
    /// Commands for messages: application and name.
    pub(in super::super) menu: Vec<(Snowflake, String)>,
    /// Where files of the sandbox are.
    pub(in super::super) origin: String,
    /// There are older ones.
    pub(in super::super) older: bool,
    /// There are newer ones.
    pub(in super::super) newer: bool,
}

/// One message.
#[derive(Clone, Debug)]
pub(in super::super) struct Entry {
    /// Discord's payload.
    pub(in super::super) message: Value,
    pub(in super::super) id: Snowflake,
    pub(in super::super) author: Face,
    /// Who answered, for the person whose command it was; of the message that this one replies to.
    pub(in super::super) referenced: Option<Face>,
    /// It follows one of the same author.
    pub(in super::super) continues: bool,
    /// The first of its day.
    pub(in super::super) new_day: bool,
}

/// What selects of users, roles and channels offer.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Picks {
    pub(in super::super) users: Vec<(Snowflake, String)>,
    pub(in super::super) roles: Vec<(Snowflake, String)>,
    pub(in super::super) channels: Vec<(Snowflake, String)>,
}

impl Picks {
    pub(super) fn of(world: &World, viewer: Snowflake, guild: Option<Snowflake>) -> Self {
        let Some(guild) = guild.and_then(|id| world.guilds.get(&id)) else {
            return Self::default();
        };
        let users = guild.members.keys().take(MAX_PICKS);
        let users = users.map(|user| (*user, name_in(world, Some(guild.id), *user)));
        let roles = guild.roles.values().filter(|role| role.id != guild.id);
        let roles = roles
            .take(MAX_PICKS)
            .map(|role| (role.id, role.name.clone()));
        let channels = world.channels_of(guild.id).into_iter();
        let channels = channels.filter(|channel| world.may_view(viewer, channel.id));
        Self {
            users: users.collect(),
            roles: roles.collect(),
            channels: channels
                .take(MAX_PICKS)
                .map(|channel| (channel.id, channel.name.clone()))
                .collect(),
        }
    }
}

/// A page of messages; empty where the person may not read.
pub(super) fn log(world: &World, viewer: Snowflake, channel: Snowflake, page: Page) -> Log {
    let actor = Actor::from(viewer);
    let listed = world.list_messages(&actor, channel, page, PAGE);
    let mut messages = match listed {
        Ok(Value::Array(messages)) => messages,
        _ => Vec::new(),
    };
    messages.reverse();
    let edge = |message: Option<&Value>| message.and_then(|it| id(it, "id"));
    let is_more = |page: Page| {
        let found = world.list_messages(&actor, channel, page, 1);
        found.is_ok_and(|found| found.as_array().is_some_and(|list| !list.is_empty()))
    };
    let older = edge(messages.first()).is_some_and(|id| is_more(Page::Before(id)));
    let newer = edge(messages.last()).is_some_and(|id| is_more(Page::After(id)));
    Log {
        older,
        newer,
        ..build(world, viewer, channel, messages, None)
    }
}

/// One message as the log would show it, `None` when the person may not read it or it is gone.
pub(in super::super) fn one_message(
    world: &World,
    viewer: Snowflake,
    channel: Snowflake,
    id: Snowflake,
) -> Option<Log> {
    let actor = Actor::from(viewer);
    let message = world.get_message(&actor, channel, id).ok()?;
    let before = world
        .list_messages(&actor, channel, Page::Before(id), 1)
        .ok();
    let before = before.and_then(|list| list.get(0).cloned());
    Some(build(
        world,
        viewer,
        channel,
        vec![message],
        before.as_ref(),
    ))
}

fn build(
    world: &World,
    viewer: Snowflake,
    channel: Snowflake,
    messages: Vec<Value>,
    before: Option<&Value>,
) -> Log {
    let guild = world.channels.get(&channel).and_then(|it| it.guild_id);
    let names = names_for(world, viewer, guild, messages.iter());
    let picking = messages.iter().any(|message| {
        message["components"]
            .as_array()
            .is_some_and(|list| !list.is_empty())
    });
    let picks = if picking {
        Picks::of(world, viewer, guild)
    } else {
        Picks::default()
    };
    let mut entries: Vec<Entry> = Vec::with_capacity(messages.len());
    for message in messages {
        let last = entries.last().map(|entry| &entry.message).or(before);
        let (continues, new_day) = last.map_or((false, true), |last| follows(last, &message));
        let referenced = Some(&message["referenced_message"]).filter(|it| it.is_object());
        entries.push(Entry {
            id: id(&message, "id").unwrap_or_default(),
            author: author(world, guild, &message),
            referenced: referenced.map(|it| author(world, guild, it)),
            continues,
            new_day,
            message,
        });
    }
    Log {
        viewer,
        channel,
        entries,
        names,
        can: Can::of(world, viewer, channel),
        picks,
        menu: commands::for_messages(world, viewer, channel),
        origin: world.addresses().http.clone(),
        older: false,
        newer: false,
    }
}

/// Other channels of the guild where the person may write.
pub(super) fn targets(
    world: &World,
    viewer: Snowflake,
    guild: Option<Snowflake>,
    here: Snowflake,
) -> Vec<(Snowflake, String)> {
    let channels = guild
        .map(|guild| world.channels_of(guild))
        .unwrap_or_default();
    let open = channels.into_iter().filter(|channel| {
        let may_write = world.permissions_in(viewer, channel.id) & bits::SEND_MESSAGES != 0;
        channel.id != here && channel.kind.has_messages() && may_write
    });
    open.take(MAX_TARGETS)
        .map(|channel| (channel.id, channel.name.clone()))
        .collect()
}

/// Webhooks sign with a name of their own.
fn author(world: &World, guild: Option<Snowflake>, message: &Value) -> Face {
    let author = &message["author"];
    let user = id(author, "id").unwrap_or_default();
    if world.users.contains_key(&user) {
        return Face::of(world, guild, user);
    }
    Face {
        id: user,
        name: author["username"].as_str().unwrap_or("unknown").to_owned(),
        bot: true,
        ..Face::default()
    }
}

/// Whether a message continues the one before, and whether it begins a day.
fn follows(last: &Value, message: &Value) -> (bool, bool) {
    let moment = |message: &Value| id(message, "id").map_or(0, Snowflake::timestamp_ms);
    let (then, now) = (moment(last), moment(message));
    let day = |ms: u64| {
        let seconds = i64::try_from(ms / 1_000).unwrap_or_default();
        OffsetDateTime::from_unix_timestamp(seconds).map(OffsetDateTime::date)
    };
    let new_day = day(then) != day(now);
    let plain = |message: &Value| message["type"] == 0 && message["interaction_metadata"].is_null();
    let same = last["author"]["id"] == message["author"]["id"]
        && last["author"]["username"] == message["author"]["username"];
    let soon = now.saturating_sub(then) < CONTINUES_MS;
    let quiet = last["thread"].is_null();
    (
        same && soon && !new_day && quiet && plain(message) && plain(last),
        new_day,
    )
}
