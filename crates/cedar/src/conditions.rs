//! The conditions of a rule in Cedar's language.

use policy::{Day, Rule};

use crate::words::{entity, quoted, set};

/// How a condition counts of which it is not known whether it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// For rules that forbid.
    Holds,
    /// For rules that allow, and for exceptions.
    Fails,
}

/// All of them, joined; `true` where there are none.
pub(crate) fn of(rule: &Rule, unknown: Unknown) -> String {
    let mut all = about_caller_and_tool(rule);
    if !rule.guilds.is_empty() {
        let guilds = rule
            .guilds
            .iter()
            .map(|id| entity("Guild", &id.to_string()));
        all.push(format!("resource in {}", set(guilds)));
    }
    if !rule.channels.is_empty() {
        let channels = rule
            .channels
            .iter()
            .map(|id| entity("Channel", &id.to_string()));
        all.push(format!("resource in {}", set(channels)));
    }
    all.extend(times(rule));
    if let Some(wanted) = rule.after_untrusted {
        let (is, is_not) = if wanted { ("yes", "no") } else { ("no", "yes") };
        all.push(match unknown {
            Unknown::Holds => format!("context.after_untrusted != \"{is_not}\""),
            Unknown::Fails => format!("context.after_untrusted == \"{is}\""),
        });
    }
    if !rule.discord_roles.is_empty() {
        let roles = rule.discord_roles.iter().map(|id| quoted(&id.to_string()));
        let has = format!("context.asker_roles.containsAny({})", set(roles));
        all.push(match unknown {
            Unknown::Holds => format!("(context.asker == \"unknown\" || {has})"),
            Unknown::Fails => has,
        });
    }
    if all.is_empty() {
        return "true".to_owned();
    }
    all.join(" && ")
}

fn about_caller_and_tool(rule: &Rule) -> Vec<String> {
    let mut all = Vec::new();
    if !rule.tools.is_empty() {
        all.push(names(&rule.tools, "context.tool.name"));
    }
    if !rule.toolsets.is_empty() {
        let toolsets = rule.toolsets.iter().map(|name| quoted(name));
        all.push(format!("{}.contains(context.tool.toolset)", set(toolsets)));
    }
    if !rule.risks.is_empty() {
        let risks = rule.risks.iter().map(|risk| quoted(risk.as_str()));
        all.push(format!("{}.contains(context.tool.risk)", set(risks)));
    }
    if !rule.principals.is_empty() {
        all.push(names(&rule.principals, "principal.name"));
    }
    if !rule.workspaces.is_empty() {
        let workspaces = rule
            .workspaces
            .iter()
            .map(|id| entity("Workspace", id.as_str()));
        all.push(format!("principal in {}", set(workspaces)));
    }
    if !rule.roles.is_empty() {
        let roles = rule.roles.iter().map(|role| quoted(role.as_str()));
        all.push(format!("{}.contains(principal.role)", set(roles)));
    }
    all
}

/// Names and patterns. `*` means the same in Cedar's `like`.
fn names(wanted: &[String], of: &str) -> String {
    let (patterns, exact): (Vec<&String>, Vec<&String>) =
        wanted.iter().partition(|name| name.contains('*'));
    let mut ways = Vec::new();
    if !exact.is_empty() {
        let exact = exact.into_iter().map(|name| quoted(name));
        ways.push(format!("{}.contains({of})", set(exact)));
    }
    for pattern in patterns {
        ways.push(format!("{of} like {}", quoted(pattern)));
    }
    format!("({})", ways.join(" || "))
}

fn times(rule: &Rule) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(from) = rule.from {
        all.push(format!("context.at >= {}", from.0));
    }
    if let Some(until) = rule.until {
        all.push(format!("context.at < {}", until.0));
    }
    let offset = rule.utc_offset.unwrap_or_default().to_string();
    let clock = format!("context.clock[{}]", quoted(&offset));
    let day = |name: &str| {
        if rule.days.is_empty() {
            return "true".to_owned();
        }
        let days = rule.days.iter().map(|day: &Day| quoted(day.as_str()));
        format!("{}.contains({clock}.{name})", set(days))
    };
    match rule.hours {
        None if rule.days.is_empty() => {}
        None => all.push(day("day")),
        Some(hours) => {
            let (from, until) = (hours.from(), hours.until());
            let minute = format!("{clock}.minute");
            all.push(if hours.goes_past_midnight() {
                format!(
                    "(({minute} >= {from} && {}) || ({minute} < {until} && {}))",
                    day("day"),
                    day("day_before")
                )
            } else {
                format!("{minute} >= {from} && {minute} < {until} && {}", day("day"))
            });
        }
    }
    all
}
