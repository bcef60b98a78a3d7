//! Check 2: does the principal belong to this workspace?

use model::{Principal, Reason, Verdict};

use crate::{Policy, Ruling, layers::strictest, pattern};

/// Judge by the list of members.
pub fn membership(policy: &Policy, principal: &Principal) -> Ruling {
    strictest(policy, |policy| alone(policy, principal))
}

fn alone(policy: &Policy, principal: &Principal) -> Ruling {
    let Some(members) = &policy.members else {
        return Ruling {
            verdict: Verdict::Allow(Reason::new(
                "member",
                format!("{} belongs to this workspace", principal.id),
            )),
            rules: Vec::new(),
        };
    };
    match members
        .iter()
        .find(|member| pattern::matches(member, &principal.id))
    {
        Some(member) => Ruling {
            verdict: Verdict::Allow(Reason::new(
                "member",
                format!("{} is a member of this workspace", principal.id),
            )),
            rules: vec![format!("members:{member}")],
        },
        None => Ruling {
            verdict: Verdict::Deny(
                Reason::new(
                    "not_a_member",
                    format!("{} is not a member of this workspace", principal.id),
                )
                .with_hint("the operator can add it to `members` in the policy"),
            ),
            rules: vec!["members".to_owned()],
        },
    }
}
