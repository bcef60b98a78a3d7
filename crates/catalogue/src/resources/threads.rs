//! Threads: create, list, archive.
//! Source: Discord documentation, *Threads*.

use model::{ChannelId, GuildId, Id, MessageId, Permissions, Request, id::kind, path};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    channels,
    messages::{compose::Parts, embed::Embed, parts::AllowedMentions},
};
use crate::{
    ArgumentError, Change, ReadPlan, View, WritePlan, limits,
    patch::BodyFields,
    text::{Because, Reason, is_timestamp},
    tool::{Needs, Tool, read, write},
    trace::{Found, Sought, Trace, among, audit_log, fields, first, names_of},
    undo::{Inverse, Step, UNSEEN, Undoing},
    view::{Fields, items},
};

pub(super) fn tools() -> Vec<Tool> {
    vec![
        write(
            "discord_create_thread",
            "Create a thread",
            &["create_thread", "create_thread_from_message"],
            Needs::channel(Permissions::NONE),
            create,
        )
        .undoing(Undoing::By(&["discord_delete_channel"]))
        .speaking(),
        read(
            "discord_list_threads",
            "List threads",
            &[
                "get_channel",
                "get_active_guild_threads",
                "list_public_archived_threads",
                "list_private_archived_threads",
            ],
            Needs::channel(Permissions::READ_MESSAGE_HISTORY),
            list,
        )
        .listing_channels(&["threads"]),
        write(
            "discord_archive_thread",
            "Archive a thread",
            &["update_channel"],
            Needs::channel(Permissions::MANAGE_THREADS),
            archive,
        )
        .undoing(Undoing::By(&["discord_archive_thread"]))
        .repeatable()
        .speaking(),
    ]
}

/// Minutes of silence after which Discord hides a thread.
#[derive(Debug, Clone, Copy)]
pub(super) struct AutoArchive(u32);

const AUTO_ARCHIVE: [u32; 4] = [60, 1440, 4320, 10_080];

impl<'de> Deserialize<'de> for AutoArchive {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self)
    }
}

impl Serialize for AutoArchive {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl From<AutoArchive> for Value {
    fn from(minutes: AutoArchive) -> Self {
        Self::from(minutes.0)
    }
}

impl JsonSchema for AutoArchive {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AutoArchive".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "enum": AUTO_ARCHIVE})
    }
}

/// Create a thread: from a message, on its own, or as a post in a forum.
///
/// With `message_id` the thread hangs on that message. In forum and media channels `content` or
/// `embeds` is the first post and is required; elsewhere leave them out and use discord_send_message.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateThread {
    channel_id: ChannelId,
    #[schemars(length(min = 1, max = limits::CHANNEL_NAME))]
    name: String,
    /// Message to start from.
    message_id: Option<MessageId>,
    /// First post; forums only.
    #[schemars(length(max = limits::CONTENT), extend("x-remedy" = "post the rest with discord_send_message"))]
    content: Option<String>,
    /// Forums only.
    #[serde(default)]
    #[schemars(length(max = limits::EMBEDS))]
    embeds: Vec<Embed>,
    allowed_mentions: Option<AllowedMentions>,
    /// Forum tags.
    #[serde(default)]
    #[schemars(length(max = limits::APPLIED_TAGS))]
    applied_tags: Vec<Id<kind::Channel>>,
    /// Only for those invited.
    #[serde(default)]
    private: bool,
    auto_archive_minutes: Option<AutoArchive>,
    /// Seconds between a user's messages.
    #[schemars(range(max = limits::SLOWMODE))]
    slowmode: Option<u32>,
    reason: Option<Reason>,
}

fn create(args: &CreateThread) -> Result<WritePlan, ArgumentError> {
    let is_post = args.content.is_some() || !args.embeds.is_empty();
    if args.message_id.is_some() && (is_post || args.private || !args.applied_tags.is_empty()) {
        return Err(ArgumentError::at(
            "message_id",
            "does not go with `content`, `embeds`, `private` or `applied_tags`: the message is the start",
        ));
    }
    if is_post && args.private {
        return Err(ArgumentError::at(
            "private",
            "does not go with a forum post",
        ));
    }
    let body = BodyFields::new()
        .set("name", args.name.clone())
        .given("auto_archive_duration", args.auto_archive_minutes)
        .given("rate_limit_per_user", args.slowmode);
    let (channel, hangs_on) = (args.channel_id, args.message_id);
    let (request, needs) = if let Some(message) = args.message_id {
        let path = path!(
            "/channels/{channel_id}/messages/{message_id}/threads",
            channel_id = channel,
            message_id = message
        );
        let request = Request::post(path).json(body.into());
        (request, Permissions::CREATE_PUBLIC_THREADS)
    } else if is_post {
        let post = Parts {
            content: args.content.as_deref(),
            embeds: &args.embeds,
            allowed_mentions: args.allowed_mentions.as_ref(),
            ..Parts::default()
        }
        .compose()?;
        let tags: Vec<String> = args.applied_tags.iter().map(ToString::to_string).collect();
        let body = body
            .set("message", post.body)
            .given("applied_tags", (!tags.is_empty()).then_some(tags));
        let request = Request::post(path!(
            "/channels/{channel_id}/threads",
            channel_id = channel
        ))
        .json(body.into());
        (request, Permissions::SEND_MESSAGES | post.needs)
    } else {
        let kind = if args.private {
            PRIVATE_THREAD
        } else {
            PUBLIC_THREAD
        };
        let request = Request::post(path!(
            "/channels/{channel_id}/threads",
            channel_id = channel
        ))
        .json(body.set("type", kind).into());
        let needs = if args.private {
            Permissions::CREATE_PRIVATE_THREADS
        } else {
            Permissions::CREATE_PUBLIC_THREADS
        };
        (request, needs)
    };
    let request = request.because(args.reason.as_ref());
    let after = request.body.json().cloned().unwrap_or_default();
    let change =
        move |_: &[Value]| Change::creates(format!("create a thread in {channel}"), after.clone());
    let trace = channels::found_by_id(vec!["name".to_owned()]).sought(
        move |sought| seek(sought, channel, hangs_on),
        move |sought, answers| judge(sought, hangs_on, answers),
    );
    Ok(WritePlan::new(request, change, one)
        .traced(trace)
        .undone(channels::delete_made())
        .needing(needs))
}

/// Action *thread create* of the audit log.
const THREAD_CREATE: u32 = 110;

/// A thread on a message has the message's id. Others are found by the audit log, which names the
/// reference, among the guild's active ones.
fn seek(sought: &Sought, channel: ChannelId, hangs_on: Option<MessageId>) -> Vec<Request> {
    if let Some(message) = hangs_on {
        let thread = ChannelId::new(message.get()).unwrap_or(channel);
        return vec![channels::get_request(thread)];
    }
    let Some(guild) = sought.guild else {
        return Vec::new();
    };
    vec![
        Request::get(path!("/guilds/{guild_id}/threads/active", guild_id = guild)),
        audit_log(guild, THREAD_CREATE),
    ]
}

fn judge(sought: &Sought, hangs_on: Option<MessageId>, answers: &[Value]) -> Found {
    let thread = first(answers);
    if hangs_on.is_some() {
        return match thread {
            Value::Null => Found::DidNotHappen,
            thread if thread["owner_id"] == sought.bot.to_string() => {
                Found::Happened(thread.clone())
            }
            _ => Found::CannotTell,
        };
    }
    among(
        sought,
        &thread["threads"],
        answers.get(1).unwrap_or(&Value::Null),
    )
}

/// Channel types of threads. *Channel Types*.
const PUBLIC_THREAD: u64 = 11;
const PRIVATE_THREAD: u64 = 12;

/// Where views of threads hold people's words.
const ONE: &[&str] = &["name"];
const LIST: &[&str] = &["threads[].name"];

fn one(answer: &Value) -> View {
    View {
        value: show(answer),
        untrusted: ONE,
    }
}

/// A thread as callers see it.
fn show(thread: &Value) -> Value {
    let state = &thread["thread_metadata"];
    Fields::new()
        .keep(
            thread,
            &[
                "id",
                "name",
                "guild_id",
                "parent_id",
                "owner_id",
                "message_count",
                "member_count",
            ],
        )
        .with("private", thread["type"] == PRIVATE_THREAD)
        .always("archived", state["archived"] == true)
        .copy("locked", &state["locked"])
        .copy("auto_archive_minutes", &state["auto_archive_duration"])
        .with(
            "archived_at",
            (state["archived"] == true).then(|| state["archive_timestamp"].clone()),
        )
        .copy("created_at", &state["create_timestamp"])
        .with(
            "slowmode",
            thread["rate_limit_per_user"]
                .as_u64()
                .filter(|seconds| *seconds > 0),
        )
        .copy("applied_tags", &thread["applied_tags"])
        .copy("last_message_id", &thread["last_message_id"])
        .into()
}

/// List threads of a channel: active ones, or archived ones.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListThreads {
    channel_id: ChannelId,
    #[serde(default)]
    archived: bool,
    /// Archived private threads.
    #[serde(default)]
    private: bool,
    #[serde(default = "fifty")]
    #[schemars(range(min = 2, max = limits::ARCHIVED_THREADS))]
    limit: u32,
    /// A time, with archived.
    #[schemars(example = "2026-01-31T12:00:00Z")]
    before: Option<String>,
}

fn fifty() -> u32 {
    50
}

fn list(args: &ListThreads) -> Result<ReadPlan, ArgumentError> {
    let channel = args.channel_id;
    if !args.archived {
        if args.private || args.before.is_some() {
            return Err(ArgumentError::at(
                "archived",
                "must be true with `private` or `before`, which are for archived threads",
            ));
        }
        // Only the guild knows its active threads, and only the channel knows its guild.
        let limit = args.limit as usize;
        let plan = ReadPlan::several(vec![channels::get_request(channel)], move |answers| {
            let mut of_channel = items(&answers.get(1).unwrap_or(&Value::Null)["threads"])
                .iter()
                .filter(|thread| thread["parent_id"] == channel.to_string())
                .map(show);
            let threads: Vec<Value> = of_channel.by_ref().take(limit).collect();
            let more = of_channel.next().is_some();
            View::of(
                Fields::new().always("threads", threads).with("more", more),
                LIST,
            )
        });
        return Ok(plan.then(|answers| match answers {
            [channel] => channel["guild_id"]
                .as_str()
                .and_then(|id| id.parse::<GuildId>().ok())
                .map(|guild| {
                    Request::get(path!("/guilds/{guild_id}/threads/active", guild_id = guild))
                })
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }));
    }
    if let Some(before) = &args.before
        && !is_timestamp(before)
    {
        return Err(ArgumentError::at(
            "before",
            "is not a time like 2026-01-31T12:00:00Z",
        ));
    }
    let path = if args.private {
        path!(
            "/channels/{channel_id}/threads/archived/private",
            channel_id = channel
        )
    } else {
        path!(
            "/channels/{channel_id}/threads/archived/public",
            channel_id = channel
        )
    };
    let request = Request::get(path)
        .query("before", args.before.as_ref())
        .query("limit", Some(args.limit));
    let needs = if args.private {
        Permissions::MANAGE_THREADS
    } else {
        Permissions::NONE
    };
    Ok(ReadPlan::new(request, |answer| {
        let threads: Vec<Value> = items(&answer["threads"]).iter().map(show).collect();
        let fields = Fields::new()
            .always("threads", threads)
            .copy("more", &answer["has_more"]);
        View::of(fields, LIST)
    })
    .needing(needs))
}

/// Archive a thread, or with `archived` false bring it back.
///
/// Whoever created the thread may archive it; others need MANAGE_THREADS.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ArchiveThread {
    thread_id: ChannelId,
    #[serde(default = "yes")]
    archived: bool,
    /// Only moderators may bring it back.
    locked: Option<bool>,
    reason: Option<Reason>,
}

fn yes() -> bool {
    true
}

fn archive(args: &ArchiveThread) -> WritePlan {
    let thread = args.thread_id;
    let body: Value = BodyFields::new()
        .set("archived", args.archived)
        .given("locked", args.locked)
        .into();
    let (wanted, settled) = (body.clone(), body.clone());
    let request = Request::patch(channels::get_request(thread).path)
        .json(body)
        .because(args.reason.as_ref());
    let verb = if args.archived {
        "archive"
    } else {
        "bring back"
    };
    let change = move |live: &[Value]| {
        let state = live
            .first()
            .map_or(&Value::Null, |thread| &thread["thread_metadata"]);
        Change::edits(format!("{verb} thread {thread}"), state, &wanted)
    };
    let names = names_of(&settled);
    let state = move |live: &[Value]| fields(&first(live)["thread_metadata"], &names);
    let ids = serde_json::json!({"thread_id": thread});
    let plan = WritePlan::new(request, change, one)
        .live(vec![channels::get_request(thread)])
        .traced(Trace::state(state, settled).answered())
        .undone(back(ids));
    if args.locked.is_some() {
        return plan;
    }
    // What a moderator locked, its creator cannot bring back.
    plan.waived_for_owner(Permissions::MANAGE_THREADS, |thread| {
        match thread["thread_metadata"]["locked"].as_bool() {
            Some(false) => thread["owner_id"].clone(),
            Some(true) | None => Value::Null,
        }
    })
}

/// What is left out of a call archives, so the state is always said.
fn back(ids: Value) -> Inverse {
    Inverse::new(move |kept, _| {
        let (was, is) = (&kept.before, &kept.after);
        if !was.is_object() {
            return Err(UNSEEN.to_owned());
        }
        let mut step = Step::new("discord_archive_thread", ids.clone());
        for name in ["archived", "locked"] {
            if was[name].is_boolean() {
                step.arguments.insert(name.to_owned(), was[name].clone());
            }
        }
        Ok((was != is).then_some(step).into_iter().collect())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn active_threads_are_found_through_the_channels_guild() {
        let args: ListThreads =
            serde_json::from_value(json!({"channel_id": "5", "limit": 50})).unwrap();
        let plan = list(&args).unwrap();
        let channel = json!({"id": "5", "guild_id": "9"});
        let next = plan.more(std::slice::from_ref(&channel));
        assert_eq!(next[0].path.text, "/guilds/9/threads/active");
        let threads = json!({"threads": [
            {"id": "1", "parent_id": "5", "type": 11},
            {"id": "2", "parent_id": "6", "type": 11}
        ]});
        let answers = [channel, threads];
        assert!(plan.more(&answers).is_empty());
        assert_eq!(
            plan.view(&answers, None).value,
            json!({"threads": [{"id": "1", "parent_id": "5", "archived": false}]})
        );
    }
}
