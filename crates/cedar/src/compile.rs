//! A policy as Cedar policies. `ask` is a `forbid` of the action `unattended`, so that two requests
//! tell deny, ask and allow apart. The first rule that fits decides, so each rule has the earlier
//! rules that say something else as its exceptions.

use policy::{Effect, Policy, Rule};

use crate::{
    conditions::{self, Unknown},
    words::{entity, quoted, set},
};

/// What a Cedar policy stands for. As the id of the policy it is a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    ReadOnly,
    Role,
    Scope,
    /// The base on which everything else stands.
    Base,
    /// By its place in the policy.
    Rule(usize),
    ChannelsDeny,
    ChannelsAllow,
    /// Of the operator's own, by its place in the text.
    Own(usize),
}

/// The policies of check 4, with those of the rules that are wanted, as exceptions too.
pub(crate) fn tools(policy: &Policy, wanted: impl Fn(usize) -> bool) -> Vec<(Origin, String)> {
    let mut texts = vec![
        (
            Origin::Base,
            "@id(\"the scope is there\")\npermit (principal, action, resource)\n\
             when { principal.scopes.contains(context.tool.scope) };\n"
                .to_owned(),
        ),
        (
            Origin::Scope,
            "@id(\"scopes\")\nforbid (principal, action, resource)\n\
             unless { principal.scopes.contains(context.tool.scope) };\n"
                .to_owned(),
        ),
        (
            Origin::Role,
            "@id(\"roles\")\nforbid (principal, action, resource)\n\
             when { context.tool.risk != \"read\" && principal.role == \"viewer\" };\n"
                .to_owned(),
        ),
    ];
    if policy.read_only {
        texts.push((
            Origin::ReadOnly,
            "@id(\"read_only\")\nforbid (principal, action, resource)\n\
             when { context.tool.risk != \"read\" };\n"
                .to_owned(),
        ));
    }
    for (index, rule) in policy.rules.iter().enumerate() {
        if let Some(effect) = rule.effect
            && wanted(index)
        {
            let earlier = policy.earlier(index);
            let exceptions: Vec<&Rule> = earlier
                .filter(|(earlier, _)| wanted(*earlier))
                .map(|(_, rule)| rule)
                .collect();
            texts.push((Origin::Rule(index), of_rule(rule, effect, &exceptions)));
        }
    }
    texts
}

fn of_rule(rule: &Rule, effect: Effect, exceptions: &[&Rule]) -> String {
    let (head, unknown) = match effect {
        Effect::Allow => ("permit (principal, action, resource)", Unknown::Fails),
        Effect::Deny => ("forbid (principal, action, resource)", Unknown::Holds),
        Effect::Ask => (
            "forbid (principal, action == Action::\"unattended\", resource)",
            Unknown::Holds,
        ),
    };
    let mut when = conditions::of(rule, unknown);
    if effect == Effect::Allow {
        when.push_str(" && principal.scopes.contains(context.tool.scope)");
    }
    let mut text = format!("@id({})\n{head}\nwhen {{ {when} }}", quoted(&rule.name));
    if !exceptions.is_empty() {
        let exceptions: Vec<String> = exceptions
            .iter()
            .map(|earlier| format!("({})", conditions::of(earlier, Unknown::Fails)))
            .collect();
        text.push_str("\nunless { ");
        text.push_str(&exceptions.join(" || "));
        text.push_str(" }");
    }
    text.push_str(";\n");
    text
}

/// The policies of check 5.
pub(crate) fn channels(policy: &Policy) -> Vec<(Origin, String)> {
    let lists = &policy.channels;
    let channels = |ids: &std::collections::BTreeSet<model::ChannelId>| {
        set(ids.iter().map(|id| entity("Channel", &id.to_string())))
    };
    let mut all = vec![match &lists.allow {
        None => (
            Origin::Base,
            "@id(\"channels\")\npermit (principal, action, resource);\n".to_owned(),
        ),
        Some(allow) => (
            Origin::ChannelsAllow,
            format!(
                "@id(\"channels.allow\")\npermit (principal, action, resource)\n\
                 when {{ resource in {} }};\n",
                channels(allow)
            ),
        ),
    }];
    if !lists.deny.is_empty() {
        all.push((
            Origin::ChannelsDeny,
            format!(
                "@id(\"channels.deny\")\nforbid (principal, action, resource)\n\
                 when {{ resource in {} }};\n",
                channels(&lists.deny)
            ),
        ));
    }
    all
}
