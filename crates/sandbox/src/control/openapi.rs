//! The OpenAPI document of the control API, made from the table of its routes, and its index.

use std::future::{Ready, ready};

use axum::Json;
use serde_json::{Map, Value, json};

use super::table::{self, Row};

/// `GET /control/openapi.json`
pub(super) fn show() -> Ready<Json<Value>> {
    ready(Json(document()))
}

/// `GET /control`
// Not `async`: the table would have to know its own type.
pub(super) fn index() -> Ready<Json<Value>> {
    let routes: Vec<_> = table::rows()
        .map(|row| format!("{} /control{}: {}", row.method, row.path, row.about))
        .collect();
    ready(Json(json!({
        "about": "The control API of the sandbox: people act, the world is looked at and changed.",
        "openapi": "/control/openapi.json",
        "names": "Where an id of a user, guild, channel or role is asked for, its name will do.",
        "routes": routes,
    })))
}

/// The document.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for row in table::rows() {
        let path = paths
            .entry(format!("/control{}", row.path))
            .or_insert_with(|| json!({}));
        path[row.method.to_lowercase()] = operation(row);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Guildhall sandbox: control API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "People act, the world is looked at, limits and faults are set. Where an \
                            id of a user, guild, channel or role is asked for, its name will do. What \
                            is not listed but part of Discord's API below /channels, /guilds, \
                            /users/@me, /applications and /stage-instances is served as well.",
        },
        "paths": paths,
        "components": {
            "schemas": {
                "Problem": {
                    "type": "object",
                    "description": "Why nothing was done: a sentence, or Discord's own error.",
                    "properties": { "message": { "type": "string" } },
                    "required": ["message"],
                },
            },
        },
    })
}

fn operation(row: &Row) -> Value {
    let problem = json!({
        "description": "Why not.",
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let mut responses = json!({ "4XX": problem });
    let (status, shape) = row.answer.split_once(' ').unwrap_or((row.answer, ""));
    responses[status] = match shape {
        "" => json!({ "description": "Done; there is nothing to tell." }),
        shape => {
            let schema = match shape {
                "any" => json!({}),
                shape => json!({ "type": shape }),
            };
            json!({
                "description": "Done.",
                "content": { "application/json": { "schema": schema } },
            })
        }
    };
    let mut parameters: Vec<_> = row
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    parameters.extend(fields(row.query).map(|field| {
        json!({ "name": field.name, "in": "query", "required": field.required, "schema": field.schema })
    }));
    let mut operation = json!({
        "operationId": operation_id(row),
        "summary": row.about,
        "tags": [row.tag],
        "parameters": parameters,
        "responses": responses,
    });
    if !row.body.is_empty() {
        let required = fields(row.body).any(|field| field.required);
        operation["requestBody"] = json!({
            "required": required,
            "content": { "application/json": { "schema": body_schema(row.body) } },
        });
    }
    operation
}

fn body_schema(body: &str) -> Value {
    let open = body.split_whitespace().any(|word| word == "…");
    let properties: Map<_, _> = fields(body)
        .map(|field| (field.name.to_owned(), field.schema))
        .collect();
    let required: Vec<_> = fields(body)
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": open,
    })
}

struct Field<'a> {
    name: &'a str,
    required: bool,
    schema: Value,
}

/// `name?:type` separated by spaces; see [`Row::body`].
fn fields(text: &str) -> impl Iterator<Item = Field<'_>> {
    let words = text.split_whitespace().filter(|word| *word != "…");
    words.map(|word| {
        let (name, kind) = word.split_once(':').unwrap_or((word, "string"));
        let (kind, nullable) = match kind.strip_suffix("|null") {
            Some(kind) => (kind, true),
            None => (kind, false),
        };
        let kinds = match kind {
            // Discord writes ids as strings, and reads numbers too.
            "id" => vec!["string", "integer"],
            "any" => Vec::new(),
            kind => vec![kind],
        };
        let kinds: Vec<_> = kinds
            .into_iter()
            .chain(nullable.then_some("null"))
            .collect();
        Field {
            name: name.trim_end_matches('?'),
            required: !name.ends_with('?'),
            schema: if kinds.is_empty() {
                json!({})
            } else {
                json!({ "type": kinds })
            },
        }
    })
}

/// `POST /channels/{channel}/messages` as `post_channels_messages`.
fn operation_id(row: &Row) -> String {
    let words = row.path.split('/').filter(|word| !word.is_empty());
    let words = words.map(|word| match word.strip_prefix('{') {
        None => word.replace(['@', '-', '.'], "_"),
        Some(name) => format!("by_{}", name.trim_end_matches('}')),
    });
    let words: Vec<_> = words.collect();
    format!("{}_{}", row.method.to_lowercase(), words.join("_"))
}
