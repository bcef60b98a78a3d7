//! Deleting messages, one or many.

use model::{ChannelId, MessageId, Millis, Permissions, Request, path};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    first, get_message,
    show::{self, Guild},
};
use crate::{
    ArgumentError, Change, View, WritePlan, limits,
    text::{Because, Reason},
    trace::Trace,
    view::{Fields, items},
};

/// Delete a message. Cannot be undone.
///
/// The bot may always delete its own messages; those of others need MANAGE_MESSAGES.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteMessage {
    channel_id: ChannelId,
    message_id: MessageId,
    reason: Option<Reason>,
}

pub(super) fn delete(args: &DeleteMessage) -> WritePlan {
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
        .traced(Trace::gone(|_| json!({"exists": true})))
        .cannot_be_undone(GONE)
}

pub(super) const GONE: &str = "Discord keeps no deleted message";

/// Delete 2 to 100 messages of one channel, none older than 14 days. Cannot be undone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkDelete {
    channel_id: ChannelId,
    #[schemars(length(min = limits::BULK_DELETE_MIN, max = limits::BULK_DELETE), extend("x-remedy" = "use discord_delete_message for one, and several calls for more than 100"))]
    message_ids: Vec<MessageId>,
    reason: Option<Reason>,
}

pub(super) fn bulk_delete(args: &BulkDelete, now: Millis) -> Result<WritePlan, ArgumentError> {
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
    let marked = ids.clone();
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
    // Those that are still there. A page shows the oldest; what lies beyond it is not looked at.
    let left = move |live: &[Value]| {
        let left = items(first(live)).iter().map(|message| &message["id"]);
        left.filter(|id| marked.iter().any(|marked| **id == marked.to_string()))
            .cloned()
            .collect::<Value>()
    };
    Ok(WritePlan::new(request, change, view)
        .live(vec![live])
        .traced(Trace::state(left, json!([])))
        .cannot_be_undone(GONE))
}
