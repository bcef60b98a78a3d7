//! The calls of a whole, and what a later one may take from the result of an earlier one: an id, and
//! only where an id belongs. Words of people never become part of another call.

use catalogue::{
    Prepared, Tool, catalogue,
    control::{CONFIRM, DRY_RUN, IDEMPOTENCY_KEY},
    links,
};
use model::{Millis, Reason, Risk};
use serde_json::{Map, Value};

/// One call of a whole.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub tool: &'static Tool,
    pub arguments: Map<String, Value>,
    /// The call that it takes back.
    pub undoes: Option<String>,
    pub takes: Vec<Reference>,
}

/// `"$2.channel_id"`: a field of the second call's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// From 1.
    pub step: usize,
    pub field: String,
}

/// How deep arguments are searched; they nest less.
const DEPTH: usize = 8;
/// Longest code of an invite that is taken over.
const CODE_MAX: usize = 64;

/// Read the calls of a whole.
pub(crate) fn parts(
    calls: Vec<(String, Map<String, Value>, Option<String>)>,
) -> Result<Vec<Part>, Reason> {
    let mut parts: Vec<Part> = Vec::new();
    for (name, arguments, undoes) in calls {
        let number = parts.len() + 1;
        let wrong =
            |message: String| Reason::new("invalid_arguments", format!("step {number}: {message}"));
        let Some(tool) = catalogue().get(&name) else {
            let clipped: String = name.chars().take(64).collect();
            let reason = wrong(format!("there is no tool \"{clipped}\""));
            return Err(match catalogue().nearest(&name) {
                Some(near) => reason.with_hint(format!("did you mean {near}?")),
                None => reason,
            });
        };
        if tool.is_flow() {
            return Err(wrong(format!(
                "{name} cannot be part of a whole: it waits, passes calls on or acts elsewhere"
            )));
        }
        for control in [DRY_RUN, CONFIRM, IDEMPOTENCY_KEY] {
            if arguments.contains_key(control) {
                return Err(wrong(format!(
                    "`{control}` is said of the whole, beside `calls`"
                )));
            }
        }
        let mut takes = Vec::new();
        find(&arguments, &mut takes);
        for reference in &takes {
            let earlier = reference
                .step
                .checked_sub(1)
                .and_then(|index| parts.get(index));
            match earlier {
                None => {
                    return Err(wrong(format!(
                        "`${}.{}` is not the result of an earlier step",
                        reference.step, reference.field
                    )));
                }
                Some(earlier) if earlier.tool.risk == Risk::Read => {
                    return Err(wrong(format!(
                        "`${}.{}` is the result of a read; ids are taken from what an earlier \
                         step made or changed",
                        reference.step, reference.field
                    )));
                }
                Some(_) => {}
            }
        }
        parts.push(Part {
            tool,
            arguments,
            undoes,
            takes,
        });
    }
    Ok(parts)
}

/// Whether the call would be understood once its references are filled.
pub(crate) fn understood(part: &Part, now: Millis) -> Result<Prepared, String> {
    let mut filled = fill(&part.arguments, &mut |_| Ok(Value::from("1")))?;
    links::resolve(part.tool, &mut filled).map_err(|error| error.message)?;
    part.tool
        .prepare(filled, now)
        .map_err(|error| error.message)
}

/// The arguments with what earlier steps gave. `results` are in the order of the steps.
pub(crate) fn filled(part: &Part, results: &[Value]) -> Result<Map<String, Value>, String> {
    fill(&part.arguments, &mut |reference| {
        let value = &results
            .get(reference.step - 1)
            .ok_or_else(|| format!("step {} gave nothing", reference.step))?[&reference.field];
        let is_plain = |text: &str| {
            (1..=CODE_MAX).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        match value.as_str() {
            Some(text) if is_plain(text) => Ok(value.clone()),
            _ => Err(format!(
                "the result of step {} has no id called `{}`",
                reference.step, reference.field
            )),
        }
    })
}

fn read(name: &str, value: &Value) -> Option<Reference> {
    let takes_ids = name == "code" || name.ends_with("_id") || name.ends_with("_ids");
    let (step, field) = value.as_str()?.strip_prefix('$')?.split_once('.')?;
    let is_id = field == "id" || field == "code" || field.ends_with("_id");
    let plain = field
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let short = step.len() <= 2 && !step.starts_with('0');
    (takes_ids && is_id && plain && short).then_some(())?;
    Some(Reference {
        step: step.parse().ok()?,
        field: field.to_owned(),
    })
}

fn find(arguments: &Map<String, Value>, found: &mut Vec<Reference>) {
    let _as_they_are = fill(arguments, &mut |reference| {
        found.push(reference.clone());
        Ok(Value::Null)
    });
}

type Give<'a> = dyn FnMut(&Reference) -> Result<Value, String> + 'a;

fn fill(arguments: &Map<String, Value>, give: &mut Give<'_>) -> Result<Map<String, Value>, String> {
    let mut filled = Map::new();
    for (name, value) in arguments {
        filled.insert(name.clone(), fill_value(name, value, DEPTH, give)?);
    }
    Ok(filled)
}

fn fill_value(
    name: &str,
    value: &Value,
    depth: usize,
    give: &mut Give<'_>,
) -> Result<Value, String> {
    if let Some(reference) = read(name, value) {
        return give(&reference);
    }
    if depth == 0 {
        return Ok(value.clone());
    }
    match value {
        Value::Array(items) => items
            .iter()
            .map(|item| fill_value(name, item, depth - 1, give))
            .collect(),
        Value::Object(fields) => {
            let mut filled = Map::new();
            for (name, value) in fields {
                filled.insert(name.clone(), fill_value(name, value, depth - 1, give)?);
            }
            Ok(Value::Object(filled))
        }
        plain => Ok(plain.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(tool: &str, arguments: &Value) -> (String, Map<String, Value>, Option<String>) {
        (
            tool.to_owned(),
            arguments.as_object().unwrap().clone(),
            None,
        )
    }

    fn create() -> (String, Map<String, Value>, Option<String>) {
        call(
            "discord_create_channel",
            &json!({"guild_id": "1", "name": "plans"}),
        )
    }

    #[test]
    fn an_id_is_taken_from_an_earlier_write() {
        let send = call(
            "discord_send_message",
            &json!({"channel_id": "$1.id", "content": "$1.id"}),
        );
        let parts = parts(vec![create(), send]).unwrap();
        assert_eq!(parts[1].takes.len(), 1);
        let arguments = filled(&parts[1], &[json!({"id": "77"})]).unwrap();
        // Text stays text.
        assert_eq!(
            json!(arguments),
            json!({"channel_id": "77", "content": "$1.id"})
        );
        assert!(understood(&parts[1], 0).is_ok());
    }

    #[test]
    fn what_is_no_id_is_not_taken() {
        let send = call(
            "discord_send_message",
            &json!({"channel_id": "$1.id", "content": "x"}),
        );
        let parts = parts(vec![create(), send]).unwrap();
        for odd in [
            json!({}),
            json!({"id": "7/../8"}),
            json!({"id": 7}),
            json!({"id": ""}),
        ] {
            assert!(filled(&parts[1], &[odd]).is_err());
        }
        assert!(filled(&parts[1], &[]).is_err());
    }

    #[test]
    fn later_steps_reads_flows_and_controls_are_refused() {
        let send = |to: &str| {
            call(
                "discord_send_message",
                &json!({"channel_id": to, "content": "x"}),
            )
        };
        let read = call("discord_get_messages", &json!({"channel_id": "1"}));
        let keyed = call(
            "discord_pin_message",
            &json!({"channel_id": "1", "message_id": "2", "confirm": "x"}),
        );
        for calls in [
            vec![send("$1.id")],
            vec![create(), send("$3.id")],
            vec![read, send("$1.id")],
            vec![call(
                "discord_wait_for_message",
                &json!({"channel_id": "1"}),
            )],
            vec![call("discord_batch", &json!({"calls": []}))],
            vec![call("discord_run_write", &json!({"tool": "x"}))],
            vec![keyed],
            vec![call("discord_sned_message", &json!({}))],
        ] {
            assert_eq!(parts(calls).unwrap_err().code, "invalid_arguments");
        }
        // No reference: no step is called 0 or 01, and a field is a name.
        for odd in [
            "$0.id",
            "$01.id",
            "$1.ID",
            "$1.id.x",
            "x$1.id",
            "$1.content",
        ] {
            assert_eq!(parts(vec![create(), send(odd)]).unwrap()[1].takes, []);
        }
    }
}
