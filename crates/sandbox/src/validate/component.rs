//! Components of a message, checked structurally: types, nesting, counts, custom ids.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::component_input::{STRING_SELECT, button, select};
use super::embed::is_url;
use crate::world::{Answer, Refusal};

/// The message flag that switches to components v2.
pub(crate) const IS_COMPONENTS_V2: u64 = 1 << 15;

const MAX_ROWS: usize = 5;
const MAX_COMPONENTS: usize = 40;
const MAX_TEXT: usize = 4_000;
const MAX_DEPTH: usize = 4;

const ACTION_ROW: u64 = 1;
const BUTTON: u64 = 2;
const CHANNEL_SELECT: u64 = 8;
const SECTION: u64 = 9;
const TEXT_DISPLAY: u64 = 10;
const THUMBNAIL: u64 = 11;
const MEDIA_GALLERY: u64 = 12;
const FILE: u64 = 13;
const SEPARATOR: u64 = 14;
const CONTAINER: u64 = 17;

const IN_CONTAINER: &[u64] = &[
    ACTION_ROW,
    SECTION,
    TEXT_DISPLAY,
    MEDIA_GALLERY,
    FILE,
    SEPARATOR,
];

/// What was counted over all components of one message.
#[derive(Default)]
pub(super) struct Count {
    components: usize,
    characters: usize,
    next_id: u64,
    custom_ids: HashSet<String>,
    ids: HashSet<u64>,
}

/// Checks `components`, and gives them back with ids and defaults filled in.
pub(crate) fn read(value: &Value, flags: u64) -> Answer<Vec<Value>> {
    let Some(items) = value.as_array() else {
        return Err(bad(
            "components",
            "LIST_TYPE_CONVERT",
            "Only iterables may be used in a ListType",
        ));
    };
    let v2 = flags & IS_COMPONENTS_V2 != 0;
    let mut count = Count {
        next_id: 1,
        ..Count::default()
    };
    if !v2 && items.len() > MAX_ROWS {
        let message = format!("Must be {MAX_ROWS} or fewer in length.");
        return Err(bad("components", "BASE_TYPE_MAX_LENGTH", &message));
    }
    let allowed: &[u64] = if v2 {
        &[
            ACTION_ROW,
            SECTION,
            TEXT_DISPLAY,
            MEDIA_GALLERY,
            FILE,
            SEPARATOR,
            CONTAINER,
        ]
    } else {
        &[ACTION_ROW]
    };
    let read = children(items, "components", allowed, &mut count, 0)?;
    if count.components > MAX_COMPONENTS {
        let message = format!("The total number of components cannot exceed {MAX_COMPONENTS}");
        return Err(bad(
            "components",
            "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
            &message,
        ));
    }
    if count.characters > MAX_TEXT {
        let message = format!("The total displayable text cannot exceed {MAX_TEXT}");
        return Err(bad(
            "components",
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            &message,
        ));
    }
    Ok(read)
}

fn children(
    items: &[Value],
    path: &str,
    allowed: &[u64],
    count: &mut Count,
    depth: usize,
) -> Answer<Vec<Value>> {
    let one = |(index, item)| one(item, &format!("{path}.{index}"), allowed, count, depth);
    items.iter().enumerate().map(one).collect()
}

fn one(
    item: &Value,
    path: &str,
    allowed: &[u64],
    count: &mut Count,
    depth: usize,
) -> Answer<Value> {
    let kind = item["type"].as_u64().unwrap_or_default();
    if !item.is_object() || !allowed.contains(&kind) || depth > MAX_DEPTH {
        let list: Vec<_> = allowed.iter().map(u64::to_string).collect();
        let message = format!(
            "Value of field \"type\" must be one of ({}).",
            list.join(", ")
        );
        return Err(bad(&format!("{path}.type"), "UNION_TYPE_CHOICES", &message));
    }
    count.components += 1;
    let id = item["id"].as_u64().filter(|id| *id > 0).unwrap_or_else(|| {
        while count.ids.contains(&count.next_id) {
            count.next_id += 1;
        }
        count.next_id
    });
    if !count.ids.insert(id) {
        return Err(bad(
            &format!("{path}.id"),
            "COMPONENT_DUPLICATE_ID",
            "Component id cannot be duplicated",
        ));
    }
    let mut component = item.as_object().cloned().unwrap_or_default();
    component.insert("id".into(), json!(id));
    match kind {
        ACTION_ROW => action_row(&mut component, path, count, depth)?,
        BUTTON => button(&component, path, count)?,
        STRING_SELECT..=CHANNEL_SELECT => select(&mut component, kind, path, count)?,
        SECTION => section(&mut component, path, count, depth)?,
        TEXT_DISPLAY => count.characters += text(&component, path, "content", 1..=MAX_TEXT)?,
        THUMBNAIL => media(&mut component, "media", path)?,
        MEDIA_GALLERY => gallery(&mut component, path)?,
        FILE => media(&mut component, "file", path)?,
        SEPARATOR => {
            default(&mut component, "spacing", json!(1));
            default(&mut component, "divider", json!(true));
        }
        _ => container(&mut component, path, count, depth)?,
    }
    Ok(Value::Object(component))
}

fn action_row(
    row: &mut Map<String, Value>,
    path: &str,
    count: &mut Count,
    depth: usize,
) -> Answer<()> {
    let path = format!("{path}.components");
    let items = list(row, "components", &path, 1..=5)?;
    let selects = |item: &Value| item["type"].as_u64().is_some_and(|kind| kind != BUTTON);
    if items.len() > 1 && items.iter().any(selects) {
        let message = "Only one select menu fits in an action row, and nothing beside it.";
        return Err(bad(&path, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message));
    }
    let read = children(&items, &path, &[BUTTON, 3, 5, 6, 7, 8], count, depth + 1)?;
    row.insert("components".into(), Value::Array(read));
    Ok(())
}

fn section(
    section: &mut Map<String, Value>,
    path: &str,
    count: &mut Count,
    depth: usize,
) -> Answer<()> {
    let at = format!("{path}.components");
    let items = list(section, "components", &at, 1..=3)?;
    let read = children(&items, &at, &[TEXT_DISPLAY], count, depth + 1)?;
    section.insert("components".into(), Value::Array(read));
    let at = format!("{path}.accessory");
    let accessory = section.get("accessory").cloned().unwrap_or_default();
    let read = one(&accessory, &at, &[BUTTON, THUMBNAIL], count, depth + 1)?;
    section.insert("accessory".into(), read);
    Ok(())
}

fn container(
    container: &mut Map<String, Value>,
    path: &str,
    count: &mut Count,
    depth: usize,
) -> Answer<()> {
    let at = format!("{path}.components");
    let items = list(container, "components", &at, 1..=MAX_COMPONENTS)?;
    let read = children(&items, &at, IN_CONTAINER, count, depth + 1)?;
    container.insert("components".into(), Value::Array(read));
    default(container, "accent_color", Value::Null);
    default(container, "spoiler", json!(false));
    Ok(())
}

fn gallery(gallery: &mut Map<String, Value>, path: &str) -> Answer<()> {
    let at = format!("{path}.items");
    let mut items = list(gallery, "items", &at, 1..=10)?;
    for (index, item) in items.iter_mut().enumerate() {
        let mut map = item.as_object().cloned().unwrap_or_default();
        media(&mut map, "media", &format!("{at}.{index}"))?;
        *item = Value::Object(map);
    }
    gallery.insert("items".into(), Value::Array(items));
    Ok(())
}

/// A picture or file, by URL or `attachment://name`.
fn media(holder: &mut Map<String, Value>, key: &str, path: &str) -> Answer<()> {
    let url = holder
        .get(key)
        .and_then(|media| media["url"].as_str())
        .unwrap_or_default()
        .to_owned();
    if !is_url(&url, true) {
        let at = format!("{path}.{key}.url");
        return Err(bad(&at, "URL_TYPE_INVALID_URL", "Not a well formed URL."));
    }
    default(holder, "spoiler", json!(false));
    if key == "file" {
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        default(holder, "name", json!(name));
        default(holder, "size", Value::Null);
    } else {
        default(holder, "description", Value::Null);
    }
    Ok(())
}

pub(super) fn custom_id(holder: &Map<String, Value>, path: &str, count: &mut Count) -> Answer<()> {
    text(holder, path, "custom_id", 1..=100)?;
    let id = holder
        .get("custom_id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if count.custom_ids.insert(id.to_owned()) {
        return Ok(());
    }
    let message = "Component custom id cannot be duplicated";
    Err(bad(
        &format!("{path}.custom_id"),
        "COMPONENT_CUSTOM_ID_DUPLICATED",
        message,
    ))
}

/// Checks a required text and counts its characters.
pub(super) fn text(
    holder: &Map<String, Value>,
    path: &str,
    key: &str,
    length: std::ops::RangeInclusive<usize>,
) -> Answer<usize> {
    let at = format!("{path}.{key}");
    let Some(text) = holder.get(key).and_then(Value::as_str) else {
        return Err(bad(&at, "BASE_TYPE_REQUIRED", "This field is required"));
    };
    let count = text.chars().count();
    if length.contains(&count) {
        return Ok(count);
    }
    let message = format!(
        "Must be between {} and {} in length.",
        length.start(),
        length.end()
    );
    Err(bad(&at, "BASE_TYPE_BAD_LENGTH", &message))
}

pub(super) fn list(
    holder: &Map<String, Value>,
    key: &str,
    path: &str,
    count: std::ops::RangeInclusive<usize>,
) -> Answer<Vec<Value>> {
    let items = holder
        .get(key)
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if count.contains(&items.len()) {
        return Ok(items);
    }
    let message = format!(
        "Must be between {} and {} in length.",
        count.start(),
        count.end()
    );
    Err(bad(path, "BASE_TYPE_BAD_LENGTH", &message))
}

pub(super) fn default(component: &mut Map<String, Value>, key: &str, value: Value) {
    component.entry(key).or_insert(value);
}

pub(super) fn bad(path: &str, code: &str, message: &str) -> Refusal {
    Refusal::field(path, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_buttons_passes_and_gets_ids() {
        let rows = json!([{"type": 1, "components": [
            {"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"},
            {"type": 2, "style": 5, "label": "More", "url": "https://example.test"},
        ]}]);
        let read = read(&rows, 0).unwrap();
        assert_eq!(read[0]["id"], 1);
        assert_eq!(read[0]["components"][1]["id"], 3);
    }

    #[test]
    fn a_container_needs_the_components_v2_flag() {
        let items = json!([{"type": 17, "components": [{"type": 10, "content": "hi"}]}]);
        assert!(read(&items, 0).is_err());
        assert!(read(&items, IS_COMPONENTS_V2).is_ok());
    }

    #[test]
    fn two_components_cannot_share_a_custom_id() {
        let rows = json!([{"type": 1, "components": [
            {"type": 2, "style": 1, "label": "A", "custom_id": "x"},
            {"type": 2, "style": 1, "label": "B", "custom_id": "x"},
        ]}]);
        let refusal = read(&rows, 0).unwrap_err();
        let at = &refusal.errors.unwrap()["components"]["0"]["components"]["1"]["custom_id"];
        assert_eq!(at["_errors"][0]["code"], "COMPONENT_CUSTOM_ID_DUPLICATED");
    }
}
