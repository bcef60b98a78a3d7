//! Agents at work until the plug is pulled, and what they were told.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::managers::{self, Acknowledged};
use crate::harness::{Hall, Mcp, Scene, http_client};

/// How long a load may take to reach its point.
const REACHES_WITHIN: Duration = Duration::from_mins(1);

/// What agents were told.
#[derive(Default)]
pub(super) struct Book {
    /// Each key with the message that it was answered with.
    pub(super) sent: BTreeMap<String, Option<String>>,
    /// Messages whose deletion was confirmed: the token, and whether it was acknowledged.
    pub(super) deleted: BTreeMap<String, (String, bool)>,
    pub(super) fences: Vec<i64>,
    /// Calls that were answered, whatever the answer.
    pub(super) answered: BTreeSet<String>,
    /// What whoever manages was told.
    pub(super) managed: Acknowledged,
}

/// Agents at work until the process dies; gives the thread that they lease.
pub(super) async fn load(
    scene: &Scene,
    mut hall: Hall,
    book: &Arc<Mutex<Book>>,
    key: &str,
) -> Option<String> {
    let channel = scene.sandbox.info().channel_id.to_string();
    let ada = scene.sandbox.person("ada").unwrap();
    let said = ada
        .says(scene.sandbox.info().channel_id, "a thread begins here")
        .await
        .unwrap();
    let thread = start_thread(scene, &channel, said["id"].as_str().unwrap()).await;
    let mut agents = Vec::new();
    for number in 0..4 {
        let (client, book) = (hall.client(), Arc::clone(book));
        let (channel, thread) = (channel.clone(), thread.clone());
        agents.push(tokio::spawn(async move {
            match number {
                0 | 1 => writes(&client, &book, &channel, number).await,
                2 => deletes(&client, &book, &channel).await,
                _ => leases(&client, &book, &thread, &channel).await,
            }
        }));
    }
    let (rest, noted) = (hall.rest().with_key(key), Arc::clone(book));
    agents.push(tokio::spawn(async move {
        managers::manage(&rest, &noted).await
    }));
    let began = Instant::now();
    while hall.lives() {
        if began.elapsed() > REACHES_WITHIN {
            agents.iter().for_each(tokio::task::JoinHandle::abort);
            return None;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for agent in agents {
        let _the_connection_broke: Option<()> = agent.await.unwrap();
    }
    Some(thread)
}

/// By a person, so that the load itself finds it.
async fn start_thread(scene: &Scene, channel: &str, message: &str) -> String {
    let control = scene.sandbox.info().control_url;
    let url = format!("{control}/channels/{channel}/messages/{message}/threads");
    let body = json!({ "as": "ada", "name": "incident" });
    let answer = http_client().post(url).json(&body).send().await.unwrap();
    let thread: Value = answer.json().await.unwrap();
    thread["id"].as_str().unwrap().to_owned()
}

/// A call whose answer is noted; `None` where the connection broke.
async fn told(client: &Mcp, book: &Mutex<Book>, tool: &str, arguments: Value) -> Option<Value> {
    let answer = client.call(tool, arguments).await?;
    let result = &answer["result"];
    let call = result["_meta"]["call_id"]
        .as_str()
        .or_else(|| result["structuredContent"]["error"]["call_id"].as_str());
    if let Some(call) = call {
        book.lock().unwrap().answered.insert(call.to_owned());
    }
    Some(result["structuredContent"].clone())
}

async fn writes(client: &Mcp, book: &Mutex<Book>, channel: &str, writer: u64) -> Option<()> {
    for number in 0_u64.. {
        let key = format!("write-{writer}-{number}");
        book.lock().unwrap().sent.insert(key.clone(), None);
        let result = told(client, book, "discord_send_message", message(channel, &key)).await?;
        if let Some(id) = result["id"].as_str() {
            book.lock().unwrap().sent.insert(key, Some(id.to_owned()));
        }
        // Refused, and written down.
        let nowhere = json!({ "channel_id": "1" });
        told(client, book, "discord_get_channel", nowhere).await?;
    }
    None
}

pub(super) fn message(channel: &str, key: &str) -> Value {
    json!({ "channel_id": channel, "content": key, "dry_run": false, "idempotency_key": key })
}

async fn deletes(client: &Mcp, book: &Mutex<Book>, channel: &str) -> Option<()> {
    for number in 0_u64.. {
        let written = json!({
            "channel_id": channel, "content": format!("to go {number}"), "dry_run": false
        });
        let written = told(client, book, "discord_send_message", written).await?;
        let Some(id) = written["id"].as_str() else {
            continue;
        };
        let mut delete = json!({ "channel_id": channel, "message_id": id });
        let plan = told(client, book, "discord_delete_message", delete.clone()).await?;
        let Some(token) = plan["plan"]["confirm"]["token"].as_str() else {
            continue;
        };
        delete["confirm"] = json!(token);
        let entry = (token.to_owned(), false);
        book.lock().unwrap().deleted.insert(id.to_owned(), entry);
        let gone = told(client, book, "discord_delete_message", delete).await?;
        if gone.get("error").is_none() {
            book.lock()
                .unwrap()
                .deleted
                .insert(id.to_owned(), (token.to_owned(), true));
        }
    }
    None
}

async fn leases(client: &Mcp, book: &Mutex<Book>, thread: &str, channel: &str) -> Option<()> {
    for number in 0_u64.. {
        let lease = json!({ "thread_id": thread, "agent_name": "ops", "timeout": 1 });
        let held = told(client, book, "discord_acquire_thread", lease).await?;
        if let Some(fence) = held["fence"].as_i64() {
            book.lock().unwrap().fences.push(fence);
        }
        let release = json!({ "thread_id": thread, "agent_name": "ops" });
        told(client, book, "discord_release_thread", release).await?;
        let draft = json!({
            "guild_id": guild_of(client, channel).await?, "name": format!("draft {number}"),
            "trigger": "somebody says hello", "action": "answer them", "dry_run": false
        });
        told(client, book, "discord_draft_automation", draft).await?;
    }
    None
}

async fn guild_of(client: &Mcp, channel: &str) -> Option<Value> {
    let answer = client
        .call("discord_get_channel", json!({ "channel_id": channel }))
        .await?;
    Some(answer["result"]["structuredContent"]["guild_id"].clone())
}
