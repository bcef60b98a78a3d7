//! Acts against members: timeout, kick, ban, and taking a ban back.
//! Source: Discord documentation, *Guild › Modify Guild Member*, *Create Guild Ban*.

use model::{GuildId, Millis, Permissions, Request, UserId, path};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::members;
use crate::{
    ArgumentError, Change, ReadPlan, View, WritePlan, limits,
    patch::{BodyFields, Patch},
    text::{Because, Reason, milliseconds, timestamp},
    tool::{AimAt, Needs, Tool, destructive, destructive_from_now, read, write},
    trace::{Trace, fields, first},
    undo::{Inverse, Step, UNSEEN, Undoing, mark_back},
    view::{Fields, each, items},
};

pub(super) fn tools() -> Vec<Tool> {
    vec![
        destructive_from_now(
            "discord_timeout_member",
            "Time a member out",
            &["update_guild_member"],
            Needs::guild(Permissions::MODERATE_MEMBERS).above(AimAt::User),
            timeout,
        )
        .undoing(Undoing::By(&["discord_timeout_member"])),
        destructive(
            "discord_kick_member",
            "Kick a member",
            &["delete_guild_member"],
            Needs::guild(Permissions::KICK_MEMBERS).above(AimAt::User),
            kick,
        )
        .undoing(Undoing::Never(COMES_BACK))
        .repeatable(),
        destructive(
            "discord_ban_member",
            "Ban a user",
            &["ban_user_from_guild"],
            Needs::guild(Permissions::BAN_MEMBERS).above(AimAt::User),
            ban,
        )
        .undoing(Undoing::Partly {
            by: &["discord_unban_member"],
            lost: MEMBERSHIP,
        })
        .repeatable(),
        write(
            "discord_unban_member",
            "Take back a ban",
            &["unban_user_from_guild"],
            Needs::guild(Permissions::BAN_MEMBERS),
            unban,
        )
        .undoing(Undoing::By(&["discord_ban_member"]))
        .repeatable(),
        read(
            "discord_list_bans",
            "List bans",
            &["list_guild_bans"],
            Needs::guild(Permissions::BAN_MEMBERS),
            list_bans,
        ),
    ]
}

/// Keep a member from writing and speaking for a time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TimeoutMember {
    guild_id: GuildId,
    user_id: UserId,
    /// From now, at most 28 days; null ends a timeout.
    #[schemars(range(min = 1, max = limits::TIMEOUT_SECONDS))]
    seconds: Patch<u32>,
    reason: Option<Reason>,
}

fn timeout(args: &TimeoutMember, now: Millis) -> Result<WritePlan, ArgumentError> {
    let until = match args.seconds {
        Patch::Set(seconds) => timestamp(now + i64::from(seconds) * 1000),
        Patch::Clear => None,
        Patch::Keep => return Err(ArgumentError::at("seconds", "is missing")),
    };
    let user = args.user_id;
    let live = members::get_request(args.guild_id, user);
    let body = json!({"communication_disabled_until": until});
    let wanted = body.clone();
    let request = Request::patch(live.path.clone())
        .json(body)
        .because(args.reason.as_ref());
    let verb = if until.is_some() {
        "time out"
    } else {
        "end the timeout of"
    };
    let change = move |live: &[Value]| {
        Change::edits(
            format!("{verb} member {user}"),
            live.first().unwrap_or(&Value::Null),
            &wanted,
        )
    };
    let settled = json!({"until": until.as_deref().and_then(second)});
    let image = |live: &[Value]| until_of(first(live));
    Ok(WritePlan::new(request, change, members::one)
        .live(vec![live])
        .traced(Trace::state(image, settled).answered())
        .undone(end_as_before(args.guild_id, user)))
}

/// When a member's timeout ends, in whole seconds; Discord writes times in several ways.
fn until_of(member: &Value) -> Value {
    if !member.is_object() {
        return Value::Null;
    }
    let until = member["communication_disabled_until"].as_str();
    json!({"until": until.and_then(second)})
}

fn second(text: &str) -> Option<i64> {
    milliseconds(text).map(|at| at / 1000)
}

/// The timeout as it was, for what is left of it.
fn end_as_before(guild: GuildId, user: UserId) -> Inverse {
    Inverse::new(move |kept, now| {
        if !kept.before.is_object() {
            return Err(UNSEEN.to_owned());
        }
        if kept.before == kept.after {
            return Ok(Vec::new());
        }
        let left = kept.before["until"]
            .as_i64()
            .map(|until| until - now / 1000);
        let seconds = left.filter(|left| *left > 0);
        Ok(vec![Step::new(
            "discord_timeout_member",
            json!({"guild_id": guild, "user_id": user, "seconds": seconds}),
        )])
    })
}

/// Remove a member from a guild. They can come back with an invite.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KickMember {
    guild_id: GuildId,
    user_id: UserId,
    reason: Option<Reason>,
}

fn kick(args: &KickMember) -> WritePlan {
    let user = args.user_id;
    let live = members::get_request(args.guild_id, user);
    let request = Request::delete(live.path.clone()).because(args.reason.as_ref());
    let change = move |live: &[Value]| {
        let before = members::show(live.first().unwrap_or(&Value::Null));
        Change::removes(format!("kick member {user}"), before)
    };
    let view = move |_: &Value| {
        View::of(
            Fields::new()
                .always("kicked", true)
                .with("user_id", json!(user)),
            &[],
        )
    };
    WritePlan::new(request, change, view)
        .live(vec![live])
        .traced(Trace::gone(|_| json!({"exists": true})))
        .cannot_be_undone(COMES_BACK)
}

const COMES_BACK: &str = "who was kicked comes back by an invite of their own accord";

fn ban_path(guild: GuildId, user: UserId) -> model::Path {
    path!(
        "/guilds/{guild_id}/bans/{user_id}",
        guild_id = guild,
        user_id = user
    )
}

/// Ban a user from a guild, member or not.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BanMember {
    guild_id: GuildId,
    user_id: UserId,
    /// Delete their messages this far back too.
    #[serde(default)]
    #[schemars(range(max = limits::BAN_DELETE_SECONDS))]
    delete_message_seconds: u32,
    reason: Option<Reason>,
}

fn ban(args: &BanMember) -> WritePlan {
    let (guild, user, seconds) = (args.guild_id, args.user_id, args.delete_message_seconds);
    let body = BodyFields::new().given("delete_message_seconds", (seconds > 0).then_some(seconds));
    let request = Request::put(ban_path(guild, user))
        .json(body.into())
        .because(args.reason.as_ref());
    // A user who is no member can be banned too, so the user is fetched and not the member.
    let live = Request::get(path!("/users/{user_id}", user_id = user));
    let change = move |live: &[Value]| {
        let before = members::user(live.first().unwrap_or(&Value::Null));
        let messages = if seconds > 0 {
            format!(", and delete their messages of the last {seconds} seconds")
        } else {
            String::new()
        };
        Change::removes(
            format!("ban user {user} from guild {guild}{messages}"),
            before,
        )
    };
    let view = move |_: &Value| {
        View::of(
            Fields::new()
                .always("banned", true)
                .with("user_id", json!(user)),
            &[],
        )
    };
    let ban = Request::get(ban_path(guild, user));
    let image = |live: &[Value]| json!({"banned": live.get(1).is_some_and(Value::is_object)});
    let inverse = mark_back(
        "banned",
        Step::new(
            "discord_ban_member",
            json!({"guild_id": guild, "user_id": user}),
        ),
        Step::new(
            "discord_unban_member",
            json!({"guild_id": guild, "user_id": user}),
        ),
    );
    WritePlan::new(request, change, view)
        .live(vec![live, ban])
        .traced(Trace::state(image, json!({"banned": true})))
        .undone(inverse.losing(MEMBERSHIP))
}

const MEMBERSHIP: &str =
    "membership, roles and nickname of who was a member, and messages deleted with the ban";

/// Take back a ban.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UnbanMember {
    guild_id: GuildId,
    user_id: UserId,
    reason: Option<Reason>,
}

fn unban(args: &UnbanMember) -> WritePlan {
    let (guild, user) = (args.guild_id, args.user_id);
    // Discord's description of this operation demands a body, though an empty one.
    let request = Request::delete(ban_path(guild, user))
        .json(json!({}))
        .because(args.reason.as_ref());
    let change = move |live: &[Value]| {
        let before = show_ban(live.first().unwrap_or(&Value::Null));
        Change::removes(format!("take back the ban of user {user}"), before)
    };
    let view = move |_: &Value| {
        View::of(
            Fields::new()
                .always("unbanned", true)
                .with("user_id", json!(user)),
            &[],
        )
    };
    WritePlan::new(request, change, view)
        .live(vec![Request::get(ban_path(guild, user))])
        .traced(Trace::gone(|ban| fields(ban, &["reason"])))
        .undone(Inverse::new(move |kept, _| {
            if !kept.before.is_object() {
                return Ok(Vec::new());
            }
            let mut step = Step::new(
                "discord_ban_member",
                json!({"guild_id": guild, "user_id": user}),
            );
            let reason = kept.before["reason"]
                .as_str()
                .filter(|reason| !reason.is_empty());
            if let Some(reason) = reason {
                let reason: String = reason.chars().take(limits::REASON).collect();
                step.arguments.insert("reason".to_owned(), reason.into());
            }
            Ok(vec![step])
        }))
}

fn show_ban(ban: &Value) -> Value {
    let user = members::user(&ban["user"]);
    Fields::new()
        .with("user", user)
        .copy("reason", &ban["reason"])
        .into()
}

/// List a guild's bans with their reasons.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListBans {
    guild_id: GuildId,
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = limits::BANS))]
    limit: u32,
    /// Only user ids above this.
    after: Option<UserId>,
}

fn hundred() -> u32 {
    100
}

fn list_bans(args: &ListBans) -> ReadPlan {
    let limit = args.limit as usize;
    let request = Request::get(path!("/guilds/{guild_id}/bans", guild_id = args.guild_id))
        .query("limit", Some(args.limit))
        .query("after", args.after);
    ReadPlan::new(request, move |answer| {
        let next = (items(answer).len() >= limit)
            .then(|| items(answer).last().map(|ban| ban["user"]["id"].clone()))
            .flatten();
        let fields = Fields::new()
            .always("bans", each(answer, show_ban))
            .with("continue_after", next);
        View::of(
            fields,
            &["bans[].user.name", "bans[].user.username", "bans[].reason"],
        )
    })
}
