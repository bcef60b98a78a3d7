//! Check 7, the operator's part: how many calls a minute. And how many attempts, before any check.

use std::{cmp::Reverse, num::NonZeroU32};

use model::Principal;

use crate::{Policy, Question};

/// Attempts that everybody has in a minute, whatever the rates.
const ATTEMPTS_AT_LEAST: u32 = 600;

/// How many calls this principal may try in a minute, good or bad: twice the most that any rate or
/// rule could ever grant it.
pub fn attempts_per_minute(policy: &Policy, principal: &Principal) -> NonZeroU32 {
    let rates = &policy.rates;
    let by_rules = policy
        .rules
        .iter()
        .filter(|rule| rule.is_about(principal))
        .filter_map(|rule| rule.calls_per_minute);
    let most = [rates.read, rates.write, rates.destructive]
        .into_iter()
        .chain(by_rules)
        .max()
        .unwrap_or_default();
    let number = most.saturating_mul(2).max(ATTEMPTS_AT_LEAST);
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MAX)
}

/// How many calls of this risk this principal may make in a minute, and the rule that says so.
/// With several places the smallest number counts.
pub fn calls_per_minute(policy: &Policy, question: &Question<'_>) -> (u32, Option<String>) {
    let by_risk = match question.risk {
        model::Risk::Read => policy.rates.read,
        model::Risk::Write => policy.rates.write,
        model::Risk::Destructive => policy.rates.destructive,
    };
    let here = |spot| {
        let (rule, Reverse(number)) = policy.decide(question, spot, Reverse(by_risk), |rule| {
            rule.calls_per_minute.map(Reverse)
        });
        (number, rule.map(|rule| rule.name.clone()))
    };
    question
        .each_spot()
        .map(here)
        .min_by_key(|(number, _)| *number)
        .unwrap_or((by_risk, None))
}
