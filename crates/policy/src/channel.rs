//! Check 5: may these channels be used?

use model::{ChannelId, Reason, Verdict};

use crate::{Policy, Ruling, layers::strictest};

/// A channel or thread, and what it is in: parent channel, category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    pub channel: ChannelId,
    /// Nearest first.
    pub parents: Vec<ChannelId>,
}

impl Lineage {
    /// The channel itself, and what it is in.
    pub fn all(&self) -> impl Iterator<Item = &ChannelId> {
        std::iter::once(&self.channel).chain(&self.parents)
    }
}

/// Judge every channel; all must pass. One denied ancestor denies, one allowed ancestor allows.
pub fn channels(policy: &Policy, lineages: &[Lineage]) -> Ruling {
    strictest(policy, |policy| alone(policy, lineages))
}

fn alone(policy: &Policy, lineages: &[Lineage]) -> Ruling {
    let lists = &policy.channels;
    for lineage in lineages {
        if let Some(denied) = lineage.all().find(|id| lists.deny.contains(id)) {
            let message = if *denied == lineage.channel {
                format!("channel {denied} is on the operator's list of denied channels")
            } else {
                format!(
                    "channel {} is inside {denied}, which is on the operator's list of denied \
                     channels",
                    lineage.channel
                )
            };
            return deny("channel_denied", message, "channels.deny");
        }
        if let Some(allowed) = &lists.allow
            && !lineage.all().any(|id| allowed.contains(id))
        {
            let message = format!(
                "channel {} is not on the operator's list of allowed channels",
                lineage.channel
            );
            return deny("channel_not_allowed", message, "channels.allow");
        }
    }
    let (message, rules) = match (lineages, &lists.allow) {
        ([], _) => ("the call concerns no single channel", Vec::new()),
        (_, Some(_)) => (
            "the channel is on the list of allowed channels",
            vec!["channels.allow".to_owned()],
        ),
        (_, None) => ("the channel is not denied", Vec::new()),
    };
    Ruling {
        verdict: Verdict::Allow(Reason::new("channel_allowed", message)),
        rules,
    }
}

fn deny(code: &str, message: String, rule: &str) -> Ruling {
    Ruling {
        verdict: Verdict::Deny(
            Reason::new(code, message)
                .with_hint("use another channel, or ask the operator to change the policy"),
        ),
        rules: vec![rule.to_owned()],
    }
}
