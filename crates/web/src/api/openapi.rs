//! `/api/openapi.json`: the API as an OpenAPI 3.1 document, made from the list of its endpoints.

use axum::Json;
use http::StatusCode;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::route::Route;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/openapi.json", "get_openapi_document", openapi)
            .about("This document.")
            .answers::<Map<String, Value>>(StatusCode::OK),
    ]
}

async fn openapi() -> Json<Value> {
    Json(document())
}

/// The OpenAPI document of the whole API.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut schemas = settings.into_generator();
    let mut paths = Map::new();
    for route in super::routes() {
        let operations = paths
            .entry(format!("/api{}", route.path))
            .or_insert_with(|| json!({}));
        operations[route.method.as_str().to_ascii_lowercase()] = operation(&route, &mut schemas);
    }
    let mut components = schemas.take_definitions(true);
    components.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Guildhall",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Safe hands, ears and a voice in Discord for AI agents, over REST. Ids are \
                            texts, times are milliseconds since 1970, unknown fields are refused.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" }
        },
        "servers": [{ "url": "/" }],
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, `gh_…`. On loopback none is needed unless the \
                                    service is told to ask for one."
                }
            },
            "schemas": components
        }
    })
}

fn operation(route: &Route, schemas: &mut SchemaGenerator) -> Value {
    let (summary, description) = route.about.split_once("\n\n").unwrap_or((route.about, ""));
    let mut operation = json!({
        "operationId": route.name,
        "summary": summary.trim_end_matches('.'),
        "responses": responses(route, schemas),
    });
    if !description.is_empty() {
        operation["description"] = description.into();
    }
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(shape) = route.takes {
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": shape(schemas) } }
        });
    }
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let text = json!({ "type": "string" });
    let in_path = route.path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        Some(json!({ "name": name, "in": "path", "required": true, "schema": text }))
    });
    let others = [("query", &route.query), ("header", &route.headers)];
    let others = others.into_iter().flat_map(|(place, list)| {
        let text = &text;
        list.iter().map(move |(name, meaning)| {
            json!({ "name": name, "in": place, "description": meaning, "schema": text })
        })
    });
    in_path.chain(others).collect()
}

fn responses(route: &Route, schemas: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    for (status, shape) in &route.answers {
        let mut response = json!({
            "description": status.canonical_reason().unwrap_or("Answer")
        });
        if let Some(shape) = shape {
            response["content"] = json!({ "application/json": { "schema": shape(schemas) } });
        }
        responses.insert(status.as_str().to_owned(), response);
    }
    responses.insert(
        "default".to_owned(),
        json!({
            "description": "It did not go through; `code` says why, to programs.",
            "content": {
                "application/problem+json": {
                    "schema": { "$ref": "#/components/schemas/Problem" }
                }
            }
        }),
    );
    Value::Object(responses)
}

/// RFC 9457, with our members.
fn problem() -> Value {
    let text = |meaning: &str| json!({ "type": "string", "description": meaning });
    json!({
        "type": "object",
        "description": "A problem document, as in RFC 9457.",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": text("Always `about:blank`; `code` tells problems apart."),
            "title": text("The status in words."),
            "status": { "type": "integer", "description": "The HTTP status." },
            "code": text("For programs: `snake_case`, stable."),
            "detail": text("For people and models: one sentence that names the thing."),
            "hint": text("What the reader can do about it."),
            "stage": text("The check that refused, e.g. `guild_installation`."),
            "checks": {
                "type": "array",
                "items": { "type": "object" },
                "description": "What the checks said, up to and including the one that refused."
            },
            "limit": {
                "type": "object",
                "description": "Which limit was met: whose calls it counts, and how many a minute."
            },
            "call_id": text("Names the call in the audit."),
            "retry_after_ms": {
                "type": "integer",
                "description": "When to try again; the header `Retry-After` says it in seconds."
            },
            "retry": {
                "const": "unknown",
                "description": "It may have happened all the same: look before trying again."
            },
            "untrusted_content": {
                "type": "object",
                "description": "Names the members that may hold words of Discord users."
            }
        }
    })
}
