//! Unknown keys of the policy are errors that name the nearest known one. A rule that is dropped
//! because of a typing error would be a hole that nobody sees.

use std::fmt;

use serde::{
    Deserializer, Serialize,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

/// Stands at the end of a table and takes what no other field took, which must be nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct NoOtherKeys;

/// How near a known key must be to be suggested (Jaro-Winkler, 0 to 1).
const NEAR: f64 = 0.75;

/// For `[policy]`.
pub(crate) fn policy<'de, D: Deserializer<'de>>(rest: D) -> Result<NoOtherKeys, D::Error> {
    let known = &[
        "read_only",
        "allowed_guilds",
        "direct_messages",
        "members",
        "channels",
        "rules",
        "rates",
        "approvals",
        "lockdown",
        "after_untrusted",
        "cedar",
        "cedar_file",
    ];
    rest.deserialize_map(Nothing { known })
}

/// For `[policy.channels]`.
pub(crate) fn channels<'de, D: Deserializer<'de>>(rest: D) -> Result<NoOtherKeys, D::Error> {
    rest.deserialize_map(Nothing {
        known: &["allow", "deny"],
    })
}

/// For `[[policy.rules]]`.
pub(crate) fn rule<'de, D: Deserializer<'de>>(rest: D) -> Result<NoOtherKeys, D::Error> {
    let known = &[
        "name",
        "tools",
        "toolsets",
        "risks",
        "principals",
        "workspaces",
        "roles",
        "guilds",
        "channels",
        "discord_roles",
        "hours",
        "days",
        "utc_offset",
        "from",
        "until",
        "after_untrusted",
        "effect",
        "approval",
        "dry_run_by_default",
        "needs_confirmation",
        "calls_per_minute",
    ];
    rest.deserialize_map(Nothing { known })
}

/// For `[policy.approvals.NAME]`.
pub(crate) fn approval<'de, D: Deserializer<'de>>(rest: D) -> Result<NoOtherKeys, D::Error> {
    let known = &[
        "post_to",
        "channel",
        "roles",
        "users",
        "quorum",
        "expires_minutes",
        "remind_after_minutes",
        "escalate_after_minutes",
        "escalate_to",
    ];
    rest.deserialize_map(Nothing { known })
}

/// For `[policy.lockdown]`.
pub(crate) fn lockdown<'de, D: Deserializer<'de>>(rest: D) -> Result<NoOtherKeys, D::Error> {
    rest.deserialize_map(Nothing {
        known: &["trust_roles", "trust_users", "guilds", "channels"],
    })
}

/// For `[policy.after_untrusted]`.
pub(crate) fn after_untrusted<'de, D: Deserializer<'de>>(rest: D) -> Result<NoOtherKeys, D::Error> {
    rest.deserialize_map(Nothing {
        known: &["forget_after_minutes", "by"],
    })
}

/// For `[policy.rates]`.
pub(crate) fn rates<'de, D: Deserializer<'de>>(rest: D) -> Result<NoOtherKeys, D::Error> {
    rest.deserialize_map(Nothing {
        known: &[
            "read",
            "write",
            "destructive",
            "per_user",
            "per_channel",
            "per_guild",
            "per_tool",
        ],
    })
}

/// For a call that people describe, alone or as a case with what is expected of it.
///
/// # Errors
/// There is another key.
pub fn no_other_keys_of_a_call<'de, D: Deserializer<'de>>(
    rest: D,
) -> Result<NoOtherKeys, D::Error> {
    let known = &[
        "name",
        "tool",
        "principal",
        "scopes",
        "workspace",
        "role",
        "guild",
        "channel",
        "inside",
        "direct_message",
        "at",
        "asker_roles",
        "after_untrusted",
        "expect",
        "rule",
        "approval",
        "policy",
    ];
    rest.deserialize_map(Nothing { known })
}

/// The known word nearest to `word`, if any is near.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (candidate, strsim::jaro_winkler(word, candidate)))
        .filter(|(_, likeness)| *likeness >= NEAR)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(candidate, _)| candidate)
}

struct Nothing {
    known: &'static [&'static str],
}

impl<'de> Visitor<'de> for Nothing {
    type Value = NoOtherKeys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "only the keys {}", self.known.join(", "))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut rest: A) -> Result<NoOtherKeys, A::Error> {
        let Some((key, IgnoredAny)) = rest.next_entry::<String, IgnoredAny>()? else {
            return Ok(NoOtherKeys);
        };
        Err(Error::custom(
            match nearest(&key, self.known.iter().copied()) {
                Some(near) => format!("unknown key `{key}`; did you mean `{near}`?"),
                None => format!("unknown key `{key}`; known are {}", self.known.join(", ")),
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::Policy;

    /// What a person sees for this text.
    fn error(text: &str) -> String {
        toml::from_str::<Policy>(text).unwrap_err().to_string()
    }

    #[test]
    fn a_mistyped_key_names_the_nearest_one() {
        assert!(error("read_onyl = true").contains("did you mean `read_only`?"));
        assert!(error("[channels]\ndenny = []").contains("did you mean `deny`?"));
        assert!(error("[rates]\nreads = 5").contains("did you mean `read`?"));
        let rule = "[[rules]]\nname = \"x\"\neffect = \"deny\"\nprincipal = [\"local\"]";
        assert!(error(rule).contains("did you mean `principals`?"));
        let way = "[approvals.a]\npost_to = \"channel\"\nuser = [\"1\"]";
        assert!(error(way).contains("did you mean `users`?"));
        assert!(error("[lockdown]\ntrust_role = []").contains("did you mean `trust_roles`?"));
    }

    #[test]
    fn a_key_like_no_other_lists_what_there_is() {
        assert!(error("zzz = 1").contains("known are read_only, allowed_guilds"));
    }

    #[test]
    fn every_key_that_is_written_can_be_read_again() {
        let policy: Policy = toml::from_str(
            "read_only = false\nallowed_guilds = [\"1\"]\ndirect_messages = true\nmembers = [\"*\"]\n\
             [channels]\nallow = [\"2\"]\ndeny = [\"3\"]\n[rates]\nread = 1\nwrite = 2\ndestructive = 3\n\
             per_user = 4\nper_channel = \"unlimited\"\nper_guild = { write = 5 }\n\
             [approvals.a]\npost_to = \"thread_of_origin\"\nchannel = \"1\"\nroles = [\"2\"]\nusers = [\"3\"]\n\
             quorum = 2\nexpires_minutes = 9\nremind_after_minutes = 3\nescalate_after_minutes = 4\n\
             escalate_to = \"b\"\n[lockdown]\ntrust_roles = [\"1\"]\ntrust_users = [\"7\"]\nguilds = [\"2\"]\nchannels = [\"3\"]\n\
             [after_untrusted]\nforget_after_minutes = 5\nby = \"session\"\n\
             [[rules]]\nname = \"x\"\ntools = [\"a\"]\ntoolsets = [\"b\"]\nrisks = [\"write\"]\n\
             principals = [\"c\"]\nworkspaces = [\"d\"]\nroles = [\"viewer\"]\nguilds = [\"4\"]\n\
             channels = [\"5\"]\ndiscord_roles = [\"6\"]\nhours = \"22:00-06:00\"\ndays = [\"sat\"]\n\
             utc_offset = \"+02:00\"\nfrom = \"2026-12-01T00:00:00Z\"\nuntil = \"2027-12-01T00:00:00Z\"\n\
             after_untrusted = true\neffect = \"ask\"\napproval = \"a\"\ndry_run_by_default = false\n\
             needs_confirmation = true\ncalls_per_minute = 5",
        )
        .unwrap();
        let text = toml::to_string(&policy).unwrap();
        assert_eq!(toml::from_str::<Policy>(&text).unwrap(), policy);
    }
}
