//! Check 7, the operator's part: how many calls a minute.

use crate::{Policy, Question, platform::each_guild};

/// How many calls of this risk this principal may make in a minute, and the rule that says so.
/// With several guilds the smallest number counts.
pub fn calls_per_minute(policy: &Policy, question: &Question<'_>) -> (u32, Option<String>) {
    let by_risk = match question.risk {
        model::Risk::Read => policy.rates.read,
        model::Risk::Write => policy.rates.write,
        model::Risk::Destructive => policy.rates.destructive,
    };
    each_guild(question.guilds)
        .map(
            |guild| match policy.first(question, guild, |rule| rule.calls_per_minute) {
                Some((name, number)) => (number, Some(name.to_owned())),
                None => (by_risk, None),
            },
        )
        .min_by_key(|(number, _)| *number)
        .unwrap_or((by_risk, None))
}
