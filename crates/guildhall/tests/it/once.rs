//! Idempotency keys under fire: many keys, each tried several times at once over connections that
//! break. Exactly one effect each, and one answer, byte for byte. `GUILDHALL_TEST_KEYS` sets how
//! many, `GUILDHALL_TEST_DATABASE` on which database other than a new SQLite file.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};

use crate::harness::{Mcp, Rest, Scene};

/// Keys without a word from the environment.
const KEYS: usize = 120;
/// Keys that are tried at the same time.
const AT_ONCE: usize = 24;
/// The slowest a final answer may be, 25 ms apart.
const LOOKS: usize = 400;
const POLICY: &str = "[policy]\n[[policy.rules]]\nname = \"fast\"\ncalls_per_minute = 1000000\n";

/// Chance that is the same in every run.
fn chance(key: usize, retry: usize, of: u64) -> u64 {
    let mixed = (key as u64 * 31 + retry as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 33) % of
}

fn message(channel: &str, key: usize) -> Value {
    json!({ "channel_id": channel, "content": format!("once {key}"), "dry_run": false })
}

/// One try over REST. `None` where the connection broke.
async fn try_rest(
    rest: &Rest,
    key: usize,
    body: &Value,
    patience: Option<Duration>,
) -> Option<(u16, String)> {
    let request = rest
        .request("POST", "/tools/discord_send_message")
        .header("idempotency-key", format!("key-{key}"))
        .json(body);
    let exchange = async {
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let retry_after = answer.headers().contains_key("retry-after");
        assert!(status != 409 || retry_after, "409 without Retry-After");
        Some((status, answer.text().await.ok()?))
    };
    match patience {
        // Dropping it closes the connection, wherever the call is at that moment.
        Some(patience) => tokio::time::timeout(patience, exchange).await.ok()?,
        None => exchange.await,
    }
}

/// One key's story; gives its answer.
async fn tell(rest: Rest, key: usize, channel: String) -> String {
    let body = message(&channel, key);
    let retries = 1 + usize::try_from(chance(key, 0, 5)).unwrap();
    let tries = (0..retries).map(|retry| {
        let (rest, body) = (rest.clone(), body.clone());
        tokio::spawn(async move {
            let breaks = chance(key, retry + 1, 3) == 0;
            let patience =
                breaks.then(|| Duration::from_micros(200 + chance(key, retry + 7, 9_000)));
            try_rest(&rest, key, &body, patience).await
        })
    });
    let mut answers = BTreeSet::new();
    for tried in tries.collect::<Vec<_>>() {
        match tried.await.unwrap() {
            Some((200, text)) => drop(answers.insert(text)),
            None | Some((409 | 503, _)) => {}
            Some((status, text)) => panic!("key {key}: {status} {text}"),
        }
    }
    for _ in 0..LOOKS {
        match try_rest(&rest, key, &body, None).await.unwrap() {
            (200, text) => {
                answers.insert(text);
                break;
            }
            (409 | 503, _) => tokio::time::sleep(Duration::from_millis(25)).await,
            (status, text) => panic!("key {key}: {status} {text}"),
        }
    }
    assert_eq!(answers.len(), 1, "key {key}: {answers:?}");
    if key.is_multiple_of(10) {
        let other = json!({ "channel_id": channel, "content": "another body", "dry_run": false });
        let (status, text) = try_rest(&rest, key, &other, None).await.unwrap();
        assert_eq!(status, 422, "{text}");
    }
    answers.pop_first().unwrap()
}

/// How often each content stands in the channel.
async fn counted(scene: &Scene, channel: &str) -> BTreeMap<String, usize> {
    let info = scene.sandbox.info();
    let http = crate::harness::http_client();
    let mut counted = BTreeMap::new();
    let mut before: Option<String> = None;
    loop {
        let page = before.map_or_else(String::new, |id| format!("&before={id}"));
        let url = format!(
            "{}/channels/{channel}/messages?limit=100{page}",
            info.api_url
        );
        let answer = http
            .get(url)
            .header("authorization", format!("Bot {}", info.bot_token));
        let messages: Vec<Value> = answer.send().await.unwrap().json().await.unwrap();
        for message in &messages {
            let content = message["content"].as_str().unwrap_or_default().to_owned();
            *counted.entry(content).or_default() += 1;
        }
        match messages.last() {
            Some(last) => before = last["id"].as_str().map(str::to_owned),
            None => return counted,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the switches of this test")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_key_has_one_effect_and_one_answer_over_rest() {
    let keys = told("GUILDHALL_TEST_KEYS").and_then(|keys| keys.parse().ok());
    let keys: usize = keys.unwrap_or(KEYS);
    let scene = Scene::without_limits().await;
    std::fs::write(scene.folder.path().join("guildhall.toml"), POLICY).unwrap();
    let database = told("GUILDHALL_TEST_DATABASE");
    let elsewhere: Vec<(&str, &str)> = database
        .iter()
        .map(|url| ("DATABASE_URL", url.as_str()))
        .collect();
    let hall = scene.serve_with(&["--config", "guildhall.toml"], &elsewhere);
    let channel = scene.sandbox.info().channel_id.to_string();
    let rest = hall.rest();
    let mut under_way = tokio::task::JoinSet::new();
    let mut answers = BTreeSet::new();
    for key in 0..keys {
        if under_way.len() >= AT_ONCE {
            answers.insert(under_way.join_next().await.unwrap().unwrap());
        }
        under_way.spawn(tell(rest.clone(), key, channel.clone()));
    }
    answers.extend(under_way.join_all().await);
    assert_eq!(answers.len(), keys, "each key has an answer of its own");
    let counted = counted(&scene, &channel).await;
    for key in 0..keys {
        assert_eq!(counted.get(&format!("once {key}")), Some(&1), "key {key}");
    }
    assert_eq!(counted.get("another body"), None);
}

async fn try_mcp(client: &Mcp, channel: &str, key: usize) -> Option<Value> {
    let mut arguments = message(channel, key);
    arguments["idempotency_key"] = json!(format!("key-{key}"));
    let answer = client.call("discord_send_message", arguments).await?;
    Some(answer["result"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_key_has_one_effect_and_one_answer_over_mcp() {
    let scene = Scene::without_limits().await;
    std::fs::write(scene.folder.path().join("guildhall.toml"), POLICY).unwrap();
    let hall = scene.serve(&["--config", "guildhall.toml"]);
    let channel = scene.sandbox.info().channel_id.to_string();
    for key in 0..KEYS / 4 {
        let tries: Vec<_> = (0..4)
            .map(|retry| {
                let (client, channel) = (hall.client(), channel.clone());
                let breaks = chance(key, retry, 3) == 0;
                let patience = Duration::from_micros(if breaks { 3_000 } else { 30_000_000 });
                tokio::spawn(async move {
                    tokio::time::timeout(patience, try_mcp(&client, &channel, key)).await
                })
            })
            .collect();
        for tried in tries {
            let Ok(Some(result)) = tried.await.unwrap() else {
                continue;
            };
            let code = &result["structuredContent"]["error"]["code"];
            assert!(
                result["isError"] == false || code == "idempotency_in_flight",
                "{result}"
            );
        }
        let mut ids = BTreeSet::new();
        for _ in 0..LOOKS {
            let result = try_mcp(&hall.client(), &channel, key).await.unwrap();
            if let Some(id) = result["structuredContent"]["id"].as_str() {
                ids.insert(id.to_owned());
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        assert_eq!(ids.len(), 1, "key {key}");
    }
    let counted = counted(&scene, &channel).await;
    for key in 0..KEYS / 4 {
        assert_eq!(counted.get(&format!("once {key}")), Some(&1), "key {key}");
    }
}
