//! Whatever is sent to an endpoint, it answers, and never with a fault of its own.

use std::fmt::Write as _;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

use super::{key, told};
use crate::harness::{Rest, Scene, send};

/// Inputs to each endpoint; `GUILDHALL_FUZZ=10000` tries as many as the figures ask for.
const INPUTS: usize = 40;
/// Inputs with one key, so that its rate does not answer for the endpoint.
const PER_KEY: usize = 100;
/// What the inputs come from. A failure names it.
const SEED: u64 = 4;

const TEXTS: [&str; 16] = [
    "default",
    "bakers",
    "",
    "x",
    "175928847299117063",
    "0",
    "-1",
    "99999999999999999999",
    "null",
    "\u{0}",
    "ä🥐",
    "../..",
    "%00",
    "'; DROP TABLE members; --",
    "gh_",
    "owner",
];
const NAMES: [&str; 16] = [
    "id",
    "name",
    "role",
    "user_id",
    "guild_id",
    "workspace",
    "scopes",
    "expires_in_days",
    "value",
    "channel_id",
    "content",
    "dry_run",
    "confirm",
    "idempotency_key",
    "__proto__",
    "limit",
];

fn text(random: &mut StdRng) -> String {
    if random.random_bool(0.05) {
        return "y".repeat(random.random_range(1..5_000));
    }
    (*TEXTS.choose(random).unwrap()).to_owned()
}

fn value(random: &mut StdRng, depth: usize) -> Value {
    match random.random_range(0..if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => json!(random.random::<bool>()),
        2 => json!(random.random::<i64>()),
        3 => json!(random.random::<f64>()),
        4 | 5 => json!(text(random)),
        6 => (0..random.random_range(0..4))
            .map(|_| value(random, depth - 1))
            .collect(),
        _ => object(random, depth - 1),
    }
}

fn object(random: &mut StdRng, depth: usize) -> Value {
    let fields = (0..random.random_range(0..5)).map(|_| {
        let name = (*NAMES.choose(random).unwrap()).to_owned();
        (name, value(random, depth))
    });
    Value::Object(fields.collect())
}

/// The text of a body: mostly an object, now and then something broken.
fn body(random: &mut StdRng) -> Vec<u8> {
    match random.random_range(0..10) {
        0 => Vec::new(),
        1 => (0..random.random_range(1..200))
            .map(|_| random.random())
            .collect(),
        2 => "[".repeat(random.random_range(1..2_000)).into_bytes(),
        3 => {
            let mut text = object(random, 3).to_string().into_bytes();
            text.truncate(random.random_range(0..=text.len()));
            text
        }
        4 => value(random, 3).to_string().into_bytes(),
        _ => object(random, 3).to_string().into_bytes(),
    }
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        let _never_fails = write!(all, "%{byte:02X}");
        all
    })
}

fn filled(path: &str, tools: &[String], random: &mut StdRng) -> String {
    let parts = path.split('/').map(|part| match part {
        "{tool}" if random.random_bool(0.9) => tools.choose(random).unwrap().clone(),
        part if part.starts_with('{') => match percent(&text(random)) {
            empty if empty.is_empty() => "x".to_owned(),
            part => part,
        },
        part => part.to_owned(),
    });
    let mut path = parts.collect::<Vec<_>>().join("/");
    if random.random_bool(0.3) {
        let name = NAMES.choose(random).unwrap();
        path = format!("{path}?{name}={}", percent(&text(random)));
    }
    path
}

async fn one(rest: &Rest, method: &str, path: &str, random: &mut StdRng) {
    let body = body(random);
    let mut request = rest.request(method, path).body(body.clone());
    if random.random_bool(0.9) {
        request = request.header("content-type", "application/json");
    }
    if random.random_bool(0.2) {
        let key: String = text(random)
            .chars()
            .filter(char::is_ascii_graphic)
            .collect();
        request = request.header("idempotency-key", key);
    }
    let reply = send(request).await;
    assert!(
        reply.status < 500,
        "{method} {path} (seed {SEED}) with {:?}: {}",
        String::from_utf8_lossy(&body),
        reply.text
    );
    if reply.status >= 400 {
        assert_eq!(
            reply.header("content-type"),
            Some("application/problem+json")
        );
        let problem = reply.json();
        assert!(
            problem["code"].is_string() && problem["detail"].is_string(),
            "{problem}"
        );
    }
}

/// How many, where somebody wants more.
#[expect(clippy::disallowed_methods, reason = "the one switch of this test")]
fn wanted() -> Option<usize> {
    std::env::var("GUILDHALL_FUZZ").ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_input_breaks_an_endpoint() {
    let inputs = wanted().unwrap_or(INPUTS);
    let scene = Scene::without_limits().await;
    let mut hall = scene.serve(&["--require-key", "--toolsets", "all"]);
    let document = web::document();
    let (_, listed, _) = scene.run(&["tools", "list", "--all", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let tools: Vec<String> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap().to_owned())
        // They wait for people who never come.
        .filter(|name| !name.contains("wait"))
        .collect();
    let mut random = StdRng::seed_from_u64(SEED);
    let mut keys = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/api").unwrap();
        for method in operations.as_object().unwrap().keys() {
            let mut rest = hall.rest();
            for number in 0..inputs {
                if number % PER_KEY == 0 {
                    keys += 1;
                    let root = key(&scene, &format!("root-{keys}"), "default", "owner");
                    rest = hall.rest().with_key(&root);
                    // Some input may have closed it.
                    told(&scene, &["workspace", "resume", "default"]);
                }
                let path = filled(path, &tools, &mut random);
                one(&rest, &method.to_uppercase(), &path, &mut random).await;
            }
        }
    }
    assert!(hall.lives());
    assert!(!scene.log().contains("panicked"), "{}", scene.log());
    hall.terminate();
}
