//! Check 4: do the caller's scopes and the operator's rules allow this tool?

use model::{GuildId, Reason, Risk, Verdict, principal::Scope};

use crate::{Effect, Policy, Question, Ruling};

/// Read-only first, then scopes, then rules. With several guilds each must pass.
pub fn platform(policy: &Policy, question: &Question<'_>) -> Ruling {
    if policy.read_only && question.risk != Risk::Read {
        return deny(
            Reason::new(
                "read_only",
                format!(
                    "{} changes things, and this service is read-only",
                    question.tool
                ),
            )
            .with_hint("only the operator can restart it without --read-only"),
            "read_only",
        );
    }
    let scope = scope_for(question.risk);
    if !question.principal.scopes.contains(&scope) {
        return deny(
            Reason::new(
                "scope_missing",
                format!(
                    "{} needs the scope \"{}\", which {} does not have",
                    question.tool,
                    scope.as_str(),
                    question.principal.id
                ),
            )
            .with_hint("the operator can create a key with that scope"),
            "scopes",
        );
    }
    let mut allowed_by = Vec::new();
    for guild in each_guild(question.guilds) {
        match policy.first(question, guild, |rule| rule.effect) {
            Some((name, Effect::Deny)) => {
                return deny(
                    Reason::new(
                        "denied_by_rule",
                        format!("the rule \"{name}\" denies {} here", question.tool),
                    )
                    .with_hint("the operator can change the rule"),
                    name,
                );
            }
            Some((name, Effect::Allow)) if !allowed_by.iter().any(|n| n == name) => {
                allowed_by.push(name.to_owned());
            }
            Some((_, Effect::Allow)) | None => {}
        }
    }
    let message = match allowed_by.first() {
        Some(name) => format!("the rule \"{name}\" allows it"),
        None => format!(
            "{} has the scope \"{}\"",
            question.principal.id,
            scope.as_str()
        ),
    };
    Ruling {
        verdict: Verdict::Allow(Reason::new("tool_allowed", message)),
        rules: allowed_by,
    }
}

/// A call that concerns no guild is asked about once, without one.
pub(crate) fn each_guild(guilds: &[GuildId]) -> impl Iterator<Item = Option<GuildId>> + '_ {
    let none = guilds.is_empty().then_some(None);
    none.into_iter().chain(guilds.iter().copied().map(Some))
}

fn scope_for(risk: Risk) -> Scope {
    match risk {
        Risk::Read => Scope::Read,
        Risk::Write => Scope::Write,
        Risk::Destructive => Scope::Destructive,
    }
}

fn deny(reason: Reason, rule: &str) -> Ruling {
    Ruling {
        verdict: Verdict::Deny(reason),
        rules: vec![rule.to_owned()],
    }
}
