//! The channels of a described guild: categories, kinds, overwrites by name, tags, webhooks.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Names;
use super::gap::Gap;
use super::guild::refused;
use super::spec::{ChannelSpec, GuildSpec};
use crate::permissions::{Overwrite, OverwriteTarget, SEND_MESSAGES, VIEW_CHANNEL};
use crate::snowflake::Snowflake;
use crate::world::{Actor, Channel, ChannelKind, World};

/// Posts of a described forum stay open for a week, in minutes.
const FORUM_ARCHIVE_MINUTES: u64 = 10_080;

/// The channels of a new guild.
#[derive(Debug, Default)]
pub(super) struct Channels {
    pub(super) by_name: BTreeMap<String, Snowflake>,
    /// The first text channel where everyone may write.
    pub(super) first_text: Option<Snowflake>,
}

pub(super) fn add(
    world: &mut World,
    names: &Names,
    guild_id: Snowflake,
    owner: Snowflake,
    guild: &GuildSpec,
    roles: &BTreeMap<String, Snowflake>,
    bots: &[Snowflake],
) -> Result<Channels, Gap> {
    let mut categories = BTreeMap::new();
    let mut channels = Channels::default();
    for (at, spec) in guild.channels.iter().enumerate() {
        let Some(kind) = ChannelKind::from_number(spec.kind.into()) else {
            continue;
        };
        let id = world.next_id();
        let mut channel = Channel::new(id, kind, Some(guild_id));
        channel.name.clone_from(&spec.name);
        channel.position = i64::try_from(at).unwrap_or(i64::MAX);
        channel.parent_id = spec
            .category
            .as_ref()
            .and_then(|name| categories.get(name).copied());
        set(world, &mut channel, spec);
        channel.overwrites = overwrites(guild_id, names, spec, roles, bots);
        if channel.overwrites.is_empty()
            && let Some(category) = channel.parent_id.and_then(|id| world.channels.get(&id))
        {
            channel.overwrites.clone_from(&category.overwrites);
        }
        if kind == ChannelKind::Text && channel.overwrites.is_empty() {
            channels.first_text.get_or_insert(id);
        }
        if kind == ChannelKind::Category {
            categories.insert(spec.name.clone(), id);
        } else {
            channels.by_name.insert(spec.name.clone(), id);
        }
        world.channels.insert(id, channel);
        for (nth, name) in spec.webhooks.iter().enumerate() {
            let body = json!({ "name": name });
            world
                .create_webhook(&Actor::from(owner), id, &body)
                .map_err(refused(&format!("channels[{at}].webhooks[{nth}]")))?;
        }
    }
    Ok(channels)
}

fn set(world: &mut World, channel: &mut Channel, spec: &ChannelSpec) {
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            channel.settings.insert(key.into(), value);
        }
    };
    put("topic", spec.topic.as_ref().map(|topic| json!(topic)));
    put("nsfw", spec.nsfw.then_some(json!(true)));
    let limit = (spec.user_limit > 0).then(|| json!(spec.user_limit));
    put("user_limit", limit);
    if !channel.kind.is_forum() {
        return;
    }
    let tags: Vec<_> = spec
        .tags
        .iter()
        .map(|tag| {
            json!({
                "id": world.next_id(), "name": tag.name, "moderated": tag.moderated,
                "emoji_id": null, "emoji_name": tag.emoji,
            })
        })
        .collect();
    put("available_tags", (!tags.is_empty()).then(|| json!(tags)));
    put(
        "default_auto_archive_duration",
        Some(json!(FORUM_ARCHIVE_MINUTES)),
    );
}

/// The short forms deny a bit to everyone and allow it to the named roles and to bots; exact
/// overwrites come on top.
fn overwrites(
    guild_id: Snowflake,
    names: &Names,
    spec: &ChannelSpec,
    roles: &BTreeMap<String, Snowflake>,
    bots: &[Snowflake],
) -> Vec<Overwrite> {
    let mut all: BTreeMap<Snowflake, Overwrite> = BTreeMap::new();
    let mut grant = |id: Snowflake, target: OverwriteTarget, allow: u64, deny: u64| {
        let one = all.entry(id).or_insert(Overwrite {
            id,
            target,
            allow: 0,
            deny: 0,
        });
        one.allow |= allow;
        one.deny |= deny;
    };
    let short = [
        (VIEW_CHANNEL, &spec.only_for),
        (SEND_MESSAGES, &spec.written_by),
    ];
    for (bit, named) in short.iter().filter(|(_, named)| !named.is_empty()) {
        grant(guild_id, OverwriteTarget::Role, 0, *bit);
        for name in *named {
            grant(roles[name.as_str()], OverwriteTarget::Role, *bit, 0);
        }
        // A bot sees every channel, but writes only where everyone may: a newcomer's first
        // refusal should be one that Discord would give as well.
        for bot in bots.iter().filter(|_| *bit == VIEW_CHANNEL) {
            grant(*bot, OverwriteTarget::Member, *bit, 0);
        }
    }
    for exact in &spec.overwrites {
        let (id, target) = match (&exact.role, &exact.member) {
            (Some(role), _) => (roles[role.as_str()], OverwriteTarget::Role),
            (None, Some(member)) => (names.get(member), OverwriteTarget::Member),
            (None, None) => continue,
        };
        grant(id, target, exact.allow, exact.deny);
    }
    // `@everyone` first, as Discord lists it.
    let everyone = all.remove(&guild_id);
    everyone.into_iter().chain(all.into_values()).collect()
}
