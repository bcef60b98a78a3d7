//! The control API's OpenAPI document: it has the right shape, says what the server does, and every
//! request of these tests is judged against it.

use std::fmt::Write as _;
use std::sync::OnceLock;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::App;

/// Below these, every route of Discord's API is served for people.
const FORWARDED: &[&str] = &[
    "applications",
    "channels",
    "guilds",
    "stage-instances",
    "users",
];

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(sandbox::control::openapi::document)
}

/// The operation behind a path; literal segments go before parameters.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let path = format!("/control{}", path.split('?').next().unwrap_or_default());
    let segments: Vec<_> = path.split('/').collect();
    let paths = document()["paths"].as_object().expect("paths");
    let fits = |(template, _): &(&String, &Value)| {
        let parts: Vec<_> = template.split('/').collect();
        parts.len() == segments.len()
            && parts
                .iter()
                .zip(&segments)
                .all(|(part, it)| part.starts_with('{') || part == it)
    };
    let method = method.as_str().to_lowercase();
    let mut found: Vec<_> = paths.iter().filter(fits).collect();
    found.sort_by_key(|(template, _)| template.matches('{').count());
    found.into_iter().find_map(|(_, item)| item.get(&method))
}

/// Panics when a request that was answered well, or its answer, does not fit the document.
pub(crate) fn judge(method: &Method, path: &str, body: &Value, status: StatusCode, answer: &Value) {
    let Some(operation) = operation(method, path) else {
        // Whatever Discord's API can do is forwarded, listed or not.
        let first = path.split('/').nth(1).unwrap_or_default();
        assert!(
            FORWARDED.contains(&first) || !status.is_success(),
            "{method} {path}: add a row to src/control/table"
        );
        return;
    };
    if !status.is_success() {
        assert!(
            answer["message"].is_string(),
            "{method} {path}: {status} without a sentence"
        );
        return;
    }
    let told = &operation["responses"][status.as_str()];
    assert!(told.is_object(), "{method} {path} never answers {status}");
    let content = "application/json";
    let schema = &told["content"][content]["schema"];
    if schema.is_null() {
        assert!(
            answer.is_null(),
            "{method} {path} has no body, but: {answer}"
        );
    } else {
        assert_fits(schema, answer, &format!("the answer of {method} {path}"));
    }
    if !body.is_null() {
        let schema = &operation["requestBody"]["content"][content]["schema"];
        assert!(schema.is_object(), "{method} {path} takes no body");
        assert_fits(schema, body, &format!("the body of {method} {path}"));
    }
}

fn assert_fits(schema: &Value, value: &Value, what: &str) {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    let errors: Vec<_> = validator
        .iter_errors(value)
        .map(|error| error.to_string())
        .collect();
    assert!(
        errors.is_empty(),
        "{what}: {}\n{value:#}",
        errors.join("\n")
    );
}

#[test]
fn the_document_has_the_shape_of_openapi() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("a path item") {
            let id = operation["operationId"].as_str().expect("an id");
            ids.push(id.to_owned());
            assert!(
                operation["summary"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{id}"
            );
            let parameters = operation["parameters"].as_array().expect("parameters");
            let named = parameters.iter().filter(|it| it["in"] == "path").count();
            assert_eq!(named, path.matches('{').count(), "{method} {path}");
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            if !body.is_null() {
                jsonschema::validator_for(body).expect("a schema");
            }
            assert!(
                operation["responses"]
                    .as_object()
                    .is_some_and(|all| all.len() == 2),
                "{id}"
            );
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "operations have different ids");
}

#[tokio::test]
async fn every_documented_route_is_served_and_no_other() {
    let app = App::start().await;
    for (path, item) in document()["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("a path item").keys() {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let path = path.trim_start_matches("/control");
            // Ids that nothing has: the route answers, but nothing happens.
            let path = path
                .split('/')
                .map(|part| match part {
                    "{what}" => "heartbeat",
                    part if part.starts_with('{') => "1",
                    part => part,
                })
                .collect::<Vec<_>>()
                .join("/");
            let url = format!("{}{path}", app.info.control_url);
            let asked = reqwest::Client::new()
                .request(method.clone(), url)
                .send()
                .await;
            let (status, answer) = crate::support::answer(asked.expect("an answer")).await;
            let message = answer["message"].as_str().unwrap_or_default();
            assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert!(
                !status.is_server_error(),
                "{method} {path}: {status} {answer}"
            );
            assert!(
                !message.contains("no such route"),
                "{method} {path}: {message}"
            );
            assert_ne!(answer["code"], json!(0), "{method} {path}: {answer}");
        }
    }
    let (status, answer) = app.ask(Method::GET, "/weather", Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(
        answer["message"]
            .as_str()
            .expect("a sentence")
            .contains("GET /control")
    );
    let shown = app.control(Method::GET, "/openapi.json", Value::Null).await;
    assert_eq!(&shown, document());
    let index = app.control(Method::GET, "", Value::Null).await;
    assert!(index["routes"].as_array().expect("routes").len() > 40);
}

/// `UPDATE_DOCS=1 cargo test -p sandbox --test it control_document` writes the page anew.
#[test]
fn the_page_of_routes_is_up_to_date() {
    let mut page = String::from(
        "# The sandbox's control API\n\nGenerated from its table of routes; `UPDATE_DOCS=1 cargo \
         test -p sandbox --test it control_document` writes it anew. The same as OpenAPI: `GET \
         /control/openapi.json`.\n\nEverything is JSON and needs no token. Where an id of a user, \
         guild, channel or role is asked for, its name will do: `\"as\": \"ada\"`, \
         `/control/channels/general/messages`. A channel may be told with its guild, `Small \
         Team#general` (percent-encoded in a path). Fields and parameters with `?` may be left \
         out; `…` stands for the further fields of Discord's own route. Without `as`, the owner of \
         the guild acts. What is not listed but part of Discord's API below `/channels`, `/guilds`, \
         `/users/@me`, `/applications` and `/stage-instances` is served in the same way.\n",
    );
    let mut tags: Vec<(String, Vec<String>)> = Vec::new();
    for (path, item) in document()["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("a path item") {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            let required = body["required"].as_array().cloned().unwrap_or_default();
            let names = body["properties"]
                .as_object()
                .into_iter()
                .flat_map(|all| all.keys());
            let mut names: Vec<_> = names
                .map(|name| {
                    let open = if required.contains(&json!(name)) {
                        ""
                    } else {
                        "?"
                    };
                    format!("{name}{open}")
                })
                .collect();
            if body["additionalProperties"] == true {
                names.push("…".into());
            }
            let body = if names.is_empty() {
                String::new()
            } else {
                format!("`{{{}}}`", names.join(", "))
            };
            let about = operation["summary"].as_str().expect("a summary");
            let row = format!("| `{} {path}` | {body} | {about} |", method.to_uppercase());
            let tag = operation["tags"][0].as_str().expect("a tag").to_owned();
            match tags.iter_mut().find(|(known, _)| *known == tag) {
                Some((_, rows)) => rows.push(row),
                None => tags.push((tag, vec![row])),
            }
        }
    }
    tags.sort();
    for (tag, rows) in tags {
        let title = match tag.as_str() {
            "people" => "Play people",
            "actors" => "Let people act by themselves",
            "watch" => "Watch and wait",
            "operate" => "Clock, limits, faults",
            _ => "The world",
        };
        write!(
            page,
            "\n## {title}\n\n| route | body | what |\n|---|---|---|\n{}\n",
            rows.join("\n")
        )
        .expect("text can be written");
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/control.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(file, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        written == page,
        "docs/control.md is out of date; see the head of this test"
    );
}
