//! Check 4: do the caller's role and scopes and the operator's rules allow this tool?

use model::{Risk, Role, principal::Scope};

use crate::{
    Approval, Asking, Effect, Outcome, Policy, Question, Ruling, Spot,
    layers::stricter_judgement,
    outcome::{self, Bound},
};

/// Read-only first, then role and scopes, then rules. Each place must pass: one that denies denies,
/// one that asks asks.
pub fn platform(policy: &Policy, question: &Question<'_>) -> Ruling {
    judged(policy, question).0
}

/// The rule that wants people asked about this call, the name of the way of asking, and the way
/// itself. `None` where nobody needs to be asked, and where asking would not help.
///
/// With several places every place that asks must name the same way of asking: else nobody could
/// say who decides, and [`platform`] refuses the call.
pub fn approval_for<'a>(
    policy: &'a Policy,
    question: &Question<'_>,
) -> Option<(&'a str, &'a str, &'a Approval)> {
    let asking = judged(policy, question).1?;
    let above = policy.ceiling.iter().flat_map(|ceiling| &ceiling.rules);
    let mut rules = above.chain(&policy.rules);
    let rule = rules.find(|rule| rule.name == asking.rule)?;
    let (entry, approval) = policy.approvals.get_key_value(&asking.entry)?;
    Some((&rule.name, entry, approval))
}

/// The same, as judges answer.
pub(crate) fn asking(policy: &Policy, question: &Question<'_>) -> Option<Asking> {
    judged(policy, question).1
}

fn judged(policy: &Policy, question: &Question<'_>) -> (Ruling, Option<Asking>) {
    let own = judged_alone(policy, question);
    match &policy.ceiling {
        None => own,
        Some(ceiling) => stricter_judgement(judged(ceiling, question), own),
    }
}

fn judged_alone(policy: &Policy, question: &Question<'_>) -> (Ruling, Option<Asking>) {
    let outcomes = match bound_of(policy, question) {
        Some(bound) => vec![Outcome::Bound(bound)],
        None => question
            .each_spot()
            .map(|spot| in_one_place(policy, question, spot))
            .collect(),
    };
    outcome::combine(policy, question, outcomes)
}

fn in_one_place(policy: &Policy, question: &Question<'_>, spot: &Spot) -> Outcome {
    let (rule, effect) = policy.effect(question, spot);
    match (rule, effect) {
        (Some(rule), Effect::Deny) => Outcome::Denied(rule.name.clone()),
        (Some(rule), Effect::Ask) => Outcome::Asked {
            rule: rule.name.clone(),
            entry: policy.approval_of(rule).map(|(entry, _)| entry.to_owned()),
        },
        (rule, _) => Outcome::Allowed(rule.map(|rule| rule.name.clone())),
    }
}

/// Whether there may be a place, a time and circumstances in which this principal can use the tool,
/// be it with the approval of people. For lists: what is hidden cannot be asked for.
pub fn may_ever(policy: &Policy, question: &Question<'_>) -> bool {
    let above = policy.ceiling.as_deref();
    if above.is_some_and(|ceiling| !may_ever(ceiling, question)) {
        return false;
    }
    if bound_of(policy, question).is_some() {
        return false;
    }
    let about_it = policy
        .rules
        .iter()
        .filter(|rule| rule.is_about_caller_and_tool(question))
        .filter_map(|rule| rule.effect.map(|effect| (rule, effect)));
    for (rule, effect) in about_it {
        if effect != Effect::Deny {
            return true;
        }
        if !rule.depends() {
            return false;
        }
    }
    true
}

/// What no rule can give.
fn bound_of(policy: &Policy, question: &Question<'_>) -> Option<Bound> {
    let principal = question.principal;
    if policy.read_only && question.risk != Risk::Read {
        Some(Bound::ReadOnly)
    } else if question.risk != Risk::Read && principal.role < Role::Operator {
        Some(Bound::Role)
    } else if !principal.scopes.contains(&scope_for(question.risk)) {
        Some(Bound::Scope)
    } else {
        None
    }
}

/// The scope that a tool of this risk takes.
pub fn scope_for(risk: Risk) -> Scope {
    match risk {
        Risk::Read => Scope::Read,
        Risk::Write => Scope::Write,
        Risk::Destructive => Scope::Destructive,
    }
}
