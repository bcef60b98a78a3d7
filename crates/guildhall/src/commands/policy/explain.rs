//! Why a call would be refused, planned, or run.

use std::process::ExitCode;

use gate::policies::{Described, Explanation, Judged, LimitShown, explain};
use model::Clock as _;
use policy::{Asking, Fate, PostTo};

use crate::{cli::ExplainArgs, clock::SystemClock, config::Config, output};

/// Say what the policy says, check by check.
pub(super) fn run(args: &ExplainArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let policy = super::in_force(args.policy.as_deref(), config)?;
    let call = Described {
        scopes: args.scopes()?,
        guild: args.guild,
        channel: args.channel,
        inside: args.inside.clone(),
        direct_message: args.direct_message,
        workspace: args.workspace.clone(),
        role: args.role()?,
        at: args.at,
        asker_roles: args.asker_roles(),
        after_untrusted: args.after_untrusted,
        ..Described::new(args.tool.clone(), args.principal.clone())
    };
    let judged = Judged::of(policy, &cedar::CedarJudges);
    let now = SystemClock.now_ms();
    let explained = explain(&call, &judged, now)?;
    if args.json {
        output::json(&explained)?;
        return Ok(ExitCode::SUCCESS);
    }
    for check in &explained.checks {
        output::line(&format!(
            "{} {:<22} {:<5}  {}",
            check.check, check.name, check.verdict, check.reason
        ));
        if let Some(hint) = &check.hint {
            output::line(&format!("{:32}{hint}", ""));
        }
    }
    for rule in &explained.timed_rules {
        let when = match (rule.counts_now, &rule.counts_next) {
            (true, _) => "counts at that time".to_owned(),
            (false, Some(next)) => format!("does not count then; it would at {next}"),
            (false, None) => "is over".to_owned(),
        };
        output::line(&format!("  the rule \"{}\" {when}", rule.rule));
    }
    let asked = call.weigh(&judged, now)?.approval;
    output::line(&format!("\n{}", in_words(&explained, asked.as_ref())));
    if !matches!(explained.fate, Fate::Deny | Fate::Ask) {
        for limit in &explained.limits {
            output::line(&format!("  {}", in_a_minute(limit)));
        }
    }
    Ok(ExitCode::SUCCESS)
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

/// What one limit says.
fn in_a_minute(limit: &LimitShown) -> String {
    let whose = match (limit.of, &limit.id) {
        ("principal", Some(id)) => format!("of {id}"),
        ("tool", Some(name)) => format!("of {name}, by all together"),
        ("user", _) => "of the Discord user who asks".to_owned(),
        (of, Some(id)) => format!("in {of} {id}, by all together"),
        (of, None) => format!("of the {of}"),
    };
    let by = match &limit.by {
        None => String::new(),
        Some(key) if key.starts_with("rates.") => format!(" ({key})"),
        Some(rule) => format!(" (rule \"{rule}\")"),
    };
    format!("at most {} calls a minute {whose}{by}", limit.per_minute)
}

fn in_words(explained: &Explanation, asked: Option<&Asking>) -> String {
    let changed_by = match explained.ceremony_rules.as_slice() {
        [] => String::new(),
        rules => format!(", by \"{}\"", rules.join("\", \"")),
    };
    match explained.fate {
        Fate::Deny => "It is refused.".to_owned(),
        Fate::Ask => asked.map_or_else(|| "It waits for a person's approval.".to_owned(), people),
        Fate::Confirm => format!(
            "It is planned first, and runs only with the confirmation of its plan{changed_by}."
        ),
        Fate::Plan => format!("It is planned first, and runs with dry_run: false{changed_by}."),
        Fate::Run => format!("It runs at once{changed_by}."),
    }
}
