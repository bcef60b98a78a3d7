//! What check 4 says about people: nobody needs to be asked, somebody does, or they have agreed.

use model::{Reason, Verdict};
use policy::{Question, Ruling};

use super::{carry::Agreed, terms};
use crate::{manner::Manner, standing::Standing};

/// What people have to do with a call.
#[derive(Debug)]
pub(crate) enum People {
    NotAsked,
    /// They are to be asked, if all other checks allow.
    ToAsk(Box<Asking>),
    /// They said yes.
    Agreed(Box<Agreed>),
    /// They said yes to the whole of which it is a part.
    AgreedToWhole,
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

/// All who are to be asked about a call: for a whole, everybody who is asked about one of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Askings {
    pub first: Asking,
    pub also: Vec<Asking>,
}

impl Askings {
    pub(crate) fn one(first: Asking) -> Self {
        Self {
            first,
            also: Vec::new(),
        }
    }

    /// Each once. `None` where nobody is asked.
    pub(crate) fn of(askings: impl IntoIterator<Item = Asking>) -> Option<Self> {
        let mut askings = askings.into_iter();
        let mut all = Self::one(askings.next()?);
        for asking in askings {
            if !all.iter().any(|known| *known == asking) {
                all.also.push(asking);
            }
        }
        Some(all)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Asking> {
        std::iter::once(&self.first).chain(&self.also)
    }
}

/// Whom the policy would ask, as far as this question tells.
pub(crate) fn asked(standing: &Standing, question: &Question<'_>) -> Option<Asking> {
    let ruling = standing.judge.platform(question);
    of_ruling(standing, question, &ruling)
}

fn of_ruling(standing: &Standing, question: &Question<'_>, ruling: &Ruling) -> Option<Asking> {
    let asking = match ruling.verdict {
        Verdict::Ask(_) => standing.judge.approval(question)?,
        Verdict::Allow(_) | Verdict::Deny(_) => return None,
    };
    Some(Asking {
        later: terms::later(&standing.policy, &asking.approval).cloned(),
        name: asking.entry,
        way: asking.approval,
    })
}

/// The ruling of check 4 in the light of what people said.
pub(crate) fn people(
    standing: &Standing,
    question: &Question<'_>,
    ruling: Ruling,
    agreed: Option<Agreed>,
    manner: &Manner,
) -> (Ruling, People) {
    let asking = of_ruling(standing, question, &ruling);
    let said_yes = |agreed| {
        if manner.is_alone() {
            People::Agreed(Box::new(agreed))
        } else {
            // What they saw, and what is used up, is the whole.
            People::AgreedToWhole
        }
    };
    match (asking, agreed) {
        (None, None) => (ruling, People::NotAsked),
        // Today nobody would ask; people agreed all the same.
        (None, Some(agreed)) => (ruling, said_yes(agreed)),
        (Some(asking), None) => (ruling, People::ToAsk(Box::new(asking))),
        (Some(asking), Some(agreed)) => {
            let verdict = if terms::cover(&agreed.terms, &asking) {
                Verdict::Allow(Reason::new("approved", agreed.in_words()))
            } else {
                Verdict::Deny(others_are_asked())
            };
            let mut rules = ruling.rules;
            rules.push(format!("approval {}", agreed.approval_id));
            (Ruling { verdict, rules }, said_yes(agreed))
        }
    }
}

/// Today's policy asks people who did not say yes.
pub(crate) fn others_are_asked() -> Reason {
    Reason::new(
        "approval_other_policy",
        "the operator changed the policy after people were asked",
    )
    .with_hint("call again to ask the people of today's policy")
}
