//! One channel, whole: its head, messages or posts, and everything around them.

use serde_json::Value;

use super::log::{Picks, log, targets};
use super::{Can, Command, Frame, Log, Members, Post, commands, forum, frame, list, text};
use crate::page::markdown::Names;
use crate::snowflake::Snowflake;
use crate::world::message::page::Page;
use crate::world::{Actor, World};

/// Custom emojis and stickers offered.
const MAX_EXPRESSIONS: usize = 50;

/// What the address asks for.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Asked {
    pub(in super::super) page: Page,
    /// The message to answer, to change, or to begin a thread from.
    pub(in super::super) reply: Option<Snowflake>,
    pub(in super::super) edit: Option<Snowflake>,
    pub(in super::super) thread: Option<Snowflake>,
    pub(in super::super) forward: Option<Snowflake>,
    /// The interaction whose modal is to be filled in.
    pub(in super::super) modal: Option<Snowflake>,
    pub(in super::super) pins: bool,
}

/// The screen of a channel.
#[derive(Clone, Debug)]
pub(in super::super) struct ChannelPage {
    pub(in super::super) frame: Frame,
    pub(in super::super) members: Members,
    pub(in super::super) head: Head,
    pub(in super::super) log: Log,
    pub(in super::super) can: Can,
    pub(in super::super) reply: Option<Value>,
    pub(in super::super) edit: Option<Value>,
    pub(in super::super) thread: Option<Value>,
    pub(in super::super) forward: Option<Value>,
    /// Channels to which a message can be forwarded.
    pub(in super::super) targets: Vec<(Snowflake, String)>,
    /// The interaction, and the modal that a bot opened.
    pub(in super::super) modal: Option<(Snowflake, Value)>,
    pub(in super::super) pins: Option<Vec<Value>>,
    pub(in super::super) posts: Vec<Post>,
    pub(in super::super) post_names: Names,
    pub(in super::super) commands: Vec<Command>,
    pub(in super::super) picks: Picks,
    /// `name:id` of custom emojis.
    pub(in super::super) emojis: Vec<String>,
    pub(in super::super) stickers: Vec<(Snowflake, String)>,
}

/// What stands above the messages.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Head {
    pub(in super::super) id: Snowflake,
    pub(in super::super) guild: Option<Snowflake>,
    pub(in super::super) name: String,
    pub(in super::super) kind: u64,
    pub(in super::super) topic: String,
    /// The channel of a thread.
    pub(in super::super) parent: Option<(Snowflake, String)>,
    pub(in super::super) is_thread: bool,
    pub(in super::super) archived: bool,
    pub(in super::super) locked: bool,
    pub(in super::super) joined: bool,
    pub(in super::super) forum: bool,
    pub(in super::super) voice: bool,
    /// The viewer is connected here.
    pub(in super::super) connected: bool,
    pub(in super::super) slow_seconds: u64,
    /// Of a forum: ids and names.
    pub(in super::super) tags: Vec<(Snowflake, String)>,
}

impl Head {
    /// `#general`, but the plain name of a thread or a person.
    pub(in super::super) fn title(&self) -> String {
        if self.guild.is_some() && !self.is_thread {
            format!("#{}", self.name)
        } else {
            self.name.clone()
        }
    }
}

/// The channel as `viewer` sees it; `None` when it is hidden or there is none.
pub(in super::super) fn channel_page(
    world: &World,
    viewer: Snowflake,
    channel: Snowflake,
    asked: &Asked,
) -> Option<ChannelPage> {
    let kept = world.channels.get(&channel)?;
    if !world.may_view(viewer, channel) {
        return None;
    }
    let actor = Actor::from(viewer);
    let one = |id: Option<Snowflake>| world.get_message(&actor, channel, id?).ok();
    let guild = kept.guild_id.and_then(|id| world.guilds.get(&id));
    let (posts, post_names) = if kept.kind.is_forum() {
        forum::posts(world, viewer, channel)
    } else {
        (Vec::new(), Names::default())
    };
    let emojis = guild.into_iter().flat_map(|guild| guild.emojis.values());
    let stickers = guild.into_iter().flat_map(|guild| guild.stickers.values());
    Some(ChannelPage {
        frame: frame(world, viewer, kept.guild_id, Some(channel)),
        members: match guild {
            Some(guild) => Members::of_guild(world, guild, viewer),
            None => Members::of_direct(world, &kept.recipients),
        },
        head: head(world, viewer, channel),
        log: log(world, viewer, channel, asked.page),
        can: Can::of(world, viewer, channel),
        reply: one(asked.reply),
        edit: one(asked.edit),
        thread: one(asked.thread),
        forward: one(asked.forward),
        targets: targets(world, viewer, kept.guild_id, channel),
        modal: asked
            .modal
            .and_then(|id| Some((id, open_modal(world, viewer, id)?))),
        pins: asked.pins.then(|| pins(world, &actor, channel)),
        posts,
        post_names,
        commands: commands::chat_commands(world, viewer, channel),
        picks: Picks::of(world, viewer, kept.guild_id),
        emojis: emojis
            .take(MAX_EXPRESSIONS)
            .map(|emoji| format!("{}:{}", emoji.name, emoji.id))
            .collect(),
        stickers: stickers
            .take(MAX_EXPRESSIONS)
            .map(|sticker| (sticker.id, sticker.name.clone()))
            .collect(),
    })
}

fn pins(world: &World, actor: &Actor, channel: Snowflake) -> Vec<Value> {
    let listed = world
        .list_pins(actor, channel, None, 50)
        .unwrap_or_default();
    let items = list(&listed, "items").iter();
    items.map(|item| item["message"].clone()).collect()
}

fn head(world: &World, viewer: Snowflake, id: Snowflake) -> Head {
    let Some(kept) = world.channels.get(&id) else {
        return Head::default();
    };
    let payload = world.channel_payload(id, viewer).unwrap_or_default();
    let guild = kept.guild_id.and_then(|id| world.guilds.get(&id));
    let name = match kept.guild_id {
        Some(_) => kept.name.clone(),
        None => frame::direct_name(world, kept, viewer),
    };
    let parent = kept.parent_id.filter(|_| kept.thread.is_some());
    let parent = parent.and_then(|id| Some((id, world.channels.get(&id)?.name.clone())));
    let tags = list(&payload, "available_tags").iter();
    let thread = kept.thread.as_ref();
    let states = guild.and_then(|guild| guild.voice_states.get(&viewer));
    Head {
        id,
        guild: kept.guild_id,
        name,
        kind: kept.kind.number().into(),
        topic: text(&payload, "topic").to_owned(),
        parent,
        is_thread: thread.is_some(),
        archived: thread.is_some_and(|thread| thread.archived),
        locked: thread.is_some_and(|thread| thread.locked),
        joined: thread.is_some_and(|thread| thread.members.contains_key(&viewer)),
        forum: kept.kind.is_forum(),
        voice: kept.kind.is_voice(),
        connected: states.is_some_and(|state| state.channel_id == id),
        slow_seconds: payload["rate_limit_per_user"].as_u64().unwrap_or_default(),
        tags: tags
            .filter_map(|tag| Some((super::id(tag, "id")?, text(tag, "name").to_owned())))
            .collect(),
    }
}

/// The modal that a bot opened for this person.
pub(in super::super) fn open_modal(
    world: &World,
    viewer: Snowflake,
    interaction: Snowflake,
) -> Option<Value> {
    let seen = world.seen_interaction(interaction).ok()?;
    let own = super::id(&seen, "user_id") == Some(viewer);
    let modal = &seen["response"]["modal"];
    (own && modal.is_object()).then(|| modal.clone())
}
