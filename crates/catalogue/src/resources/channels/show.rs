//! Discord's channel object as callers see it.

use model::Permissions;
use serde_json::{Value, json};

use crate::view::{Fields, each};

/// Where a view of one channel holds people's words.
pub(crate) const WORDS: &[&str] = &[
    "name",
    "topic",
    "tags[].name",
    "tags[].emoji",
    "recipients[].name",
];

/// A channel type's word. Source: Discord documentation, *Channel Types*.
pub(crate) fn kind(kind: &Value) -> &'static str {
    match kind.as_u64() {
        Some(0) => "text",
        Some(1) => "dm",
        Some(2) => "voice",
        Some(3) => "group_dm",
        Some(4) => "category",
        Some(5) => "announcement",
        Some(10) => "announcement_thread",
        Some(11) => "public_thread",
        Some(12) => "private_thread",
        Some(13) => "stage",
        Some(14) => "directory",
        Some(15) => "forum",
        Some(16) => "media",
        _ => "unknown",
    }
}

/// One line of a list.
pub(crate) fn brief(channel: &Value) -> Value {
    Fields::new()
        .keep(channel, &["id", "name"])
        .with("kind", kind(&channel["type"]))
        .keep(channel, &["parent_id", "position", "topic", "nsfw"])
        .into()
}

/// Everything that matters of one channel.
pub(crate) fn whole(channel: &Value) -> Value {
    fields(channel).into()
}

pub(crate) fn fields(channel: &Value) -> Fields {
    let state = &channel["thread_metadata"];
    Fields::new()
        .keep(channel, &["id", "guild_id", "name"])
        .with("kind", kind(&channel["type"]))
        .keep(channel, &["topic", "parent_id", "position", "nsfw"])
        .with(
            "slowmode",
            channel["rate_limit_per_user"]
                .as_u64()
                .filter(|seconds| *seconds > 0),
        )
        .keep(
            channel,
            &[
                "user_limit",
                "bitrate",
                "owner_id",
                "message_count",
                "member_count",
            ],
        )
        .copy("archived", &state["archived"])
        .copy("locked", &state["locked"])
        .copy("last_message_id", &channel["last_message_id"])
        .with(
            "overwrites",
            each(&channel["permission_overwrites"], overwrite),
        )
        .with(
            "tags",
            each(&channel["available_tags"], |tag| {
                Fields::new()
                    .keep(tag, &["id", "name", "moderated"])
                    .copy("emoji", &tag["emoji_name"])
                    .into()
            }),
        )
        .copy("applied_tags", &channel["applied_tags"])
        .with(
            "recipients",
            each(
                &channel["recipients"],
                |user| json!({"id": user["id"], "name": user["username"]}),
            ),
        )
}

/// A permission overwrite with names instead of numbers.
pub(crate) fn overwrite(overwrite: &Value) -> Value {
    let kind = if overwrite["type"] == 1 {
        "member"
    } else {
        "role"
    };
    Fields::new()
        .keep(overwrite, &["id"])
        .with("kind", kind)
        .with("allow", names(&overwrite["allow"]))
        .with("deny", names(&overwrite["deny"]))
        .into()
}

/// The names in a permission set that Discord writes as digits.
pub(crate) fn names(bits: &Value) -> Vec<String> {
    bits.as_str()
        .and_then(|digits| digits.parse().ok())
        .map(|bits| Permissions::from_bits(bits).names())
        .unwrap_or_default()
}
