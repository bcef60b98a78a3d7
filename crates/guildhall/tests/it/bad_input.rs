//! Bad input gets a clear error, the process lives, and nothing is lost.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
};

use serde_json::{Value, json};

use crate::harness::{MODERN, Scene, http_client};

const CHANNEL: &str = "channel_id";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_arguments_are_named_with_what_would_be_right() {
    let scene = Scene::new().await;
    let mut hall = scene.serve(&[]);
    let client = hall.client();
    let channel = scene.sandbox.info().channel_id.to_string();
    let number: u64 = channel.parse().unwrap();
    for (arguments, word) in [
        (json!({ "chanel_id": channel }), CHANNEL),
        (json!({}), CHANNEL),
        (json!({ CHANNEL: number }), "string"),
        (json!({ CHANNEL: "99999999999999999999" }), CHANNEL),
        (json!({ CHANNEL: "0" }), CHANNEL),
        (json!({ CHANNEL: "general" }), CHANNEL),
        (json!({ CHANNEL: null }), CHANNEL),
        (json!({ CHANNEL: channel, "limit": 0 }), "limit"),
        (json!({ CHANNEL: channel, "limit": 101 }), "100"),
        (json!({ CHANNEL: channel, "limit": "five" }), "limit"),
    ] {
        let error = client
            .declined("discord_get_messages", arguments.clone())
            .await;
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(word), "{arguments}: {message}");
        assert_eq!(error["retry"], "no", "{arguments}");
    }
    let long = json!({ CHANNEL: channel, "content": "x".repeat(2001), "dry_run": false });
    let error = client.declined("discord_send_message", long).await;
    assert!(
        error["message"].as_str().unwrap().contains("2000"),
        "{error}"
    );
    let unknown = client.call("discord_send_mesage", json!({})).await.unwrap();
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
    assert!(
        unknown.to_string().contains("discord_send_message"),
        "{unknown}"
    );
    let elsewhere = json!({ CHANNEL: "175928847299117063" });
    let error = client.declined("discord_get_messages", elsewhere).await;
    assert_eq!(error["stage"], "guild_installation", "{error}");
    assert!(hall.lives());
    hall.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_requests_over_http_are_answered_as_the_protocol_says() {
    let scene = Scene::new().await;
    let mut hall = scene.serve(&[]);
    let http = http_client();
    let post = |body: String| {
        http.post(&hall.url)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .header("mcp-protocol-version", MODERN)
            .body(body)
            .send()
    };
    for (body, code) in [
        ("{", -32700),
        ("\u{0}\u{1}", -32700),
        ("[]", -32600),
        ("\"hello\"", -32600),
        (
            "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"tools/list\"}",
            -32600,
        ),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":42}", -32600),
    ] {
        let response = post(body.to_owned()).await.unwrap();
        assert_eq!(response.status(), 400, "{body}");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["error"]["code"], code, "{body}: {answer}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(post(deep).await.unwrap().status(), 400);
    let large = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"x\":\"{}\"}}",
        "y".repeat(5 << 20)
    );
    assert_eq!(post(large).await.unwrap().status(), 413);
    let from_a_page = http
        .post(&hall.url)
        .header("origin", "https://attacker.example")
        .json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }));
    assert_eq!(from_a_page.send().await.unwrap().status(), 403);
    let other_host = http
        .get(hall.page("/health"))
        .header("host", "attacker.example");
    assert!(other_host.send().await.unwrap().status().is_client_error());
    assert!(hall.lives());
    assert!(
        hall.client()
            .request("tools/list", json!({}))
            .await
            .unwrap()["result"]
            .is_object()
    );
    hall.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_is_refused_and_the_right_one_is_let_in() {
    let scene = Scene::new().await;
    let (code, made, log) = scene.run(&["key", "create", "reader", "--scopes", "read", "--json"]);
    assert_eq!(code, 0, "{log}");
    let made: Value = serde_json::from_str(&made).unwrap();
    let hall = scene.serve(&["--require-key"]);
    for key in [None, Some("gh_wrong"), Some("")] {
        let mut request = http_client().post(&hall.url).json(&json!({}));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401, "{key:?}");
        let challenge = response.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("Bearer"), "{challenge}");
    }
    let mut client = hall.client();
    client.key = made["key"].as_str().map(str::to_owned);
    client.done("discord_list_guilds", json!({})).await;
    let channel = scene.sandbox.info().channel_id;
    let write = json!({ CHANNEL: channel, "content": "hi", "dry_run": false });
    let error = client.declined("discord_send_message", write).await;
    assert_eq!(error["stage"], "platform_permission", "{error}");
    let (code, _, _) = scene.run(&["key", "revoke", "reader"]);
    assert_eq!(code, 0);
    assert_eq!(
        client.call("discord_list_guilds", json!({})).await.unwrap()["result"],
        Value::Null
    );
    assert!(
        !scene.log().contains(client.key.as_deref().unwrap()),
        "the key is in the log"
    );
    hall.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_out_of_reach_is_said_and_survived() {
    let scene = Scene::new().await;
    let mut hall = scene.serve(&[]);
    let client = hall.client();
    let channel = scene.sandbox.info().channel_id;
    client
        .done("discord_get_messages", json!({ CHANNEL: channel }))
        .await;
    let Scene { sandbox, folder } = scene;
    sandbox.stop().await;
    let error = client
        .declined("discord_get_messages", json!({ CHANNEL: channel }))
        .await;
    assert_eq!(error["code"], "discord_unreachable", "{error}");
    assert_ne!(error["retry"], "no", "{error}");
    let health = http_client()
        .get(hall.page("/health"))
        .send()
        .await
        .unwrap();
    assert_eq!(health.status(), 200);
    assert!(hall.lives());
    hall.terminate();
    drop(folder);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_discord_refuses_is_said_once_and_no_more_requests_go_out() {
    let scene = Scene::new().await;
    let mut command = scene.command(&["tools", "call", "discord_list_guilds", "--json"]);
    let output = command
        .env("DISCORD_TOKEN", "wrong.token.entirely")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("token"), "{said}");
    let all = format!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!all.contains("wrong.token.entirely"), "the token is shown");
}

#[test]
fn lines_that_are_not_json_rpc_are_answered_over_stdio_and_the_process_lives() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scene = runtime.block_on(Scene::new());
    let mut child = scene
        .command(&["mcp"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut ask = |line: &str| -> Value {
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
        serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap()
    };
    assert_eq!(ask("this is not JSON")["error"]["code"], -32700);
    assert_eq!(ask("{\"jsonrpc\":")["error"]["code"], -32700);
    let initialize = json!({
        "jsonrpc": "2.0", "id": 7, "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" }
        }
    });
    let answer = ask(&initialize.to_string());
    assert_eq!(answer["id"], 7);
    assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
    drop(input);
    assert!(child.wait().unwrap().success());
}
