//! Which buckets a request is counted in: the asker's own for its route, and perhaps one of the
//! resource that everybody shares.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::limiter::Circumstances;
use super::route::Route;
use super::settings::{Allowance, Limits};
use crate::snowflake::Snowflake;

/// Messages younger than this have a limit of their own, in milliseconds.
const YOUNG_MS: u64 = 10_000;
/// Messages older than this have a limit of their own, in milliseconds.
const OLD_MS: u64 = 14 * 24 * 60 * 60 * 1_000;

/// What is counted together.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Bucket {
    /// Nobody in particular for a shared one.
    actor: String,
    family: String,
    major: String,
}

impl Bucket {
    /// 32 hexadecimal digits, the same in every run; without the major resource, as with Discord.
    pub(super) fn hash(&self) -> String {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, self.family.as_str()).hash(&mut hasher);
            hasher.finish()
        };
        format!("{:016x}{:016x}", half(0), half(1))
    }
}

/// A bucket and how much it holds.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) bucket: Bucket,
    pub(super) allowance: Allowance,
}

/// Where a request counts.
#[derive(Debug)]
pub(super) struct Scoped {
    pub(super) own: Count,
    pub(super) shared: Option<Count>,
}

impl Scoped {
    pub(super) fn of(
        limits: &Limits,
        now_ms: u64,
        actor: &str,
        route: &Route,
        circumstances: Circumstances,
    ) -> Self {
        let (family, allowance) = own(limits, now_ms, route);
        let own = Count {
            bucket: Bucket {
                actor: actor.to_owned(),
                family,
                major: route.major.clone(),
            },
            allowance,
        };
        let shared = shared(limits, route, circumstances);
        let shared = shared.map(|(family, major, allowance)| Count {
            bucket: Bucket {
                actor: String::new(),
                family: family.to_owned(),
                major,
            },
            allowance,
        });
        Self { own, shared }
    }
}

fn own(limits: &Limits, now_ms: u64, route: &Route) -> (String, Allowance) {
    let named = limits.routes.iter().find(|row| {
        row.route == route.template
            && row
                .method
                .as_ref()
                .is_none_or(|method| method.eq_ignore_ascii_case(&route.method))
    });
    if let Some(row) = named {
        return (route.family(), row.allowance);
    }
    if let Some(message) = route.deleted_message() {
        return deletion(limits, now_ms, message);
    }
    let allowance = if route.is_message_create() {
        limits.message_create
    } else if route.is_reaction_write() {
        limits.reactions
    } else if route.is_invite() {
        limits.invites
    } else if route.is_webhook_execution() {
        limits.webhook
    } else {
        limits.others
    };
    (route.family(), allowance)
}

/// Deleting counts by the age of the message.
fn deletion(limits: &Limits, now_ms: u64, message: Snowflake) -> (String, Allowance) {
    let age_ms = now_ms.saturating_sub(message.timestamp_ms());
    let (name, allowance) = if age_ms < YOUNG_MS {
        ("DELETE young message", limits.message_delete_young)
    } else if age_ms > OLD_MS {
        ("DELETE old message", limits.message_delete_old)
    } else {
        ("DELETE message", limits.message_delete)
    };
    (name.to_owned(), allowance)
}

/// What belongs to a resource: its name, which one it is, and how much it takes.
fn shared(
    limits: &Limits,
    route: &Route,
    circumstances: Circumstances,
) -> Option<(&'static str, String, Allowance)> {
    if route.is_emoji() {
        return Some(("emojis", route.major.clone(), limits.emojis));
    }
    if circumstances.renames && route.is_channel_edit() {
        return Some(("rename", route.major.clone(), limits.channel_rename));
    }
    let channel = circumstances
        .webhook_channel
        .filter(|_| route.is_webhook_execution())?;
    Some(("webhooks", channel.to_string(), limits.webhook_channel))
}
