//! Members: find them and look at them. Source: Discord documentation, *Guild › Members* and *User*.

use model::{GuildId, Permissions, Request, UserId, path};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{messages::show::name, roles};
use crate::{
    ArgumentError, Change, ReadPlan, View, WritePlan, limits,
    patch::{BodyFields, Patch},
    text::{Because, Reason},
    tool::{AimAt, Needs, Tool, read, write},
    trace::Trace,
    undo::{Setting, Undoing, set_back},
    view::{Fields, each, items},
};

const IN_GUILD: Needs = Needs::guild(Permissions::NONE);

pub(super) fn tools() -> Vec<Tool> {
    vec![
        read(
            "discord_user_lookup",
            "Look up a user",
            &[
                "get_user",
                "get_guild_member",
                "search_guild_members",
                "list_guild_roles",
            ],
            Needs::NOTHING,
            lookup,
        ),
        read(
            "discord_get_member",
            "Get a member",
            &["get_guild_member"],
            IN_GUILD,
            get,
        ),
        read(
            "discord_list_members",
            "List members",
            &["list_guild_members"],
            IN_GUILD,
            list,
        ),
        read(
            "discord_search_members",
            "Search members",
            &["search_guild_members"],
            IN_GUILD,
            search,
        ),
        write(
            "discord_edit_member",
            "Edit a member",
            &["update_guild_member"],
            Needs::guild(Permissions::NONE).above(AimAt::User),
            edit,
        )
        .undoing(Undoing::By(&["discord_edit_member"]))
        .repeatable(),
    ]
}

/// `GET` of one member.
pub(super) fn get_request(guild: GuildId, user: UserId) -> Request {
    Request::get(path!(
        "/guilds/{guild_id}/members/{user_id}",
        guild_id = guild,
        user_id = user
    ))
}

/// A user as callers see them.
pub(super) fn user(user: &Value) -> Value {
    user_fields(user).into()
}

fn user_fields(user: &Value) -> Fields {
    let kind = if user["system"] == true {
        "system"
    } else if user["bot"] == true {
        "bot"
    } else {
        "user"
    };
    let created = user["id"]
        .as_str()
        .and_then(|id| id.parse::<UserId>().ok())
        .and_then(|id| crate::text::timestamp(id.created_at_ms()));
    Fields::new()
        .keep(user, &["id"])
        .with("name", name(user))
        .copy("username", &user["username"])
        .with("kind", kind)
        .with("created_at", created)
}

/// A member as callers see them.
pub(super) fn show(member: &Value) -> Value {
    user_fields(&member["user"])
        .copy("nickname", &member["nick"])
        .copy("roles", &member["roles"])
        .copy("joined_at", &member["joined_at"])
        .copy("boosting_since", &member["premium_since"])
        .copy("timed_out_until", &member["communication_disabled_until"])
        .keep(member, &["mute", "deaf", "pending"])
        .into()
}

const ONE: &[&str] = &["name", "username", "nickname"];
const LIST: &[&str] = &["members[].name", "members[].username", "members[].nickname"];

/// A view of one member.
pub(super) fn one(answer: &Value) -> View {
    View {
        value: show(answer),
        untrusted: ONE,
    }
}

fn listed(answer: &Value) -> Fields {
    Fields::new().always("members", each(answer, show))
}

/// Look up a user by id, or members of a guild by the start of their name.
///
/// With `guild_id` the answer has nickname, roles by name, and when they joined.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UserLookup {
    user_id: Option<UserId>,
    /// Start of a name, with guild_id.
    #[schemars(length(min = 1, max = limits::QUERY))]
    name: Option<String>,
    guild_id: Option<GuildId>,
}

fn lookup(args: &UserLookup) -> Result<ReadPlan, ArgumentError> {
    match (args.user_id, &args.name, args.guild_id) {
        (Some(user), None, None) => {
            let request = Request::get(path!("/users/{user_id}", user_id = user));
            Ok(ReadPlan::new(request, |answer| View {
                value: json!({"users": [self::user(answer)]}),
                untrusted: FOUND,
            }))
        }
        (Some(user), None, Some(guild)) => {
            let requests = vec![roles::list_request(guild), get_request(guild, user)];
            Ok(ReadPlan::several(requests, |answers| {
                found(
                    answers,
                    std::slice::from_ref(answers.get(1).unwrap_or(&Value::Null)),
                )
            }))
        }
        (None, Some(name), Some(guild)) => {
            let requests = vec![roles::list_request(guild), search_request(guild, name, FEW)];
            Ok(ReadPlan::several(requests, |answers| {
                found(answers, answers.get(1).map_or(&[][..], items))
            }))
        }
        _ => Err(ArgumentError::together(
            "give `user_id`, or `name` together with `guild_id`",
        )),
    }
}

/// How many members a lookup by name shows.
const FEW: u32 = 10;

const FOUND: &[&str] = &[
    "users[].name",
    "users[].username",
    "users[].nickname",
    "users[].roles[].name",
];

/// Members with their roles by name.
fn found(answers: &[Value], members: &[Value]) -> View {
    let roles = answers.first().map_or(&[][..], items);
    let users: Vec<Value> = members
        .iter()
        .map(|member| {
            let mut shown = show(member);
            let named: Vec<Value> = items(&member["roles"])
                .iter()
                .map(|id| {
                    let role = roles.iter().find(|role| role["id"] == *id);
                    json!({"id": id, "name": role.map_or(&Value::Null, |role| &role["name"])})
                })
                .collect();
            if !named.is_empty() {
                shown["roles"] = Value::from(named);
            }
            shown
        })
        .collect();
    View {
        value: json!({"users": users}),
        untrusted: FOUND,
    }
}

/// Get a member of a guild.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetMember {
    guild_id: GuildId,
    user_id: UserId,
}

fn get(args: &GetMember) -> ReadPlan {
    ReadPlan::new(get_request(args.guild_id, args.user_id), one)
}

/// List a guild's members. Needs the members intent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListMembers {
    guild_id: GuildId,
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = limits::MEMBERS))]
    limit: u32,
    /// Only ids above this.
    after: Option<UserId>,
}

fn hundred() -> u32 {
    100
}

fn list(args: &ListMembers) -> ReadPlan {
    let limit = args.limit as usize;
    let request = Request::get(path!(
        "/guilds/{guild_id}/members",
        guild_id = args.guild_id
    ))
    .query("limit", Some(args.limit))
    .query("after", args.after);
    ReadPlan::new(request, move |answer| {
        let members = items(answer);
        let next = (members.len() >= limit)
            .then(|| members.last().map(|member| member["user"]["id"].clone()))
            .flatten();
        View::of(listed(answer).with("continue_after", next), LIST)
    })
}

/// Search members by the start of their name or nickname.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SearchMembers {
    guild_id: GuildId,
    #[schemars(length(min = 1, max = limits::QUERY))]
    query: String,
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = limits::MEMBERS))]
    limit: u32,
}

fn ten() -> u32 {
    FEW
}

fn search_request(guild: GuildId, query: &str, limit: u32) -> Request {
    Request::get(path!("/guilds/{guild_id}/members/search", guild_id = guild))
        .query("query", Some(query))
        .query("limit", Some(limit))
}

fn search(args: &SearchMembers) -> ReadPlan {
    let request = search_request(args.guild_id, &args.query, args.limit);
    ReadPlan::new(request, |answer| View::of(listed(answer), LIST))
}

/// Change a member's nickname, or mute or deafen them in voice.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EditMember {
    guild_id: GuildId,
    user_id: UserId,
    /// Null removes it.
    #[serde(default)]
    #[schemars(length(min = 1, max = limits::NICKNAME))]
    nickname: Patch<String>,
    mute: Option<bool>,
    deaf: Option<bool>,
    reason: Option<Reason>,
}

fn edit(args: &EditMember) -> Result<WritePlan, ArgumentError> {
    let body = BodyFields::new()
        .patch("nick", &args.nickname)
        .given("mute", args.mute)
        .given("deaf", args.deaf);
    if body.is_empty() {
        return Err(ArgumentError::together(
            "nothing to edit: give `nickname`, `mute` or `deaf`",
        ));
    }
    let mut needs = Permissions::NONE;
    if args.nickname != Patch::Keep {
        needs = needs | Permissions::MANAGE_NICKNAMES;
    }
    if args.mute.is_some() {
        needs = needs | Permissions::MUTE_MEMBERS;
    }
    if args.deaf.is_some() {
        needs = needs | Permissions::DEAFEN_MEMBERS;
    }
    let body: Value = body.into();
    let trace = Trace::settings(&body);
    let (user, wanted) = (args.user_id, body.clone());
    let live = get_request(args.guild_id, user);
    let request = Request::patch(live.path.clone())
        .json(body)
        .because(args.reason.as_ref());
    let change = move |live: &[Value]| {
        Change::edits(
            format!("edit member {user}"),
            live.first().unwrap_or(&Value::Null),
            &wanted,
        )
    };
    let inverse = set_back(
        "discord_edit_member",
        json!({"guild_id": args.guild_id, "user_id": user}),
        SETTINGS,
        &["nick"],
    );
    Ok(WritePlan::new(request, change, one)
        .live(vec![live])
        .traced(trace)
        .undone(inverse)
        .needing(needs))
}

/// Settings as arguments name them.
const SETTINGS: &[Setting] = &[
    Setting::new("nick", "nickname"),
    Setting::new("mute", "mute"),
    Setting::new("deaf", "deaf"),
];
