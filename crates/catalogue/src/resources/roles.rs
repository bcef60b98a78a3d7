//! Roles: list, create, modify, delete, reorder, assign, remove.
//! Source: Discord documentation, *Guild › Roles*.

use model::{GuildId, Permissions, Request, RoleId, UserId, path, place::Aim};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::channels::show::names;
use crate::{
    ArgumentError, Change, ReadPlan, View, WritePlan, limits,
    patch::BodyFields,
    permission_name::{PermissionName, set_of},
    text::{Because, Reason},
    tool::{AimAt, Needs, Tool, destructive, read},
    trace::{Trace, names_of},
    undo::Undoing,
    view::{Fields, items},
};

mod back;

const MANAGE: Needs = Needs::guild(Permissions::MANAGE_ROLES);
const MANAGE_ONE: Needs = MANAGE.above(AimAt::Role);

pub(super) fn tools() -> Vec<Tool> {
    vec![
        read(
            "discord_list_roles",
            "List roles",
            &["list_guild_roles"],
            Needs::guild(Permissions::NONE),
            list,
        ),
        destructive(
            "discord_create_role",
            "Create a role",
            &["create_guild_role"],
            MANAGE,
            create,
        )
        .undoing(Undoing::By(&["discord_delete_role"])),
        destructive(
            "discord_modify_role",
            "Modify a role",
            &["update_guild_role"],
            MANAGE_ONE,
            modify,
        )
        .undoing(Undoing::By(&["discord_modify_role"]))
        .repeatable(),
        destructive(
            "discord_delete_role",
            "Delete a role",
            &["delete_guild_role"],
            MANAGE_ONE,
            delete,
        )
        .undoing(Undoing::Partly {
            by: &["discord_create_role", "discord_reorder_roles"],
            lost: back::LOST,
        })
        .repeatable(),
        destructive(
            "discord_reorder_roles",
            "Reorder roles",
            &["bulk_update_guild_roles"],
            MANAGE,
            reorder,
        )
        .undoing(Undoing::By(&["discord_reorder_roles"]))
        .repeatable(),
        destructive(
            "discord_assign_role",
            "Assign a role",
            &["add_guild_member_role"],
            MANAGE_ONE,
            assign,
        )
        .undoing(Undoing::By(&["discord_remove_role"]))
        .repeatable(),
        destructive(
            "discord_remove_role",
            "Remove a role",
            &["delete_guild_member_role"],
            MANAGE_ONE,
            remove,
        )
        .undoing(Undoing::By(&["discord_assign_role"]))
        .repeatable(),
    ]
}

/// `GET` of a guild's roles.
pub(super) fn list_request(guild: GuildId) -> Request {
    Request::get(path!("/guilds/{guild_id}/roles", guild_id = guild))
}

fn role_path(guild: GuildId, role: RoleId) -> model::Path {
    path!(
        "/guilds/{guild_id}/roles/{role_id}",
        guild_id = guild,
        role_id = role
    )
}

fn get_request(guild: GuildId, role: RoleId) -> Request {
    Request::get(role_path(guild, role))
}

const ONE: &[&str] = &["name"];

/// A role as callers see it.
pub(super) fn show(role: &Value) -> Value {
    Fields::new()
        .keep(role, &["id", "name"])
        .always("position", role["position"].clone())
        .with("permissions", names(&role["permissions"]))
        .with("color", role["color"].as_u64().filter(|color| *color > 0))
        .keep(role, &["hoist", "mentionable", "managed"])
        .copy("bot_id", &role["tags"]["bot_id"])
        .with("booster", role["tags"].get("premium_subscriber").is_some())
        .into()
}

fn one(answer: &Value) -> View {
    View {
        value: show(answer),
        untrusted: ONE,
    }
}

/// List a guild's roles, highest first, with their permissions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListRoles {
    guild_id: GuildId,
}

fn list(args: &ListRoles) -> ReadPlan {
    ReadPlan::new(list_request(args.guild_id), |answer| {
        let mut roles: Vec<&Value> = items(answer).iter().collect();
        roles.sort_by_key(|role| std::cmp::Reverse(role["position"].as_i64()));
        let shown: Vec<Value> = roles.into_iter().map(show).collect();
        View::of(Fields::new().always("roles", shown), &["roles[].name"])
    })
}

/// Create a role. It starts at the bottom; only permissions that the bot has can be given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateRole {
    guild_id: GuildId,
    #[schemars(length(min = 1, max = limits::ROLE_NAME))]
    name: String,
    /// Like SEND_MESSAGES.
    #[serde(default)]
    permissions: Vec<PermissionName>,
    /// RGB as one number.
    #[schemars(range(max = limits::COLOR))]
    color: Option<u32>,
    /// Shown apart.
    hoist: Option<bool>,
    mentionable: Option<bool>,
    reason: Option<Reason>,
}

fn create(args: &CreateRole) -> WritePlan {
    let permissions = set_of(&args.permissions);
    let body = BodyFields::new()
        .set("name", args.name.clone())
        .set("permissions", json!(permissions))
        .given("color", args.color)
        .given("hoist", args.hoist)
        .given("mentionable", args.mentionable);
    let guild = args.guild_id;
    let named = names_of(&body.clone().into());
    let request = Request::post(list_request(guild).path)
        .json(body.clone().into())
        .because(args.reason.as_ref());
    let after: Value = body.set("permissions", permissions.names()).into();
    let change = move |_: &[Value]| {
        Change::creates(format!("create a role in guild {guild}"), after.clone())
    };
    WritePlan::new(request, change, one)
        .traced(back::made(guild, named))
        .undone(back::delete_made(guild))
        .needing(permissions)
}

/// Modify a role for all who have it. `permissions` replaces the whole set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ModifyRole {
    guild_id: GuildId,
    role_id: RoleId,
    #[schemars(length(min = 1, max = limits::ROLE_NAME))]
    name: Option<String>,
    /// All of them, like SEND_MESSAGES.
    permissions: Option<Vec<PermissionName>>,
    /// RGB as one number; 0 for none.
    #[schemars(range(max = limits::COLOR))]
    color: Option<u32>,
    hoist: Option<bool>,
    mentionable: Option<bool>,
    reason: Option<Reason>,
}

fn modify(args: &ModifyRole) -> Result<WritePlan, ArgumentError> {
    let permissions = args.permissions.as_deref().map(set_of);
    let body = BodyFields::new()
        .given("name", args.name.clone())
        .given("permissions", permissions.map(|set| json!(set)))
        .given("color", args.color)
        .given("hoist", args.hoist)
        .given("mentionable", args.mentionable);
    if body.is_empty() {
        return Err(ArgumentError::together(
            "nothing to modify: give at least one setting",
        ));
    }
    let (guild, role) = (args.guild_id, args.role_id);
    let request = Request::patch(role_path(guild, role))
        .json(body.clone().into())
        .because(args.reason.as_ref());
    let trace = Trace::settings(&body.clone().into());
    let wanted: Value = body
        .given("permissions", permissions.map(Permissions::names))
        .into();
    let change = move |live: &[Value]| {
        let mut before = live.first().cloned().unwrap_or_default();
        if before["permissions"].is_string() {
            before["permissions"] = json!(names(&before["permissions"]));
        }
        Change::edits(format!("modify role {role}"), &before, &wanted)
    };
    Ok(WritePlan::new(request, change, one)
        .live(vec![get_request(guild, role)])
        .traced(trace)
        .undone(back::settings(guild, role))
        .needing(permissions.unwrap_or_default()))
}

/// Delete a role; everyone who has it loses it, and nothing tells who had it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DeleteRole {
    guild_id: GuildId,
    role_id: RoleId,
    reason: Option<Reason>,
}

fn delete(args: &DeleteRole) -> WritePlan {
    let (guild, role) = (args.guild_id, args.role_id);
    let request = Request::delete(role_path(guild, role)).because(args.reason.as_ref());
    let change = move |live: &[Value]| {
        let before = show(live.first().unwrap_or(&Value::Null));
        Change::removes(format!("delete role {role}"), before)
    };
    let view = move |_: &Value| {
        View::of(
            Fields::new()
                .always("deleted", true)
                .with("role_id", json!(role)),
            &[],
        )
    };
    WritePlan::new(request, change, view)
        .live(vec![get_request(guild, role)])
        .traced(back::gone())
        .undone(back::make_again(guild))
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RolePosition {
    role_id: RoleId,
    /// 1 is the lowest.
    #[schemars(range(min = 1, max = limits::ROLE_POSITIONS))]
    position: u32,
}

/// Move roles up or down. A role outranks those below it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReorderRoles {
    guild_id: GuildId,
    /// {role_id, position}; 1 is the lowest.
    #[schemars(length(min = 1, max = limits::ROLE_POSITIONS))]
    positions: Vec<RolePosition>,
    reason: Option<Reason>,
}

fn reorder(args: &ReorderRoles) -> WritePlan {
    let body: Value = args
        .positions
        .iter()
        .map(|wanted| json!({"id": wanted.role_id, "position": wanted.position}))
        .collect();
    let guild = args.guild_id;
    let request = Request::patch(list_request(guild).path)
        .json(body)
        .because(args.reason.as_ref());
    let wanted = args.positions.clone();
    let change = move |live: &[Value]| {
        let roles = live.first().map_or(&[][..], items);
        let mut before = serde_json::Map::new();
        let mut after = serde_json::Map::new();
        for role in &wanted {
            let id = role.role_id.to_string();
            let old = roles.iter().find(|old| old["id"] == id);
            before.insert(
                id.clone(),
                old.map_or(Value::Null, |old| old["position"].clone()),
            );
            after.insert(id, json!(role.position));
        }
        let summary = format!("reorder {} roles of guild {guild}", wanted.len());
        Change::edits(summary, &Value::Object(before), &Value::Object(after))
    };
    let aims = args
        .positions
        .iter()
        .map(|wanted| Aim::Role(wanted.role_id))
        .collect();
    WritePlan::new(request, change, |answer: &Value| {
        let shown: Vec<Value> = items(answer)
            .iter()
            .map(|role| Fields::new().keep(role, &["id", "name", "position"]).into())
            .collect();
        View::of(Fields::new().always("roles", shown), &["roles[].name"])
    })
    .live(vec![list_request(guild)])
    .traced(back::positions(&args.positions))
    .undone(back::reorder(guild))
    .aiming(aims)
}

/// Give a member a role.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AssignRole {
    guild_id: GuildId,
    user_id: UserId,
    role_id: RoleId,
    reason: Option<Reason>,
}

fn assign(args: &AssignRole) -> WritePlan {
    let request = Request::put(member_role_path(args.guild_id, args.user_id, args.role_id));
    membership(
        args.guild_id,
        args.user_id,
        args.role_id,
        request,
        args.reason.as_ref(),
        true,
    )
}

/// Take a role from a member.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RemoveRole {
    guild_id: GuildId,
    user_id: UserId,
    role_id: RoleId,
    reason: Option<Reason>,
}

fn remove(args: &RemoveRole) -> WritePlan {
    let request = Request::delete(member_role_path(args.guild_id, args.user_id, args.role_id));
    membership(
        args.guild_id,
        args.user_id,
        args.role_id,
        request,
        args.reason.as_ref(),
        false,
    )
}

fn member_role_path(guild: GuildId, user: UserId, role: RoleId) -> model::Path {
    path!(
        "/guilds/{guild_id}/members/{user_id}/roles/{role_id}",
        guild_id = guild,
        user_id = user,
        role_id = role
    )
}

/// Whether a member has a role afterwards.
fn membership(
    guild: GuildId,
    user: UserId,
    role: RoleId,
    request: Request,
    reason: Option<&Reason>,
    has: bool,
) -> WritePlan {
    let verb = if has { "give role" } else { "take role" };
    let change = move |live: &[Value]| {
        let had = live
            .first()
            .and_then(|member| member["roles"].as_array())
            .map(|roles| roles.iter().any(|id| *id == role.to_string()));
        Change::edits(
            format!("{verb} {role}, member {user}"),
            &json!({"has_role": had}),
            &json!({"has_role": has}),
        )
    };
    let view = move |_: &Value| {
        let fields = Fields::new()
            .with("user_id", json!(user))
            .with("role_id", json!(role))
            .always("has_role", has);
        View::of(fields, &[])
    };
    WritePlan::new(request.because(reason), change, view)
        .live(vec![super::members::get_request(guild, user)])
        .traced(back::membership(role, has))
        .undone(back::member(guild, user, role))
}
