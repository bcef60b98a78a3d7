//! Check 4: do the caller's role and scopes and the operator's rules allow this tool?

use model::{Reason, Risk, Role, Verdict, principal::Scope};

use crate::{Approval, Effect, Policy, Question, Rule, Ruling};

/// Read-only first, then role and scopes, then rules. Each place must pass: one that denies denies,
/// one that asks asks.
pub fn platform(policy: &Policy, question: &Question<'_>) -> Ruling {
    if let Some(refused) = beyond_rules(policy, question) {
        return refused;
    }
    let mut asked: Option<(&Rule, &str, &Approval)> = None;
    let mut differ = None;
    let mut allowed_by = Vec::new();
    for spot in question.each_spot() {
        match policy.effect(question, spot) {
            (Some(rule), Effect::Deny) => return denied_by(rule, question),
            (Some(rule), Effect::Ask) => {
                let Some((entry, approval)) = policy.approval_of(rule) else {
                    return nobody_to_ask(rule);
                };
                match asked {
                    Some((first, known, _)) if known != entry => differ = Some((first, rule)),
                    Some(_) => {}
                    None => asked = Some((rule, entry, approval)),
                }
            }
            (Some(rule), Effect::Allow) if !allowed_by.contains(&rule.name) => {
                allowed_by.push(rule.name.clone());
            }
            (_, _) => {}
        }
    }
    if let Some((first, other)) = differ {
        return different_people(first, other);
    }
    if let Some((rule, entry, approval)) = asked {
        return ask(rule, entry, approval, question);
    }
    let message = match allowed_by.first() {
        Some(name) => format!("the rule \"{name}\" allows it"),
        None => format!(
            "{} has the scope \"{}\"",
            question.principal.id,
            scope_for(question.risk).as_str()
        ),
    };
    Ruling {
        verdict: Verdict::Allow(Reason::new("tool_allowed", message)),
        rules: allowed_by,
    }
}

/// Whether there may be a place, a time and circumstances in which this principal can use the tool,
/// be it with the approval of people. For lists: what is hidden cannot be asked for.
pub fn may_ever(policy: &Policy, question: &Question<'_>) -> bool {
    if beyond_rules(policy, question).is_some() {
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
fn beyond_rules(policy: &Policy, question: &Question<'_>) -> Option<Ruling> {
    let Question {
        principal, tool, ..
    } = question;
    if policy.read_only && question.risk != Risk::Read {
        let message = format!("{tool} changes things, and this service is read-only");
        let hint = "only the operator can restart it without --read-only";
        return Some(deny(
            Reason::new("read_only", message).with_hint(hint),
            "read_only",
        ));
    }
    if question.risk != Risk::Read && principal.role < Role::Operator {
        let message = format!(
            "{tool} changes things, and {} is a {} of the workspace",
            principal.id,
            principal.role.as_str()
        );
        let hint = "an owner of the workspace can give the role \"operator\"";
        return Some(deny(
            Reason::new("role_missing", message).with_hint(hint),
            "roles",
        ));
    }
    let scope = scope_for(question.risk);
    if !principal.scopes.contains(&scope) {
        let message = format!(
            "{tool} needs the scope \"{}\", which {} does not have",
            scope.as_str(),
            principal.id
        );
        let hint = "the operator can create a key with that scope";
        return Some(deny(
            Reason::new("scope_missing", message).with_hint(hint),
            "scopes",
        ));
    }
    None
}

fn scope_for(risk: Risk) -> Scope {
    match risk {
        Risk::Read => Scope::Read,
        Risk::Write => Scope::Write,
        Risk::Destructive => Scope::Destructive,
    }
}

fn denied_by(rule: &Rule, question: &Question<'_>) -> Ruling {
    let name = &rule.name;
    let message = format!("the rule \"{name}\" denies {} here", question.tool);
    deny(
        Reason::new("denied_by_rule", message).with_hint("the operator can change the rule"),
        name,
    )
}

fn nobody_to_ask(rule: &Rule) -> Ruling {
    let name = &rule.name;
    let message = format!("the rule \"{name}\" asks people, and the policy does not say whom");
    deny(
        Reason::new("nobody_to_ask", message)
            .with_hint("the operator can add `approvals` to the policy"),
        name,
    )
}

fn different_people(first: &Rule, other: &Rule) -> Ruling {
    let message = format!(
        "the rules \"{}\" and \"{}\" ask different people about the places this call concerns",
        first.name, other.name
    );
    let reason =
        Reason::new("approvals_differ", message).with_hint("make a call of its own for each place");
    Ruling {
        verdict: Verdict::Deny(reason),
        rules: vec![first.name.clone(), other.name.clone()],
    }
}

fn ask(rule: &Rule, entry: &str, approval: &Approval, question: &Question<'_>) -> Ruling {
    let name = &rule.name;
    let message = format!(
        "the rule \"{name}\" leaves {} here to people",
        question.tool
    );
    let hint = match approval.quorum {
        1 => format!("one of \"{entry}\" must agree"),
        quorum => format!("{quorum} of \"{entry}\" must agree"),
    };
    Ruling {
        verdict: Verdict::Ask(Reason::new("approval_required", message).with_hint(hint)),
        rules: vec![name.clone()],
    }
}

fn deny(reason: Reason, rule: &str) -> Ruling {
    Ruling {
        verdict: Verdict::Deny(reason),
        rules: vec![rule.to_owned()],
    }
}
