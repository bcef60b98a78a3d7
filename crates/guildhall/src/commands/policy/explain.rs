//! Why a call would be refused, planned, or run.

use std::process::ExitCode;

use model::Verdict;
use policy::{Fate, Weighed};
use serde_json::json;

use super::sketch::Described;
use crate::{cli::ExplainArgs, config::Config, output};

/// Say what the policy says, check by check.
pub(super) fn run(args: &ExplainArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let policy = super::in_force(args.policy.as_deref(), config)?;
    let described = Described {
        tool: args.tool.clone(),
        principal: args.principal.clone(),
        scopes: args.scopes()?,
        guild: args.guild,
        channel: args.channel,
        inside: args.inside.clone(),
        direct_message: args.direct_message,
    };
    let weighed = described.weigh(&policy)?;
    if args.json {
        let checks: Vec<_> = weighed
            .checks
            .iter()
            .map(|(stage, ruling)| {
                let reason = ruling.verdict.reason();
                json!({
                    "check": stage.number(), "name": stage.as_str(), "verdict": word(&ruling.verdict),
                    "code": reason.code, "reason": reason.message, "hint": reason.hint,
                    "rules": ruling.rules,
                })
            })
            .collect();
        return output::json(&json!({
            "fate": weighed.fate(), "checks": checks, "rules": weighed.rules(),
            "calls_per_minute": weighed.calls_per_minute.0, "policy_version": policy.version(),
        }))
        .map(|()| ExitCode::SUCCESS);
    }
    for (stage, ruling) in &weighed.checks {
        let reason = ruling.verdict.reason();
        let verdict = word(&ruling.verdict);
        let (number, name) = (stage.number(), stage.as_str());
        output::line(&format!(
            "{number} {name:<22} {verdict:<5}  {}",
            reason.message
        ));
        if let Some(hint) = &reason.hint {
            output::line(&format!("{:32}{hint}", ""));
        }
    }
    output::line(&format!("\n{}", in_words(&weighed)));
    Ok(ExitCode::SUCCESS)
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Allow(_) => "allow",
        Verdict::Deny(_) => "deny",
        Verdict::Ask(_) => "ask",
    }
}

fn in_words(weighed: &Weighed) -> String {
    let (rate, by) = &weighed.calls_per_minute;
    let by = by
        .as_ref()
        .map_or_else(String::new, |rule| format!(" (rule \"{rule}\")"));
    let rate = format!("at most {rate} calls a minute{by}");
    let changed_by = match weighed.ceremony.rules.as_slice() {
        [] => String::new(),
        rules => format!(", by \"{}\"", rules.join("\", \"")),
    };
    match weighed.fate() {
        Fate::Deny => "It is refused.".to_owned(),
        Fate::Ask => "It waits for a person's approval.".to_owned(),
        Fate::Confirm => format!(
            "It is planned first, and runs only with the confirmation of its plan{changed_by}; {rate}."
        ),
        Fate::Plan => {
            format!("It is planned first, and runs with dry_run: false{changed_by}; {rate}.")
        }
        Fate::Run => format!("It runs at once{changed_by}; {rate}."),
    }
}
