//! The two streets end to end: what people write arrives once, also across a restart; agents do
//! not write into each other's threads; a full disk loses nothing.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Hall, Scene, http_client};

/// Looks at something that has to come, 25 ms apart.
const PATIENCE: usize = 400;

/// Wait until `/ready` answers 200.
async fn ready(hall: &Hall) {
    for _ in 0..PATIENCE {
        let answer = http_client().get(hall.page("/ready")).send().await.unwrap();
        if answer.status() == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the service never became ready");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_waits_gets_what_a_person_writes() {
    let scene = Scene::new().await;
    let hall = scene.serve(&["--gateway"]);
    ready(&hall).await;
    let channel = scene.sandbox.info().channel_id;
    let client = hall.client();
    let waiting = tokio::spawn(async move {
        let wait = json!({ "channel_id": channel, "timeout": 20 });
        client.done("discord_wait_for_message", wait).await
    });
    let ada = scene.sandbox.person("ada").unwrap();
    // Someone writes until the waiting agent has heard it: when exactly it began is not known.
    while !waiting.is_finished() {
        ada.says(channel, "anybody there?").await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let heard = waiting.await.unwrap();
    assert_eq!(heard["received"], true, "{heard}");
    assert!(heard.to_string().contains("anybody there?"), "{heard}");
    assert!(heard["untrusted_content"].is_object(), "{heard}");

    let health: Value = http_client()
        .get(hall.page("/health"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["discord_connected"], true);
    assert!(health["active_sessions"].is_u64());
    assert_eq!(hall.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_while_the_service_restarts_is_heard_after_it() {
    let scene = Scene::new().await;
    let hall = scene.serve(&["--gateway"]);
    ready(&hall).await;
    let channel = scene.sandbox.info().channel_id;
    let ada = scene.sandbox.person("ada").unwrap();
    let before = ada.says(channel, "before the restart").await.unwrap();
    assert_eq!(hall.terminate(), Some(0));
    ada.says(channel, "while nobody listens").await.unwrap();
    let hall = scene.serve(&["--gateway"]);
    ready(&hall).await;
    let wait = json!({ "channel_id": channel, "after": before["id"], "timeout": 20 });
    let heard = hall.client().done("discord_wait_for_message", wait).await;
    assert!(
        heard.to_string().contains("while nobody listens"),
        "{heard}"
    );
    hall.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_cannot_write_into_a_thread_that_another_holds() {
    let scene = Scene::new().await;
    let hall = scene.serve(&[]);
    let client = hall.client();
    let channel = scene.sandbox.info().channel_id;
    let thread = json!({ "channel_id": channel, "name": "Disk full", "dry_run": false });
    let thread = client.done("discord_create_thread", thread).await["id"].clone();
    let lock = json!({ "thread_id": thread, "agent_name": "db-monitor" });
    let lock = client.done("discord_acquire_thread", lock).await;
    assert_eq!(lock["acquired"], true);
    assert_eq!(lock["agent"], "db-monitor");

    let write = |agent: &str| {
        json!({
            "channel_id": thread, "content": "on it", "agent_name": agent, "dry_run": false
        })
    };
    let other = json!({ "thread_id": thread, "agent_name": "gcp-monitor" });
    let error = client.declined("discord_acquire_thread", other).await;
    assert!(
        error["message"].as_str().unwrap().contains("db-monitor"),
        "{error}"
    );
    let error = client
        .declined("discord_send_message", write("gcp-monitor"))
        .await;
    assert!(
        error["message"].as_str().unwrap().contains("db-monitor"),
        "{error}"
    );
    client
        .done("discord_send_message", write("db-monitor"))
        .await;
    let release = json!({ "thread_id": thread, "agent_name": "db-monitor" });
    client.done("discord_release_thread", release).await;
    client
        .done("discord_send_message", write("gcp-monitor"))
        .await;
    hall.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_and_nothing_is_sent_unrecorded() {
    let scene = Scene::without_limits().await;
    // Forty pages are a little more than the empty tables take.
    let (code, _, log) = scene.run(&["audit", "list"]);
    assert_eq!(code, 0, "{log}");
    let file = scene.folder.path().join("guildhall.db");
    let pages = std::fs::metadata(&file).unwrap().len() / 4096 + 6;
    let mut hall = scene.serve_with(
        &[],
        &[(
            "DATABASE_URL",
            &format!("sqlite:{}?max_page_count={pages}", file.display()),
        )],
    );
    let client = hall.client();
    let channel = scene.sandbox.info().channel_id;
    let mut acknowledged = Vec::new();
    let mut refused = Vec::new();
    for number in 0..400 {
        let content = format!("line {number} {}", "·".repeat(200));
        let write = json!({ "channel_id": channel, "content": content, "dry_run": false });
        let answer = client.call("discord_send_message", write).await.unwrap();
        let result = &answer["result"]["structuredContent"];
        match result["id"].as_str() {
            Some(id) => acknowledged.push(id.to_owned()),
            None => refused.push(result["error"]["code"].as_str().unwrap().to_owned()),
        }
        if refused.len() > 3 {
            break;
        }
    }
    assert!(
        !refused.is_empty(),
        "the disk never filled: {}",
        acknowledged.len()
    );
    assert!(hall.lives());
    let health = http_client()
        .get(hall.page("/health"))
        .send()
        .await
        .unwrap();
    assert_eq!(health.status(), 200);
    hall.kill();

    // With room again, everything that was acknowledged is on record.
    let (code, rows, log) = scene.run(&["audit", "list", "--limit", "10000", "--json"]);
    assert_eq!(code, 0, "{log}");
    let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
    let done = rows
        .iter()
        .filter(|row| row["decision"]["outcome"] == "done")
        .count();
    assert!(
        done >= acknowledged.len(),
        "{done} of {}",
        acknowledged.len()
    );
    let started = rows
        .iter()
        .filter(|row| row["decision"]["outcome"] == "started")
        .count();
    let sent = scene
        .sandbox
        .requests()
        .iter()
        .filter(|request| request.method == "POST" && request.path.ends_with("/messages"))
        .count();
    assert!(sent <= started, "{sent} sent, {started} on record");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thin_client_speaks_through_a_running_service() {
    let scene = Scene::new().await;
    let hall = scene.serve(&[]);
    let url = hall.page("");
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_guildhall"));
    command
        .arg("mcp")
        .env_clear()
        .env("GATEWAY_URL", &url)
        .env("HOME", scene.folder.path());
    let client = mcp::Client::start(command, mcp::Generation::Sessions)
        .await
        .unwrap();
    let channel = scene.sandbox.info().channel_id;
    let read = client
        .call("discord_get_messages", json!({ "channel_id": channel }))
        .await
        .unwrap();
    assert!(!read.is_error, "{}", read.text);
    assert!(read.structured.unwrap()["messages"].is_array());
    client.close().await;
    hall.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_policy_is_in_force_without_a_restart_and_a_broken_one_changes_nothing() {
    let scene = Scene::new().await;
    let file = scene.folder.path().join("guildhall.toml");
    let deny = |name: &str| {
        format!(
            "[[policy.rules]]\nname = \"{name}\"\neffect = \"deny\"\ntools = [\"discord_list_guilds\"]\n"
        )
    };
    std::fs::write(&file, "").unwrap();
    let hall = scene.serve(&[]);
    let client = hall.client();
    client.done("discord_list_guilds", json!({})).await;

    std::fs::write(&file, deny("no more lists")).unwrap();
    let lists = async || client.call("discord_list_guilds", json!({})).await.unwrap();
    let mut answer = lists().await;
    for _ in 0..PATIENCE {
        if answer["result"]["isError"] == true {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
        answer = lists().await;
    }
    assert!(answer.to_string().contains("no more lists"), "{answer}");

    // A rule about a tool that does not exist: the old policy stays, and the log says why.
    std::fs::write(&file, deny("typo").replace("list_guilds", "list_gilds")).unwrap();
    for _ in 0..PATIENCE {
        if scene.log().contains("cannot be used") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(
        scene.log().contains("discord_list_gilds"),
        "{}",
        scene.log()
    );
    let answer = lists().await;
    assert!(answer.to_string().contains("no more lists"), "{answer}");
    assert_eq!(hall.terminate(), Some(0));
}
