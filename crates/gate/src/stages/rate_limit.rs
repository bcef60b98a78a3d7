//! Check 7: the caller keeps to its rate.

use model::{Reason, Verdict};
use policy::Ruling;

/// What the limiter said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pace {
    pub calls_per_minute: u32,
    pub rule: Option<String>,
    /// Where the rate is used up: how long to wait.
    pub exceeded: Option<Exceeded>,
}

/// When the next call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exceeded {
    /// In so many milliseconds. Each strike, a call that came before its time, made them more.
    Wait { wait_ms: u64, strikes: u32 },
    /// Waiting does not help.
    ForEver,
}

impl Pace {
    /// For the caller's next try.
    pub(crate) fn retry_after_ms(&self) -> Option<u64> {
        match self.exceeded {
            Some(Exceeded::Wait { wait_ms, .. }) => Some(wait_ms),
            Some(Exceeded::ForEver) | None => None,
        }
    }
}

/// Judge by the limiter's answer.
pub(crate) fn rate_limit(pace: &Pace) -> Ruling {
    let rules = pace.rule.iter().cloned().collect();
    let number = pace.calls_per_minute;
    let verdict = match pace.exceeded {
        None => Verdict::Allow(Reason::new(
            "within_rate",
            format!("within {number} calls a minute"),
        )),
        Some(Exceeded::ForEver) => Verdict::Deny(
            Reason::new("rate_is_zero", "the operator allows no such calls")
                .with_hint("the operator can raise the rate in the policy"),
        ),
        Some(Exceeded::Wait { wait_ms, strikes }) => {
            let mut message = format!("more than {number} calls a minute of this risk");
            if strikes > 0 {
                message = format!("{message}, and {strikes} times again before it was time");
            }
            let hint = format!("try again in {wait_ms} ms, not before: the wait doubles each time");
            Verdict::Deny(Reason::new("rate_limited", message).with_hint(hint))
        }
    };
    Ruling { verdict, rules }
}
