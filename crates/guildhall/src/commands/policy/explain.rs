//! Why a call would be refused, planned, or run.

use std::process::ExitCode;

use model::Verdict;
use policy::{Asking, Fate, Moment, PostTo, Weighed};
use serde_json::json;

use super::sketch::{Described, Judged};
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
        workspace: args.workspace.clone().unwrap_or_default(),
        role: args.role()?,
        at: args.at,
        asker_roles: args.asker_roles(),
        after_untrusted: args.after_untrusted,
    };
    let judged = Judged::of(policy);
    let policy = &judged.policy;
    let weighed = described.weigh(&judged)?;
    let timed = described.timed_rules(policy)?;
    let moment = described.moment();
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
            "approval": weighed.approval.as_ref().map(|asking| json!({
                "rule": asking.rule, "entry": asking.entry, "way": asking.approval,
            })),
            "timed_rules": timed.iter().map(|(name, next)| json!({
                "rule": name,
                "counts_now": next.is_some_and(|next| next == moment),
                "counts_next": next.map(|next| next.to_string()),
            })).collect::<Vec<_>>(),
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
    for (name, next) in timed {
        output::line(&format!("  the rule \"{name}\" {}", when(next, moment)));
    }
    output::line(&format!("\n{}", in_words(&weighed)));
    Ok(ExitCode::SUCCESS)
}

/// What a rule that counts at times says about this moment.
fn when(next: Option<Moment>, moment: Moment) -> String {
    match next {
        Some(next) if next == moment => "counts at that time".to_owned(),
        Some(next) => format!("does not count then; it would at {next}"),
        None => "is over".to_owned(),
    }
}

/// Whom a call waits for.
fn people(asking: &Asking) -> String {
    let way = &asking.approval;
    let place = match way.post_to {
        PostTo::Channel => "asked in a channel",
        PostTo::ThreadOfOrigin => "asked where the call came from",
        PostTo::DirectMessage => "asked by direct message",
    };
    format!(
        "It waits for {} of \"{}\", {place}, for {} minutes (rule \"{}\").",
        way.quorum, asking.entry, way.expires_minutes, asking.rule
    )
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
        Fate::Ask => weighed
            .approval
            .as_ref()
            .map_or_else(|| "It waits for a person's approval.".to_owned(), people),
        Fate::Confirm => format!(
            "It is planned first, and runs only with the confirmation of its plan{changed_by}; {rate}."
        ),
        Fate::Plan => {
            format!("It is planned first, and runs with dry_run: false{changed_by}; {rate}.")
        }
        Fate::Run => format!("It runs at once{changed_by}; {rate}."),
    }
}
