//! A channel's conversation as one would read it: oldest first, with who took part.

use model::{ChannelId, MessageId, Request, UserId, path};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    READ, get_channel, place,
    show::{self, Guild},
};
use crate::{
    ReadPlan, View, limits,
    tool::{Tool, read},
    view::{Fields, items},
};

pub(super) fn tool() -> Tool {
    read(
        "discord_message_history",
        "Read a conversation",
        &["list_messages", "get_channel"],
        READ,
        history,
    )
}

/// Read a conversation oldest first, up to 500 messages, filtered, with who took part.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MessageHistory {
    channel_id: ChannelId,
    /// Messages to look at.
    #[serde(default = "fifty")]
    #[schemars(range(min = 1, max = limits::HISTORY))]
    limit: u32,
    /// Only older than this message.
    before: Option<MessageId>,
    /// Only of this author.
    author_id: Option<UserId>,
    /// Only with this text, in any case.
    #[schemars(length(min = 1, max = limits::QUERY))]
    contains: Option<String>,
}

fn fifty() -> u32 {
    50
}

fn history(args: &MessageHistory) -> ReadPlan {
    let requests = vec![
        get_channel(args.channel_id),
        page(args.channel_id, args.limit, args.before),
    ];
    let (again, shown) = (args.clone(), args.clone());
    ReadPlan::several(requests, move |answers| view(&shown, answers))
        .then(move |answers| next(&again, answers).into_iter().collect())
}

fn page(channel: ChannelId, wanted: u32, before: Option<MessageId>) -> Request {
    Request::get(path!(
        "/channels/{channel_id}/messages",
        channel_id = channel
    ))
    .query("limit", Some(wanted.min(limits::MESSAGES)))
    .query("before", before)
}

/// The next page, unless the last one was short or enough was read.
fn next(args: &MessageHistory, answers: &[Value]) -> Option<Request> {
    let pages = answers.get(1..)?;
    let read: usize = pages.iter().map(|page| items(page).len()).sum();
    let missing = args
        .limit
        .saturating_sub(u32::try_from(read).unwrap_or(u32::MAX));
    let last = items(pages.last()?);
    if missing == 0 || last.len() < limits::MESSAGES as usize {
        return None;
    }
    let oldest = last.last()?["id"].as_str()?.parse().ok()?;
    Some(page(args.channel_id, missing, Some(oldest)))
}

fn view(args: &MessageHistory, answers: &[Value]) -> View {
    let channel = answers.first().unwrap_or(&Value::Null);
    let guild = Guild::Of(&channel["guild_id"]);
    let read: Vec<&Value> = answers.iter().skip(1).flat_map(items).collect();
    let matching: Vec<&Value> = read
        .iter()
        .rev()
        .copied()
        .filter(|message| matches(args, message))
        .collect();
    // Where the pages stopped: the caller can go on from there.
    let more = (read.len() >= args.limit as usize)
        .then(|| read.last().map(|message| message["id"].clone()))
        .flatten();
    let fields = Fields::new()
        .with("channel", place(channel))
        .always("read", read.len())
        .with("participants", participants(&matching))
        .always(
            "messages",
            matching
                .iter()
                .map(|message| show::message(message, guild))
                .collect::<Vec<_>>(),
        )
        .with("continue_before", more);
    View::of(fields, show::LIST)
}

fn matches(args: &MessageHistory, message: &Value) -> bool {
    let by = args
        .author_id
        .is_none_or(|author| message["author"]["id"] == author.to_string());
    let text = message["content"]
        .as_str()
        .unwrap_or_default()
        .to_lowercase();
    by && args
        .contains
        .as_ref()
        .is_none_or(|wanted| text.contains(&wanted.to_lowercase()))
}

/// Who wrote how much, in order of appearance.
fn participants(messages: &[&Value]) -> Vec<Value> {
    let mut seen: Vec<(Value, Value, u64)> = Vec::new();
    for message in messages {
        let author = &message["author"];
        match seen.iter_mut().find(|(id, _, _)| *id == author["id"]) {
            Some((_, _, count)) => *count += 1,
            None => seen.push((author["id"].clone(), show::name(author), 1)),
        }
    }
    seen.into_iter()
        .map(|(id, name, count)| json!({"id": id, "name": name, "messages": count}))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(ids: std::ops::Range<u64>) -> Value {
        ids.rev()
            .map(|id| json!({"id": id.to_string(), "content": format!("Line {id}"), "author": {"id": "1", "username": "ada"}}))
            .collect()
    }

    #[test]
    fn pages_are_followed_until_enough_is_read() {
        let args: MessageHistory =
            serde_json::from_value(json!({"channel_id": "5", "limit": 150})).unwrap();
        let plan = history(&args);
        assert_eq!(plan.requests.len(), 2);
        let mut answers = vec![json!({"id": "5", "guild_id": "9"}), messages(1000..1100)];
        let next = plan.more(&answers);
        assert_eq!(
            next[0].query,
            [
                ("limit".into(), "50".into()),
                ("before".into(), "1000".into())
            ]
        );
        answers.push(messages(950..1000));
        assert!(plan.more(&answers).is_empty());
        let view = plan.view(&answers, None).value;
        assert_eq!(view["read"], 150);
        assert_eq!(view["messages"][0]["id"], "950");
        assert_eq!(view["continue_before"], "950");
        assert_eq!(view["participants"][0]["messages"], 150);
    }
}
