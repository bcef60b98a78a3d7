//! What was found for each place, put together: the strictest counts, and is put into words.

use model::{Reason, Verdict};

use crate::{Approval, Policy, Question, Ruling, platform::scope_for};

/// What a judge finds for one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// No rule could allow it.
    Bound(Bound),
    Denied(String),
    Asked {
        rule: String,
        /// Which of the policy's approvals. `None`: it does not say.
        entry: Option<String>,
    },
    /// By this rule, or because none is against it.
    Allowed(Option<String>),
}

/// What no rule can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    ReadOnly,
    Role,
    Scope,
}

/// Whom to ask, and because of which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    pub rule: String,
    /// The name of the way of asking.
    pub entry: String,
    pub approval: Approval,
}

/// The answer for all places: one that denies denies, one that asks asks.
pub fn combine(
    policy: &Policy,
    question: &Question<'_>,
    outcomes: impl IntoIterator<Item = Outcome>,
) -> (Ruling, Option<Asking>) {
    let mut asking: Option<Asking> = None;
    let mut differ = None;
    let mut allowed_by: Vec<String> = Vec::new();
    for outcome in outcomes {
        match outcome {
            Outcome::Bound(bound) => return (bounded(bound, question), None),
            Outcome::Denied(rule) => return (denied(&rule, question), None),
            Outcome::Asked { rule, entry } => {
                let way = entry.and_then(|name| policy.approvals.get_key_value(&name));
                let Some((entry, approval)) = way else {
                    return (nobody_to_ask(&rule), None);
                };
                match &asking {
                    Some(first) if first.entry != *entry => {
                        differ = Some([first.rule.clone(), rule]);
                    }
                    Some(_) => {}
                    None => {
                        asking = Some(Asking {
                            rule,
                            entry: entry.clone(),
                            approval: approval.clone(),
                        });
                    }
                }
            }
            Outcome::Allowed(Some(rule)) if !allowed_by.contains(&rule) => allowed_by.push(rule),
            Outcome::Allowed(_) => {}
        }
    }
    if let Some(rules) = differ {
        return (different_people(rules), None);
    }
    match asking {
        Some(asking) => (asked(&asking, question), Some(asking)),
        None => (allowed(allowed_by, question), None),
    }
}

fn allowed(rules: Vec<String>, question: &Question<'_>) -> Ruling {
    let message = match rules.first() {
        Some(name) => format!("the rule \"{name}\" allows it"),
        None => format!(
            "{} has the scope \"{}\"",
            question.principal.id,
            scope_for(question.risk).as_str()
        ),
    };
    Ruling {
        verdict: Verdict::Allow(Reason::new("tool_allowed", message)),
        rules,
    }
}

fn bounded(bound: Bound, question: &Question<'_>) -> Ruling {
    let Question {
        principal, tool, ..
    } = question;
    let who = &principal.id;
    let (code, message, hint, rule) = match bound {
        Bound::ReadOnly => (
            "read_only",
            format!("{tool} changes things, and this service is read-only"),
            "only the operator can restart it without --read-only",
            "read_only",
        ),
        Bound::Role => (
            "role_too_low",
            format!(
                "{who} is a {} and may only read; {tool} has the risk \"{}\"",
                principal.role.as_str(),
                question.risk.as_str()
            ),
            "an admin of the workspace can make a client with the role operator",
            "roles",
        ),
        Bound::Scope => (
            "scope_missing",
            format!(
                "{tool} needs the scope \"{}\", which {who} does not have",
                scope_for(question.risk).as_str()
            ),
            "the operator can create a key with that scope",
            "scopes",
        ),
    };
    deny(Reason::new(code, message).with_hint(hint), rule)
}

fn denied(rule: &str, question: &Question<'_>) -> Ruling {
    let message = format!("the rule \"{rule}\" denies {} here", question.tool);
    deny(
        Reason::new("denied_by_rule", message).with_hint("the operator can change the rule"),
        rule,
    )
}

fn nobody_to_ask(rule: &str) -> Ruling {
    let message = format!("the rule \"{rule}\" asks people, and the policy does not say whom");
    deny(
        Reason::new("nobody_to_ask", message)
            .with_hint("the operator can add `approvals` to the policy"),
        rule,
    )
}

fn different_people([first, other]: [String; 2]) -> Ruling {
    let message = format!(
        "the rules \"{first}\" and \"{other}\" ask different people about the places this call \
         concerns"
    );
    Ruling {
        verdict: Verdict::Deny(
            Reason::new("approvals_differ", message)
                .with_hint("make a call of its own for each place"),
        ),
        rules: vec![first, other],
    }
}

fn asked(asking: &Asking, question: &Question<'_>) -> Ruling {
    let Asking {
        rule,
        entry,
        approval,
    } = asking;
    let message = format!(
        "the rule \"{rule}\" leaves {} here to people",
        question.tool
    );
    let hint = match approval.quorum {
        1 => format!("one of \"{entry}\" must agree"),
        quorum => format!("{quorum} of \"{entry}\" must agree"),
    };
    Ruling {
        verdict: Verdict::Ask(Reason::new("approval_required", message).with_hint(hint)),
        rules: vec![rule.clone()],
    }
}

fn deny(reason: Reason, rule: &str) -> Ruling {
    Ruling {
        verdict: Verdict::Deny(reason),
        rules: vec![rule.to_owned()],
    }
}
