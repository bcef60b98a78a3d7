//! Everything that a story can do to a guild: its channels, roles and members.
#![expect(
    clippy::unnecessary_wraps,
    reason = "verbs are rows of one table, and some find nothing to act on"
)]

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::call::{Audit, Call, Learns, Step};
use super::facts::{self as bits, Right};
use super::stage::Stage;
use super::{verbs_talk, verbs_venue};

type Verb = fn(&Stage, Step) -> Option<Call>;

/// What talks comes more often, since it needs something to talk about.
const VERBS: &[Verb] = &[
    create_channel,
    edit_channel,
    delete_channel,
    move_channels,
    put_overwrite,
    put_overwrite,
    delete_overwrite,
    create_role,
    edit_role,
    delete_role,
    move_roles,
    give_role,
    give_role,
    take_role,
    edit_member,
    mute_member,
    kick,
    ban,
    unban,
    join,
    leave,
    edit_guild,
    enter_voice,
    move_in_voice,
    show_presence,
];

/// What a step's verb stands for.
fn verb(step: Step) -> Verb {
    let all: Vec<&Verb> = [VERBS, verbs_venue::VERBS, verbs_talk::VERBS]
        .into_iter()
        .flatten()
        .collect();
    *all[usize::from(step.verb) % all.len()]
}

pub(super) fn call(stage: &Stage, step: Step) -> Option<Call> {
    verb(step)(stage, step)
}

/// Whether a step lets much time pass.
pub(super) fn is_wait(step: Step) -> bool {
    std::ptr::fn_addr_eq(verb(step), verbs_talk::wait as Verb)
}

/// The thing at an index that counts from the newest.
pub(super) fn pick<T: Clone>(list: &[T], index: u8) -> Option<T> {
    let at = usize::from(index).checked_rem(list.len())?;
    Some(list[list.len() - 1 - at].clone())
}

fn create_channel(stage: &Stage, step: Step) -> Option<Call> {
    let kind = [0, 0, 2, 4, 5, 13, 15][usize::from(step.a) % 7];
    let mut body = json!({ "name": format!("place {}", step.b), "type": kind });
    if step.c.is_multiple_of(2) {
        body["parent_id"] = json!(pick(&stage.known.channels, step.b)?);
    }
    if step.c.is_multiple_of(5) {
        let target = pick(&stage.known.roles, step.b)?;
        body["permission_overwrites"] =
            json!([{ "id": target, "type": 0, "deny": "1024", "allow": "0" }]);
    }
    let path = format!("/guilds/{}/channels", stage.guild);
    let call = Call::new(Method::POST, path, body)
        .audited(Audit::One(10))
        .learns(Learns::Channel);
    let right = Right::InGuild(bits::MANAGE_CHANNELS);
    Some(call.needs(if step.c.is_multiple_of(5) {
        Right::AtLeast(Box::new(right))
    } else {
        right
    }))
}

fn edit_channel(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let body = match step.b % 6 {
        0 => json!({ "name": format!("renamed {}", step.c) }),
        1 => json!({ "topic": format!("topic {}", step.c % 3) }),
        2 => json!({ "parent_id": pick(&stage.known.channels, step.c)? }),
        3 => json!({ "rate_limit_per_user": u64::from(step.c % 3) }),
        4 => json!({ "parent_id": null, "position": step.c }),
        _ => json!({ "type": if step.c.is_multiple_of(2) { 0 } else { 5 } }),
    };
    let path = format!("/channels/{channel}");
    let (facts, audit) = (Right::In(channel, bits::MANAGE_CHANNELS), &[11, 111]);
    // Threads have rules of their own, about who started them.
    let is_thread = stage
        .look()
        .1
        .is_thread(path.trim_start_matches("/channels/"));
    let right = if is_thread { Right::Unjudged } else { facts };
    Some(
        Call::new(Method::PATCH, path, body)
            .needs(right)
            .audited(Audit::IfChanged(audit)),
    )
}

fn delete_channel(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let is_thread = stage.look().1.is_thread(&channel);
    let (needed, kind) = if is_thread {
        (bits::MANAGE_THREADS, 112)
    } else {
        (bits::MANAGE_CHANNELS, 12)
    };
    Some(
        Call::new(Method::DELETE, format!("/channels/{channel}"), Value::Null)
            .needs(Right::In(channel, needed))
            .audited(Audit::One(kind)),
    )
}

fn move_channels(stage: &Stage, step: Step) -> Option<Call> {
    let moved = pick(&stage.known.channels, step.a)?;
    let mut one = json!({ "id": moved, "position": step.b });
    if step.c.is_multiple_of(2) {
        one["parent_id"] = json!(pick(&stage.known.channels, step.c)?);
        one["lock_permissions"] = json!(step.c.is_multiple_of(4));
    }
    let other = json!({ "id": pick(&stage.known.channels, step.b)?, "position": step.c });
    let path = format!("/guilds/{}/channels", stage.guild);
    Some(
        Call::new(Method::PATCH, path, json!([one, other]))
            .needs(Right::AtLeast(Box::new(Right::InGuild(
                bits::MANAGE_CHANNELS,
            ))))
            .audited(Audit::Unjudged),
    )
}

fn put_overwrite(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let (kind, target) = if step.b.is_multiple_of(2) {
        (0, pick(&stage.known.roles, step.b / 2)?)
    } else {
        (1, stage.user(step.b / 2))
    };
    let one = [
        bits::VIEW_CHANNEL,
        bits::SEND_MESSAGES,
        bits::MANAGE_MESSAGES,
        bits::MANAGE_ROLES,
        bits::MANAGE_CHANNELS,
        bits::CONNECT,
        bits::READ_MESSAGE_HISTORY,
        0,
    ][usize::from(step.c) % 8];
    let (allow, deny) = if step.c & 8 == 0 { (one, 0) } else { (0, one) };
    let body = json!({ "type": kind, "allow": allow.to_string(), "deny": deny.to_string() });
    let path = format!("/channels/{channel}/permissions/{target}");
    let right = Right::In(channel, bits::MANAGE_ROLES);
    Some(
        Call::new(Method::PUT, path, body)
            .needs(Right::AtLeast(Box::new(right)))
            .audited(Audit::IfChanged(&[13, 14])),
    )
}

fn delete_overwrite(stage: &Stage, step: Step) -> Option<Call> {
    let channel = pick(&stage.known.channels, step.a)?;
    let target = if step.b.is_multiple_of(2) {
        pick(&stage.known.roles, step.b / 2)?
    } else {
        stage.user(step.b / 2)
    };
    let path = format!("/channels/{channel}/permissions/{target}");
    let right = Right::In(channel, bits::MANAGE_ROLES);
    Some(
        Call::new(Method::DELETE, path, Value::Null)
            .needs(Right::AtLeast(Box::new(right)))
            .audited(Audit::IfChanged(&[15])),
    )
}

fn some_permissions(step: Step) -> u64 {
    let known = [
        bits::MANAGE_CHANNELS,
        bits::MANAGE_ROLES,
        bits::KICK_MEMBERS,
        bits::BAN_MEMBERS,
        bits::MANAGE_MESSAGES,
        bits::MODERATE_MEMBERS,
        bits::MANAGE_THREADS,
        bits::MANAGE_GUILD,
        bits::MANAGE_NICKNAMES,
        bits::ADMINISTRATOR,
        bits::MOVE_MEMBERS,
        0,
    ];
    let pick = |by: u8| known[usize::from(by) % known.len()];
    bits::VIEW_CHANNEL | bits::SEND_MESSAGES | pick(step.b) | pick(step.c)
}

fn create_role(stage: &Stage, step: Step) -> Option<Call> {
    let permissions = some_permissions(step).to_string();
    let body = json!({
        "name": format!("role {}", step.a), "permissions": permissions, "hoist": step.a.is_multiple_of(2),
    });
    let path = format!("/guilds/{}/roles", stage.guild);
    Some(
        Call::new(Method::POST, path, body)
            .needs(Right::AtLeast(Box::new(Right::InGuild(bits::MANAGE_ROLES))))
            .audited(Audit::One(30))
            .learns(Learns::Role),
    )
}

fn edit_role(stage: &Stage, step: Step) -> Option<Call> {
    let role = pick(&stage.known.roles, step.a)?;
    let body = match step.b % 3 {
        0 => json!({ "name": format!("role {}", step.c % 4) }),
        1 => json!({ "permissions": some_permissions(step).to_string() }),
        _ => json!({ "mentionable": step.c.is_multiple_of(2), "color": u64::from(step.c % 3) }),
    };
    let path = format!("/guilds/{}/roles/{role}", stage.guild);
    Some(
        Call::new(Method::PATCH, path, body)
            .needs(Right::AtLeast(Box::new(over_role(role))))
            .audited(Audit::IfChanged(&[31])),
    )
}

fn over_role(role: String) -> Right {
    Right::All(vec![
        Right::InGuild(bits::MANAGE_ROLES),
        Right::AboveRole(role),
    ])
}

fn delete_role(stage: &Stage, step: Step) -> Option<Call> {
    let role = pick(&stage.known.roles, step.a)?;
    let path = format!("/guilds/{}/roles/{role}", stage.guild);
    Some(
        Call::new(Method::DELETE, path, Value::Null)
            .needs(over_role(role))
            .audited(Audit::One(32)),
    )
}

fn move_roles(stage: &Stage, step: Step) -> Option<Call> {
    let role = pick(&stage.known.roles, step.a)?;
    let body = json!([{ "id": role, "position": step.b % 8 }]);
    let path = format!("/guilds/{}/roles", stage.guild);
    Some(
        Call::new(Method::PATCH, path, body)
            .needs(Right::AtLeast(Box::new(Right::InGuild(bits::MANAGE_ROLES))))
            .audited(Audit::Unjudged),
    )
}

fn role_of_member(stage: &Stage, step: Step, method: Method) -> Option<Call> {
    let (user, role) = (stage.user(step.a), pick(&stage.known.roles, step.b)?);
    let path = format!("/guilds/{}/members/{user}/roles/{role}", stage.guild);
    Some(
        Call::new(method, path, Value::Null)
            .needs(over_role(role))
            .audited(Audit::IfChanged(&[25])),
    )
}

fn give_role(stage: &Stage, step: Step) -> Option<Call> {
    role_of_member(stage, step, Method::PUT)
}

fn take_role(stage: &Stage, step: Step) -> Option<Call> {
    role_of_member(stage, step, Method::DELETE)
}

fn edit_member(stage: &Stage, step: Step) -> Option<Call> {
    let user = stage.user(step.a);
    let actor = stage.user(step.actor);
    let path = format!("/guilds/{}/members/{user}", stage.guild);
    if step.b.is_multiple_of(3) {
        let own = format!("/guilds/{}/members/@me", stage.guild);
        let body = json!({ "nick": format!("nick {}", step.c % 4) });
        let right = Right::InGuild(bits::CHANGE_NICKNAME);
        let call = Call::new(Method::PATCH, own, body);
        return Some(call.needs(right).audited(Audit::IfChanged(&[24])));
    }
    let (body, right) = if step.b % 3 == 1 {
        let right = if user == actor {
            Right::InGuild(bits::CHANGE_NICKNAME)
        } else {
            over_member(bits::MANAGE_NICKNAMES, &user)
        };
        (json!({ "nick": format!("nick {}", step.c % 4) }), right)
    } else {
        let roles: BTreeSet<_> = [step.b, step.c]
            .iter()
            .filter_map(|at| pick(&stage.known.roles, *at))
            .collect();
        let right = Right::AtLeast(Box::new(Right::InGuild(bits::MANAGE_ROLES)));
        (json!({ "roles": roles }), right)
    };
    let call = Call::new(Method::PATCH, path, body);
    Some(call.needs(right).audited(Audit::IfChanged(&[24, 25])))
}

fn over_member(needed: u64, user: &str) -> Right {
    Right::All(vec![Right::InGuild(needed), Right::Above(user.to_owned())])
}

fn mute_member(stage: &Stage, step: Step) -> Option<Call> {
    let user = stage.user(step.a);
    let until = match step.b % 3 {
        0 => Value::Null,
        1 => json!("2026-01-01T00:00:20+00:00"),
        _ => json!("2026-01-20T00:00:00+00:00"),
    };
    let body = json!({ "communication_disabled_until": until });
    let path = format!("/guilds/{}/members/{user}", stage.guild);
    let right = over_member(bits::MODERATE_MEMBERS, &user);
    Some(
        Call::new(Method::PATCH, path, body)
            .needs(Right::AtLeast(Box::new(right)))
            .audited(Audit::IfChanged(&[24])),
    )
}

fn kick(stage: &Stage, step: Step) -> Option<Call> {
    let user = stage.user(step.a);
    let path = format!("/guilds/{}/members/{user}", stage.guild);
    let mut call = Call::new(Method::DELETE, path, Value::Null);
    // The control API takes this without a body for "leaves".
    call.path.push_str("?by=moderator");
    let right = over_member(bits::KICK_MEMBERS, &user);
    Some(call.needs(right).audited(Audit::One(20)))
}

fn ban(stage: &Stage, step: Step) -> Option<Call> {
    let user = stage.user(step.a);
    let path = format!("/guilds/{}/bans/{user}", stage.guild);
    let body = json!({ "delete_message_seconds": if step.b.is_multiple_of(2) { 0 } else { 600 } });
    let right = Right::AtLeast(Box::new(over_member(bits::BAN_MEMBERS, &user)));
    Some(
        Call::new(Method::PUT, path, body)
            .needs(right)
            .audited(Audit::AtMost(22)),
    )
}

fn unban(stage: &Stage, step: Step) -> Option<Call> {
    let user = stage.user(step.a);
    let path = format!("/guilds/{}/bans/{user}", stage.guild);
    Some(
        Call::new(Method::DELETE, path, Value::Null)
            .needs(Right::InGuild(bits::BAN_MEMBERS))
            .audited(Audit::One(23)),
    )
}

fn join(stage: &Stage, step: Step) -> Option<Call> {
    let user = stage.user(step.a);
    let path = format!("/guilds/{}/members", stage.guild);
    let body = json!({ "user_id": user });
    Some(
        Call::new(Method::POST, path, body)
            .by_control()
            .audited(Audit::Unjudged),
    )
}

fn leave(stage: &Stage, step: Step) -> Option<Call> {
    // The bot that listens stays.
    if step.actor % 8 == 1 {
        return None;
    }
    let path = format!("/users/@me/guilds/{}", stage.guild);
    Some(Call::new(Method::DELETE, path, Value::Null))
}

fn edit_guild(stage: &Stage, step: Step) -> Option<Call> {
    let body = match step.b % 4 {
        0 => json!({ "name": format!("Square {}", step.c % 4) }),
        1 => json!({ "system_channel_id": pick(&stage.known.channels, step.c)? }),
        2 => json!({ "verification_level": step.c % 4 }),
        _ => json!({ "afk_channel_id": pick(&stage.known.channels, step.c)?, "afk_timeout": 300 }),
    };
    let path = format!("/guilds/{}", stage.guild);
    Some(
        Call::new(Method::PATCH, path, body)
            .needs(Right::InGuild(bits::MANAGE_GUILD))
            .audited(Audit::IfChanged(&[1])),
    )
}

fn enter_voice(stage: &Stage, step: Step) -> Option<Call> {
    let user = stage.user(step.actor);
    let channel = (!step.b.is_multiple_of(4)).then(|| pick(&stage.known.channels, step.a));
    let path = format!("/guilds/{}/members/{user}/voice", stage.guild);
    let body = json!({ "channel_id": channel.flatten(), "self_mute": step.c.is_multiple_of(2) });
    Some(Call::new(Method::PUT, path, body).by_control())
}

fn move_in_voice(stage: &Stage, step: Step) -> Option<Call> {
    let user = stage.user(step.a);
    let channel = (!step.b.is_multiple_of(4)).then(|| pick(&stage.known.channels, step.b));
    let path = format!("/guilds/{}/members/{user}", stage.guild);
    let body = json!({ "channel_id": channel.flatten() });
    let right = Right::AtLeast(Box::new(Right::InGuild(bits::MOVE_MEMBERS)));
    Some(
        Call::new(Method::PATCH, path, body)
            .needs(right)
            .audited(Audit::Unjudged),
    )
}

fn show_presence(stage: &Stage, step: Step) -> Option<Call> {
    // A bot shows as its session says, and sessions are not saved.
    if stage.is_bot(step.actor) {
        return None;
    }
    let user = stage.user(step.actor);
    let status = ["online", "idle", "dnd", "offline"][usize::from(step.a) % 4];
    let path = format!("/users/{user}/presence");
    Some(Call::new(Method::PUT, path, json!({ "status": status })).by_control())
}
