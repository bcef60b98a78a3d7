//! Messages: send, read, edit, delete, wait. Source: Discord documentation, *Message*.

use model::{AttachmentId, ChannelId, MessageId, Millis, Permissions, Request, Risk, UserId, path};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    ArgumentError, Change, ReadPlan, View, WritePlan, limits,
    patch::{BodyFields, Patch},
    text::{Because, Reason},
    tool::{Needs, Tool, destructive, destructive_from_now, flow, read, write},
    view::{Fields, each, items},
};

pub(super) mod components;
pub(super) mod compose;
pub(super) mod embed;
mod history;
pub(super) mod parts;
pub(super) mod show;

use self::{
    components::Components,
    compose::Parts,
    embed::Embed,
    parts::{AllowedMentions, File, Poll, StickerId},
    show::Guild,
};

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
            send,
        )
        .speaking(),
        read(
            "discord_get_messages",
            "Read messages",
            &["list_messages", "get_channel"],
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
            &["get_message", "get_channel"],
            READ,
            get,
        ),
        write(
            "discord_edit_message",
            "Edit a message",
            &["update_message"],
            Needs::channel(Permissions::NONE),
            edit,
        )
        .repeatable()
        .speaking(),
        destructive(
            "discord_delete_message",
            "Delete a message",
            &["delete_message"],
            MANAGE,
            delete,
        )
        .repeatable(),
        destructive_from_now(
            "discord_bulk_delete_messages",
            "Delete several messages",
            &["bulk_delete_messages"],
            MANAGE,
            bulk_delete,
        ),
        write(
            "discord_trigger_typing",
            "Show typing",
            &["trigger_typing_indicator"],
            SEND,
            typing,
        )
        .repeatable(),
    ]
}

/// Post a message in a channel, thread or DM. Mentions notify nobody unless `allowed_mentions` says so.
///
/// Give at least one of content, embeds, components, files, poll and sticker_ids. Text over 2000
/// characters must be split into several messages. Components come in two layouts: action rows (type 1) beside the
/// other parts, or types 9 to 17, which are then the whole message.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SendMessage {
    channel_id: ChannelId,
    /// At most 2000 characters.
    #[schemars(length(max = limits::CONTENT), extend("x-remedy" = "split the text into several messages"))]
    content: Option<String>,
    /// Thread to post in.
    thread_id: Option<ChannelId>,
    /// Message to reply to.
    reply_to: Option<MessageId>,
    /// {title, description, url, color, fields: [{name, value, inline}], author, footer, image, timestamp}
    #[serde(default)]
    #[schemars(length(max = limits::EMBEDS))]
    embeds: Vec<Embed>,
    /// Discord components.
    #[serde(default)]
    components: Components,
    /// {filename, text or base64, content_type}
    #[serde(default)]
    #[schemars(length(max = limits::FILES))]
    files: Vec<File>,
    /// {question, answers: [{text, emoji}], hours, multiselect}
    poll: Option<Poll>,
    #[serde(default)]
    #[schemars(length(max = limits::STICKERS))]
    sticker_ids: Vec<StickerId>,
    /// {users: [id], roles: [id], everyone, replied_user}
    allowed_mentions: Option<AllowedMentions>,
    /// No push notification.
    #[serde(default)]
    silent: bool,
}

fn send(args: &SendMessage) -> Result<WritePlan, ArgumentError> {
    let composed = Parts {
        content: args.content.as_deref(),
        embeds: &args.embeds,
        components: Some(&args.components),
        files: &args.files,
        poll: args.poll.as_ref(),
        sticker_ids: &args.sticker_ids,
        allowed_mentions: args.allowed_mentions.as_ref(),
        silent: args.silent,
    }
    .compose()?;
    let channel = args.thread_id.unwrap_or(args.channel_id);
    let mut needs = composed.needs;
    if args.reply_to.is_some() {
        needs = needs | Permissions::READ_MESSAGE_HISTORY;
    }
    let reference = args
        .reply_to
        .map(|id| json!({"message_id": id, "fail_if_not_exists": true}));
    let body: Value = composed.body.given("message_reference", reference).into();
    let after = compose::preview(&body, &composed.files);
    let request = Request::post(path!(
        "/channels/{channel_id}/messages",
        channel_id = channel
    ))
    .json(body)
    .files(composed.files);
    let change =
        move |_: &[Value]| Change::creates(format!("send a message to {channel}"), after.clone());
    Ok(WritePlan::new(request, change, one)
        .needing(needs)
        .also((channel != args.channel_id).then_some(args.channel_id))
        .takes_nonce())
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
    Ok(ReadPlan::several(
        vec![messages, get_channel(channel)],
        |answers| {
            let channel = answers.get(1).unwrap_or(&Value::Null);
            let guild = Guild::Of(&channel["guild_id"]);
            let messages = answers.first().unwrap_or(&Value::Null);
            let fields = Fields::new().with("channel", place(channel)).always(
                "messages",
                each(messages, |message| show::message(message, guild)),
            );
            View::of(fields, show::LIST)
        },
    ))
}

fn get_channel(channel: ChannelId) -> Request {
    Request::get(path!("/channels/{channel_id}", channel_id = channel))
}

/// The channel of a list of messages, in few words.
fn place(channel: &Value) -> Value {
    Fields::new()
        .keep(channel, &["id", "guild_id", "name", "topic", "parent_id"])
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
    let requests = vec![
        get_message(args.channel_id, args.message_id),
        get_channel(args.channel_id),
    ];
    ReadPlan::several(requests, |answers| {
        let message = answers.first().unwrap_or(&Value::Null);
        let channel = answers.get(1).unwrap_or(&Value::Null);
        View {
            value: show::message(message, Guild::Of(&channel["guild_id"])),
            untrusted: show::ONE,
        }
    })
}

pub(super) fn get_message(channel: ChannelId, message: MessageId) -> Request {
    Request::get(path!(
        "/channels/{channel_id}/messages/{message_id}",
        channel_id = channel,
        message_id = message
    ))
}

/// Edit a message of the bot's own. What is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EditMessage {
    channel_id: ChannelId,
    message_id: MessageId,
    /// New text; null removes it.
    #[serde(default)]
    #[schemars(length(max = limits::CONTENT), extend("x-remedy" = "shorten it or send another message"))]
    content: Patch<String>,
    /// [] removes them.
    #[schemars(length(max = limits::EMBEDS))]
    embeds: Option<Vec<Embed>>,
    /// [] removes them.
    components: Option<Components>,
    /// Files to add.
    #[serde(default)]
    #[schemars(length(max = limits::FILES))]
    files: Vec<File>,
    /// Attachments to keep; all others go.
    #[schemars(length(max = limits::FILES))]
    keep_attachments: Option<Vec<AttachmentId>>,
    allowed_mentions: Option<AllowedMentions>,
}

fn edit(args: &EditMessage) -> Result<WritePlan, ArgumentError> {
    let content = match &args.content {
        Patch::Set(text) => Some(text.as_str()),
        Patch::Keep | Patch::Clear => None,
    };
    let given = Parts {
        content,
        embeds: args.embeds.as_deref().unwrap_or_default(),
        components: args.components.as_ref(),
        files: &args.files,
        allowed_mentions: args.allowed_mentions.as_ref(),
        ..Parts::default()
    };
    given.check()?;
    let (files, new) = parts::files(&args.files)?;
    let attachments = args.keep_attachments.as_ref().map(|kept| {
        let kept = kept.iter().map(|id| json!({"id": id}));
        kept.chain(new.clone()).collect::<Vec<_>>()
    });
    let flags = given.flags();
    let body = BodyFields::new()
        .patch("content", &args.content)
        .given("embeds", args.embeds.as_ref().map(|embeds| json!(embeds)))
        .given("components", args.components.as_ref().map(Components::body))
        .given("attachments", attachments)
        .given("flags", (flags != 0).then_some(flags));
    if body.is_empty() && files.is_empty() {
        return Err(ArgumentError::together(
            "nothing to edit: give at least one part of the message",
        ));
    }
    let body: Value = body
        .set(
            "allowed_mentions",
            AllowedMentions::body(args.allowed_mentions.as_ref()),
        )
        .into();
    let mut wanted = compose::preview(&body, &files);
    if let Some(wanted) = wanted.as_object_mut() {
        wanted.remove("allowed_mentions");
    }
    let request = Request::patch(get_message(args.channel_id, args.message_id).path)
        .json(body)
        .files(files);
    let id = args.message_id;
    let change =
        move |live: &[Value]| Change::edits(format!("edit message {id}"), first(live), &wanted);
    Ok(WritePlan::new(request, change, one)
        .live(vec![get_message(args.channel_id, id)])
        .needing(given.needs()))
}

pub(super) fn first(answers: &[Value]) -> &Value {
    answers.first().unwrap_or(&Value::Null)
}

/// Delete a message. Cannot be undone.
///
/// The bot may always delete its own messages; those of others need MANAGE_MESSAGES.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DeleteMessage {
    channel_id: ChannelId,
    message_id: MessageId,
    reason: Option<Reason>,
}

fn delete(args: &DeleteMessage) -> WritePlan {
    let (channel, id) = (args.channel_id, args.message_id);
    let request = Request::delete(get_message(channel, id).path).because(args.reason.as_ref());
    let change = move |live: &[Value]| {
        let before = show::message(first(live), Guild::Unknown);
        Change::removes(format!("delete message {id} in {channel}"), before)
    };
    let view = move |_: &Value| {
        View::of(
            Fields::new()
                .always("deleted", true)
                .with("id", id.to_string()),
            &[],
        )
    };
    WritePlan::new(request, change, view)
        .live(vec![get_message(channel, id)])
        .waived_for_owner(Permissions::MANAGE_MESSAGES, |live| {
            live["author"]["id"].clone()
        })
        .cannot_be_undone()
}

/// Delete 2 to 100 messages of one channel, none older than 14 days. Cannot be undone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BulkDelete {
    channel_id: ChannelId,
    #[schemars(length(min = limits::BULK_DELETE_MIN, max = limits::BULK_DELETE), extend("x-remedy" = "use discord_delete_message for one, and several calls for more than 100"))]
    message_ids: Vec<MessageId>,
    reason: Option<Reason>,
}

fn bulk_delete(args: &BulkDelete, now: Millis) -> Result<WritePlan, ArgumentError> {
    let mut ids = args.message_ids.clone();
    ids.sort_unstable();
    if let Some([twice, _]) = ids.array_windows().find(|[one, other]| one == other) {
        return Err(ArgumentError::at(
            "message_ids",
            format_args!("names {twice} twice"),
        ));
    }
    let oldest = ids[0];
    if oldest.created_at_ms() < now - limits::BULK_DELETE_AGE_MS {
        return Err(ArgumentError::at(
            "message_ids",
            format_args!(
                "holds {oldest}, which is older than 14 days; Discord deletes such messages only \
                 one by one (discord_delete_message)"
            ),
        ));
    }
    let channel = args.channel_id;
    let request = Request::post(path!(
        "/channels/{channel_id}/messages/bulk-delete",
        channel_id = channel
    ))
    .json(json!({"messages": ids}))
    .because(args.reason.as_ref());
    // One page from the oldest on: a preview of what goes, complete unless others lie between.
    let live = Request::get(path!(
        "/channels/{channel_id}/messages",
        channel_id = channel
    ))
    .query("limit", Some(limits::MESSAGES))
    .query("after", Some(oldest.get() - 1));
    let count = ids.len();
    let change = move |live: &[Value]| {
        let going: Vec<Value> = items(first(live))
            .iter()
            .filter(|message| ids.iter().any(|id| message["id"] == id.to_string()))
            .map(|message| show::message(message, Guild::Unknown))
            .collect();
        Change::removes(
            format!("delete {count} messages in {channel}"),
            Value::from(going),
        )
    };
    let view = move |_: &Value| View::of(Fields::new().always("deleted", count), &[]);
    Ok(WritePlan::new(request, change, view)
        .live(vec![live])
        .cannot_be_undone())
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
}
