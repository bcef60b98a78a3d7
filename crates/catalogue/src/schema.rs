//! A tool's JSON Schemas, all made from its argument struct: the draft that arguments are checked
//! against, the full form for people who look closely, and the lean one that lists carry.

use std::sync::Arc;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::control;

/// Marks an argument where null means "clear it" (see [`Patch`](crate::patch::Patch)).
pub(crate) const NULLABLE: &str = "x-nullable";
/// Marks a value that its own decoder checks; the schema below it is for reading only.
pub(crate) const CHECKED: &str = "x-checked";
/// What to do about a broken limit, in words.
pub(crate) const REMEDY: &str = "x-remedy";

/// The forms of one tool's schema and description.
pub(crate) struct Forms {
    pub(crate) draft: Map<String, Value>,
    pub(crate) full: Arc<Map<String, Value>>,
    pub(crate) lean: Arc<Map<String, Value>>,
    pub(crate) controls: Vec<String>,
    pub(crate) text: String,
    pub(crate) brief: String,
}

/// The schema of a struct, with everything in place and nothing referenced.
pub(crate) fn draft<A: JsonSchema>() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    match settings
        .into_generator()
        .into_root_schema_for::<A>()
        .to_value()
    {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

/// All forms, with the control arguments added.
///
/// `repeatable` tools have the same effect once or twice, so their lean form leaves the idempotency
/// key out; it is accepted all the same.
pub(crate) fn forms(
    draft: Map<String, Value>,
    controls: &Map<String, Value>,
    repeatable: bool,
) -> Forms {
    let text = draft
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let paragraphs: Vec<String> = text
        .split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let mut full = Value::Object(draft.clone());
    tidy(&mut full);
    let mut full = match full {
        Value::Object(full) => full,
        _ => Map::new(),
    };
    full.remove("description");
    let properties = full
        .entry("properties")
        .or_insert_with(|| json!({}))
        .as_object_mut()
        .expect("properties of an object's schema are an object");
    for (name, schema) in controls {
        properties
            .entry(name.clone())
            .or_insert_with(|| schema.clone());
    }
    let mut lean = lean(&full);
    if repeatable && let Some(Value::Object(properties)) = lean.get_mut("properties") {
        properties.remove(control::IDEMPOTENCY_KEY);
    }
    Forms {
        brief: paragraphs.first().cloned().unwrap_or_default(),
        text: paragraphs.join("\n\n"),
        controls: controls.keys().cloned().collect(),
        full: Arc::new(full),
        lean: Arc::new(lean),
        draft,
    }
}

/// The names of the arguments a schema declares.
pub(crate) fn names(schema: &Map<String, Value>) -> impl Iterator<Item = &str> + Clone {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|properties| properties.keys().map(String::as_str))
}

/// Remove what only Rust or this crate cares about, at every depth.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let nullable = fields.remove(NULLABLE).is_some();
            fields.remove("title");
            fields.remove("format");
            fields.retain(|name, value| {
                let says_nothing = name == "default" && value.is_null();
                !name.starts_with("x-") && !says_nothing
            });
            drop_null(fields);
            if nullable && let Some(kind) = fields.get_mut("type") {
                *kind = json!([kind.clone(), "null"]);
            }
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            }
            for (name, below) in fields.iter_mut() {
                if name == "properties" {
                    for property in below.as_object_mut().into_iter().flat_map(Map::values_mut) {
                        tidy(property);
                    }
                } else if name != "default" && name != "enum" && name != "const" {
                    tidy(below);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// `Option<T>` is `T` that may be left out.
fn drop_null(fields: &mut Map<String, Value>) {
    if let Some(Value::Array(kinds)) = fields.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            fields.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = fields.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
}

/// The form for lists: arguments with their types, choices, numeric ranges and descriptions.
/// Lengths, patterns and nested objects stay in the full form; the strict check knows them.
fn lean(full: &Map<String, Value>) -> Map<String, Value> {
    let mut lean = Map::new();
    lean.insert("type".to_owned(), json!("object"));
    let properties: Map<String, Value> = full
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), lean_property(schema)))
        .collect();
    if !properties.is_empty() {
        lean.insert("properties".to_owned(), Value::Object(properties));
    }
    if let Some(required) = full.get("required") {
        lean.insert("required".to_owned(), required.clone());
    }
    lean
}

fn lean_property(schema: &Value) -> Value {
    let mut lean = Map::new();
    for name in [
        "type",
        "enum",
        "minimum",
        "maximum",
        "default",
        "description",
    ] {
        if let Some(value) = schema.get(name) {
            lean.insert(name.to_owned(), value.clone());
        }
    }
    drop_null(&mut lean);
    lean.retain(|name, value| match name.as_str() {
        // What goes without saying.
        "minimum" => value.as_u64().is_none_or(|least| least > 1),
        "default" => *value != json!(false) && *value != json!([]) && *value != json!({}),
        _ => true,
    });
    if lean.contains_key("enum") {
        lean.remove("type");
    }
    if let Some(items) = schema.get("items") {
        let kind = items
            .get("type")
            .cloned()
            .unwrap_or_else(|| json!("object"));
        let mut short = Map::new();
        match items.get("enum") {
            Some(choices) => short.insert("enum".to_owned(), choices.clone()),
            None => short.insert("type".to_owned(), kind),
        };
        lean.insert("items".to_owned(), Value::Object(short));
    }
    Value::Object(lean)
}
