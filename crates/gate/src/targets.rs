//! What a call is aimed at, read from its requests alone: the named parts of paths, and ids in
//! queries and bodies that reach into other guilds or channels.

use model::{ChannelId, GuildId, Method, Request, StickerId, WebhookId};
use serde_json::Value;

use crate::facts::Places;

/// Something whose guild must be known before anyone acts on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Guild(GuildId),
    Channel(ChannelId),
    Webhook(WebhookId),
    Invite(String),
    Sticker(StickerId),
    /// A conversation that is yet to be opened.
    DirectMessage,
    /// An id that is none; nothing can be found out about it.
    Unreadable(String),
}

impl Target {
    /// As refusals name it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Guild(id) => format!("guild {id}"),
            Self::Channel(id) => format!("channel {id}"),
            Self::Webhook(id) => format!("webhook {id}"),
            Self::Invite(code) => format!("invite {}", clip(code)),
            Self::Sticker(id) => format!("sticker {id}"),
            Self::DirectMessage => "the direct message".to_owned(),
            Self::Unreadable(text) => format!("\"{}\"", clip(text)),
        }
    }
}

/// Parts of a path that Discord looks for only inside the guild, channel or webhook before them.
const INSIDE: [&str; 8] = [
    "message_id",
    "user_id",
    "role_id",
    "overwrite_id",
    "emoji_name",
    "emoji_id",
    "sticker_id",
    "answer_id",
];

/// Whether a path names a guild, channel or webhook.
fn is_in_a_place(request: &Request) -> bool {
    ["guild_id", "channel_id", "thread_id", "webhook_id"]
        .iter()
        .any(|name| request.path.parameter(name).is_some())
}

/// How deep a body is searched for ids. Discord's bodies are flatter.
const DEPTH: usize = 8;

/// What the path names: here the act itself happens.
pub(crate) fn of_path(request: &Request) -> Vec<Target> {
    let mut found = Vec::new();
    for (name, value) in &request.path.parameters {
        match name.as_str() {
            "guild_id" => push(&mut found, parsed(value, Target::Guild)),
            "channel_id" | "thread_id" => push(&mut found, parsed(value, Target::Channel)),
            "webhook_id" => push(&mut found, parsed(value, Target::Webhook)),
            "sticker_id" if request.path.parameter("guild_id").is_none() => {
                push(&mut found, parsed(value, Target::Sticker));
            }
            "code" | "invite_code" if request.path.template.starts_with("/invites/") => {
                push(&mut found, Target::Invite(value.clone()));
            }
            "webhook_token" if request.path.parameter("webhook_id").is_some() => {}
            "user_id" if request.path.template.starts_with("/users/") => {}
            confined if INSIDE.contains(&confined) => {
                if !is_in_a_place(request) {
                    push(&mut found, Target::Unreadable(value.clone()));
                }
            }
            // An interaction, or whatever a later tool may name: nobody knows whose it is.
            _ => push(&mut found, Target::Unreadable(clip(value))),
        }
    }
    if request.path.template == "/users/@me/channels" && request.method == Method::Post {
        push(&mut found, Target::DirectMessage);
    }
    for (name, value) in &request.query {
        if name == "thread_id" {
            push(&mut found, parsed(value, Target::Channel));
        }
    }
    found
}

/// Reads of what belongs to no workspace: who the bot and people are, where the bot is (a list that
/// is filtered), and what Discord has for everybody.
const EVERYBODYS: [&str; 9] = [
    "/applications/@me",
    "/gateway",
    "/gateway/bot",
    "/soundboard-default-sounds",
    "/sticker-packs",
    "/users/@me",
    "/users/@me/guilds",
    "/users/{user_id}",
    "/voice/regions",
];

/// Whether every workspace may ask this, although it names no guild.
pub(crate) fn is_everybodys(request: &Request) -> bool {
    request.method == Method::Get && EVERYBODYS.contains(&request.path.template.as_str())
}

/// What query and body reach into besides.
pub(crate) fn besides_path(request: &Request) -> Vec<Target> {
    let mut found = Vec::new();
    for (name, value) in &request.query {
        named(name, &Value::from(value.as_str()), &mut found);
    }
    if let Some(body) = request.body.json() {
        // Positions of channels travel as a list of objects whose `id` is a channel.
        if request.path.template == "/guilds/{guild_id}/channels"
            && let Some(items) = body.as_array()
        {
            for item in items {
                named("channel_id", &item["id"], &mut found);
            }
        }
        search(body, DEPTH, &mut found);
    }
    found
}

/// Where words are written to, for leases: the thread in the query, or else the path's channel, or
/// the channel of the path's webhook.
pub(crate) fn written_channel(request: &Request, places: &Places) -> Option<ChannelId> {
    let thread = request.query.iter().find(|(name, _)| name == "thread_id");
    if let Some((_, id)) = thread {
        return id.parse().ok();
    }
    let of_webhook = || {
        request.path.parameter("webhook_id")?;
        places.channel()
    };
    request.path.id("channel_id").or_else(of_webhook)
}

/// A message that is quoted or forwarded from another channel: its words would be seen here.
pub(crate) fn quoted_channel(request: &Request) -> Option<ChannelId> {
    let reference = request.body.json()?.get("message_reference")?;
    reference.get("channel_id")?.as_str()?.parse().ok()
}

fn search(value: &Value, depth: usize, found: &mut Vec<Target>) {
    if depth == 0 {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                // What a menu of channels starts with.
                if name == "default_values" {
                    for chosen in inner.as_array().into_iter().flatten() {
                        if chosen["type"] == "channel" {
                            named("channel_id", &chosen["id"], found);
                        }
                    }
                }
                named(name, inner, found);
                search(inner, depth - 1, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                search(item, depth - 1, found);
            }
        }
        _ => {}
    }
}

fn named(name: &str, value: &Value, found: &mut Vec<Target>) {
    let make: fn(&str) -> Target = if name == "guild_id" || name.ends_with("_guild_id") {
        |text| parsed(text, Target::Guild)
    } else if name == "channel_id"
        || name == "parent_id"
        || name == "thread_id"
        || name == "channel_ids"
        || name.ends_with("_channel_id")
    {
        |text| parsed(text, Target::Channel)
    } else if name == "webhook_id" {
        |text| parsed(text, Target::Webhook)
    } else if name == "sticker_id" || name == "sticker_ids" {
        |text| parsed(text, Target::Sticker)
    } else {
        return;
    };
    match value {
        Value::String(text) => push(found, make(text)),
        Value::Array(items) => {
            for text in items.iter().filter_map(Value::as_str) {
                push(found, make(text));
            }
        }
        _ => {}
    }
}

fn parsed<T>(text: &str, make: fn(model::Id<T>) -> Target) -> Target {
    match text.parse() {
        Ok(id) => make(id),
        Err(_) => Target::Unreadable(text.to_owned()),
    }
}

fn push(found: &mut Vec<Target>, target: Target) {
    if !found.contains(&target) {
        found.push(target);
    }
}

fn clip(text: &str) -> String {
    text.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_in_bodies_and_queries_are_found() {
        let request = Request::post(model::path!(
            "/channels/{channel_id}/messages",
            channel_id = "1"
        ))
        .query("thread_id", Some("2"))
        .json(json!({
            "content": "x",
            "message_reference": {"channel_id": "3", "guild_id": "4", "message_id": "5"},
            "parent_id": null,
        }));
        let channel = |n| Target::Channel(ChannelId::new(n).unwrap());
        assert_eq!(of_path(&request), [channel(1), channel(2)]);
        assert_eq!(
            besides_path(&request),
            [
                channel(2),
                channel(3),
                Target::Guild(GuildId::new(4).unwrap())
            ]
        );
        assert_eq!(quoted_channel(&request), ChannelId::new(3));
        assert_eq!(
            written_channel(&request, &Places::default()),
            ChannelId::new(2)
        );
    }

    #[test]
    fn an_id_that_is_none_is_not_overlooked() {
        let request = Request::get(model::path!("/guilds/{guild_id}", guild_id = "x"));
        assert_eq!(of_path(&request), [Target::Unreadable("x".to_owned())]);
    }
}
