//! Reactions and pins: small marks on messages. Source: Discord documentation, *Message*.

use model::{ChannelId, MessageId, Permissions, Request, UserId, path};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::messages::{
    get_message,
    show::{self, Guild, emoji},
};
use crate::{
    ArgumentError, Change, ReadPlan, View, WritePlan, limits,
    text::{Because, Emoji, Reason, is_timestamp},
    tool::{Needs, Tool, read, write},
    trace::{Trace, fields, first},
    undo::{Step, Undoing, mark_back},
    view::{Fields, each, items},
};

const SEE: Permissions = Permissions::READ_MESSAGE_HISTORY;
const REACT: Needs = Needs::channel(SEE.union(Permissions::ADD_REACTIONS));
const PIN: Needs = Needs::channel(SEE.union(Permissions::PIN_MESSAGES));

pub(super) fn tools() -> Vec<Tool> {
    vec![
        write(
            "discord_add_reaction",
            "Add a reaction",
            &["add_my_message_reaction"],
            REACT,
            add,
        )
        .undoing(Undoing::By(&["discord_remove_reaction"]))
        .repeatable(),
        write(
            "discord_remove_reaction",
            "Remove a reaction",
            &["delete_my_message_reaction", "delete_user_message_reaction"],
            Needs::channel(SEE),
            remove,
        )
        .undoing(Undoing::Partly {
            by: &["discord_add_reaction"],
            lost: "the reactions of others, who alone can give them again",
        })
        .repeatable(),
        write(
            "discord_pin_message",
            "Pin a message",
            &["create_pin"],
            PIN,
            pin,
        )
        .undoing(Undoing::By(&["discord_unpin_message"]))
        .repeatable(),
        write(
            "discord_unpin_message",
            "Unpin a message",
            &["delete_pin"],
            PIN,
            unpin,
        )
        .undoing(Undoing::Partly {
            by: &["discord_pin_message"],
            lost: "its place among the pinned messages",
        })
        .repeatable(),
        read(
            "discord_list_pins",
            "List pinned messages",
            &["list_pins"],
            Needs::channel(SEE),
            list_pins,
        ),
    ]
}

/// React to a message.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AddReaction {
    channel_id: ChannelId,
    message_id: MessageId,
    /// 👍 or name:id.
    emoji: Emoji,
}

fn add(args: &AddReaction) -> WritePlan {
    let request = Request::put(path!(
        "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me",
        channel_id = args.channel_id,
        message_id = args.message_id,
        emoji_name = args.emoji.clone()
    ));
    let (id, wanted) = (args.message_id, args.emoji.clone());
    let shown = wanted.clone();
    let change = move |live: &[Value]| {
        let mine = mine(live, &wanted);
        Change::edits(
            format!("react to message {id}"),
            &json!({"reacted": mine}),
            &json!({"reacted": true}),
        )
    };
    let view = move |_: &Value| {
        let fields = Fields::new()
            .with("message_id", json!(id))
            .with("emoji", shown.as_str())
            .always("reacted", true);
        View::of(fields, &[])
    };
    reacted(
        WritePlan::new(request, change, view),
        args.channel_id,
        id,
        &args.emoji,
        true,
    )
}

/// The bot's own reaction is there or not.
fn reacted(
    plan: WritePlan,
    channel: ChannelId,
    id: MessageId,
    emoji: &Emoji,
    there: bool,
) -> WritePlan {
    let wanted = emoji.clone();
    let image = move |live: &[Value]| json!({"reacted": mine(live, &wanted)});
    let arguments = json!({"channel_id": channel, "message_id": id, "emoji": emoji.as_str()});
    plan.live(vec![get_message(channel, id)])
        .traced(Trace::state(image, json!({"reacted": there})))
        .undone(mark_back(
            "reacted",
            Step::new("discord_add_reaction", arguments.clone()),
            Step::new("discord_remove_reaction", arguments),
        ))
}

/// Whether the bot has reacted with this emoji; null if the message is not known.
fn mine(live: &[Value], wanted: &Emoji) -> Value {
    let Some(message) = live.first().filter(|message| message.is_object()) else {
        return Value::Null;
    };
    let reacted = items(&message["reactions"]).iter().any(|reaction| {
        reaction["me"] == true && emoji(&reaction["emoji"]).as_deref() == Some(wanted.as_str())
    });
    Value::from(reacted)
}

/// Remove the bot's reaction, or with `user_id` somebody else's (needs MANAGE_MESSAGES).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RemoveReaction {
    channel_id: ChannelId,
    message_id: MessageId,
    /// 👍 or name:id.
    emoji: Emoji,
    /// Whose, if not the bot's.
    user_id: Option<UserId>,
}

fn remove(args: &RemoveReaction) -> WritePlan {
    let (id, wanted) = (args.message_id, args.emoji.clone());
    let (path, needs) = match args.user_id {
        Some(user) => (
            path!(
                "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
                channel_id = args.channel_id,
                message_id = id,
                emoji_name = args.emoji.clone(),
                user_id = user
            ),
            Permissions::MANAGE_MESSAGES,
        ),
        None => (
            path!(
                "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me",
                channel_id = args.channel_id,
                message_id = id,
                emoji_name = args.emoji.clone()
            ),
            Permissions::NONE,
        ),
    };
    let own = args.user_id.is_none();
    let shown = wanted.clone();
    let change = move |live: &[Value]| {
        let had = if own {
            mine(live, &wanted)
        } else {
            Value::Null
        };
        Change::edits(
            format!("remove a reaction from message {id}"),
            &json!({"reacted": had}),
            &json!({"reacted": false}),
        )
    };
    let view = move |_: &Value| {
        let fields = Fields::new()
            .with("message_id", json!(id))
            .with("emoji", shown.as_str())
            .always("reacted", false);
        View::of(fields, &[])
    };
    let plan = WritePlan::new(Request::delete(path), change, view).needing(needs);
    if own {
        return reacted(plan, args.channel_id, id, &args.emoji, false);
    }
    plan.live(vec![get_message(args.channel_id, id)])
        .cannot_be_undone("only they can give their reaction again")
}

/// Pin a message in its channel.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PinMessage {
    channel_id: ChannelId,
    message_id: MessageId,
    reason: Option<Reason>,
}

fn pin(args: &PinMessage) -> WritePlan {
    let request = Request::put(pin_path(args.channel_id, args.message_id));
    pinned(
        args.channel_id,
        args.message_id,
        request,
        args.reason.as_ref(),
        true,
    )
}

/// Unpin a message.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UnpinMessage {
    channel_id: ChannelId,
    message_id: MessageId,
    reason: Option<Reason>,
}

fn unpin(args: &UnpinMessage) -> WritePlan {
    let request = Request::delete(pin_path(args.channel_id, args.message_id));
    pinned(
        args.channel_id,
        args.message_id,
        request,
        args.reason.as_ref(),
        false,
    )
}

fn pin_path(channel: ChannelId, message: MessageId) -> model::Path {
    path!(
        "/channels/{channel_id}/messages/pins/{message_id}",
        channel_id = channel,
        message_id = message
    )
}

fn pinned(
    channel: ChannelId,
    id: MessageId,
    request: Request,
    reason: Option<&Reason>,
    wanted: bool,
) -> WritePlan {
    let verb = if wanted { "pin" } else { "unpin" };
    let change = move |live: &[Value]| {
        let live = live.first().unwrap_or(&Value::Null);
        Change::edits(
            format!("{verb} message {id}"),
            live,
            &json!({"pinned": wanted}),
        )
    };
    let view = move |_: &Value| {
        View::of(
            Fields::new()
                .with("message_id", json!(id))
                .always("pinned", wanted),
            &[],
        )
    };
    let arguments = json!({"channel_id": channel, "message_id": id});
    let inverse = mark_back(
        "pinned",
        Step::new("discord_pin_message", arguments.clone()),
        Step::new("discord_unpin_message", arguments),
    );
    let inverse = if wanted {
        inverse
    } else {
        inverse.losing("its place among the pinned messages")
    };
    let settled = json!({"pinned": wanted});
    let image = |live: &[Value]| fields(first(live), &["pinned"]);
    WritePlan::new(request.because(reason), change, view)
        .live(vec![get_message(channel, id)])
        .traced(Trace::state(image, settled))
        .undone(inverse)
}

/// List a channel's pinned messages, newest pin first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListPins {
    channel_id: ChannelId,
    #[serde(default = "fifty")]
    #[schemars(range(min = 1, max = limits::PINS))]
    limit: u32,
    /// Only pinned before this time.
    #[schemars(example = "2026-01-31T12:00:00Z")]
    before: Option<String>,
}

fn fifty() -> u32 {
    limits::PINS
}

fn list_pins(args: &ListPins) -> Result<ReadPlan, ArgumentError> {
    if args
        .before
        .as_deref()
        .is_some_and(|before| !is_timestamp(before))
    {
        return Err(ArgumentError::at(
            "before",
            "is not a time like 2026-01-31T12:00:00Z",
        ));
    }
    let request = Request::get(path!(
        "/channels/{channel_id}/messages/pins",
        channel_id = args.channel_id
    ))
    .query("before", args.before.as_ref())
    .query("limit", Some(args.limit));
    Ok(ReadPlan::new(request, |answer| {
        let messages = each(&answer["items"], |pin| {
            let mut message = show::message(&pin["message"], Guild::Unknown);
            message["pinned_at"] = pin["pinned_at"].clone();
            message
        });
        let fields = Fields::new()
            .always("messages", messages)
            .copy("more", &answer["has_more"]);
        View::of(fields, show::LIST)
    }))
}
