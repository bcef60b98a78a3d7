//! `kill -9` in the middle of writes: after the restart the outbox finishes, nothing is sent
//! twice, and nothing that was acknowledged is lost.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use crate::harness::{Mcp, Scene};

const KILLS: u64 = 24;
const WRITERS: u64 = 6;

/// What writers know: each key with whether its write was acknowledged.
type Book = Arc<Mutex<BTreeMap<String, Option<String>>>>;

/// Writes messages, each under its own key, until the connection breaks.
async fn write_until_it_breaks(client: Mcp, channel: String, book: Book, next: Arc<AtomicU64>) {
    loop {
        let key = format!("write-{}", next.fetch_add(1, Ordering::SeqCst));
        book.lock().unwrap().insert(key.clone(), None);
        let Some(answer) = client
            .call("discord_send_message", message(&channel, &key))
            .await
        else {
            return;
        };
        if let Some(id) = answer["result"]["structuredContent"]["id"].as_str() {
            book.lock().unwrap().insert(key, Some(id.to_owned()));
        } else {
            assert_eq!(answer["result"]["isError"], true, "{answer}");
        }
    }
}

fn message(channel: &str, key: &str) -> Value {
    json!({ "channel_id": channel, "content": key, "dry_run": false, "idempotency_key": key })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_writes_nothing_is_lost_and_nothing_is_sent_twice() {
    // With Discord's five messages in five seconds little would be under way at any moment.
    let scene = Scene::without_limits().await;
    let info = scene.sandbox.info();
    let channel = info.channel_id.to_string();
    let book: Book = Arc::default();
    let next = Arc::new(AtomicU64::new(0));
    for round in 0..KILLS {
        let hall = scene.serve(&[]);
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                tokio::spawn(write_until_it_breaks(
                    hall.client(),
                    channel.clone(),
                    Arc::clone(&book),
                    Arc::clone(&next),
                ))
            })
            .collect();
        // Rounds end at different moments, so that the kill meets every step of a write.
        let enough = next.load(Ordering::SeqCst) + WRITERS + 1 + round;
        while next.load(Ordering::SeqCst) < enough {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        hall.kill();
        for writer in writers {
            writer.await.unwrap();
        }
    }

    let hall = scene.serve(&[]);
    let client = hall.client();
    let keys: Vec<String> = book.lock().unwrap().keys().cloned().collect();
    for key in &keys {
        settle(&client, &channel, key, &book).await;
    }
    let sent = contents(&client, &channel).await;
    for (key, id) in book.lock().unwrap().iter() {
        let times = sent.iter().filter(|(_, content)| content == key).count();
        assert!(times <= 1, "{key} was sent {times} times");
        if let Some(id) = id {
            assert!(
                sent.contains(&(id.clone(), key.clone())),
                "{key} was acknowledged and is gone"
            );
        }
    }
    let acknowledged = book
        .lock()
        .unwrap()
        .values()
        .filter(|id| id.is_some())
        .count();
    assert_eq!(
        acknowledged,
        keys.len(),
        "every key has its answer in the end"
    );
    hall.terminate();

    let (code, rows, log) = scene.run(&["audit", "list", "--limit", "100000", "--json"]);
    assert_eq!(code, 0, "{log}");
    let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
    let mut open: BTreeMap<String, i64> = BTreeMap::new();
    for row in &rows {
        let decision = &row["decision"];
        let call = decision["call_id"].as_str().unwrap().to_owned();
        match decision["outcome"].as_str().unwrap() {
            "started" => *open.entry(call).or_default() += 1,
            "done" | "failed" | "unknown" => *open.entry(call).or_default() -= 1,
            _ => {}
        }
    }
    let left: Vec<_> = open.iter().filter(|(_, balance)| **balance > 0).collect();
    assert!(left.is_empty(), "begun and never finished: {left:?}");
}

/// Repeat a write under its key until it has an answer. While the restart still finishes the
/// row, the gate says so.
async fn settle(client: &Mcp, channel: &str, key: &str, book: &Book) {
    for _ in 0..400 {
        let answer = client
            .call("discord_send_message", message(channel, key))
            .await
            .unwrap();
        let result = &answer["result"]["structuredContent"];
        if let Some(id) = result["id"].as_str() {
            let before = book
                .lock()
                .unwrap()
                .insert(key.to_owned(), Some(id.to_owned()));
            if let Some(Some(before)) = before {
                assert_eq!(before, id, "{key} was acknowledged with another message");
            }
            return;
        }
        assert_ne!(result["error"]["retry"], "no", "{key}: {answer}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{key} never got an answer");
}

/// Every message of the channel, as `(id, content)`.
async fn contents(client: &Mcp, channel: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut before: Option<String> = None;
    loop {
        let mut arguments = json!({ "channel_id": channel, "limit": 100 });
        if let Some(before) = &before {
            arguments["before"] = json!(before);
        }
        let page = client.done("discord_get_messages", arguments).await;
        let messages = page["messages"].as_array().unwrap().clone();
        for message in &messages {
            let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
            all.push((text("id"), text("content")));
        }
        let oldest = messages
            .iter()
            .filter_map(|message| message["id"].as_str())
            .min_by_key(|id| id.parse::<u64>().unwrap());
        match oldest {
            Some(oldest) if messages.len() == 100 => before = Some(oldest.to_owned()),
            _ => return all,
        }
    }
}
