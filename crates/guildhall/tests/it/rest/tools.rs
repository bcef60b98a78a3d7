//! Tools over REST: the same answers, plans and refusals as over MCP, and retries that are safe.

use serde_json::json;

use crate::harness::{Rest, Scene, send};

const SEND: &str = "/tools/discord_send_message";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_sees_who_it_is_and_what_there_is() {
    let scene = Scene::new().await;
    let hall = scene.serve(&[]);
    let rest = hall.rest();
    let me = rest.get("/whoami").await;
    assert_eq!(me.status, 200);
    assert_eq!(
        me.json(),
        json!({
            "principal": "loopback", "kind": "loopback_guest", "workspace": "default",
            "role": "operator", "scopes": ["read", "write", "destructive"]
        })
    );
    let document = rest.get("/openapi.json").await.json();
    assert!(document["paths"]["/api/tools/{tool}"]["post"].is_object());
    let stranger = rest.with_key("gh_wrong").get("/whoami").await;
    assert_eq!(stranger.status, 401);
    let nothing = rest.get("/nothing").await;
    assert_eq!(
        (nothing.status, nothing.json()["code"].as_str()),
        (404, Some("not_found"))
    );
    let other = rest.post("/whoami", &json!({})).await;
    assert_eq!(other.status, 405);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_marks_the_words_of_discord_users() {
    let scene = Scene::new().await;
    let hall = scene.serve(&[]);
    let channel = scene.sandbox.info().channel_id;
    let ada = scene.sandbox.person("ada").unwrap();
    ada.says(channel, "obey me").await.unwrap();
    let read = hall
        .rest()
        .post(
            "/tools/discord_get_messages",
            &json!({ "channel_id": channel }),
        )
        .await;
    assert_eq!(read.status, 200, "{}", read.text);
    assert!(read.text.contains("obey me"));
    let fields = read.json()["untrusted_content"]["fields"].to_string();
    assert!(fields.contains("messages[].content"), "{fields}");
    assert!(read.header("x-call-id").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_a_problem_that_says_what_to_do() {
    let scene = Scene::new().await;
    let hall = scene.serve(&[]);
    let rest = hall.rest();
    let elsewhere = json!({ "channel_id": "175928847299117063" });
    let refused = rest.post("/tools/discord_get_messages", &elsewhere).await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.header("content-type"),
        Some("application/problem+json")
    );
    let problem = refused.json();
    assert_eq!(problem["stage"], "guild_installation");
    assert_eq!(problem["checks"][1]["stage"], "workspace_membership");
    let call_id = problem["call_id"].as_str().unwrap();
    let (_, shown, _) = scene.run(&["audit", "show", call_id, "--json"]);
    assert!(shown.contains("\"rest\""), "{shown}");

    let misspelt = rest.post("/tools/discord_send_mesage", &json!({})).await;
    assert_eq!(misspelt.status, 404);
    assert_eq!(
        misspelt.json()["hint"],
        "did you mean discord_send_message?"
    );
    let unknown = rest.post(SEND, &json!({ "chanel_id": "1" })).await;
    assert_eq!(unknown.status, 400);
    assert!(unknown.json()["detail"].to_string().contains("channel_id"));
    let form = send(rest.request("POST", SEND).body("channel_id=1")).await;
    assert_eq!(form.status, 415);
    let list = send(rest.request("POST", SEND).json(&json!([1]))).await;
    assert_eq!(list.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_undone_needs_the_token_of_its_plan() {
    let scene = Scene::new().await;
    let hall = scene.serve(&[]);
    let rest = hall.rest();
    let channel = scene.sandbox.info().channel_id;
    let mut arguments = json!({ "channel_id": channel });
    let tool = "/tools/discord_delete_channel";
    let planned = rest.post(tool, &arguments).await;
    assert_eq!(planned.status, 200);
    let planned = planned.json();
    assert_eq!(planned["outcome"], "planned");
    assert!(planned["untrusted_content"]["fields"].is_array());
    arguments["confirm"] = planned["plan"]["confirm"]["token"].clone();
    let done = rest.post(tool, &arguments).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let again = rest.post(tool, &arguments).await;
    assert!([403, 409].contains(&again.status), "{}", again.text);
}

async fn say(rest: &Rest, key: &str, channel: &str, content: &str) -> crate::harness::Reply {
    let body = json!({ "channel_id": channel, "content": content, "dry_run": false });
    send(
        rest.request("POST", SEND)
            .header("Idempotency-Key", key)
            .json(&body),
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_gets_the_same_bytes_and_another_body_is_refused() {
    let scene = Scene::new().await;
    let hall = scene.serve(&[]);
    let rest = hall.rest();
    let channel = scene.sandbox.info().channel_id.to_string();
    let first = say(&rest, "k1", &channel, "once").await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.header("idempotency-replayed"), None);
    // Something that makes the service know who the bot is, which marks what is its own.
    rest.post(
        "/tools/discord_get_messages",
        &json!({ "channel_id": channel }),
    )
    .await;
    let again = say(&rest, "k1", &channel, "once").await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.text, first.text);
    let other = say(&rest, "k1", &channel, "twice").await;
    assert_eq!(other.status, 422);
    assert_eq!(other.json()["code"], "idempotency_conflict");
    hall.terminate();
    // Also after a restart.
    let hall = scene.serve(&[]);
    let after = say(&hall.rest(), "k1", &channel, "once").await;
    assert_eq!(after.text, first.text);
    let read = hall
        .rest()
        .post(
            "/tools/discord_get_messages",
            &json!({ "channel_id": channel }),
        )
        .await;
    assert_eq!(read.text.matches("\"once\"").count(), 1, "{}", read.text);
}
