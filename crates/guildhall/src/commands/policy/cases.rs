//! Cases in a file: what the policy must say of certain calls, so that a change that was not meant
//! is seen before it is in force.

use std::{path::Path, process::ExitCode};

use anyhow::Context as _;
use gate::policies::{Case, Judged, Verified, verify};
use model::Clock as _;
use policy::Policy;
use serde::Deserialize;

use crate::{clock::SystemClock, output};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cases: Vec<Case>,
}

/// Weigh every case; exit with 1 if one does not end as it should.
pub(super) fn run(path: &Path, policy: Policy) -> anyhow::Result<ExitCode> {
    let text = super::bounded(path)?;
    let verified = verified(&text, policy).with_context(|| format!("{}", path.display()))?;
    let mut failed = 0;
    for Verified { name, fault, .. } in &verified {
        match fault {
            None => output::line(&format!("ok    {name}")),
            Some(fault) => {
                failed += 1;
                output::line(&format!("FAIL  {name}: {fault}"));
            }
        }
    }
    let all = verified.len();
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

/// Every case of this text, and what is wrong with it.
pub(super) fn verified(text: &str, policy: Policy) -> anyhow::Result<Vec<Verified>> {
    let file: File = toml::from_str(text)?;
    let judged = Judged::of(policy, &cedar::CedarJudges);
    Ok(verify(&file.cases, &judged, SystemClock.now_ms()))
}
