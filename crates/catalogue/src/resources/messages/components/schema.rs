//! The table as JSON Schema, for people and models to read. The walk does the checking.

use serde_json::{Map, Value, json};

use super::shapes::{Field, Rule, SHAPES, Shape};
use crate::{limits, schema::CHECKED};

/// Every kind is spelled out once; what is nested refers to the kinds by number.
pub(super) fn whole() -> Value {
    let kinds: Vec<Value> = SHAPES.iter().map(kind_schema).collect();
    json!({
        "type": "array",
        "maxItems": limits::COMPONENTS,
        "items": {"type": "object", "oneOf": kinds},
        CHECKED: true,
    })
}

fn kind_schema(shape: &Shape) -> Value {
    let mut schema = fields_schema(shape.fields);
    schema["description"] = json!(shape.name);
    schema["properties"]["type"] = json!({"const": shape.kind});
    if let Some(required) = schema["required"].as_array_mut() {
        required.insert(0, json!("type"));
    }
    schema
}

fn fields_schema(fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.to_owned(), rule_schema(&field.rule)))
        .collect();
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    json!({"properties": properties, "required": required})
}

fn rule_schema(rule: &Rule) -> Value {
    match rule {
        Rule::Text(limit) => json!({"type": "string", "maxLength": limit}),
        Rule::Integer(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Rule::Flag => json!({"type": "boolean"}),
        Rule::Link(limit) => {
            json!({"type": "string", "maxLength": limit, "description": "https://…"})
        }
        Rule::Media => {
            json!({"type": "string", "description": "https://… or attachment://filename"})
        }
        Rule::OwnFile => json!({"type": "string", "description": "attachment://filename"}),
        Rule::Id => json!({"type": "string"}),
        Rule::Fields(fields) => fields_schema(fields),
        Rule::ListOf(least, most, fields) => {
            json!({"type": "array", "minItems": least, "maxItems": most, "items": fields_schema(fields)})
        }
        Rule::Integers(most) => {
            json!({"type": "array", "maxItems": most, "items": {"type": "integer"}})
        }
        Rule::Children(least, most, kinds) => json!({
            "type": "array", "minItems": least, "maxItems": most,
            "description": format!("components of type {}", numbers(kinds)),
        }),
        Rule::Child(kinds) => json!({
            "type": "object",
            "description": format!("a component of type {}", numbers(kinds)),
        }),
    }
}

fn numbers(kinds: &[u64]) -> String {
    kinds
        .iter()
        .map(u64::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
