//! The OpenAPI document: committed, whole, and true.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::key;
use crate::harness::{Reply, Scene, send};

fn committed() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json")
}

#[test]
fn the_committed_document_is_that_of_the_service() {
    let mut text = serde_json::to_string_pretty(&web::document()).unwrap();
    text.push('\n');
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(committed(), &text).unwrap();
    }
    assert!(
        fs::read_to_string(committed()).unwrap_or_default() == text,
        "docs/openapi.json is old; write it anew with UPDATE_DOCS=1 cargo test -p guildhall rest::document"
    );
}

#[test]
fn every_operation_says_what_it_does_and_has_a_name_of_its_own() {
    let document = web::document();
    let mut names = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let summary = operation["summary"].as_str().unwrap();
            assert!(summary.len() > 5, "{method} {path} says nothing");
            names.push(operation["operationId"].as_str().unwrap().to_owned());
        }
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(
            document["components"]["schemas"][name].is_object(),
            "{name}"
        );
    }
}

/// Whether an answer has the form that the document says.
#[track_caller]
fn conforms(document: &Value, method: &str, path: &str, reply: &Reply) {
    let responses = &document["paths"][path][method]["responses"];
    let status = reply.status.to_string();
    let response = match &responses[&status] {
        Value::Null => &responses["default"],
        known => known,
    };
    let kind = reply.header("content-type").unwrap();
    let mut schema = response["content"][kind]["schema"].clone();
    assert!(
        schema.is_object(),
        "{method} {path} {status} {kind} is not in the document"
    );
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&reply.json())
        .map(|error| error.to_string())
        .collect();
    assert!(
        errors.is_empty(),
        "{method} {path}: {errors:?} in {}",
        reply.text
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_have_the_form_that_the_document_says() {
    let scene = Scene::new().await;
    let root = key(&scene, "root", "default", "owner");
    let hall = scene.serve(&["--require-key"]);
    let rest = hall.rest().with_key(&root);
    let document = rest.get("/openapi.json").await.json();
    let guild = scene.sandbox.info().guild_id;
    let steps = [
        ("get", "/whoami", "/whoami", json!(null)),
        (
            "post",
            "/workspaces",
            "/workspaces",
            json!({ "id": "bakers" }),
        ),
        (
            "post",
            "/workspaces",
            "/workspaces",
            json!({ "id": "bakers" }),
        ),
        ("get", "/workspaces", "/workspaces", json!(null)),
        (
            "post",
            "/workspaces/{workspace}/members",
            "/workspaces/bakers/members",
            json!({ "name": "ada", "role": "owner" }),
        ),
        (
            "get",
            "/workspaces/{workspace}/members",
            "/workspaces/bakers/members",
            json!(null),
        ),
        (
            "patch",
            "/workspaces/{workspace}/members/{member}",
            "/workspaces/bakers/members/ada",
            json!({ "role": "owner" }),
        ),
        (
            "post",
            "/installations",
            "/installations",
            json!({ "guild_id": guild, "workspace": "bakers" }),
        ),
        (
            "get",
            "/installations",
            "/installations?workspace=bakers",
            json!(null),
        ),
        (
            "put",
            "/workspaces/{workspace}/config/{setting}",
            "/workspaces/bakers/config/display_name",
            json!({ "value": "Bread" }),
        ),
        (
            "get",
            "/workspaces/{workspace}",
            "/workspaces/bakers",
            json!(null),
        ),
        (
            "post",
            "/clients",
            "/clients",
            json!({ "name": "helper", "workspace": "bakers" }),
        ),
        ("get", "/clients", "/clients?workspace=bakers", json!(null)),
        ("get", "/clients", "/clients?workspce=bakers", json!(null)),
        (
            "post",
            "/workspaces/{workspace}/suspend",
            "/workspaces/bakers/suspend",
            json!(null),
        ),
        ("post", "/tools/{tool}", "/tools/discord_nothing", json!({})),
        (
            "post",
            "/tools/{tool}",
            "/tools/discord_list_guilds",
            json!({}),
        ),
    ];
    for (method, template, path, body) in steps {
        let mut request = rest.request(&method.to_uppercase(), path);
        if !body.is_null() {
            request = request.json(&body);
        }
        let reply = send(request).await;
        assert!(reply.status < 500, "{}", reply.text);
        conforms(&document, method, &format!("/api{template}"), &reply);
    }
    hall.terminate();
}
