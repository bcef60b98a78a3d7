//! A modal that a bot opens: title, labels with one input each, and older rows of text inputs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::form::{Form, Patch};
use crate::world::Answer;

const MAX_TITLE: usize = 45;
const MAX_COMPONENTS: usize = 5;
const MAX_CUSTOM_ID: usize = 100;
const MAX_LABEL: usize = 45;
const MAX_DESCRIPTION: usize = 100;
const MAX_INPUT: i64 = 4_000;
const MAX_PLACEHOLDER: usize = 100;
const MAX_SELECT_PLACEHOLDER: usize = 150;
const MAX_TEXT: usize = 4_000;

const ACTION_ROW: u64 = 1;
const STRING_SELECT: u64 = 3;
const TEXT_INPUT: u64 = 4;
const CHANNEL_SELECT: u64 = 8;
const TEXT_DISPLAY: u64 = 10;
const LABEL: u64 = 18;
const FILE_UPLOAD: u64 = 19;
const RADIO_GROUP: u64 = 21;
const CHECKBOX_GROUP: u64 = 22;
const CHECKBOX: u64 = 23;

/// What was seen in one modal.
#[derive(Default)]
struct Seen {
    next_id: u64,
    custom_ids: BTreeSet<String>,
}

/// Checks the data of a modal, and gives it back with ids filled in.
pub(crate) fn read(data: &Value) -> Answer<Value> {
    let mut form = Form::new(data);
    let custom_id = form.text("custom_id", 1..=MAX_CUSTOM_ID);
    let title = form.text("title", 1..=MAX_TITLE);
    let mut seen = Seen::default();
    let components = form.objects("components", 1..=MAX_COMPONENTS, |it| top(it, &mut seen));
    let modal = json!({
        "custom_id": form.required("custom_id", custom_id),
        "title": form.required("title", title),
        "components": form.required("components", components),
    });
    form.finish().map_err(|refusal| refusal.under("data"))?;
    Ok(modal)
}

fn top(form: &mut Form<'_>, seen: &mut Seen) -> Value {
    let kind = form.choice("type", &[ACTION_ROW, TEXT_DISPLAY, LABEL]);
    let kind = form.required("type", kind);
    let mut shown = json!({"type": kind, "id": id(form, seen)});
    match kind {
        ACTION_ROW => {
            let inputs = form.objects("components", 1..=1, |it| input(it, seen, &[TEXT_INPUT]));
            shown["components"] = Value::Array(form.required("components", inputs));
        }
        TEXT_DISPLAY => {
            let text = form.text("content", 1..=MAX_TEXT);
            shown["content"] = json!(form.required("content", text));
        }
        _ => {
            let label = form.text("label", 1..=MAX_LABEL);
            shown["label"] = json!(form.required("label", label));
            if let Some(text) = form.text("description", 0..=MAX_DESCRIPTION).value() {
                shown["description"] = json!(text);
            }
            let kinds = [
                3,
                4,
                5,
                6,
                7,
                8,
                FILE_UPLOAD,
                RADIO_GROUP,
                CHECKBOX_GROUP,
                CHECKBOX,
            ];
            let inner = form.object("component", |it| input(it, seen, &kinds));
            shown["component"] = form.required("component", inner);
        }
    }
    shown
}

fn id(form: &mut Form<'_>, seen: &mut Seen) -> u64 {
    seen.next_id += 1;
    let given = form.bits("id").value().filter(|id| *id > 0);
    given.unwrap_or(seen.next_id)
}

fn input(form: &mut Form<'_>, seen: &mut Seen, kinds: &[u64]) -> Value {
    let kind = form.choice("type", kinds);
    let kind = form.required("type", kind);
    let custom_id = form.text("custom_id", 1..=MAX_CUSTOM_ID);
    let custom_id = form.required("custom_id", custom_id);
    let mut shown = json!({"type": kind, "id": id(form, seen), "custom_id": custom_id});
    if !custom_id.is_empty() && !seen.custom_ids.insert(custom_id) {
        let message = "Component custom id cannot be duplicated";
        form.error("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", message);
    }
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            shown[key] = value;
        }
    };
    put("required", form.flag("required").value().map(Value::Bool));
    match kind {
        TEXT_INPUT => {
            let style = form.choice("style", &[1, 2]);
            put("style", Some(json!(form.required("style", style))));
            put(
                "label",
                form.text("label", 0..=MAX_LABEL).value().map(Value::String),
            );
            let placeholder = form.text("placeholder", 0..=MAX_PLACEHOLDER);
            put("placeholder", placeholder.value().map(Value::String));
            put(
                "value",
                form.text("value", 0..=MAX_TEXT).value().map(Value::String),
            );
            let least = form.integer("min_length", 0..=MAX_INPUT).value();
            let most = form.integer("max_length", 1..=MAX_INPUT).value();
            if least.zip(most).is_some_and(|(least, most)| least > most) {
                let message = "min_length must not be above max_length";
                form.error("min_length", "TEXT_INPUT_MIN_LENGTH_INVALID", message);
            }
            put("min_length", least.map(|it| json!(it)));
            put("max_length", most.map(|it| json!(it)));
        }
        STRING_SELECT..=CHANNEL_SELECT | FILE_UPLOAD | CHECKBOX_GROUP => {
            let most = if kind <= CHANNEL_SELECT { 25 } else { 10 };
            let least = form.integer("min_values", 0..=most).value();
            let max = form.integer("max_values", 1..=most).value();
            put("min_values", Some(json!(least.unwrap_or(1))));
            if kind != CHECKBOX_GROUP || max.is_some() {
                put("max_values", Some(json!(max.unwrap_or(1))));
            }
            if least.zip(max).is_some_and(|(least, max)| least > max) {
                let message = "min_values must not be above max_values";
                form.error("min_values", "COMPONENT_MIN_VALUES_INVALID", message);
            }
            let placeholder = form.text("placeholder", 0..=MAX_SELECT_PLACEHOLDER);
            put("placeholder", placeholder.value().map(Value::String));
            for key in ["channel_types", "default_values"] {
                put(
                    key,
                    form.raw(key).value().filter(|it| it.is_array()).cloned(),
                );
            }
        }
        CHECKBOX => put("default", form.flag("default").value().map(Value::Bool)),
        _ => {}
    }
    let counts = match kind {
        STRING_SELECT => Some(1..=25),
        RADIO_GROUP => Some(2..=10),
        CHECKBOX_GROUP => Some(1..=10),
        _ => None,
    };
    if let Some(counts) = counts {
        let options = form.objects("options", counts, option);
        let options = form.required("options", options);
        if kind == CHECKBOX_GROUP && shown["max_values"].is_null() {
            shown["max_values"] = json!(options.len().max(1));
        }
        shown["options"] = Value::Array(options);
    }
    shown
}

fn option(form: &mut Form<'_>) -> Value {
    let label = form.text("label", 1..=100);
    let value = form.text("value", 1..=100);
    let mut option = json!({
        "label": form.required("label", label), "value": form.required("value", value),
    });
    if let Some(text) = form.text("description", 0..=100).value() {
        option["description"] = json!(text);
    }
    if let Some(default) = form.flag("default").value() {
        option["default"] = json!(default);
    }
    if let Patch::Value(emoji) = form.raw("emoji") {
        option["emoji"] = emoji.clone();
    }
    option
}
