//! What a template keeps of a guild: roles and channels by small numbers instead of ids.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::permissions::OverwriteTarget;
use crate::snowflake::Snowflake;
use crate::world::channel::{Channel, ChannelKind};
use crate::world::{Role, World};

/// The numbers that stand for ids; `@everyone` is 0, channels begin with 1.
type Numbers = BTreeMap<Snowflake, usize>;

impl World {
    /// The guild as its template would be made now.
    pub(super) fn guild_snapshot(&self, id: Snowflake) -> Value {
        let Some(guild) = self.guilds.get(&id) else {
            return Value::Null;
        };
        let roles: Vec<_> = guild.roles_by_position();
        let roles: Vec<&Role> = roles.into_iter().filter(|role| !role.managed).collect();
        let role_numbers: Numbers = roles.iter().map(|role| role.id).zip(0..).collect();
        let mut channels = self.channels_of(id);
        channels.sort_by_key(|channel| {
            let inside = channel.parent_id.is_some();
            let is_category = channel.kind == ChannelKind::Category;
            (!is_category, inside, channel.position, channel.id)
        });
        let channel_numbers: Numbers = channels.iter().map(|it| it.id).zip(1..).collect();
        let channel_number = |key: &str| {
            let channel = self.channel_setting(id, key)?;
            Some(channel_numbers.get(&channel)?.to_string())
        };
        let full = self.guild_payload(id).unwrap_or_default();
        json!({
            "name": guild.name,
            "description": full["description"],
            "region": null,
            "verification_level": full["verification_level"],
            "default_message_notifications": full["default_message_notifications"],
            "explicit_content_filter": full["explicit_content_filter"],
            "preferred_locale": full["preferred_locale"],
            "afk_channel_id": channel_number("afk_channel_id"),
            "afk_timeout": full["afk_timeout"],
            "system_channel_id": channel_number("system_channel_id"),
            "system_channel_flags": full["system_channel_flags"],
            "roles": roles.iter().map(|role| role_snapshot(role, &role_numbers))
                .collect::<Vec<_>>(),
            "channels": channels.iter()
                .map(|channel| channel_snapshot(channel, &channel_numbers, &role_numbers))
                .collect::<Vec<_>>(),
        })
    }
}

/// Templates know four kinds of channel; the others become the one that is most like them.
fn plain_kind(kind: ChannelKind) -> ChannelKind {
    match kind {
        ChannelKind::Voice | ChannelKind::Stage => ChannelKind::Voice,
        ChannelKind::Forum | ChannelKind::Media => ChannelKind::Forum,
        ChannelKind::Category => ChannelKind::Category,
        _ => ChannelKind::Text,
    }
}

fn role_snapshot(role: &Role, numbers: &Numbers) -> Value {
    let full = role.payload();
    let mut kept = json!({ "id": numbers.get(&role.id) });
    for key in [
        "name",
        "permissions",
        "color",
        "colors",
        "hoist",
        "mentionable",
        "icon",
        "unicode_emoji",
    ] {
        kept[key] = full[key].clone();
    }
    kept
}

fn channel_snapshot(channel: &Channel, numbers: &Numbers, roles: &Numbers) -> Value {
    let setting = |key: &str| channel.settings.get(key).cloned().unwrap_or_default();
    let or = |key: &str, default: Value| match setting(key) {
        Value::Null => default,
        value => value,
    };
    let overwrites: Vec<_> = channel
        .overwrites
        .iter()
        .filter(|overwrite| overwrite.target == OverwriteTarget::Role)
        .filter_map(|overwrite| Some((roles.get(&overwrite.id)?, overwrite)))
        .map(|(number, overwrite)| {
            json!({
                "id": number.to_string(),
                "type": 0,
                "allow": overwrite.allow.to_string(),
                "deny": overwrite.deny.to_string(),
            })
        })
        .collect();
    let tags = setting("available_tags");
    let tags: Vec<_> = tags
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(at, tag)| {
            json!({
                "id": at, "name": tag["name"], "emoji_id": tag["emoji_id"],
                "emoji_name": tag["emoji_name"], "moderated": tag["moderated"],
            })
        })
        .collect();
    json!({
        "id": numbers.get(&channel.id),
        "type": plain_kind(channel.kind).number(),
        "name": channel.name,
        "position": channel.position,
        "topic": setting("topic"),
        "bitrate": or("bitrate", json!(64_000)),
        "user_limit": or("user_limit", json!(0)),
        "nsfw": or("nsfw", json!(false)),
        "rate_limit_per_user": or("rate_limit_per_user", json!(0)),
        "parent_id": channel.parent_id.and_then(|parent| numbers.get(&parent))
            .map(usize::to_string),
        "default_auto_archive_duration": setting("default_auto_archive_duration"),
        "permission_overwrites": overwrites,
        "available_tags": channel.kind.is_forum().then_some(tags),
        "template": "",
        "default_reaction_emoji": setting("default_reaction_emoji"),
        "default_thread_rate_limit_per_user": setting("default_thread_rate_limit_per_user"),
        "default_sort_order": setting("default_sort_order"),
        "default_forum_layout": setting("default_forum_layout"),
        "default_tag_setting": setting("default_tag_setting"),
        "theme_color": null,
    })
}
