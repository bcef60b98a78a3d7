//! What would be done, as lines that people read. They are kept while people think; what of them a
//! message has room for is its own affair.

use catalogue::Change;
use serde_json::{Map, Value};

use crate::{answer::StepPlan, tokens, words};

/// Lines of a change that are kept, and characters of a value in them.
const LINES: usize = 30;
const VALUE: usize = 200;
/// Characters of a step that are kept, and of its request and its reason.
const STEP: usize = 1_000;
const REQUEST: usize = 160;
const REASON: usize = 200;

/// A change.
pub(super) fn of_change(change: &Change) -> Vec<String> {
    let shown = |value: &Value| {
        let mut value = value.clone();
        tokens::hide(&mut value);
        let text = match value {
            Value::Null => return "nothing".to_owned(),
            Value::String(text) => text,
            value => value.to_string(),
        };
        words::plain(&text, VALUE)
    };
    let mut lines = vec![change.summary.clone()];
    for field in change.fields.iter().take(LINES) {
        lines.push(format!(
            "{}: {} → {}",
            field.path,
            shown(&field.before),
            shown(&field.after)
        ));
    }
    if change.fields.is_empty() {
        for (word, value) in [("goes", &change.before), ("comes", &change.after)] {
            match value {
                Value::Object(fields) => lines.extend(
                    fields
                        .iter()
                        .filter(|(_, value)| !value.is_null())
                        .take(LINES)
                        .map(|(name, value)| format!("{word}: {name}: {}", shown(value))),
                ),
                Value::Null => {}
                value => lines.push(format!("{word}: {}", shown(value))),
            }
        }
    }
    lines
}

/// What a read asks for.
pub(super) fn of_arguments(arguments: &Map<String, Value>) -> Vec<String> {
    let shown = |(name, value): (&String, &Value)| {
        let mut value = value.clone();
        tokens::hide(&mut value);
        words::plain(&format!("{name}: {value}"), VALUE)
    };
    arguments.iter().take(LINES).map(shown).collect()
}

/// One of several calls. What has no plan yet shows its arguments.
pub(super) fn of_step(step: &StepPlan, arguments: &Map<String, Value>) -> String {
    let mut lines = vec![format!(
        "{}. {} ({})",
        step.step,
        step.tool,
        step.risk.as_str()
    )];
    if let Some(request) = &step.request {
        lines.push(words::plain(
            &format!("{} {}", request.method, request.path),
            REQUEST,
        ));
    }
    match &step.change {
        Some(change) => lines.extend(
            of_change(change)
                .iter()
                .map(|line| words::plain(line, VALUE)),
        ),
        None => {
            let mut arguments = Value::Object(arguments.clone());
            tokens::hide(&mut arguments);
            lines.push(words::plain(&arguments.to_string(), VALUE));
        }
    }
    if let Some(note) = &step.note {
        lines.push(note.clone());
    }
    if let Some(reason) = arguments.get("reason").and_then(Value::as_str) {
        lines.push(format!("reason: {}", words::plain(reason, REASON)));
    }
    let text = lines.join("\n   ");
    match text.char_indices().nth(STEP) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
