//! The tools' reference as Markdown: generated, committed as `docs/tools.md`, and checked by a test.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    catalogue::catalogue,
    tool::{On, Tool},
    toolset::Toolset,
    undo::Undoing,
};

/// The whole page.
pub fn reference() -> String {
    let tools = catalogue().tools();
    let mut page = String::from(HEAD);
    for toolset in Toolset::ALL {
        let of_set: Vec<&Tool> = tools
            .iter()
            .filter(|tool| tool.toolset == toolset)
            .collect();
        if of_set.is_empty() {
            continue;
        }
        line(&mut page, &format!("\n## {}\n", toolset.as_str()));
        for tool in of_set {
            describe(&mut page, tool);
        }
    }
    page
}

/// What can be undone, as a Markdown table: part of `docs/undo.md`.
pub fn undo_table() -> String {
    let mut table = String::from("| tool | undone | by, or why not |\n|---|---|---|\n");
    for tool in catalogue().tools() {
        let by = |tools: &[&str]| {
            let tools: Vec<String> = tools.iter().map(|tool| format!("`{tool}`")).collect();
            tools.join(", ")
        };
        let (word, how) = match tool.undone() {
            None => continue,
            Some(Undoing::By(tools)) => ("yes", by(tools)),
            Some(Undoing::Partly { by: tools, lost }) => {
                ("partly", format!("{}; lost: {lost}", by(tools)))
            }
            Some(Undoing::Never(reason)) => ("no", reason.to_owned()),
            Some(Undoing::AsItsCalls) => ("as its calls", "each call is undone as such".to_owned()),
        };
        line(&mut table, &format!("| `{}` | {word} | {how} |", tool.name));
    }
    table
}

const HEAD: &str = "\
# Tools

Generated from the catalogue; `UPDATE_DOCS=1 cargo test -p catalogue` writes it anew.

Ids are strings of digits. Where a message or a channel is asked for, a link to it in Discord will do too: `message_id` takes `https://discord.com/channels/1/2/3` and needs no `channel_id` beside it, `channel_id` takes
`https://discord.com/channels/1/2`, `webhook_id` takes the webhook's address, whose token is dropped. What a link says of its guild is not believed. Unknown arguments are refused. Beside its own arguments, a tool of risk *write* takes `dry_run` and
`idempotency_key`, one of risk *destructive* also `confirm` (the token of its plan), and one that speaks in a channel `agent_name`.
";

fn line(page: &mut String, text: &str) {
    // Writing into a String cannot fail.
    let _ = writeln!(page, "{text}");
}

fn describe(page: &mut String, tool: &Tool) {
    line(page, &format!("### {}\n", tool.name));
    line(page, &format!("{}\n", tool.full_description()));
    line(page, &format!("- Risk: {}", tool.risk.as_str()));
    if !tool.operations.is_empty() {
        line(
            page,
            &format!("- Operations: {}", tool.operations.join(", ")),
        );
    }
    let needs = tool.needs.permissions.names();
    if !needs.is_empty() {
        let place = match tool.needs.scope {
            On::Guild => "in the guild",
            On::Channel => "in the channel",
            On::Nothing => "nowhere in particular",
        };
        line(page, &format!("- Needs: {} {place}", needs.join(", ")));
    }
    let schema = tool.full_schema();
    let properties = schema.get("properties").and_then(Value::as_object);
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let names: Vec<&str> = tool.argument_names().collect();
    if names.is_empty() {
        line(page, "");
        return;
    }
    line(page, "\n| argument | type | |\n|---|---|---|");
    for name in names {
        let Some(property) = properties.and_then(|properties| properties.get(name)) else {
            continue;
        };
        let must = if required.contains(&name) {
            " (required)"
        } else {
            ""
        };
        line(
            page,
            &format!(
                "| `{name}`{must} | {} | {} |",
                kind(property),
                notes(property)
            ),
        );
    }
    line(page, "");
}

fn kind(property: &Value) -> String {
    if let Some(choices) = property.get("enum").and_then(Value::as_array) {
        let words: Vec<String> = choices
            .iter()
            .map(|choice| {
                format!(
                    "`{}`",
                    choice
                        .as_str()
                        .map_or_else(|| choice.to_string(), str::to_owned)
                )
            })
            .collect();
        return words.join(", ");
    }
    if property["pattern"] == crate::strict::ID_PATTERN {
        return "id".to_owned();
    }
    match &property["type"] {
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" or "),
        Value::String(list) if list == "array" => match &property["items"]["type"] {
            Value::String(_) => format!("list of {}", kind(&property["items"])),
            _ => "list".to_owned(),
        },
        other => other.as_str().unwrap_or("any").to_owned(),
    }
}

fn notes(property: &Value) -> String {
    let mut notes: Vec<String> = Vec::new();
    if let Some(text) = property.get("description").and_then(Value::as_str) {
        notes.push(text.replace('|', "\\|"));
    }
    for (low, high, unit) in [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " entries"),
    ] {
        match (property.get(low), property.get(high)) {
            (Some(low), Some(high)) => notes.push(format!("{low} to {high}{unit}.")),
            (None, Some(high)) => notes.push(format!("At most {high}{unit}.")),
            (Some(low), None) if low.as_u64() != Some(0) => {
                notes.push(format!("At least {low}{unit}."));
            }
            _ => {}
        }
    }
    if let Some(default) = property.get("default").filter(|value| is_telling(value)) {
        notes.push(format!("Default {default}."));
    }
    notes.join(" ")
}

/// A default of nothing goes without saying.
fn is_telling(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}
