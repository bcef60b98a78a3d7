//! Taking back what was done to roles and to who has them.

use model::{GuildId, Request, RoleId, UserId};
use serde_json::{Map, Value, json};

use super::{RolePosition, get_request, list_request};
use crate::{
    resources::channels::show::names,
    trace::{Trace, among, audit_log, fields, first},
    undo::{Inverse, Setting, Step, UNSEEN, mark_back, set_back},
    view::items,
};

const SETTINGS: &[Setting] = &[
    Setting::new("name", "name"),
    Setting {
        told: |bits| names(bits).into(),
        ..Setting::new("permissions", "permissions")
    },
    Setting::new("color", "color"),
    Setting::new("hoist", "hoist"),
    Setting::new("mentionable", "mentionable"),
];

/// Action *role create* of the audit log.
const ROLE_CREATE: u32 = 30;

/// A role that was just made.
pub(super) fn made(guild: GuildId, named: Vec<String>) -> Trace {
    Trace::made(&["id"], named, move |made| {
        let role: RoleId = made["id"].as_str()?.parse().ok()?;
        Some(get_request(guild, role))
    })
    .sought(
        move |_| -> Vec<Request> { vec![list_request(guild), audit_log(guild, ROLE_CREATE)] },
        |sought, answers| {
            among(
                sought,
                first(answers),
                answers.get(1).unwrap_or(&Value::Null),
            )
        },
    )
}

pub(super) fn delete_made(guild: GuildId) -> Inverse {
    Inverse::new(move |kept, _| {
        let arguments = json!({"guild_id": guild, "role_id": kept.made["id"]});
        Ok(vec![Step::new("discord_delete_role", arguments)])
    })
}

pub(super) fn settings(guild: GuildId, role: RoleId) -> Inverse {
    let ids = json!({"guild_id": guild, "role_id": role});
    set_back("discord_modify_role", ids, SETTINGS, &[])
}

const REMEMBERED: &[&str] = &[
    "name",
    "permissions",
    "color",
    "hoist",
    "mentionable",
    "position",
    "managed",
];

/// A role that goes.
pub(super) fn gone() -> Trace {
    Trace::gone(|role| fields(role, REMEMBERED))
}

pub(super) const LOST: &str =
    "who had it, its overwrites in channels and its icon; the new role has another id";

/// Make it again, where it was.
pub(super) fn make_again(guild: GuildId) -> Inverse {
    Inverse::new(move |kept, _| {
        let was = &kept.before;
        if !was.is_object() {
            return Err(UNSEEN.to_owned());
        }
        if was["managed"] == true {
            return Err("an integration made this role, and only it can make it again".to_owned());
        }
        let mut arguments = json!({"guild_id": guild});
        for setting in SETTINGS.iter().filter(|it| !was[it.field].is_null()) {
            arguments[setting.argument] = (setting.told)(&was[setting.field]);
        }
        let mut steps = vec![Step::new("discord_create_role", arguments)];
        if let Some(position) = was["position"].as_u64().filter(|position| *position > 1) {
            let there = json!([{"role_id": "$1.id", "position": position}]);
            let arguments = json!({"guild_id": guild, "positions": there});
            steps.push(Step::new("discord_reorder_roles", arguments));
        }
        Ok(steps)
    })
    .losing(LOST)
}

/// Where every role stands: moving one moves others.
pub(super) fn positions(wanted: &[RolePosition]) -> Trace {
    let settled: Map<String, Value> = wanted
        .iter()
        .map(|wanted| (wanted.role_id.to_string(), wanted.position.into()))
        .collect();
    let image = |live: &[Value]| {
        if !first(live).is_array() {
            return Value::Null;
        }
        let stands =
            |role: &Value| Some((role["id"].as_str()?.to_owned(), role["position"].clone()));
        Value::Object(items(first(live)).iter().filter_map(stands).collect())
    };
    Trace::state(image, Value::Object(settled)).answered()
}

/// Every role that moved, to where it was.
pub(super) fn reorder(guild: GuildId) -> Inverse {
    Inverse::new(move |kept, _| {
        let Some(was) = kept.before.as_object() else {
            return Err(UNSEEN.to_owned());
        };
        let moved = |(id, position): (&String, &Value)| {
            let is = &kept.after[id.as_str()];
            (is != position && !is.is_null()).then(|| json!({"role_id": id, "position": position}))
        };
        let positions: Vec<Value> = was.iter().filter_map(moved).collect();
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        let arguments = json!({"guild_id": guild, "positions": positions});
        Ok(vec![Step::new("discord_reorder_roles", arguments)])
    })
}

/// Whether a member has a role.
pub(super) fn membership(role: RoleId, has: bool) -> Trace {
    let image = move |live: &[Value]| {
        let roles = first(live)["roles"].as_array();
        let has = roles.map(|roles| roles.iter().any(|id| *id == role.to_string()));
        json!({ "has_role": has })
    };
    Trace::state(image, json!({ "has_role": has }))
}

pub(super) fn member(guild: GuildId, user: UserId, role: RoleId) -> Inverse {
    let arguments = json!({"guild_id": guild, "user_id": user, "role_id": role});
    mark_back(
        "has_role",
        Step::new("discord_assign_role", arguments.clone()),
        Step::new("discord_remove_role", arguments),
    )
}
