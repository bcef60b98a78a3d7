//! Taking back what was done to channels: settings set again, new ones deleted, deleted ones made
//! again as far as that goes.

use model::Request;
use serde_json::{Value, json};

use super::{get_request, show::names};
use crate::{
    trace::{Sought, Trace, among, audit_log, fields},
    undo::{Inverse, Setting, Step, UNSEEN},
    view::items,
};

/// Settings of a channel that [`discord_edit_channel`](super::EditChannel) takes.
pub(super) const SETTINGS: &[Setting] = &[
    Setting::new("name", "name"),
    Setting::new("topic", "topic"),
    Setting::new("parent_id", "parent_id"),
    Setting::new("position", "position"),
    Setting::new("nsfw", "nsfw"),
    Setting::new("rate_limit_per_user", "slowmode"),
    Setting::new("user_limit", "user_limit"),
    Setting::new("bitrate", "bitrate"),
];

/// What can be set back to nothing.
pub(super) const NULLABLE: &[&str] = &["topic", "parent_id"];

/// Action *channel create* of the audit log.
const CHANNEL_CREATE: u32 = 10;

/// A channel or thread that was just made; `names` are the fields that are looked at.
pub(in crate::resources) fn found_by_id(names: Vec<String>) -> Trace {
    Trace::made(&["id"], names, |made| {
        let id = made["id"].as_str()?.parse().ok()?;
        Some(get_request(id))
    })
}

/// The same, for a channel: among the guild's by its entry in the audit log.
pub(super) fn made(names: Vec<String>) -> Trace {
    found_by_id(names).sought(seek, |sought, answers| {
        let at = |index: usize| answers.get(index).unwrap_or(&Value::Null);
        among(sought, at(0), at(1))
    })
}

fn seek(sought: &Sought) -> Vec<Request> {
    let Some(guild) = sought.guild else {
        return Vec::new();
    };
    vec![super::list_request(guild), audit_log(guild, CHANNEL_CREATE)]
}

/// Delete the channel or thread that was made.
pub(in crate::resources) fn delete_made() -> Inverse {
    Inverse::new(|kept, _| {
        let arguments = json!({"channel_id": kept.made["id"]});
        Ok(vec![Step::new("discord_delete_channel", arguments)])
    })
}

/// What a deleted channel is remembered by.
const REMEMBERED: &[&str] = &[
    "guild_id",
    "type",
    "name",
    "topic",
    "parent_id",
    "position",
    "nsfw",
    "rate_limit_per_user",
    "user_limit",
    "bitrate",
    "permission_overwrites",
];

/// A channel that goes.
pub(super) fn gone() -> Trace {
    Trace::gone(|channel| fields(channel, REMEMBERED))
}

pub(super) const LOST: &str =
    "its messages, threads, webhooks and invites; the new channel has another id";

/// Make it again, with its settings and overwrites.
pub(super) fn make_again() -> Inverse {
    Inverse::new(|kept, _| {
        let was = &kept.before;
        if !was.is_object() {
            return Err(UNSEEN.to_owned());
        }
        let Some(kind) = kind(&was["type"]) else {
            return Err(
                "threads, conversations and this kind of channel cannot be made again".to_owned(),
            );
        };
        let mut arguments = json!({"guild_id": was["guild_id"], "name": was["name"], "kind": kind});
        for setting in SETTINGS.iter().filter(|setting| setting.field != "name") {
            let value = &was[setting.field];
            let says_nothing = value.is_null() || *value == 0 || *value == false || *value == "";
            if !says_nothing || setting.field == "position" && !value.is_null() {
                arguments[setting.argument] = value.clone();
            }
        }
        let mut steps = vec![Step::new("discord_create_channel", arguments)];
        steps.extend(
            items(&was["permission_overwrites"])
                .iter()
                .map(|overwrite| {
                    Step::new(
                        "discord_set_channel_permissions",
                        json!({
                            "channel_id": "$1.id",
                            "overwrite_id": overwrite["id"],
                            "kind": if overwrite["type"] == 1 { "member" } else { "role" },
                            "allow": names(&overwrite["allow"]),
                            "deny": names(&overwrite["deny"]),
                        }),
                    )
                }),
        );
        Ok(steps)
    })
    .losing(LOST)
}

fn kind(number: &Value) -> Option<&'static str> {
    Some(match number.as_u64()? {
        0 => "text",
        2 => "voice",
        4 => "category",
        5 => "announcement",
        13 => "stage",
        15 => "forum",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use model::{GuildId, UserId};

    use super::*;
    use crate::trace::Found;

    fn sought() -> Sought {
        Sought {
            reference: "[call abc]".to_owned(),
            since: 1_700_000_000_000,
            guild: GuildId::new(1),
            bot: UserId::new(9).unwrap(),
        }
    }

    /// A snowflake of this many milliseconds after the request was sent.
    fn id(after_ms: i64) -> String {
        let since_epoch = 1_700_000_000_000 + after_ms - 1_420_070_400_000;
        (since_epoch << 22).to_string()
    }

    #[test]
    fn a_new_channel_is_told_by_the_reference_in_the_audit_log_alone() {
        let trace = made(Vec::new());
        let list = json!([{"id": "5", "name": "old"}, {"id": id(100), "name": "new"}]);
        let log = |reason: &str, user: &str| json!({"audit_log_entries": [{"target_id": id(100), "user_id": user, "reason": reason}]});
        let judge =
            |list: &Value, log: Value| trace.judge(&sought(), &Value::Null, &[list.clone(), log]);
        let found = judge(&list, log("because [call abc]", "9"));
        assert!(matches!(found, Found::Happened(channel) if channel["name"] == "new"));
        // Made by another call, as the log says.
        assert_eq!(judge(&list, log("[call xyz]", "9")), Found::DidNotHappen);
        // A forged reference by somebody else is no proof.
        assert_eq!(judge(&list, log("[call abc]", "8")), Found::DidNotHappen);
        // The log cannot be read, and something new is there.
        assert_eq!(judge(&list, Value::Null), Found::CannotTell);
        let old = json!([{"id": "5", "name": "old"}]);
        assert_eq!(judge(&old, Value::Null), Found::DidNotHappen);
    }

    #[test]
    fn a_deleted_channel_is_made_again_with_its_overwrites() {
        let before = json!({"guild_id": "1", "type": 0, "name": "plans", "topic": null, "position": 3,
            "nsfw": false, "permission_overwrites": [{"id": "1", "type": 0, "allow": "0", "deny": "1024"}]});
        let kept = crate::Kept {
            at: 0,
            before,
            after: Value::Null,
            made: Value::Null,
        };
        let Inverse::Steps { make, .. } = make_again() else {
            panic!("there is an inverse")
        };
        let steps = make(&kept, 0).unwrap();
        assert_eq!(steps[0].arguments["position"], 3);
        assert_eq!(steps[1].arguments["channel_id"], "$1.id");
        assert_eq!(steps[1].arguments["deny"], json!(["VIEW_CHANNEL"]));
    }
}
