//! What the page shows, as plain data: gathered from the world under one lock, in the eyes of one
//! person, and rendered after the lock is gone. Messages and channels are Discord's own payloads,
//! so that whatever the world learns to tell can be shown.

mod channel;
pub(super) mod colour;
mod commands;
mod forum;
mod frame;
mod log;
mod members;
mod names;

use serde_json::Value;

pub(super) use channel::{Asked, ChannelPage, Head, channel_page, open_modal};
pub(super) use commands::{Command, Parameter, chat_commands};
pub(super) use forum::Post;
pub(super) use frame::{Frame, Link, frame};
pub(super) use log::{Entry, Log, Picks, one_message};
pub(super) use members::Members;
pub(super) use names::display_name;
use names::role_colour_of;

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::World;

/// A user as lists show one.
#[derive(Clone, Debug, Default)]
pub(super) struct Face {
    pub(super) id: Snowflake,
    pub(super) name: String,
    pub(super) username: String,
    pub(super) bot: bool,
    /// `online`, `idle`, `dnd` or `offline`.
    pub(super) status: String,
    /// What it is doing.
    pub(super) activity: String,
    /// The role whose colour it wears.
    pub(super) colour: Option<Snowflake>,
}

impl Face {
    /// As a member of a guild, or outside of any.
    pub(super) fn of(world: &World, guild: Option<Snowflake>, user: Snowflake) -> Self {
        let account = world.users.get(&user);
        let presence = world.presences.get(&user);
        let status = presence.map_or("offline", |it| it.status.as_str());
        let activity = presence.and_then(|it| it.activities.first());
        let told = activity.and_then(|it| it["state"].as_str().or_else(|| it["name"].as_str()));
        Self {
            id: user,
            name: names::name_in(world, guild, user),
            username: account.map(|it| it.username.clone()).unwrap_or_default(),
            bot: account.is_some_and(|it| it.bot),
            status: status.to_owned(),
            activity: told.unwrap_or_default().to_owned(),
            colour: guild.and_then(|guild| role_colour_of(world, guild, user)),
        }
    }
}

/// What a person may do in a channel; the page offers nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Can {
    pub(super) write: bool,
    pub(super) attach: bool,
    pub(super) react: bool,
    pub(super) manage: bool,
    pub(super) pin: bool,
    pub(super) thread: bool,
    pub(super) poll: bool,
    pub(super) read: bool,
    pub(super) connect: bool,
    pub(super) manage_threads: bool,
}

impl Can {
    pub(super) fn of(world: &World, user: Snowflake, channel: Snowflake) -> Self {
        let permissions = world.permissions_in(user, channel);
        let has = |bit: u64| permissions & bit != 0;
        let kept = world.channels.get(&channel);
        let in_thread = kept.is_some_and(|it| it.kind.is_thread());
        let locked = kept
            .and_then(|it| it.thread.as_ref())
            .is_some_and(|thread| thread.locked);
        let sending = if in_thread {
            bits::SEND_MESSAGES_IN_THREADS
        } else {
            bits::SEND_MESSAGES
        };
        let in_guild = kept.is_some_and(|it| it.guild_id.is_some());
        let open = !locked || has(bits::MANAGE_THREADS);
        Self {
            write: has(sending) && open,
            attach: has(sending) && has(bits::ATTACH_FILES) && open,
            react: has(bits::ADD_REACTIONS) && has(bits::READ_MESSAGE_HISTORY) && open,
            manage: has(bits::MANAGE_MESSAGES),
            pin: has(bits::PIN_MESSAGES) || !in_guild,
            thread: in_guild && !in_thread && has(bits::CREATE_PUBLIC_THREADS),
            poll: has(sending) && has(bits::SEND_POLLS) && open,
            read: has(bits::READ_MESSAGE_HISTORY),
            connect: has(bits::CONNECT),
            manage_threads: has(bits::MANAGE_THREADS),
        }
    }
}

/// The colours of a guild's roles.
pub(super) fn role_colours(world: &World, guild: Snowflake) -> Vec<(Snowflake, u32)> {
    let roles = world.guilds.get(&guild).map(|guild| guild.roles.values());
    let coloured = roles.into_iter().flatten().filter(|role| role.color != 0);
    coloured.map(|role| (role.id, role.color)).collect()
}

/// A text of a payload; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// An id of a payload.
pub(super) fn id(value: &Value, key: &str) -> Option<Snowflake> {
    value[key].as_str()?.parse().ok()
}

/// The items of a list of a payload.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// One segment of a path, percent-encoded; `None` for an empty one.
pub(super) fn clean_segment(text: &str) -> Option<String> {
    let text = text.trim();
    let encoded = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    (!text.is_empty()).then(|| encoded.to_string())
}
