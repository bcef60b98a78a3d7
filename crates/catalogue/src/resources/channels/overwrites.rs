//! Permission overwrites of a channel. Source: Discord documentation, *Edit Channel Permissions*.

use model::{ChannelId, OverwriteId, Permissions, Request, path};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{get_request, show};
use crate::{
    ArgumentError, Change, View, WritePlan,
    permission_name::{PermissionName, set_of},
    text::{Because, Reason},
    tool::{Needs, Tool, destructive},
    trace::{Trace, fields},
    undo::{Inverse, Step, Undoing},
    view::{Fields, items},
};

const MANAGE_ROLES: Needs = Needs::channel(Permissions::MANAGE_ROLES);

const BY: Undoing = Undoing::By(&[
    "discord_set_channel_permissions",
    "discord_delete_channel_permissions",
]);

pub(super) fn set_tool() -> Tool {
    destructive(
        "discord_set_channel_permissions",
        "Set channel permissions",
        &["set_channel_permission_overwrite"],
        MANAGE_ROLES,
        set,
    )
    .undoing(BY)
    .repeatable()
}

pub(super) fn delete_tool() -> Tool {
    destructive(
        "discord_delete_channel_permissions",
        "Delete channel permissions",
        &["delete_channel_permission_overwrite"],
        MANAGE_ROLES,
        delete,
    )
    .undoing(BY)
    .repeatable()
}

/// Whom an overwrite is for.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum For {
    Role,
    Member,
}

/// Set what a role or member may do in a channel. Replaces its whole overwrite there.
///
/// Permissions are named as Discord documents them, e.g. VIEW_CHANNEL. What is in neither list is inherited. The
/// id of the guild stands for @everyone. Only permissions that the bot has itself can be set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetChannelPermissions {
    channel_id: ChannelId,
    /// Role or member.
    overwrite_id: OverwriteId,
    kind: For,
    /// Like VIEW_CHANNEL.
    #[serde(default)]
    allow: Vec<PermissionName>,
    #[serde(default)]
    deny: Vec<PermissionName>,
    reason: Option<Reason>,
}

fn set(args: &SetChannelPermissions) -> Result<WritePlan, ArgumentError> {
    let (allow, deny) = (set_of(&args.allow), set_of(&args.deny));
    let both = allow & deny;
    if !both.is_empty() {
        return Err(ArgumentError::at(
            "deny",
            format_args!("and `allow` both name {}", both.names().join(", ")),
        ));
    }
    let kind = match args.kind {
        For::Role => 0,
        For::Member => 1,
    };
    let request = Request::put(overwrite_path(args.channel_id, args.overwrite_id))
        .json(json!({"type": kind, "allow": allow, "deny": deny}))
        .because(args.reason.as_ref());
    let (channel, id) = (args.channel_id, args.overwrite_id);
    let wanted = json!({"allow": allow.names(), "deny": deny.names()});
    let change = move |live: &[Value]| {
        let old = find(live, id);
        let old = json!({"allow": show::names(&old["allow"]), "deny": show::names(&old["deny"])});
        Change::edits(
            format!("set the permissions of {id} in {channel}"),
            &old,
            &wanted,
        )
    };
    let view = move |_: &Value| {
        let fields = Fields::new()
            .with("channel_id", json!(channel))
            .with("overwrite_id", json!(id))
            .always("allow", allow.names())
            .always("deny", deny.names());
        View::of(fields, &[])
    };
    Ok(WritePlan::new(request, change, view)
        .live(vec![get_request(channel)])
        .traced(trace(
            id,
            json!({"type": kind, "allow": allow, "deny": deny}),
        ))
        .undone(back(channel, id))
        .needing(allow | deny))
}

/// The overwrite alone; null where there is none.
fn trace(id: OverwriteId, wanted: Value) -> Trace {
    let image = move |live: &[Value]| fields(&find(live, id), &["type", "allow", "deny"]);
    Trace::state(image, wanted)
}

fn back(channel: ChannelId, id: OverwriteId) -> Inverse {
    Inverse::new(move |kept, _| {
        let was = &kept.before;
        if *was == kept.after {
            return Ok(Vec::new());
        }
        let ids = json!({"channel_id": channel, "overwrite_id": id});
        if was.is_null() {
            return Ok(vec![Step::new("discord_delete_channel_permissions", ids)]);
        }
        let mut step = Step::new("discord_set_channel_permissions", ids);
        let kind = if was["type"] == 1 { "member" } else { "role" };
        for (name, value) in [
            ("kind", kind.into()),
            ("allow", show::names(&was["allow"]).into()),
            ("deny", show::names(&was["deny"]).into()),
        ] {
            step.arguments.insert(name.to_owned(), value);
        }
        Ok(vec![step])
    })
}

fn overwrite_path(channel: ChannelId, id: OverwriteId) -> model::Path {
    path!(
        "/channels/{channel_id}/permissions/{overwrite_id}",
        channel_id = channel,
        overwrite_id = id
    )
}

fn find(live: &[Value], id: OverwriteId) -> Value {
    live.first()
        .map_or(&[][..], |channel| items(&channel["permission_overwrites"]))
        .iter()
        .find(|overwrite| overwrite["id"] == id.to_string())
        .cloned()
        .unwrap_or_default()
}

/// Delete a role's or member's overwrite in a channel, so that it inherits again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DeleteChannelPermissions {
    channel_id: ChannelId,
    /// Role or member.
    overwrite_id: OverwriteId,
    reason: Option<Reason>,
}

fn delete(args: &DeleteChannelPermissions) -> WritePlan {
    let (channel, id) = (args.channel_id, args.overwrite_id);
    let request = Request::delete(overwrite_path(channel, id)).because(args.reason.as_ref());
    let change = move |live: &[Value]| {
        let old = find(live, id);
        let before = if old.is_null() {
            old
        } else {
            show::overwrite(&old)
        };
        Change::removes(format!("delete the overwrite of {id} in {channel}"), before)
    };
    let view = move |_: &Value| {
        View::of(
            Fields::new()
                .always("deleted", true)
                .with("overwrite_id", json!(id)),
            &[],
        )
    };
    WritePlan::new(request, change, view)
        .live(vec![get_request(channel)])
        .traced(trace(id, Value::Null))
        .undone(back(channel, id))
}
