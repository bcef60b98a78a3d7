//! Buttons and selects of a message: what each must have, and what it must not.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::component::{Count, bad, custom_id, default, list, text};
use super::embed::is_url;
use crate::snowflake::Snowflake;
use crate::world::Answer;

const MAX_LABEL: usize = 80;
const MAX_URL: usize = 512;
const MAX_OPTIONS: usize = 25;
const MAX_OPTION: usize = 100;
const MAX_PLACEHOLDER: usize = 150;
const MAX_VALUES: u64 = 25;

const LINK: u64 = 5;
const PREMIUM: u64 = 6;
pub(super) const STRING_SELECT: u64 = 3;

/// Links have a URL, premium buttons an SKU, all others a custom id, and none of them two.
pub(super) fn button(button: &Map<String, Value>, path: &str, count: &mut Count) -> Answer<()> {
    let style = button
        .get("style")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    let has = |key: &str| button.get(key).is_some_and(|value| !value.is_null());
    let exclusive = |unwanted: &[&str]| match unwanted.iter().find(|key| has(key)) {
        Some(key) => {
            let message = format!("{key} cannot be specified for a button of this style");
            let code = "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE";
            Err(bad(&format!("{path}.{key}"), code, &message))
        }
        None => Ok(()),
    };
    match style {
        1..=4 => {
            custom_id(button, path, count)?;
            exclusive(&["url", "sku_id"])?;
        }
        LINK => {
            let url = button
                .get("url")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let at = format!("{path}.url");
            if url.is_empty() {
                return Err(bad(&at, "BASE_TYPE_REQUIRED", "A url is required"));
            }
            if !is_url(url, false) && !url.starts_with("discord://") {
                let message = "Scheme must be one of ('http', 'https', 'discord').";
                return Err(bad(&at, "URL_TYPE_INVALID_SCHEME", message));
            }
            if url.chars().count() > MAX_URL {
                let message = format!("Must be {MAX_URL} or fewer in length.");
                return Err(bad(&at, "BASE_TYPE_MAX_LENGTH", &message));
            }
            exclusive(&["custom_id", "sku_id"])?;
        }
        PREMIUM => {
            let sku = button.get("sku_id").and_then(read_id);
            if sku.is_none() {
                let at = format!("{path}.sku_id");
                return Err(bad(&at, "BASE_TYPE_REQUIRED", "This field is required"));
            }
            exclusive(&["custom_id", "url", "label", "emoji"])?;
        }
        _ => {
            let message = "Value must be one of {1, 2, 3, 4, 5, 6}.";
            return Err(bad(&format!("{path}.style"), "BASE_TYPE_CHOICES", message));
        }
    }
    if has("label") {
        text(button, path, "label", 1..=MAX_LABEL)?;
    } else if style != PREMIUM && !has("emoji") {
        let message = "A label or an emoji is required";
        return Err(bad(
            &format!("{path}.label"),
            "BUTTON_COMPONENT_INVALID",
            message,
        ));
    }
    Ok(())
}

/// Any of the five selects.
pub(super) fn select(
    select: &mut Map<String, Value>,
    kind: u64,
    path: &str,
    count: &mut Count,
) -> Answer<()> {
    custom_id(select, path, count)?;
    for key in [
        "placeholder",
        "min_values",
        "max_values",
        "default_values",
        "channel_types",
    ] {
        if select.get(key).is_some_and(Value::is_null) {
            select.remove(key);
        }
    }
    if select.contains_key("placeholder") {
        text(select, path, "placeholder", 0..=MAX_PLACEHOLDER)?;
    }
    default(select, "min_values", json!(1));
    default(select, "max_values", json!(1));
    let least = bounded(select, path, "min_values", 0)?;
    let most = bounded(select, path, "max_values", 1)?;
    if least > most {
        let message = "min_values must be less than or equal to max_values";
        let at = format!("{path}.min_values");
        return Err(bad(&at, "SELECT_COMPONENT_MIN_VALUES_INVALID", message));
    }
    if kind == STRING_SELECT {
        return options(select, path);
    }
    defaults(select, kind, path, most)
}

fn bounded(select: &Map<String, Value>, path: &str, key: &str, least: u64) -> Answer<u64> {
    let number = select.get(key).and_then(Value::as_u64);
    let fits = number.filter(|number| (least..=MAX_VALUES).contains(number));
    fits.ok_or_else(|| {
        let message = format!("int value should be between {least} and {MAX_VALUES}.");
        bad(&format!("{path}.{key}"), "NUMBER_TYPE_MAX", &message)
    })
}

fn options(select: &Map<String, Value>, path: &str) -> Answer<()> {
    let path = format!("{path}.options");
    let mut values = BTreeSet::new();
    for (index, option) in list(select, "options", &path, 1..=MAX_OPTIONS)?
        .iter()
        .enumerate()
    {
        let at = format!("{path}.{index}");
        let option = option.as_object().cloned().unwrap_or_default();
        text(&option, &at, "label", 1..=MAX_OPTION)?;
        text(&option, &at, "value", 1..=MAX_OPTION)?;
        if option
            .get("description")
            .is_some_and(|text| !text.is_null())
        {
            text(&option, &at, "description", 0..=MAX_OPTION)?;
        }
        if !values.insert(option["value"].to_string()) {
            let message = "The specified option value is already used";
            let code = "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED";
            return Err(bad(&format!("{at}.value"), code, message));
        }
    }
    Ok(())
}

/// What is picked beforehand is of the select's kind.
fn defaults(select: &Map<String, Value>, kind: u64, path: &str, most: u64) -> Answer<()> {
    let Some(listed) = select.get("default_values") else {
        return Ok(());
    };
    let kinds: &[&str] = match kind {
        5 => &["user"],
        6 => &["role"],
        7 => &["user", "role"],
        _ => &["channel"],
    };
    let path = format!("{path}.default_values");
    let listed = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    if listed.len() as u64 > most {
        let message = format!("Must be {most} or fewer in length.");
        return Err(bad(&path, "BASE_TYPE_MAX_LENGTH", &message));
    }
    for (index, value) in listed.iter().enumerate() {
        let fits = value["type"]
            .as_str()
            .is_some_and(|kind| kinds.contains(&kind));
        if !fits || value.get("id").and_then(read_id).is_none() {
            let message = format!("An id and a type of {kinds:?} are required");
            let at = format!("{path}.{index}");
            return Err(bad(&at, "SELECT_COMPONENT_DEFAULT_VALUE_INVALID", &message));
        }
    }
    Ok(())
}

fn read_id(value: &Value) -> Option<Snowflake> {
    let number = value.as_u64().map(Snowflake);
    number.or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::super::component::read;
    use super::*;

    fn refused(component: &Value) -> Option<String> {
        let rows = json!([{"type": 1, "components": [component]}]);
        let errors = read(&rows, 0).err()?.errors?;
        let at = &errors["components"]["0"]["components"]["0"];
        at.as_object()?.keys().next().cloned()
    }

    #[test]
    fn a_button_has_what_its_style_needs_and_nothing_else() {
        let url = "https://example.test";
        for (button, wrong) in [
            (json!({"style": 1, "label": "a"}), "custom_id"),
            (
                json!({"style": 1, "label": "a", "custom_id": "a", "url": url}),
                "url",
            ),
            (json!({"style": 5, "label": "a"}), "url"),
            (json!({"style": 5, "label": "a", "url": "ftp://x"}), "url"),
            (
                json!({"style": 5, "label": "a", "url": url, "custom_id": "a"}),
                "custom_id",
            ),
            (json!({"style": 6}), "sku_id"),
            (json!({"style": 6, "sku_id": "1", "label": "a"}), "label"),
            (json!({"style": 7, "label": "a"}), "style"),
            (json!({"style": 1, "custom_id": "a"}), "label"),
        ] {
            let mut button = button;
            button["type"] = json!(2);
            assert_eq!(refused(&button).as_deref(), Some(wrong), "{button}");
        }
        assert_eq!(
            refused(&json!({"type": 2, "style": 6, "sku_id": "1"})),
            None
        );
    }

    #[test]
    fn a_select_keeps_to_its_bounds() {
        let option = json!({"label": "A", "value": "a"});
        for (select, wrong) in [
            (json!({"type": 3, "options": []}), "options"),
            (json!({"type": 3, "options": [option, option]}), "options"),
            (json!({"type": 5, "max_values": 26}), "max_values"),
            (json!({"type": 5, "min_values": 2}), "min_values"),
            (
                json!({"type": 5, "placeholder": "x".repeat(151)}),
                "placeholder",
            ),
            (
                json!({"type": 6, "default_values": [{"id": "1", "type": "user"}]}),
                "default_values",
            ),
        ] {
            let mut select = select;
            select["custom_id"] = json!("s");
            assert_eq!(refused(&select).as_deref(), Some(wrong), "{select}");
        }
        let good = json!({"type": 7, "custom_id": "s", "placeholder": null, "max_values": 2,
            "default_values": [{"id": "1", "type": "role"}]});
        assert_eq!(refused(&good), None);
    }
}
