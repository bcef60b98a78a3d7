//! Check 7: the caller keeps to its rate, and so do the user, the channel, the guild and the tool
//! that the call concerns.

use model::{Reason, Verdict};
use policy::Ruling;

use crate::answer::LimitHit;

/// What the limits said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pace {
    /// The principal's own.
    pub calls_per_minute: u32,
    pub rule: Option<String>,
    /// Which limit is used up, and how long to wait.
    pub exceeded: Option<(LimitHit, Exceeded)>,
}

/// When the next call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exceeded {
    /// In so many milliseconds. Each strike, a call that came before its time, made them more.
    Wait { wait_ms: u64, strikes: u32 },
    /// Waiting does not help.
    ForEver,
}

/// Judge by the limits' answer.
pub(crate) fn rate_limit(pace: &Pace) -> Ruling {
    let mut rules: Vec<String> = pace.rule.iter().cloned().collect();
    let verdict = match &pace.exceeded {
        None => Verdict::Allow(Reason::new(
            "within_rate",
            format!("within {} calls a minute", pace.calls_per_minute),
        )),
        Some((hit, Exceeded::ForEver)) => Verdict::Deny(
            Reason::new(
                "rate_is_zero",
                format!("the operator allows no such calls {}", whose(hit)),
            )
            .with_hint("the operator can raise the rate in the policy"),
        ),
        Some((hit, Exceeded::Wait { wait_ms, strikes })) => {
            let mut message = format!(
                "more than {} calls a minute of risk {} {}",
                hit.calls_per_minute,
                hit.risk.as_str(),
                whose(hit)
            );
            if *strikes > 0 {
                message = format!("{message}, and {strikes} times again before it was time");
            }
            let hint = format!("try again in {wait_ms} ms, not before: the wait doubles each time");
            Verdict::Deny(Reason::new("rate_limited", message).with_hint(hint))
        }
    };
    if let Some(by) = pace.exceeded.as_ref().and_then(|(hit, _)| hit.by.clone())
        && !rules.contains(&by)
    {
        rules.push(by);
    }
    Ruling { verdict, rules }
}

fn whose(hit: &LimitHit) -> String {
    let id = &hit.id;
    match hit.whose {
        "user" => format!("for the Discord user {id}"),
        "channel" => format!("in the channel {id}, all callers together"),
        "guild" => format!("in the guild {id}, all callers together"),
        "tool" => format!("of {id}, all callers together"),
        _ => format!("by {id}"),
    }
}
