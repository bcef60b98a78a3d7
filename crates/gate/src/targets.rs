//! What a call is aimed at, read from its requests alone: the named parts of paths, and ids in
//! queries and bodies that reach into other guilds or channels.

use model::{ChannelId, GuildId, Method, Request, WebhookId};
use serde_json::Value;

use crate::facts::Places;

/// Something whose guild must be known before anyone acts on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Guild(GuildId),
    Channel(ChannelId),
    Webhook(WebhookId),
    Invite(String),
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
            Self::DirectMessage => "the direct message".to_owned(),
            Self::Unreadable(text) => format!("\"{}\"", clip(text)),
        }
    }
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
            "code" | "invite_code" if request.path.template.starts_with("/invites/") => {
                push(&mut found, Target::Invite(value.clone()));
            }
            _ => {}
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
