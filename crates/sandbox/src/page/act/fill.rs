//! A modal that was filled in: its fields by custom id.

use serde_json::{Map, Value, json};

use super::form::Form;
use crate::page::view::{list, text};

/// The data of a modal's submission.
pub(super) fn filled(modal: &Value, form: &Form) -> Value {
    let mut fields = Map::new();
    for component in list(modal, "components") {
        let label = std::slice::from_ref(&component["component"]);
        let inputs = match component["type"].as_u64() {
            Some(1) => list(component, "components"),
            Some(18) => label,
            _ => &[],
        };
        for input in inputs {
            fields.insert(text(input, "custom_id").to_owned(), value(input, form));
        }
    }
    json!({ "custom_id": modal["custom_id"], "fields": fields })
}

/// What stands in one field.
fn value(field: &Value, form: &Form) -> Value {
    let name = format!("f:{}", text(field, "custom_id"));
    match field["type"].as_u64().unwrap_or_default() {
        4 => json!(form.text(&name)),
        23 => json!(form.text(&name) == "true"),
        19 => {
            let files = form.files.iter().enumerate();
            let own = files.filter(|(_, file)| file.field == name);
            own.map(|(index, _)| index.to_string()).collect()
        }
        _ => json!(form.all(&name)),
    }
}
