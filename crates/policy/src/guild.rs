//! Check 3, the operator's part: may these guilds be used?

use model::{GuildId, Reason, Verdict};

use crate::{Policy, Ruling, layers::strictest};

/// Where one target of a call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    Guild(GuildId),
    /// A conversation outside all guilds.
    DirectMessage,
    /// It could not be found out; `what` names it: `channel 42`.
    Unknown {
        what: String,
    },
}

/// Judge every place; all must pass, and what is unknown does not.
pub fn guilds(policy: &Policy, places: &[Whereabouts]) -> Ruling {
    strictest(policy, |policy| alone(policy, places))
}

fn alone(policy: &Policy, places: &[Whereabouts]) -> Ruling {
    for place in places {
        if let Some(reason) = objection(policy, place) {
            return Ruling {
                verdict: Verdict::Deny(reason),
                rules: vec!["allowed_guilds".to_owned()],
            };
        }
    }
    let (message, rules) = match (&policy.allowed_guilds, places) {
        (_, []) => ("the call concerns no guild", Vec::new()),
        (None, _) => ("every guild the bot is in may be used", Vec::new()),
        (Some(_), _) => (
            "the guild is on the list of allowed guilds",
            vec!["allowed_guilds".to_owned()],
        ),
    };
    Ruling {
        verdict: Verdict::Allow(Reason::new("guild_allowed", message)),
        rules,
    }
}

fn objection(policy: &Policy, place: &Whereabouts) -> Option<Reason> {
    match place {
        Whereabouts::Unknown { what } => Some(
            Reason::new(
                "guild_unknown",
                format!("{what} was not found, so nobody knows which guild it belongs to"),
            )
            .with_hint("check the id; the bot must be able to see it"),
        ),
        Whereabouts::Guild(guild) => policy
            .allowed_guilds
            .as_ref()
            .filter(|allowed| !allowed.contains(guild))
            .map(|_| {
                Reason::new(
                    "guild_not_allowed",
                    format!("guild {guild} is not on the operator's list of allowed guilds"),
                )
                .with_hint("the operator can add it to ALLOWED_GUILD_IDS or `allowed_guilds`")
            }),
        Whereabouts::DirectMessage => {
            let allowed = policy
                .direct_messages
                .unwrap_or(policy.allowed_guilds.is_none());
            (!allowed).then(|| {
                Reason::new(
                    "direct_messages_not_allowed",
                    "direct messages may not be used here",
                )
                .with_hint("the operator can set `direct_messages = true` in the policy")
            })
        }
    }
}
