//! Discord's own audit log of a guild. Source: Discord documentation, *Audit Log*.

use std::borrow::Cow;

use model::{GuildId, Id, Permissions, Request, UserId, path};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, json};

use super::messages::show::name;
use crate::{
    ReadPlan, View,
    catalogue::nearest,
    limits,
    text::timestamp,
    tool::{Needs, Tool, read},
    view::{Fields, each, items},
};

pub(super) fn tools() -> Vec<Tool> {
    vec![
        read(
            "discord_list_audit_log",
            "Read the audit log",
            &["list_guild_audit_log_entries"],
            Needs::guild(Permissions::VIEW_AUDIT_LOG),
            list,
        )
        .naming_channels("entries", "/channel_id"),
    ]
}

/// An entry of the audit log.
enum Entry {}

/// Read who changed what in a guild, newest first, with reasons.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListAuditLog {
    guild_id: GuildId,
    /// Only by this user.
    user_id: Option<UserId>,
    /// Like member_kick, role_update.
    action: Option<Action>,
    /// Only older entries.
    before: Option<Id<Entry>>,
    #[serde(default = "fifty")]
    #[schemars(range(min = 1, max = limits::AUDIT_ENTRIES))]
    limit: u32,
}

fn fifty() -> u32 {
    50
}

fn list(args: &ListAuditLog) -> ReadPlan {
    let limit = args.limit as usize;
    let request = Request::get(path!(
        "/guilds/{guild_id}/audit-logs",
        guild_id = args.guild_id
    ))
    .query("user_id", args.user_id)
    .query("action_type", args.action.map(|action| action.0))
    .query("before", args.before)
    .query("limit", Some(args.limit));
    ReadPlan::new(request, move |answer| {
        let entries = &answer["audit_log_entries"];
        let next = (items(entries).len() >= limit)
            .then(|| items(entries).last().map(|entry| entry["id"].clone()))
            .flatten();
        let fields = Fields::new()
            .always(
                "entries",
                each(entries, |shown| entry(shown, &answer["users"])),
            )
            .with("continue_before", next);
        View::of(
            fields,
            &[
                "entries[].user.name",
                "entries[].reason",
                "entries[].changes",
                "entries[].options",
            ],
        )
    })
}

fn entry(entry: &Value, users: &Value) -> Value {
    let user = items(users)
        .iter()
        .find(|user| user["id"] == entry["user_id"]);
    let at = entry["id"]
        .as_str()
        .and_then(|id| id.parse::<Id<Entry>>().ok())
        .and_then(|id| timestamp(id.created_at_ms()));
    let by = Fields::new()
        .copy("id", &entry["user_id"])
        .with("name", user.map_or(Value::Null, name));
    Fields::new()
        .keep(entry, &["id"])
        .with("at", at)
        .with("action", action(&entry["action_type"]))
        .with("user", Value::from(by))
        .keep(entry, &["target_id", "reason"])
        .copy("channel_id", channel_of(entry))
        .with("options", without_tokens(&entry["options"]))
        .with("changes", each(&entry["changes"], change))
        .into()
}

fn change(change: &Value) -> Value {
    if change["key"].as_str().is_some_and(is_secret) {
        return json!({"key": change["key"]});
    }
    json!({"key": change["key"], "before": change["old_value"], "after": change["new_value"]})
}

/// What kinds of options there are is Discord's to say; one that holds a token is left out.
fn without_tokens(options: &Value) -> Value {
    let mut kept = options.clone();
    if let Some(fields) = kept.as_object_mut() {
        fields.retain(|name, _| !is_secret(name));
    }
    kept
}

fn is_secret(name: &str) -> bool {
    name.contains("token") || name.contains("secret")
}

/// The channel that an entry is about: a channel or thread that was changed, or where it happened.
fn channel_of(entry: &Value) -> &Value {
    match entry["action_type"].as_u64() {
        Some(10..=15 | 110..=112) => &entry["target_id"],
        _ => &entry["options"]["channel_id"],
    }
}

/// *Audit Log Events*; numbers without a word here stay numbers.
const ACTIONS: &[(u64, &str)] = &[
    (1, "guild_update"),
    (10, "channel_create"),
    (11, "channel_update"),
    (12, "channel_delete"),
    (13, "channel_overwrite_create"),
    (14, "channel_overwrite_update"),
    (15, "channel_overwrite_delete"),
    (20, "member_kick"),
    (21, "member_prune"),
    (22, "member_ban_add"),
    (23, "member_ban_remove"),
    (24, "member_update"),
    (25, "member_role_update"),
    (26, "member_move"),
    (27, "member_disconnect"),
    (28, "bot_add"),
    (30, "role_create"),
    (31, "role_update"),
    (32, "role_delete"),
    (40, "invite_create"),
    (41, "invite_update"),
    (42, "invite_delete"),
    (50, "webhook_create"),
    (51, "webhook_update"),
    (52, "webhook_delete"),
    (60, "emoji_create"),
    (61, "emoji_update"),
    (62, "emoji_delete"),
    (72, "message_delete"),
    (73, "message_bulk_delete"),
    (74, "message_pin"),
    (75, "message_unpin"),
    (80, "integration_create"),
    (81, "integration_update"),
    (82, "integration_delete"),
    (83, "stage_instance_create"),
    (84, "stage_instance_update"),
    (85, "stage_instance_delete"),
    (90, "sticker_create"),
    (91, "sticker_update"),
    (92, "sticker_delete"),
    (100, "scheduled_event_create"),
    (101, "scheduled_event_update"),
    (102, "scheduled_event_delete"),
    (110, "thread_create"),
    (111, "thread_update"),
    (112, "thread_delete"),
    (121, "command_permission_update"),
    (140, "auto_moderation_rule_create"),
    (141, "auto_moderation_rule_update"),
    (142, "auto_moderation_rule_delete"),
    (143, "auto_moderation_block_message"),
    (144, "auto_moderation_flag"),
    (145, "auto_moderation_timeout"),
];

/// One action by its word.
#[derive(Debug, Clone, Copy)]
struct Action(u64);

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = String::deserialize(deserializer)?;
        let found = ACTIONS.iter().find(|(_, word)| *word == given);
        found.map(|(number, _)| Self(*number)).ok_or_else(|| {
            let near = nearest(&given, ACTIONS.iter().map(|(_, word)| *word));
            let hint = near
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            D::Error::custom(format!("there is no such action{hint}"))
        })
    }
}

impl JsonSchema for Action {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Action".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "examples": ["member_kick", "role_update"]})
    }
}

fn action(number: &Value) -> Value {
    let word = ACTIONS.iter().find(|(known, _)| *number == *known);
    word.map_or_else(|| number.clone(), |(_, word)| Value::from(*word))
}
