//! What there is after the restart, compared with what was told before.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use model::{ManualClock, ledger::Ledger as _};
use serde_json::{Value, json};

use super::load::{Book, message};
use crate::harness::{Hall, Scene, http_client};

/// Repeats under their keys, then compares what there is with what was told.
pub(super) async fn at_discord(
    scene: &Scene,
    hall: &Hall,
    book: &Mutex<Book>,
    thread: &str,
    wrong: &mut Vec<String>,
) {
    let client = hall.client();
    let channel = scene.sandbox.info().channel_id.to_string();
    let sent = book.lock().unwrap().sent.clone();
    for (key, before) in &sent {
        let mut told = json!(null);
        for _ in 0..200 {
            let answer = client
                .call("discord_send_message", message(&channel, key))
                .await;
            told = answer.unwrap()["result"]["structuredContent"].clone();
            if told["id"].is_string() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        match (told["id"].as_str(), before) {
            (None, _) => wrong.push(format!("{key} never got an answer: {told}")),
            (Some(now), Some(before)) if now != before => {
                wrong.push(format!("{key} was acknowledged with another message"));
            }
            _ => {}
        }
    }
    let deleted = book.lock().unwrap().deleted.clone();
    for (id, (token, acknowledged)) in &deleted {
        if !acknowledged {
            let again = json!({ "channel_id": channel, "message_id": id, "confirm": token });
            client.call("discord_delete_message", again).await.unwrap();
        }
    }
    let there = contents(scene, &channel).await;
    for key in sent.keys() {
        let times = there.values().filter(|content| *content == key).count();
        if times != 1 {
            wrong.push(format!("{key} is there {times} times"));
        }
    }
    for (id, (_, acknowledged)) in &deleted {
        if *acknowledged && there.contains_key(id) {
            wrong.push(format!("{id} was deleted and is there"));
        }
        let path = format!("/api/v10/channels/{channel}/messages/{id}");
        let requests = scene.sandbox.requests();
        let deletions = requests
            .iter()
            .filter(|it| it.method == "DELETE" && it.path == path && it.status == 204);
        if deletions.count() > 1 {
            wrong.push(format!("{id} was deleted twice"));
        }
    }
    let lease = json!({ "thread_id": thread, "agent_name": "ops", "timeout": 1 });
    let now = client.call("discord_acquire_thread", lease).await.unwrap();
    let now = now["result"]["structuredContent"]["fence"].as_i64();
    let fences = book.lock().unwrap().fences.clone();
    let rising = fences.windows(2).all(|two| two[0] < two[1]);
    if !rising || now.is_none_or(|now| fences.last().is_some_and(|last| now < *last)) {
        wrong.push(format!("fences do not rise: {fences:?}, now {now:?}"));
    }
}

/// Every message of the channel: id and content.
async fn contents(scene: &Scene, channel: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut before = String::new();
    loop {
        let control = scene.sandbox.info().control_url;
        let url = format!("{control}/channels/{channel}/messages?as=ada&limit=100{before}");
        let page: Value = http_client()
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let page = page.as_array().unwrap();
        for message in page {
            let text = |name: &str| message[name].as_str().unwrap().to_owned();
            all.insert(text("id"), text("content"));
        }
        match page.last() {
            Some(last) if page.len() == 100 => {
                before = format!("&before={}", last["id"].as_str().unwrap());
            }
            _ => return all,
        }
    }
}

/// Every answered call is in it, every write that began has ended, and the chain is whole. Gives its
/// rows.
pub(super) fn at_the_audit(
    scene: &Scene,
    more: &[(&str, &str)],
    book: &Mutex<Book>,
    wrong: &mut Vec<String>,
) -> Vec<Value> {
    let run = |arguments: &[&str]| {
        let output = scene
            .command(arguments)
            .envs(more.iter().copied())
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    let (_, rows) = run(&["audit", "list", "--limit", "100000", "--json"]);
    let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
    let mut open: BTreeMap<String, i64> = BTreeMap::new();
    for row in &rows {
        let decision = &row["decision"];
        let call = decision["call_id"].as_str().unwrap().to_owned();
        *open.entry(call).or_default() += match decision["outcome"].as_str().unwrap() {
            "started" => 1,
            "done" | "failed" | "unknown" => -1,
            _ => 0,
        };
    }
    for call in &book.lock().unwrap().answered {
        if !open.contains_key(call) {
            wrong.push(format!("call {call} was answered and is not in the audit"));
        }
    }
    for (call, balance) in open {
        if balance > 0 {
            wrong.push(format!("call {call} began and never ended"));
        }
    }
    let (code, said) = run(&["audit", "verify"]);
    if code != Some(0) {
        wrong.push(format!("the audit's chain is broken: {said}"));
    }
    rows
}

/// Rows of whoever is dead: in a far future, that is everybody.
pub(super) async fn at_the_outbox(url: &str, wrong: &mut Vec<String>) {
    const FAR_FUTURE: i64 = 100_000_000_000_000;
    let store = store::open(url, Arc::new(ManualClock::at(FAR_FUTURE)))
        .await
        .unwrap();
    let left = store.claim_unfinished(1_000).await.unwrap();
    if !left.rows.is_empty() {
        wrong.push(format!("{} rows of the outbox are open", left.rows.len()));
    }
    store.close().await;
}
