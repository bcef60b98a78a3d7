//! What the doors say of a call that waits: MCP in both generations, and REST.

use serde_json::{Value, json};

use super::{APPROVE, Court, POLICY};
use crate::harness::{MODERN, http_client};

const SESSIONS: &str = "2025-11-25";
const SOON: [(&str, &str); 1] = [("GUILDHALL_APPROVAL_WAIT_SECONDS", "0")];

/// A tool call in the generation of sessions.
async fn in_a_session(url: &str, tool: &str, arguments: &Value) -> Value {
    let post = async |session: Option<&str>, body: &Value| {
        let mut request = http_client()
            .post(url)
            .header("accept", "application/json, text/event-stream")
            .json(body);
        if let Some(session) = session {
            request = request
                .header("mcp-session-id", session)
                .header("mcp-protocol-version", SESSIONS);
        }
        request.send().await.unwrap()
    };
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": SESSIONS, "capabilities": {},
        "clientInfo": { "name": "test", "version": "1" } } });
    let answer = post(None, &hello).await;
    let session = answer.headers()["mcp-session-id"]
        .to_str()
        .unwrap()
        .to_owned();
    drop(answer.text().await);
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    post(Some(&session), &ready).await;
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": { "name": tool, "arguments": arguments } });
    let text = post(Some(&session), &call).await.text().await.unwrap();
    let json = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let mut found = json.filter_map(|it| serde_json::from_str::<Value>(it).ok());
    found
        .next_back()
        .unwrap_or_else(|| serde_json::from_str(&text).unwrap())["result"]
        .take()
}

/// What differs from run to run has a name instead.
fn named(result: &Value, court: &Court) -> String {
    let approval = &result["structuredContent"]["approval"];
    let mut text = serde_json::to_string_pretty(result).unwrap();
    let until = approval["expires_at"].to_string();
    let shown = approval["how_to_continue"].as_str().unwrap();
    let shown = shown
        .split("until ")
        .nth(1)
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let posted = approval["posted"][0].as_str().unwrap();
    let message = posted.split_whitespace().nth(1).unwrap();
    let ids = [
        (approval["approval_id"].as_str().unwrap(), "APPROVAL"),
        (approval["call_id"].as_str().unwrap(), "CALL"),
        (approval["code"].as_str().unwrap(), "HASH"),
        (until.as_str(), "MILLISECONDS"),
        (shown, "UNTIL"),
        (message, "MESSAGE"),
        (court.bench.as_str(), "BENCH"),
    ];
    for (value, name) in ids {
        text = text.replace(value, name);
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_generations_say_that_a_call_waits_and_how_to_go_on() {
    let court = Court::with(POLICY, &SOON).await;
    let message = json!({ "channel_id": court.square, "content": "hello" });
    let modern = court
        .client()
        .call("discord_send_message", message.clone())
        .await;
    let modern = modern.unwrap()["result"].take();
    court.asked().await;
    let sessions = in_a_session(&court.hall.url, "discord_send_message", &message).await;
    // It is the same call of the same asker, so the same approval.
    assert_eq!(
        modern["structuredContent"]["approval"]["approval_id"],
        sessions["structuredContent"]["approval"]["approval_id"]
    );
    insta::assert_snapshot!(format!("waiting_{MODERN}"), named(&modern, &court));
    insta::assert_snapshot!(format!("waiting_{SESSIONS}"), named(&sessions, &court));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_rest_one_asks_looks_and_waits_and_does_not_decide() {
    let court = Court::with(POLICY, &SOON).await;
    let rest = court.hall.rest();
    let message = json!({ "channel_id": court.square, "content": "over rest" });
    let call = message;
    let asked = rest.post("/tools/discord_send_message", &call).await;
    let body = asked.json();
    assert_eq!(asked.status, 200, "{body}");
    assert_eq!(body["outcome"], "waiting_for_people", "{body}");
    let id = body["approval"]["approval_id"]
        .as_str()
        .unwrap_or_else(|| panic!("{body}"));
    let question = court.asked().await;
    let list = rest.get("/approvals?state=pending").await.json();
    assert_eq!(list["approvals"][0]["id"], *id, "{list}");
    assert!(!list.to_string().contains("custom_id"));
    let path = format!("/approvals/{id}");
    assert_eq!(rest.get(&path).await.json()["state"], "pending");
    // There is no way to decide.
    for way in ["approve", "deny", "grant", "vote", "decide"] {
        let tried = rest.post(&format!("{path}/{way}"), &json!({})).await;
        assert!(
            [404, 405].contains(&tried.status),
            "{way}: {}",
            tried.status
        );
    }
    for method in ["PUT", "PATCH", "POST", "DELETE"] {
        let state = json!({ "state": "granted" });
        let tried = crate::harness::send(rest.request(method, &path).json(&state)).await;
        assert!(
            [404, 405].contains(&tried.status),
            "{method}: {}",
            tried.status
        );
    }
    assert_eq!(rest.get(&path).await.json()["state"], "pending");
    let looking = tokio::spawn({
        let (rest, path) = (rest.clone(), format!("{path}?wait_seconds=30"));
        async move { rest.get(&path).await.json() }
    });
    court.press("moderator", &question, APPROVE).await;
    let ended = looking.await.unwrap();
    assert_eq!(ended["state"], "done", "{ended}");
    // The same call again gets the result, and nothing is done twice.
    let again = rest.post("/tools/discord_send_message", &call).await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert!(again.text.contains("over rest"), "{}", again.text);
    assert_eq!(court.said("over rest").await, 1);
    let wrong = rest.get(&format!("{path}?wait_seconds=soon")).await;
    assert_eq!(wrong.status, 400, "{}", wrong.text);
}
