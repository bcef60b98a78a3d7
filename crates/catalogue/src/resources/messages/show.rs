//! Discord's message object as callers see it. Field names are stable; empty fields are left out.

use model::{GuildId, Place};
use serde_json::{Value, json};

use super::components::told;
use crate::view::{Fields, each, items};

/// Where a view of one message holds people's words. An attachment's address ends in its name.
pub(crate) const ONE: &[&str] = &[
    "content",
    "author.name",
    "author.username",
    "attachments",
    "embeds",
    "components",
    "poll",
    "stickers[].name",
    "reactions[].emoji",
    "mentions[].name",
    "reply_to",
    "forwarded",
    "thread.name",
    "command",
];
/// The same for a view with `messages`, and what stands beside them.
pub(crate) const LIST: &[&str] = &[
    "channel.name",
    "channel.topic",
    "participants[].name",
    "messages[].content",
    "messages[].author.name",
    "messages[].author.username",
    "messages[].attachments",
    "messages[].embeds",
    "messages[].components",
    "messages[].poll",
    "messages[].stickers[].name",
    "messages[].reactions[].emoji",
    "messages[].mentions[].name",
    "messages[].reply_to",
    "messages[].forwarded",
    "messages[].thread.name",
    "messages[].command",
];

/// How much of a replied-to message is repeated, in characters.
const EXCERPT: usize = 200;

/// A message. `guild` makes the jump link; without it there is none, unless it is a DM.
pub(crate) fn message(message: &Value, guild: Guild<'_>) -> Value {
    Fields::new()
        .keep(message, &["id", "channel_id"])
        .with("type", kind(&message["type"]))
        .with("author", author(message))
        .copy("content", &message["content"])
        .copy("timestamp", &message["timestamp"])
        .copy("edited_at", &message["edited_timestamp"])
        .copy("pinned", &message["pinned"])
        .with("reply_to", reply_to(message))
        .with("forwarded", forwarded(message))
        .with("attachments", each(&message["attachments"], attachment))
        .with("embeds", each(&message["embeds"], embed))
        .with("components", told(&message["components"]))
        .with(
            "stickers",
            each(&message["sticker_items"], |sticker| {
                Fields::new().keep(sticker, &["id", "name"]).into()
            }),
        )
        .with("poll", poll(&message["poll"]))
        .with("reactions", each(&message["reactions"], reaction))
        .with(
            "mentions",
            each(&message["mentions"], |user| {
                Fields::new()
                    .keep(user, &["id"])
                    .with("name", name(user))
                    .into()
            }),
        )
        .copy("mentions_roles", &message["mention_roles"])
        .copy("mentions_everyone", &message["mention_everyone"])
        .with("thread", thread(&message["thread"]))
        .copy("webhook_id", &message["webhook_id"])
        .copy("command", &message["interaction_metadata"]["name"])
        .with("jump_link", jump_link(message, guild))
        .into()
}

/// What is known of a message's guild.
#[derive(Clone, Copy)]
pub(crate) enum Guild<'a> {
    /// This one, or none: it is a DM.
    Of(&'a Value),
    /// This one.
    In(GuildId),
    /// A conversation with the bot.
    Direct,
    /// Not known here.
    Unknown,
}

impl Guild<'_> {
    /// The guild of a place that was looked up.
    pub(crate) fn at(place: Option<&Place>) -> Self {
        match place {
            Some(Place {
                guild_id: Some(guild),
                ..
            }) => Self::In(*guild),
            Some(_) => Self::Direct,
            None => Self::Unknown,
        }
    }
}

fn jump_link(message: &Value, guild: Guild<'_>) -> Option<String> {
    let channel = message["channel_id"].as_str()?;
    let id = message["id"].as_str()?;
    let place = match guild {
        Guild::Of(guild) => guild.as_str().unwrap_or("@me").to_owned(),
        Guild::In(guild) => guild.to_string(),
        Guild::Direct => "@me".to_owned(),
        Guild::Unknown => message["guild_id"].as_str()?.to_owned(),
    };
    Some(format!(
        "https://discord.com/channels/{place}/{channel}/{id}"
    ))
}

/// Messages that people or bots wrote have no type here; others are named after what happened.
/// Source: Discord documentation, *Message Types*.
fn kind(kind: &Value) -> Option<&'static str> {
    Some(match kind.as_u64()? {
        0 | 19 => return None,
        1 => "recipient_add",
        2 => "recipient_remove",
        3 => "call",
        4 => "channel_name_change",
        5 => "channel_icon_change",
        6 => "channel_pinned_message",
        7 => "user_join",
        8..=11 => "guild_boost",
        12 => "channel_follow_add",
        18 => "thread_created",
        20 => "chat_input_command",
        21 => "thread_starter_message",
        22 => "guild_invite_reminder",
        23 => "context_menu_command",
        24 => "auto_moderation_action",
        25 => "role_subscription_purchase",
        27..=29 | 31 => "stage",
        36..=39 => "guild_incident",
        44 => "purchase",
        46 => "poll_result",
        _ => "other",
    })
}

/// Types that people, bots or webhooks write; all others come from Discord itself.
fn is_written(kind: &Value) -> bool {
    matches!(kind.as_u64(), None | Some(0 | 18..=20 | 23))
}

fn author(message: &Value) -> Value {
    let user = &message["author"];
    let kind = if user["system"] == true || !is_written(&message["type"]) {
        "system"
    } else if message["webhook_id"].is_string() && message["interaction_metadata"].is_null() {
        "webhook"
    } else if user["bot"] == true {
        "bot"
    } else {
        "user"
    };
    Fields::new()
        .keep(user, &["id"])
        .with("name", name(user))
        .copy("username", &user["username"])
        .with("kind", kind)
        .into()
}

/// What a client shows: the display name, else the user name.
pub(crate) fn name(user: &Value) -> Value {
    match &user["global_name"] {
        Value::String(name) if !name.is_empty() => Value::from(name.as_str()),
        _ => user["username"].clone(),
    }
}

fn reply_to(message: &Value) -> Value {
    let reference = &message["message_reference"];
    if reference.is_null() || reference["type"] == 1 {
        return Value::Null;
    }
    let original = &message["referenced_message"];
    Fields::new()
        .copy("message_id", &reference["message_id"])
        .with(
            "channel_id",
            (reference["channel_id"] != message["channel_id"])
                .then(|| reference["channel_id"].clone()),
        )
        .copy("author_id", &original["author"]["id"])
        .with("author", name(&original["author"]))
        .with("content", excerpt(&original["content"]))
        .with(
            "deleted",
            message
                .get("referenced_message")
                .is_some_and(Value::is_null),
        )
        .into()
}

fn excerpt(text: &Value) -> Value {
    let Some(text) = text.as_str() else {
        return Value::Null;
    };
    if text.chars().count() <= EXCERPT {
        return Value::from(text);
    }
    let mut short: String = text.chars().take(EXCERPT).collect();
    short.push('…');
    Value::from(short)
}

/// Forwarded messages come as snapshots without their author.
fn forwarded(message: &Value) -> Value {
    each(&message["message_snapshots"], |snapshot| {
        let original = &snapshot["message"];
        Fields::new()
            .with("type", kind(&original["type"]))
            .copy("content", &original["content"])
            .copy("timestamp", &original["timestamp"])
            .with("attachments", each(&original["attachments"], attachment))
            .with("embeds", each(&original["embeds"], embed))
            .copy(
                "from_channel_id",
                &message["message_reference"]["channel_id"],
            )
            .copy(
                "from_message_id",
                &message["message_reference"]["message_id"],
            )
            .into()
    })
}

fn attachment(attachment: &Value) -> Value {
    Fields::new()
        .keep(
            attachment,
            &[
                "id",
                "filename",
                "content_type",
                "size",
                "url",
                "description",
                "width",
                "height",
                "duration_secs",
            ],
        )
        .into()
}

fn embed(embed: &Value) -> Value {
    Fields::new()
        .with(
            "type",
            embed["type"].as_str().filter(|kind| *kind != "rich"),
        )
        .keep(
            embed,
            &["title", "description", "url", "color", "timestamp"],
        )
        .copy("author", &embed["author"]["name"])
        .copy("footer", &embed["footer"]["text"])
        .copy("image", &embed["image"]["url"])
        .copy("thumbnail", &embed["thumbnail"]["url"])
        .copy("video", &embed["video"]["url"])
        .copy("provider", &embed["provider"]["name"])
        .with(
            "fields",
            each(&embed["fields"], |field| {
                Fields::new().keep(field, &["name", "value"]).into()
            }),
        )
        .into()
}

fn reaction(reaction: &Value) -> Value {
    Fields::new()
        .with("emoji", emoji(&reaction["emoji"]))
        .copy("count", &reaction["count"])
        .copy("me", &reaction["me"])
        .into()
}

/// An emoji as tools take it: `👍` or `name:id`.
pub(crate) fn emoji(emoji: &Value) -> Option<String> {
    let name = emoji["name"].as_str()?;
    Some(match emoji["id"].as_str() {
        Some(id) => format!("{name}:{id}"),
        None => name.to_owned(),
    })
}

fn poll(poll: &Value) -> Value {
    if !poll.is_object() {
        return Value::Null;
    }
    let counts = items(&poll["results"]["answer_counts"]);
    let answers = each(&poll["answers"], |answer| {
        let votes = counts
            .iter()
            .find(|count| count["id"] == answer["answer_id"]);
        Fields::new()
            .copy("id", &answer["answer_id"])
            .copy("text", &answer["poll_media"]["text"])
            .with("emoji", emoji(&answer["poll_media"]["emoji"]))
            .always(
                "votes",
                votes.map_or(json!(0), |count| count["count"].clone()),
            )
            .into()
    });
    Fields::new()
        .copy("question", &poll["question"]["text"])
        .with("answers", answers)
        .copy("ends_at", &poll["expiry"])
        .copy("multiselect", &poll["allow_multiselect"])
        .copy("final", &poll["results"]["is_finalized"])
        .into()
}

fn thread(thread: &Value) -> Value {
    Fields::new()
        .keep(thread, &["id", "name", "owner_id", "message_count"])
        .copy("archived", &thread["thread_metadata"]["archived"])
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_author_is_told() {
        let kind = |message: Value| author(&message)["kind"].clone();
        assert_eq!(kind(json!({"type": 0, "author": {"id": "1"}})), "user");
        assert_eq!(kind(json!({"type": 0, "author": {"bot": true}})), "bot");
        assert_eq!(
            kind(json!({"type": 0, "webhook_id": "5", "author": {"bot": true}})),
            "webhook"
        );
        assert_eq!(kind(json!({"type": 7, "author": {"id": "1"}})), "system");
    }

    #[test]
    fn a_reply_says_to_what_and_a_deleted_original_is_told() {
        let message = json!({"channel_id": "2", "message_reference": {"message_id": "9", "channel_id": "2"}, "referenced_message": null});
        assert_eq!(
            reply_to(&message),
            json!({"message_id": "9", "deleted": true})
        );
    }
}
