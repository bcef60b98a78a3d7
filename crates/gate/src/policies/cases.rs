//! Cases: what a policy must say of certain calls, so that a change that was not meant is seen before
//! it is in force.

use model::Millis;
use policy::{Fate, Weighed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::described::{Described, Judged};

/// Most cases that are weighed over REST at once.
pub const CASES_MAX: usize = 500;

/// A call, and what must become of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Case {
    pub name: String,
    #[serde(flatten)]
    pub call: Described,
    /// `deny`, `ask`, `confirm`, `plan` or `run`.
    #[schemars(with = "String")]
    pub expect: Fate,
    /// A rule that must have had a say.
    pub rule: Option<String>,
    /// For `ask`: the way of asking people that must be taken.
    pub approval: Option<String>,
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Verified {
    pub name: String,
    pub passed: bool,
    /// What is not as it should be.
    pub fault: Option<String>,
}

/// Weigh every case. One that is about no tool is at fault.
pub fn verify(cases: &[Case], judged: &Judged, now: Millis) -> Vec<Verified> {
    let verified = |case: &Case| {
        let fault = match case.call.weigh(judged, now) {
            Ok(weighed) => case.fault(&weighed),
            Err(unknown) => Some(unknown.to_string()),
        };
        Verified {
            name: case.name.clone(),
            passed: fault.is_none(),
            fault,
        }
    };
    cases.iter().map(verified).collect()
}

impl Case {
    fn fault(&self, weighed: &Weighed) -> Option<String> {
        let fate = weighed.fate();
        if fate != self.expect {
            let why = weighed
                .refusal()
                .map(|(_, ruling)| format!(" ({})", ruling.verdict.reason().message));
            return Some(format!(
                "expected {}, but it is {}{}",
                self.expect.as_str(),
                fate.as_str(),
                why.unwrap_or_default()
            ));
        }
        let way = weighed
            .approval
            .as_ref()
            .map(|asking| asking.entry.as_str());
        if self.approval.is_some() && self.approval.as_deref() != way {
            return Some(format!("the people asked are {way:?}"));
        }
        let rule = self.rule.as_deref()?;
        (!weighed.rules().contains(&rule)).then(|| {
            format!(
                "the rule \"{rule}\" had no say; those that had: {:?}",
                weighed.rules()
            )
        })
    }
}
