//! Requests that a transport sends again because a connection broke: one effect and the first
//! answer, without a key from the caller, where the protocol tells a resent request from a new one.

use std::{collections::BTreeSet, time::Duration};

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Hall, MODERN, Scene, http_client};

const SESSIONS: &str = "2025-11-25";

/// A client that says every id itself.
struct Wire {
    url: String,
    version: &'static str,
    session: Option<String>,
    http: reqwest::Client,
}

impl Wire {
    /// In a session of its own.
    async fn session(hall: &Hall) -> Self {
        let mut wire = Self {
            url: hall.url.clone(),
            version: SESSIONS,
            session: None,
            http: http_client(),
        };
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": SESSIONS, "capabilities": {},
            "clientInfo": { "name": "wire", "version": "1" } }});
        let answer = wire.post(&hello).send().await.unwrap();
        let session = answer.headers()["mcp-session-id"].to_str().unwrap();
        wire.session = Some(session.to_owned());
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        wire.post(&ready).send().await.unwrap();
        wire
    }

    /// Without one.
    fn alone(hall: &Hall) -> Self {
        Self {
            url: hall.url.clone(),
            version: MODERN,
            session: None,
            http: http_client(),
        }
    }

    fn post(&self, body: &Value) -> reqwest::RequestBuilder {
        let mut request = self
            .http
            .post(&self.url)
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", self.version)
            .json(body);
        if let Some(session) = &self.session {
            request = request.header("mcp-session-id", session);
        }
        if self.version == MODERN {
            request = request.header("mcp-method", "tools/call");
            request = request.header("mcp-name", body["params"]["name"].as_str().unwrap());
        }
        request
    }

    fn say(&self, id: &Value, tool: &str, arguments: &Value) -> reqwest::RequestBuilder {
        let mut params = json!({ "name": tool, "arguments": arguments });
        if self.version == MODERN {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientInfo": { "name": "wire", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        self.post(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}))
    }

    /// Send it, and hear the result.
    async fn hears(&self, id: &Value, tool: &str, arguments: &Value) -> Value {
        let answer = self.say(id, tool, arguments).send().await.unwrap();
        let text = answer.text().await;
        let text = text.unwrap_or_else(|error| panic!("{id}: {error}"));
        let json = text
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .find(|line| line.starts_with('{'))
            .unwrap_or(&text);
        let mut answer: Value = serde_json::from_str(json).unwrap_or_else(|_| panic!("{text}"));
        assert_eq!(answer["id"], *id, "{answer}");
        assert_ne!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["structuredContent"].take()
    }

    /// Send it, and lose the connection before or while it is answered.
    async fn loses(&self, id: &Value, tool: &str, arguments: &Value, after: Duration) {
        let sent = self.say(id, tool, arguments).send();
        let _lost = tokio::time::timeout(after, sent).await;
    }
}

fn message(scene: &Scene, content: &str) -> Value {
    let channel = scene.sandbox.info().channel_id;
    json!({ "channel_id": channel, "content": content, "dry_run": false })
}

/// How often the channel has this message.
async fn said(scene: &Scene, content: &str) -> usize {
    let channel = scene.sandbox.info().channel_id;
    let path = format!("/channels/{channel}/messages?limit=100");
    let ada = scene.sandbox.person("ada").unwrap();
    let found = ada.does(Method::GET, &path, &Value::Null).await.unwrap();
    let all = found.as_array().unwrap();
    all.iter().filter(|it| it["content"] == content).count()
}

const SEND: &str = "discord_send_message";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_again_in_its_session_has_its_effect_once() {
    let scene = Scene::without_limits().await;
    let hall = scene.serve(&[]);
    let wire = Wire::session(&hall).await;
    for (number, micros) in [0, 300, 800, 2_000, 4_000, 8_000, 15_000, 30_000]
        .into_iter()
        .enumerate()
    {
        let content = format!("once {number}");
        let (id, arguments) = (json!(format!("r{number}")), message(&scene, &content));
        for attempt in 0..3 {
            let after = Duration::from_micros(micros + attempt * 500);
            wire.loses(&id, SEND, &arguments, after).await;
        }
        let first = wire.hears(&id, SEND, &arguments).await;
        let again = wire.hears(&id, SEND, &arguments).await;
        assert_eq!(again["id"], first["id"], "{first} {again}");
        assert_eq!(again["replayed"], true, "{again}");
        assert_eq!(said(&scene, &content).await, 1, "after {micros} µs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_repetition_is_done_however_alike_it_is() {
    let scene = Scene::without_limits().await;
    let hall = scene.serve(&[]);
    let (wire, other) = (Wire::session(&hall).await, Wire::session(&hall).await);
    let done = message(&scene, "done");
    let mut ids = BTreeSet::new();
    // Meant twice, in one session.
    for id in [1, 2] {
        ids.insert(wire.hears(&json!(id), SEND, &done).await["id"].to_string());
    }
    // A number is no text.
    ids.insert(wire.hears(&json!("1"), SEND, &done).await["id"].to_string());
    // Another session counts from 1 as well.
    ids.insert(other.hears(&json!(1), SEND, &done).await["id"].to_string());
    assert_eq!((ids.len(), said(&scene, "done").await), (4, 4));
    // A client that uses an id again for something else is no retry, and is not refused.
    wire.hears(&json!(1), SEND, &message(&scene, "another"))
        .await;
    assert_eq!(said(&scene, "another").await, 1);
    // A key of one's own counts instead: across sessions, and whatever the id.
    let mut keyed = message(&scene, "keyed");
    keyed["idempotency_key"] = json!("k1");
    let first = wire.hears(&json!(7), SEND, &keyed).await;
    let second = other.hears(&json!(9), SEND, &keyed).await;
    assert_eq!(first["id"], second["id"]);
    assert_eq!(said(&scene, "keyed").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_sent_again_in_its_session_happens_once() {
    let scene = Scene::without_limits().await;
    let hall = scene.serve(&[]);
    let wire = Wire::session(&hall).await;
    let step = |content: &str| {
        let mut arguments = message(&scene, content);
        arguments.as_object_mut().unwrap().remove("dry_run");
        json!({ "tool": SEND, "arguments": arguments })
    };
    let batch = json!({ "calls": [step("first"), step("second")], "dry_run": false });
    wire.loses(&json!(5), "discord_batch", &batch, Duration::from_millis(3))
        .await;
    wire.hears(&json!(5), "discord_batch", &batch).await;
    wire.hears(&json!(5), "discord_batch", &batch).await;
    assert_eq!(said(&scene, "first").await, 1);
    assert_eq!(said(&scene, "second").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_requests_stand_alone_only_a_key_tells_a_retry() {
    let scene = Scene::without_limits().await;
    let hall = scene.serve(&[]);
    // Two clients of one principal, both of which count from 1.
    let (one, other) = (Wire::alone(&hall), Wire::alone(&hall));
    let done = message(&scene, "done");
    for wire in [&one, &other] {
        wire.hears(&json!(1), SEND, &done).await;
    }
    assert_eq!(said(&scene, "done").await, 2);
    let mut keyed = message(&scene, "keyed");
    keyed["idempotency_key"] = json!("k1");
    for attempt in 0..3 {
        let after = Duration::from_micros(500 + attempt * 2_000);
        one.loses(&json!(2), SEND, &keyed, after).await;
    }
    let mut answer = Value::Null;
    for _ in 0..200 {
        let said = one.say(&json!(2), SEND, &keyed).send().await.unwrap();
        answer = said.json().await.unwrap();
        if answer["result"]["isError"] != true {
            break;
        }
        // Under a key of one's own, "in flight" is said and not waited for.
        let code = &answer["result"]["structuredContent"]["error"]["code"];
        assert_eq!(*code, "idempotency_in_flight", "{answer}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_ne!(answer["result"]["isError"], true, "{answer}");
    assert_eq!(said(&scene, "keyed").await, 1);
}
