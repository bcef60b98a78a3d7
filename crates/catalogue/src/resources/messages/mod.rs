//! Messages: send, read, edit, delete, wait. Source: Discord documentation, *Message*.

use model::{ChannelId, MessageId, Permissions, Place, Request, Risk, UserId, path};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    ArgumentError, Change, ReadPlan, View, WritePlan, limits,
    tool::{Needs, Tool, destructive, destructive_from_now, flow, read, write},
    trace::Trace,
    undo::{Inverse, Step, Undoing},
    view::{Fields, each},
};

pub(super) mod components;
pub(super) mod compose;
mod delete;
mod edit;
pub(super) mod embed;
mod history;
pub(super) mod parts;
mod send;
pub(super) mod show;

use self::show::Guild;

const READ: Needs =
    Needs::channel(Permissions::READ_MESSAGE_HISTORY).in_threads(Permissions::READ_MESSAGE_HISTORY);
pub(super) const SEND: Needs =
    Needs::channel(Permissions::SEND_MESSAGES).in_threads(Permissions::SEND_MESSAGES_IN_THREADS);
const MANAGE: Needs = Needs::channel(Permissions::MANAGE_MESSAGES);

pub(super) fn tools() -> Vec<Tool> {
    vec![
        write(
            "discord_send_message",
            "Send a message",
            &["create_message"],
            SEND,
            send::send,
        )
        .undoing(Undoing::By(&["discord_delete_message"]))
        .speaking(),
        read(
            "discord_get_messages",
            "Read messages",
            &["list_messages"],
            READ,
            list,
        ),
        flow(
            "discord_wait_for_message",
            "Wait for a message",
            Risk::Read,
            &[],
            READ,
            |args: &WaitForMessage| {
                vec![Request::get(path!(
                    "/channels/{channel_id}/messages",
                    channel_id = args.channel_id
                ))]
            },
        ),
        history::tool(),
        read(
            "discord_get_message",
            "Get a message",
            &["get_message"],
            READ,
            get,
        ),
        write(
            "discord_edit_message",
            "Edit a message",
            &["update_message"],
            Needs::channel(Permissions::NONE),
            edit::edit,
        )
        .undoing(Undoing::By(&["discord_edit_message"]))
        .repeatable()
        .speaking(),
        destructive(
            "discord_delete_message",
            "Delete a message",
            &["delete_message"],
            MANAGE,
            delete::delete,
        )
        .undoing(Undoing::Never(delete::GONE))
        .repeatable(),
        destructive_from_now(
            "discord_bulk_delete_messages",
            "Delete several messages",
            &["bulk_delete_messages"],
            MANAGE,
            delete::bulk_delete,
        )
        .undoing(Undoing::Never(delete::GONE)),
        write(
            "discord_trigger_typing",
            "Show typing",
            &["trigger_typing_indicator"],
            SEND,
            typing,
        )
        .undoing(Undoing::Never(PASSES))
        .repeatable(),
    ]
}

/// A view of one message.
pub(super) fn one(answer: &Value) -> View {
    View {
        value: show::message(answer, Guild::Unknown),
        untrusted: show::ONE,
    }
}

/// Read messages of a channel or thread, newest first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetMessages {
    channel_id: ChannelId,
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = limits::MESSAGES))]
    limit: u32,
    /// Only older than this message.
    before: Option<MessageId>,
    /// Only newer than this message.
    after: Option<MessageId>,
    /// Around this message.
    around: Option<MessageId>,
}

fn twenty() -> u32 {
    20
}

fn list(args: &GetMessages) -> Result<ReadPlan, ArgumentError> {
    if [args.before, args.after, args.around]
        .iter()
        .flatten()
        .count()
        > 1
    {
        return Err(ArgumentError::together(
            "give only one of `before`, `after` and `around`",
        ));
    }
    let channel = args.channel_id;
    let messages = Request::get(path!(
        "/channels/{channel_id}/messages",
        channel_id = channel
    ))
    .query("limit", Some(args.limit))
    .query("before", args.before)
    .query("after", args.after)
    .query("around", args.around);
    Ok(ReadPlan::placed(messages, |messages, place| {
        let shown = each(messages, |message| show::message(message, Guild::at(place)));
        let fields = Fields::new()
            .with("channel", place.map_or(Value::Null, whereabouts))
            .always("messages", shown);
        View::of(fields, show::LIST)
    }))
}

/// Where a list of messages is from, by ids: names would take another request.
fn whereabouts(place: &Place) -> Value {
    Fields::new()
        .with("id", place.channel_id.map(|id| id.to_string()))
        .with("guild_id", place.guild_id.map(|id| id.to_string()))
        .with("parent_id", place.parent_id.map(|id| id.to_string()))
        .into()
}

fn get_channel(channel: ChannelId) -> Request {
    Request::get(path!("/channels/{channel_id}", channel_id = channel))
}

/// The channel of a list of messages, in few words.
fn place(channel: &Value) -> Value {
    Fields::new()
        .keep(
            channel,
            &["id", "guild_id", "name", "topic", "parent_id", "owner_id"],
        )
        .into()
}

/// Wait until someone else posts in a channel or thread, or the time is over.
///
/// Returns at once if a matching message newer than `after` is already there. The answer says whether it
/// timed out; that is not an error.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the flow reads the validated map")]
struct WaitForMessage {
    channel_id: ChannelId,
    /// Seconds.
    #[serde(default = "sixty")]
    #[schemars(range(min = 1, max = limits::WAIT_SECONDS))]
    timeout: u32,
    /// Only from this author.
    author_id: Option<UserId>,
    /// Only with this text, in any case.
    #[schemars(length(min = 1, max = limits::QUERY))]
    contains: Option<String>,
    /// Count messages newer than this one.
    after: Option<MessageId>,
}

fn sixty() -> u32 {
    60
}

/// Get one message.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetMessage {
    channel_id: ChannelId,
    message_id: MessageId,
}

fn get(args: &GetMessage) -> ReadPlan {
    let request = get_message(args.channel_id, args.message_id);
    ReadPlan::placed(request, |message, place| View {
        value: show::message(message, Guild::at(place)),
        untrusted: show::ONE,
    })
}

pub(super) fn get_message(channel: ChannelId, message: MessageId) -> Request {
    Request::get(path!(
        "/channels/{channel_id}/messages/{message_id}",
        channel_id = channel,
        message_id = message
    ))
}

pub(super) fn first(answers: &[Value]) -> &Value {
    answers.first().unwrap_or(&Value::Null)
}

/// Show "is typing" in a channel for ten seconds.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TriggerTyping {
    channel_id: ChannelId,
}

fn typing(args: &TriggerTyping) -> WritePlan {
    let channel = args.channel_id;
    let request = Request::post(path!("/channels/{channel_id}/typing", channel_id = channel));
    WritePlan::new(
        request,
        move |_: &[Value]| Change::creates(format!("show typing in {channel}"), Value::Null),
        |_: &Value| View::of(Fields::new().always("typing", true), &[]),
    )
    .cannot_be_undone(PASSES)
}

const PASSES: &str = "it passes by itself within ten seconds";

/// A message that was just made is found by what Discord answered, and deleted again.
pub(super) fn posted(plan: WritePlan) -> WritePlan {
    let ids = |made: &Value| {
        let channel = made["channel_id"].as_str()?.parse().ok()?;
        let message = made["id"].as_str()?.parse().ok()?;
        Some((channel, message))
    };
    let look = move |made: &Value| ids(made).map(|(channel, id)| get_message(channel, id));
    plan.traced(Trace::made(
        &["id", "channel_id"],
        vec!["content".to_owned()],
        look,
    ))
    .undone(Inverse::new(|kept, _| {
        let (channel, id) = (&kept.made["channel_id"], &kept.made["id"]);
        Ok(vec![Step::new(
            "discord_delete_message",
            json!({"channel_id": channel, "message_id": id}),
        )])
    }))
}
