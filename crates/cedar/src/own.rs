//! What the operator writes in Cedar. It may forbid, and nothing else, and it is checked against a
//! schema, so that a mistyped attribute is an error before it is in force.

use std::{fmt::Write as _, ops::Range};

use cedar_policy::{
    Effect, Policy as Static, PolicyId, PolicySet, Schema, ValidationMode, Validator,
};
use miette::Diagnostic;
use policy::Policy;

use crate::{bounds, request, words::quoted};

/// The most policies in one text.
pub(crate) const OWN_MAX: usize = 200;

/// Something wrong with the text, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// In bytes.
    pub offset: usize,
    pub what: String,
}

/// One policy of the operator's own.
#[derive(Debug)]
pub(crate) struct Own {
    pub policy: Static,
    /// As explanations call it.
    pub name: String,
    /// Whom to ask where it forbids only `unattended`.
    pub approval: Option<String>,
}

/// Whether the Cedar text of a policy can be used. `tools` are those that exist.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(policy: &Policy, tools: &[&str]) -> Result<(), Fault> {
    let Some(text) = &policy.cedar else {
        return Ok(());
    };
    let all = read(policy, text)?;
    for own in &all {
        for literal in own.policy.entity_literals() {
            let kind = literal.type_name().to_string();
            let id: &str = literal.id().as_ref();
            if kind == "Tool" && !tools.contains(&id) {
                let what = format!("there is no tool \"{id}\"");
                return Err(fault(text.find(&quoted(id)), what));
            }
        }
    }
    Ok(())
}

/// Read them.
pub(crate) fn read(policy: &Policy, text: &str) -> Result<Vec<Own>, Fault> {
    if let Some(offset) = bounds::too_deep(text) {
        let what = format!(
            "the Cedar text is too deep: at most {} brackets within brackets, and {} operators \
             and dots in one policy",
            bounds::DEPTH_MAX,
            bounds::STEPS_MAX
        );
        return Err(fault(Some(offset), what));
    }
    let set: PolicySet = text.parse().map_err(|error: cedar_policy::ParseErrors| {
        let first = error.iter().next().map(|one| (place(one), one.to_string()));
        let (offset, what) = first.unwrap_or_else(|| (None, error.to_string()));
        fault(offset, what)
    })?;
    if let Some(template) = set.templates().next() {
        let what = format!("{}: templates are not used here", template.id());
        return Err(fault(None, what));
    }
    let mut policies: Vec<&Static> = set.policies().collect();
    if policies.len() > OWN_MAX {
        return Err(fault(None, format!("at most {OWN_MAX} policies")));
    }
    // The parser numbers them: policy0, policy1.
    policies.sort_by_key(|one| number(one.id()));
    let all: Vec<Own> = policies
        .into_iter()
        .enumerate()
        .map(|(index, one)| own(policy, text, index, one))
        .collect::<Result<_, _>>()?;
    validate(policy, &set)?;
    Ok(all)
}

fn number(id: &PolicyId) -> usize {
    let digits = id.to_string();
    digits
        .trim_start_matches("policy")
        .parse()
        .unwrap_or_default()
}

fn own(policy: &Policy, text: &str, index: usize, one: &Static) -> Result<Own, Fault> {
    let given = one.annotation("id").map(str::to_owned);
    let name = given.unwrap_or_else(|| (index + 1).to_string());
    if one.effect() == Effect::Permit {
        let what = "Cedar text can only forbid; what is allowed is said by scopes and rules";
        return Err(fault(nth(text, "permit", index), what.to_owned()));
    }
    let approval = one.annotation("approval").map(str::to_owned);
    if let Some(wanted) = &approval
        && !policy.approvals.contains_key(wanted)
    {
        let what = format!("\"{wanted}\" is not among the approvals");
        return Err(fault(text.find(&quoted(wanted)), what));
    }
    Ok(Own {
        policy: one.clone(),
        name: format!("cedar:{name}"),
        approval: approval.or_else(|| {
            let only = policy.approvals.keys().next().cloned();
            only.filter(|_| policy.approvals.len() == 1)
        }),
    })
}

fn validate(policy: &Policy, set: &PolicySet) -> Result<(), Fault> {
    let (schema, _warnings) = Schema::from_cedarschema_str(&schema(policy))
        .map_err(|error| fault(None, format!("the schema is broken: {error}")))?;
    let result = Validator::new(schema).validate(set, ValidationMode::Strict);
    match result.validation_errors().next() {
        None => Ok(()),
        Some(error) => {
            let text = error.to_string();
            // Cedar begins with the policy's number, and the place says more.
            let what = text
                .split_once(": ")
                .map_or(text.as_str(), |(_, rest)| rest);
            Err(fault(place(error), what.to_owned()))
        }
    }
}

/// What policies may speak of.
pub(crate) fn schema(policy: &Policy) -> String {
    let mut clock = String::new();
    for offset in request::offsets(policy) {
        let _infallible = write!(clock, "{}: Clock, ", quoted(&offset.to_string()));
    }
    format!(
        r#"
type Clock = {{ "minute": Long, "day": String, "day_before": String }};
type Circumstances = {{
  "tool": Tool,
  "at": Long,
  "clock": {{ {clock} }},
  "asker": String,
  "asker_roles": Set<String>,
  "after_untrusted": String,
}};
entity Workspace;
entity Guild;
entity Channel in [Channel, Guild];
entity Place;
entity Tool {{ "name": String, "toolset": String, "risk": String, "scope": String }};
entity Principal in [Workspace] {{ "name": String, "role": String, "scopes": Set<String> }};
action "use", "unattended", "enter" appliesTo {{
  principal: [Principal],
  resource: [Channel, Guild, Place],
  context: Circumstances,
}};
"#
    )
}

fn place(error: &dyn Diagnostic) -> Option<usize> {
    error.labels()?.next().map(|label| label.offset())
}

/// Where the n-th policy begins with this word, roughly: after the n-th semicolon.
fn nth(text: &str, word: &str, index: usize) -> Option<usize> {
    let Range { start, .. } = text
        .match_indices(';')
        .map(|(at, _)| at)
        .nth(index.checked_sub(1).unwrap_or(usize::MAX))
        .map_or(0..0, |at| at..text.len());
    text.get(start..)?.find(word).map(|found| start + found)
}

fn fault(offset: Option<usize>, what: String) -> Fault {
    Fault {
        offset: offset.unwrap_or_default(),
        what,
    }
}
