//! What check 4 says about people: nobody needs to be asked, somebody does, or they have agreed.

use model::{Reason, Verdict};
use policy::{Question, Ruling};

use super::{carry::Agreed, terms};
use crate::standing::Standing;

/// What people have to do with a call.
#[derive(Debug)]
pub(crate) enum People {
    NotAsked,
    /// They are to be asked, if all other checks allow.
    ToAsk(Box<Asking>),
    /// They said yes.
    Agreed(Box<Agreed>),
}

/// The way in which the policy asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asking {
    /// Name of the approval in the policy.
    pub name: String,
    pub way: policy::Approval,
    /// The way whose people may decide too, later.
    pub later: Option<policy::Approval>,
}

/// The ruling of check 4 in the light of what people said.
pub(crate) fn people(
    standing: &Standing,
    question: &Question<'_>,
    ruling: Ruling,
    agreed: Option<Agreed>,
) -> (Ruling, People) {
    let policy = &*standing.policy;
    let asking = match ruling.verdict {
        Verdict::Ask(_) => standing.judge.approval(question),
        Verdict::Allow(_) | Verdict::Deny(_) => None,
    };
    match (asking, agreed) {
        (None, None) => (ruling, People::NotAsked),
        // Today nobody would ask; people agreed all the same.
        (None, Some(agreed)) => (ruling, People::Agreed(Box::new(agreed))),
        (Some(asking), None) => {
            let asking = Asking {
                later: terms::later(policy, &asking.approval).cloned(),
                name: asking.entry,
                way: asking.approval,
            };
            (ruling, People::ToAsk(Box::new(asking)))
        }
        (Some(asking), Some(agreed)) => {
            let (name, way) = (&asking.entry, &asking.approval);
            let later = terms::later(policy, way);
            let verdict = if terms::are_the_same(&agreed.terms, name, way, later) {
                Verdict::Allow(Reason::new("approved", agreed.in_words()))
            } else {
                Verdict::Deny(
                    Reason::new(
                        "approval_other_policy",
                        "the operator changed the policy after people were asked",
                    )
                    .with_hint("call again to ask the people of today's policy"),
                )
            };
            let mut rules = ruling.rules;
            rules.push(format!("approval {}", agreed.approval_id));
            (Ruling { verdict, rules }, People::Agreed(Box::new(agreed)))
        }
    }
}
