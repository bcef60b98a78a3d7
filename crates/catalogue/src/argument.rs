//! Strict arguments: every error names the argument, the rule, what was given, and what may be meant.
//!
//! Arguments are checked against the tool's own schema first, because a schema walk knows paths and
//! limits that a decoder forgets; then they are decoded. The schema is the one place of a limit.

use std::fmt;

use serde_json::{Map, Value};

use crate::{
    catalogue::nearest,
    tool::{Arguments, Tool},
};

/// How much of a given value an error repeats, in characters.
const SHOWN: usize = 60;

/// Why arguments were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ArgumentError {
    /// The argument, as a path: `embeds[0].title`. `None` where several are concerned.
    pub field: Option<String>,
    /// What is wrong and what would be right.
    pub message: String,
    /// The known argument that an unknown one resembles.
    pub nearest: Option<String>,
}

impl ArgumentError {
    /// Wrong in one argument; the message names it.
    pub(crate) fn at(field: impl Into<String>, message: impl fmt::Display) -> Self {
        let field = field.into();
        Self {
            message: format!("`{field}` {message}"),
            field: Some(field),
            nearest: None,
        }
    }

    /// Arguments that do not go together.
    pub(crate) fn together(message: impl Into<String>) -> Self {
        Self {
            field: None,
            message: message.into(),
            nearest: None,
        }
    }
}

/// Check and decode.
pub(crate) fn parse<A: Arguments>(
    tool: &Tool,
    arguments: Map<String, Value>,
) -> Result<A, ArgumentError> {
    parse_filled(tool, arguments).map(|(parsed, _)| parsed)
}

/// Check and decode; also gives the arguments back with defaults filled in and nulls left out.
pub(crate) fn parse_filled<A: Arguments>(
    tool: &Tool,
    arguments: Map<String, Value>,
) -> Result<(A, Map<String, Value>), ArgumentError> {
    crate::strict::check(tool.draft(), tool.control_names(), &arguments)?;
    let filled = crate::strict::fill(tool.draft(), arguments);
    let parsed = serde_path_to_error::deserialize(Value::Object(filled.clone())).map_err(
        |error: serde_path_to_error::Error<serde_json::Error>| {
            let path = error.path().to_string();
            if path == "." {
                ArgumentError::together(error.inner().to_string())
            } else {
                ArgumentError::at(path, format_args!("is not valid: {}", error.inner()))
            }
        },
    )?;
    Ok((parsed, filled))
}

/// An argument nobody declared.
pub(crate) fn unknown<'a>(
    path: &str,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> ArgumentError {
    let nearest = nearest(name, known.clone());
    let full = join(path, &clip(name));
    let known: Vec<&str> = known.collect();
    let hint = match (nearest, known.as_slice()) {
        (Some(nearest), _) => format!("; did you mean `{nearest}`?"),
        (None, []) => " here; it takes no arguments".to_owned(),
        (None, known) => format!("; known here: {}", known.join(", ")),
    };
    ArgumentError {
        message: format!("`{full}` is not a known argument{hint}"),
        field: Some(full),
        nearest: nearest.map(str::to_owned),
    }
}

/// `embeds[0]` and `title` give `embeds[0].title`.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// A given value, short enough for an error message.
pub(crate) fn shown(value: &Value) -> String {
    let text = value.to_string();
    // A whole address where its id belongs: the token in it is repeated nowhere.
    match text.split_once("/webhooks/") {
        Some((before, after)) => {
            let id = after.split('/').next().unwrap_or_default();
            clip(&format!("{before}/webhooks/{id}/…\""))
        }
        None => clip(&text),
    }
}

fn clip(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(SHOWN).collect();
    short.push('…');
    short
}
