//! The walk of arguments along their schema, which finds the first thing that is wrong.
//! It knows the part of JSON Schema that argument structs produce, and a test holds them to it.

use model::id::{Id, kind};
use serde_json::{Map, Value};

use crate::{
    argument::{ArgumentError, join, shown, unknown},
    catalogue::nearest,
    schema::{CHECKED, NULLABLE, REMEDY, names},
};

/// The pattern that every id's schema has.
pub(crate) const ID_PATTERN: &str = "^\\d{1,19}$";

/// Check arguments against the tool's schema; `controls` are named too when one is misspelt.
pub(crate) fn check(
    schema: &Map<String, Value>,
    controls: &[String],
    arguments: &Map<String, Value>,
) -> Result<(), ArgumentError> {
    object("", schema, controls, arguments)
}

/// Fill in top-level defaults and leave out nulls that mean nothing.
pub(crate) fn fill(
    schema: &Map<String, Value>,
    mut arguments: Map<String, Value>,
) -> Map<String, Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        let nullable = property.get(NULLABLE).is_some();
        if !nullable && arguments.get(name).is_some_and(Value::is_null) {
            arguments.remove(name);
        }
        if let Some(default) = property.get("default").filter(|value| !value.is_null())
            && !arguments.contains_key(name)
        {
            arguments.insert(name.clone(), default.clone());
        }
    }
    arguments
}

fn object(
    path: &str,
    schema: &Map<String, Value>,
    controls: &[String],
    given: &Map<String, Value>,
) -> Result<(), ArgumentError> {
    let properties = schema.get("properties").and_then(Value::as_object);
    if properties.is_none() && !path.is_empty() {
        // A free object, such as the arguments that a dispatcher passes on.
        return Ok(());
    }
    for (name, value) in given {
        let Some(property) = properties.and_then(|properties| properties.get(name)) else {
            let known = names(schema).chain(controls.iter().map(String::as_str));
            return Err(unknown(path, name, known));
        };
        walk(&join(path, name), property, value)?;
    }
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !given.contains_key(name) {
            return Err(ArgumentError::at(
                join(path, name),
                format_args!("is missing{}", purpose(properties, name)),
            ));
        }
    }
    Ok(())
}

/// What the missing argument is for, from its description.
fn purpose(properties: Option<&Map<String, Value>>, name: &str) -> String {
    properties
        .and_then(|properties| properties.get(name)?.get("description")?.as_str())
        .map(|text| {
            format!(
                ": {}",
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            )
        })
        .unwrap_or_default()
}

fn walk(path: &str, schema: &Value, value: &Value) -> Result<(), ArgumentError> {
    if value.is_null() {
        return null(path, schema);
    }
    if schema.get(CHECKED).is_some() {
        return Ok(());
    }
    choice(path, schema, value)?;
    kind_of(path, schema, value)?;
    match value {
        Value::String(text) => string(path, schema, text),
        Value::Number(number) => range(path, schema, number.as_f64().unwrap_or(f64::NAN), value),
        Value::Array(items) => array(path, schema, items),
        Value::Object(fields) => match schema.as_object() {
            Some(schema) => object(path, schema, &[], fields),
            None => Ok(()),
        },
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn null(path: &str, schema: &Value) -> Result<(), ArgumentError> {
    let optional = schema["type"]
        .as_array()
        .is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"));
    if optional || schema.get(NULLABLE).is_some() {
        return Ok(());
    }
    Err(ArgumentError::at(
        path,
        format_args!("may not be null; it must be {}", expected(schema)),
    ))
}

fn choice(path: &str, schema: &Value, value: &Value) -> Result<(), ArgumentError> {
    let Some(choices) = schema.get("enum").and_then(Value::as_array) else {
        return Ok(());
    };
    if choices.contains(value) {
        return Ok(());
    }
    let words: Vec<&str> = choices.iter().filter_map(Value::as_str).collect();
    let near = value
        .as_str()
        .and_then(|text| nearest(text, words.iter().copied()));
    let hint = near
        .map(|near| format!("; did you mean \"{near}\"?"))
        .unwrap_or_default();
    Err(ArgumentError {
        nearest: near.map(str::to_owned),
        ..ArgumentError::at(
            path,
            format_args!(
                "must be one of {}, not {}{hint}",
                words.join(", "),
                shown(value)
            ),
        )
    })
}

fn kind_of(path: &str, schema: &Value, value: &Value) -> Result<(), ArgumentError> {
    let fits = |kind: &str| match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    let right = match &schema["type"] {
        Value::String(kind) => fits(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(fits),
        _ => true,
    };
    if right {
        return Ok(());
    }
    if is_id(schema) && value.is_number() {
        // The id's own decoder has the remedy, because a rounded number cannot be repaired.
        let remedy = serde_json::from_value::<Id<kind::Message>>(value.clone())
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        return Err(ArgumentError::at(
            path,
            format_args!("is a number; {remedy}"),
        ));
    }
    Err(ArgumentError::at(
        path,
        format_args!("must be {}, not {}", expected(schema), shown(value)),
    ))
}

fn string(path: &str, schema: &Value, text: &str) -> Result<(), ArgumentError> {
    if is_id(schema) {
        return match text.parse::<Id<kind::Message>>() {
            Ok(_) => Ok(()),
            Err(error) => Err(ArgumentError::at(
                path,
                format_args!("is not an id: {error}; given {}", shown(&Value::from(text))),
            )),
        };
    }
    let length = text.chars().count();
    bounds(
        path,
        schema,
        length,
        ["minLength", "maxLength"],
        "characters long",
    )
}

fn array(path: &str, schema: &Value, items: &[Value]) -> Result<(), ArgumentError> {
    bounds(
        path,
        schema,
        items.len(),
        ["minItems", "maxItems"],
        "entries long",
    )?;
    for (index, item) in items.iter().enumerate() {
        walk(&format!("{path}[{index}]"), &schema["items"], item)?;
    }
    Ok(())
}

fn bounds(
    path: &str,
    schema: &Value,
    length: usize,
    [least, most]: [&str; 2],
    unit: &str,
) -> Result<(), ArgumentError> {
    let limit = |name: &str| {
        schema
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|limit| usize::try_from(limit).ok())
    };
    if let Some(most) = limit(most)
        && length > most
    {
        return Err(ArgumentError::at(
            path,
            format_args!("is {length} {unit}; the limit is {most}{}", remedy(schema)),
        ));
    }
    if let Some(least) = limit(least)
        && length < least
    {
        return Err(ArgumentError::at(
            path,
            format_args!(
                "is {length} {unit}; at least {least} needed{}",
                remedy(schema)
            ),
        ));
    }
    Ok(())
}

fn range(path: &str, schema: &Value, given: f64, value: &Value) -> Result<(), ArgumentError> {
    let least = schema
        .get("minimum")
        .filter(|least| least.as_f64().is_some_and(|least| given < least));
    let most = schema
        .get("maximum")
        .filter(|most| most.as_f64().is_some_and(|most| given > most));
    match (least, most) {
        (None, None) => Ok(()),
        (Some(least), _) => Err(ArgumentError::at(
            path,
            format_args!(
                "is {}; it must be at least {least}{}",
                shown(value),
                remedy(schema)
            ),
        )),
        (None, Some(most)) => Err(ArgumentError::at(
            path,
            format_args!(
                "is {}; it must be at most {most}{}",
                shown(value),
                remedy(schema)
            ),
        )),
    }
}

fn remedy(schema: &Value) -> String {
    schema
        .get(REMEDY)
        .and_then(Value::as_str)
        .map(|remedy| format!("; {remedy}"))
        .unwrap_or_default()
}

fn is_id(schema: &Value) -> bool {
    schema["pattern"] == ID_PATTERN
}

/// The type in words.
fn expected(schema: &Value) -> &'static str {
    if is_id(schema) {
        return "an id, a string of digits in quotes";
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null"),
        kind => Some(kind),
    };
    match kind.and_then(Value::as_str) {
        Some("string") => "a string",
        Some("integer") => "an integer",
        Some("number") => "a number",
        Some("boolean") => "true or false",
        Some("array") => "a list",
        Some("object") => "an object",
        _ => "something else",
    }
}
