//! Options of an application command: types, nesting, choices and bounds.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::command::{description, localizations, name};
use super::form::{Form, Patch};

/// Discord: Application Command Object › Application Command Option Type.
pub(crate) const SUB_COMMAND: u64 = 1;
pub(crate) const SUB_COMMAND_GROUP: u64 = 2;
pub(crate) const STRING: u64 = 3;
pub(crate) const INTEGER: u64 = 4;
pub(crate) const BOOLEAN: u64 = 5;
pub(crate) const USER: u64 = 6;
pub(crate) const CHANNEL: u64 = 7;
pub(crate) const ROLE: u64 = 8;
pub(crate) const MENTIONABLE: u64 = 9;
pub(crate) const NUMBER: u64 = 10;
pub(crate) const ATTACHMENT: u64 = 11;

const MAX_OPTIONS: usize = 25;
const MAX_CHOICES: usize = 25;
const MAX_CHOICE: usize = 100;
const MAX_TEXT: i64 = 6_000;
/// Whole numbers that JavaScript can hold.
pub(crate) const MAX_INTEGER: i64 = (1 << 53) - 1;

/// Reads `options`; `depth` counts the groups and subcommands above.
pub(super) fn read_all(form: &mut Form<'_>, depth: usize) -> Option<Vec<Value>> {
    let read = form.objects("options", 0..=MAX_OPTIONS, |option| one(option, depth));
    let options = read.value()?;
    check_together(form, &options);
    Some(options)
}

fn one(form: &mut Form<'_>, depth: usize) -> Value {
    let kinds: &[u64] = match depth {
        0 => &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        1 => &[1, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        _ => &[3, 4, 5, 6, 7, 8, 9, 10, 11],
    };
    let kind = form.choice("type", kinds);
    let kind = form.required("type", kind);
    let mut option = Map::new();
    option.insert("type".into(), json!(kind));
    option.insert("name".into(), json!(name(form, "name", true)));
    option.insert("description".into(), json!(description(form)));
    localizations(form, true, &mut option);
    match kind {
        SUB_COMMAND | SUB_COMMAND_GROUP => {
            let below = if kind == SUB_COMMAND { 2 } else { 1 };
            let inner = read_all(form, below).unwrap_or_default();
            let plain = |inner: &Value| inner["type"] != json!(SUB_COMMAND);
            if kind == SUB_COMMAND_GROUP && (inner.is_empty() || inner.iter().any(plain)) {
                let message = "Sub-command groups must have sub-commands, and nothing else";
                form.error(
                    "options",
                    "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                    message,
                );
            }
            option.insert("options".into(), Value::Array(inner));
            return Value::Object(option);
        }
        STRING => {
            for (key, least) in [("min_length", 0), ("max_length", 1)] {
                if let Some(length) = form.integer(key, least..=MAX_TEXT).value() {
                    option.insert(key.into(), json!(length));
                }
            }
        }
        INTEGER | NUMBER => {
            for key in ["min_value", "max_value"] {
                if let Patch::Value(bound) = form.raw(key) {
                    if is_number(bound, kind) {
                        option.insert(key.into(), bound.clone());
                    } else {
                        let message = format!("Value \"{bound}\" is not a number of this type.");
                        form.error(key, "NUMBER_TYPE_COERCE", &message);
                    }
                }
            }
        }
        CHANNEL => {
            let kinds = [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16];
            if let Some(kinds) = form.numbers("channel_types", &kinds).value() {
                option.insert("channel_types".into(), json!(kinds));
            }
        }
        _ => {}
    }
    if form.flag("required").value() == Some(true) {
        option.insert("required".into(), json!(true));
    }
    if matches!(kind, STRING | INTEGER | NUMBER) {
        choices(form, kind, &mut option);
    }
    Value::Object(option)
}

fn choices(form: &mut Form<'_>, kind: u64, option: &mut Map<String, Value>) {
    let read = form.objects("choices", 0..=MAX_CHOICES, |form| choice(form, kind));
    let choices = read.value().unwrap_or_default();
    let mut names = BTreeSet::new();
    for (index, choice) in choices.iter().enumerate() {
        if !names.insert(choice["name"].to_string()) {
            let message = "Option choice names must be unique";
            let code = "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS";
            form.error_at(&format!("choices.{index}.name"), code, message);
        }
    }
    if form.flag("autocomplete").value() == Some(true) {
        option.insert("autocomplete".into(), json!(true));
        if !choices.is_empty() {
            let message = "Choices cannot be used with autocomplete";
            let code = "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES";
            form.error("choices", code, message);
        }
    }
    if !choices.is_empty() {
        option.insert("choices".into(), Value::Array(choices));
    }
}

/// One choice, of a command's option or of an answer to autocomplete.
pub(crate) fn choice(form: &mut Form<'_>, kind: u64) -> Value {
    let name = form.text("name", 1..=MAX_CHOICE);
    let mut choice = json!({"name": form.required("name", name)});
    let mut translated = Map::new();
    localizations(form, false, &mut translated);
    if let Some(names) = translated.remove("name_localizations") {
        choice["name_localizations"] = names;
    }
    let value = form.raw("value").value();
    let fits = value.is_some_and(|value| match kind {
        STRING => value
            .as_str()
            .is_some_and(|text| text.chars().count() <= MAX_CHOICE),
        _ => is_number(value, kind),
    });
    if !fits {
        let message = "The value must be of the option's type and within its limits";
        form.error(
            "value",
            "APPLICATION_COMMAND_OPTIONS_VALUE_INVALID",
            message,
        );
    }
    choice["value"] = value.cloned().unwrap_or_default();
    choice
}

pub(crate) fn is_number(value: &Value, kind: u64) -> bool {
    if kind == NUMBER {
        return value.as_f64().is_some_and(f64::is_finite);
    }
    value
        .as_i64()
        .is_some_and(|number| number.abs() <= MAX_INTEGER)
}

/// Names once, required ones first, and subcommands never beside values.
fn check_together(form: &mut Form<'_>, options: &[Value]) {
    let (mut names, mut optional) = (BTreeSet::new(), false);
    let nests = |option: &Value| option["type"].as_u64().is_some_and(|kind| kind <= 2);
    let any_nests = options.iter().any(nests);
    for (index, option) in options.iter().enumerate() {
        if any_nests && !nests(option) {
            let message = "Sub-command and sub-command group option types are mutually exclusive \
                           to all other types";
            let code = "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID";
            form.error_at(&format!("options.{index}.type"), code, message);
        }
        if !names.insert(option["name"].to_string()) {
            let message = "Option names must be unique";
            let code = "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS";
            form.error_at(&format!("options.{index}.name"), code, message);
        }
        if option["required"] != true {
            optional = true;
        } else if optional {
            let message = "Required options must be placed before non-required options";
            let code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID";
            form.error_at(&format!("options.{index}"), code, message);
        }
    }
}
