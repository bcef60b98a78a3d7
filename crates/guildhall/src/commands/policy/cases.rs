//! Cases in a file: what the policy must say of certain calls, so that a change that was not meant
//! is seen before it is in force.

use std::{path::Path, process::ExitCode};

use anyhow::Context as _;
use policy::{Fate, Policy, Weighed};
use serde::Deserialize;

use super::sketch::{Described, Judged};
use crate::output;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(flatten)]
    call: Described,
    expect: Fate,
    /// A rule that must have had a say.
    rule: Option<String>,
    /// For `ask`: the way of asking people that must be taken.
    approval: Option<String>,
}

/// Weigh every case; exit with 1 if one does not end as it should.
pub(super) fn run(path: &Path, policy: Policy) -> anyhow::Result<ExitCode> {
    let text = super::bounded(path)?;
    let faults = faults(&text, policy).with_context(|| format!("{}", path.display()))?;
    let mut failed = 0;
    for (name, fault) in &faults {
        match fault {
            None => output::line(&format!("ok    {name}")),
            Some(fault) => {
                failed += 1;
                output::line(&format!("FAIL  {name}: {fault}"));
            }
        }
    }
    let all = faults.len();
    output::line(&format!(
        "\n{} of {all} cases are as expected",
        all - failed
    ));
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Every case by name, and what is wrong with it.
pub(super) fn faults(text: &str, policy: Policy) -> anyhow::Result<Vec<(String, Option<String>)>> {
    let file: File = toml::from_str(text)?;
    let judged = Judged::of(policy);
    let weighed = |case: Case| {
        let weighed = case.call.weigh(&judged);
        let weighed = weighed.with_context(|| format!("case \"{}\"", case.name))?;
        let fault = case.fault(&weighed);
        Ok((case.name, fault))
    };
    file.cases.into_iter().map(weighed).collect()
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
