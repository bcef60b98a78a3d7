//! Scripts look at events and wait for what they expect.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::App;

#[tokio::test]
async fn events_are_remembered_with_numbers_and_waited_for() {
    let app = App::start().await;
    let channel = app.info.channel_id.to_string();
    app.says("ada", &channel, "first").await;
    let told = app
        .control(Method::GET, "/events?kind=MESSAGE_CREATE", Value::Null)
        .await;
    let last = told["events"]
        .as_array()
        .expect("events")
        .last()
        .expect("an event")
        .clone();
    assert_eq!(last["data"]["content"], "first");
    assert_eq!(told["last"], last["number"]);

    let later = format!("/events?after={}&wait_ms=20000", last["number"]);
    let waiting = app.control(Method::GET, &later, Value::Null);
    let saying = app.says("ada", &channel, "second");
    let (told, _) = tokio::join!(waiting, saying);
    assert_eq!(told["events"][0]["data"]["content"], "second");
    assert_eq!(
        app.sandbox.events(0).last().expect("an event").kind,
        "MESSAGE_CREATE"
    );
}

#[tokio::test]
async fn a_script_waits_for_a_message_an_event_or_a_request() {
    let app = App::start().await;
    let channel = app.info.channel_id.to_string();
    let wait = json!({
        "message": { "channel": "general", "author": "helper", "contains": "anyone" },
        "timeout_ms": 20_000,
    });
    let (found, _) = tokio::join!(
        app.control(Method::POST, "/wait", wait.clone()),
        app.says("helper", &channel, "is anyone here?"),
    );
    assert_eq!(found["message"]["content"], "is anyone here?");
    // What is remembered counts, unless it is said from where on.
    app.control(Method::POST, "/wait", wait).await;
    let event = json!({
        "event": { "kind": "MESSAGE_CREATE", "match": { "author": { "username": "helper" } } },
    });
    let found = app.control(Method::POST, "/wait", event).await;
    let number = found["event"]["number"].clone();
    let after = json!({ "event": { "kind": "MESSAGE_CREATE" }, "after": number, "timeout_ms": 0 });
    let (status, problem) = app.ask(Method::POST, "/wait", after).await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(problem["message"], "nothing like it happened within 0 ms");

    let request =
        json!({ "request": { "method": "get", "path": "/users/*" }, "timeout_ms": 20_000 });
    let (found, _) = tokio::join!(
        app.control(Method::POST, "/wait", request),
        app.bot(Method::GET, "/users/@me").send(),
    );
    assert_eq!(found["request"]["status"], 200);
    let (status, _) = app
        .ask(Method::POST, "/wait", json!({ "timeout_ms": 1 }))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}
