//! `discord_batch`: the caller's own calls as one.

use model::Reason;
use serde_json::{Map, Value};

use crate::{
    several::{OnFailure, Whole},
    steps,
};

/// The tool's name.
pub(crate) const NAME: &str = "discord_batch";

/// The whole that the arguments name.
pub(crate) fn whole(mut arguments: Map<String, Value>) -> Result<Whole, Reason> {
    let calls = match arguments.remove("calls") {
        Some(Value::Array(calls)) => calls,
        _ => Vec::new(),
    };
    let calls = calls.into_iter().map(|mut call| {
        let tool = call["tool"].as_str().unwrap_or_default().to_owned();
        let arguments = match call["arguments"].take() {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        };
        (tool, arguments, None)
    });
    let on_failure = match arguments.get("on_failure").and_then(Value::as_str) {
        Some("roll_back") => OnFailure::RollBack,
        _ => OnFailure::Stop,
    };
    Ok(Whole {
        parts: steps::parts(calls.collect())?,
        on_failure,
        takes_back: None,
        at: None,
        even_if_changed: false,
    })
}
