//! The plug is pulled at named moments of the real binary, under load, on both engines: after the
//! restart nothing that was acknowledged is lost, nothing happened twice, no outbox row stays open,
//! fences rise, and the audit's chain is whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use model::{ManualClock, ledger::Ledger as _};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::{
    harness::{Hall, Mcp, Scene, http_client},
    postgres,
};

/// What is reached by agents that write, delete, lease, draft and are refused; `None` for the
/// times, which the seed says, and otherwise the only number that makes sense.
const UNDER_LOAD: &[(&str, &str)] = &[
    ("audit::Record", "written"),
    ("audit::Record", "committed"),
    ("outbox::Begin", "written"),
    ("outbox::Begin", "committed"),
    ("hands", "sending"),
    ("hands", "answered"),
    ("outbox::End", "written"),
    ("outbox::End", "committed"),
    ("lease::Acquire", "written"),
    ("lease::Acquire", "committed"),
    ("lease::Release", "written"),
    ("lease::Release", "committed"),
    ("draft::Save", "written"),
    ("draft::Save", "committed"),
    ("instance::Sign", "committed"),
    ("prune::Prune", "written"),
];

/// What is reached by the start that finishes what the crash before it left.
const IN_RECOVERY: &[(&str, &str)] = &[
    ("outbox::Claim", "written"),
    ("outbox::Claim", "committed"),
    ("recovery", "sending"),
    ("recovery", "answered"),
];

/// Writes of the store that no point here stands for, each with its reason.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "journal::Append",
        "the ears'; journeys.rs restarts under what people write",
    ),
    (
        "journal::ForgetResumePoint",
        "the ears'; a lost one costs an IDENTIFY",
    ),
    (
        "journal::NoteIdentify",
        "the ears'; gateway faults are tried in the room discord",
    ),
    (
        "key::Create",
        "one row of the operator's command, which is repeated",
    ),
    (
        "key::Revoke",
        "one row of the operator's command, which is repeated",
    ),
    (
        "audit::Reseal",
        "the operator's command, alone on the database",
    ),
    (
        "audit::Erase",
        "the operator's command, alone on the database",
    ),
    (
        "chain::checkpoint::Mark",
        "store/tests/it tries checkpoints",
    ),
    ("reading::Note", "one row of a memory that may be lost"),
    ("workspace::Apply", "not driven from here yet"),
    (
        "policy::Put",
        "one row on top; store/tests/it tries two at once",
    ),
    ("approval::Open", "not driven from here yet"),
    ("approval::Replace", "not driven from here yet"),
    ("approval::MoveCursor", "not driven from here yet"),
];

const SEEDS: [u64; 2] = [1, 2];
/// Scenes at a time: most of a scene is waiting for the dead instance to count as dead.
const AT_ONCE: usize = 8;
/// What the goals allow for finishing what a crash left.
const RECOVERS_WITHIN: Duration = Duration::from_secs(10);
/// How long a load may take to reach its point.
const REACHES_WITHIN: Duration = Duration::from_mins(1);

/// What agents were told.
#[derive(Default)]
struct Book {
    /// Each key with the message that it was answered with.
    sent: BTreeMap<String, Option<String>>,
    /// Messages whose deletion was confirmed: the token, and whether it was acknowledged.
    deleted: BTreeMap<String, (String, bool)>,
    fences: Vec<i64>,
    /// Calls that were answered, whatever the answer.
    answered: BTreeSet<String>,
}

/// One scene: where the plug is pulled, for the how-manieth time.
struct Plug {
    what: &'static str,
    moment: &'static str,
    seed: u64,
    in_recovery: bool,
}

impl Plug {
    fn times(&self) -> u64 {
        match (self.in_recovery, self.what) {
            // Rarer than writes: the first one, or one of the first.
            (true, _) | (_, "instance::Sign" | "prune::Prune") => 1,
            (_, "lease::Acquire" | "lease::Release" | "draft::Save") => self.seed,
            _ => 2 + self.seed * 7 % 11,
        }
    }

    fn variable(&self) -> String {
        format!("{} {} {}", self.what, self.moment, self.times())
    }
}

fn plugs() -> Vec<Plug> {
    let of = |list: &'static [(&str, &str)], in_recovery| {
        list.iter().flat_map(move |(what, moment)| {
            SEEDS.map(|seed| Plug {
                what,
                moment,
                seed,
                in_recovery,
            })
        })
    };
    of(UNDER_LOAD, false).chain(of(IN_RECOVERY, true)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_named_point_loses_nothing_and_doubles_nothing_on_sqlite() {
    pull_every_plug("sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_named_point_loses_nothing_and_doubles_nothing_on_postgresql() {
    if let Err(reason) = postgres::shared() {
        eprintln!("SKIPPED: no PostgreSQL can be had: {reason}");
        return;
    }
    pull_every_plug("postgresql").await;
}

async fn pull_every_plug(engine: &'static str) {
    let began = Instant::now();
    // Kept until the end: each scene has a schema of its own.
    let server = (engine == "postgresql").then(|| postgres::shared().unwrap());
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let scenes: Vec<_> = plugs()
        .into_iter()
        .map(|plug| {
            let room = Arc::clone(&room);
            let url = server.as_ref().map(|server| server.url());
            tokio::spawn(async move {
                let _room = room.acquire().await.unwrap();
                let name = format!("{engine}, {}, seed {}", plug.variable(), plug.seed);
                let found = pull(&plug, url).await;
                let named = |wrong: &String| format!("{name}: {wrong}");
                Found {
                    wrong: found.wrong.iter().map(named).collect(),
                    ..found
                }
            })
        })
        .collect();
    let mut all = Found::default();
    for scene in scenes {
        let found = scene.await.unwrap();
        all.wrong.extend(found.wrong);
        all.answered += found.answered;
    }
    let wrong = all.wrong;
    let figure = json!({
        "name": format!("G1 crash points on {engine}: lost, doubled or left open"),
        "value": wrong.len(), "limit": 0, "seed": SEEDS, "scenes": plugs().len(),
        "answered_before": all.answered,
        "runtime_s": began.elapsed().as_secs(),
    });
    show(&figure);
    assert!(all.answered > plugs().len(), "nothing was at stake");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// What a scene found.
#[derive(Default)]
struct Found {
    wrong: Vec<String>,
    /// Calls that were answered before the crash: without them nothing could have been lost.
    answered: usize,
}

impl Found {
    fn never_reached() -> Self {
        Self {
            wrong: vec!["the point was never reached".to_owned()],
            answered: 0,
        }
    }
}

/// One scene to its end.
async fn pull(plug: &Plug, base: Option<String>) -> Found {
    let scene = Scene::without_limits().await;
    let database = base.map(|base| schema(&base));
    let mut more: Vec<(&str, &str)> = Vec::new();
    if let Some(url) = &database {
        more.push(("DATABASE_URL", url));
    }
    let book = Arc::new(Mutex::new(Book::default()));
    let variable = if plug.in_recovery {
        // First a crash that leaves something to recover.
        format!("hands answered {}", 1 + plug.seed)
    } else {
        plug.variable()
    };
    let hall = scene.serve_with(&[], &[&more[..], &[("CRASH_AT", &variable)]].concat());
    let thread = load(&scene, hall, &book).await;
    let Some(thread) = thread else {
        return Found::never_reached();
    };
    if plug.in_recovery {
        let variable = plug.variable();
        let armed = [&more[..], &[("CRASH_AT", &variable)]].concat();
        if let Ok(mut hall) = scene.try_serve(&[], &armed) {
            let began = Instant::now();
            while hall.lives() {
                if began.elapsed() > RECOVERS_WITHIN {
                    return Found::never_reached();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    let began = Instant::now();
    let hall = scene.serve_with(&[], &more);
    let mut wrong = Vec::new();
    while http_client()
        .get(hall.page("/ready"))
        .send()
        .await
        .unwrap()
        .status()
        != 200
    {
        if began.elapsed() > RECOVERS_WITHIN {
            wrong.push("what was left was not finished within ten seconds".to_owned());
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    look_at_discord(&scene, &hall, &book, &thread, &mut wrong).await;
    hall.terminate();
    look_at_the_audit(&scene, &more, &book, &mut wrong);
    let url = database.unwrap_or_else(|| {
        format!(
            "sqlite:{}",
            scene.folder.path().join("guildhall.db").display()
        )
    });
    look_at_the_outbox(&url, &mut wrong).await;
    let answered = book.lock().unwrap().answered.len();
    Found { wrong, answered }
}

/// A schema of its own in that server.
fn schema(base: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("crash_{}", NEXT.fetch_add(1, Ordering::SeqCst));
    let psql = postgres::programs().unwrap().join("psql");
    let made = Command::new(psql)
        .args(["-q", "-c", &format!("CREATE SCHEMA {name}"), base])
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    format!("{base}?options[search_path]={name}")
}

/// Agents at work until the process dies; gives the thread that they lease.
async fn load(scene: &Scene, mut hall: Hall, book: &Arc<Mutex<Book>>) -> Option<String> {
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

fn message(channel: &str, key: &str) -> Value {
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

/// Repeats under their keys, then compares what there is with what was told.
async fn look_at_discord(
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

/// Every answered call is in it, every write that began has ended, and the chain is whole.
fn look_at_the_audit(
    scene: &Scene,
    more: &[(&str, &str)],
    book: &Mutex<Book>,
    wrong: &mut Vec<String>,
) {
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
}

/// Rows of whoever is dead: in a far future, that is everybody.
async fn look_at_the_outbox(url: &str, wrong: &mut Vec<String>) {
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

#[test]
fn every_write_of_the_store_has_its_crash_points_or_a_reason() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/src");
    let mut found = BTreeSet::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let module = path.strip_prefix(&source).unwrap().with_extension("");
            let module = module.to_str().unwrap().replace('/', "::");
            let module = module.trim_end_matches("::mod").to_owned();
            for line in fs::read_to_string(&path).unwrap().lines() {
                if let Some(name) = line.strip_prefix("impl Write for ") {
                    found.insert(format!("{module}::{}", name.trim_end_matches(" {")));
                }
            }
        }
    }
    let tried = UNDER_LOAD.iter().chain(IN_RECOVERY).map(|(what, _)| *what);
    let tried: BTreeSet<&str> = tried
        .chain(ELSEWHERE.iter().map(|(what, _)| *what))
        .collect();
    for write in &found {
        assert!(
            tried.contains(write.as_str()),
            "no crash point is tried for {write}"
        );
    }
}

#[test]
fn a_release_has_no_crash_points() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let manifest: toml::Table = fs::read_to_string(root.join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    for (name, profile) in manifest["profile"].as_table().unwrap() {
        let on = profile
            .get("debug-assertions")
            .and_then(toml::Value::as_bool);
        assert!(
            name == "dev" || name == "test" || on != Some(true),
            "{name} keeps debug assertions"
        );
    }
    let source = fs::read_to_string(root.join("crates/model/src/crash.rs")).unwrap();
    let (debug, release) = source.split_once("#[cfg(not(debug_assertions))]").unwrap();
    assert!(debug.contains("#[cfg(debug_assertions)]\npub fn point"));
    assert!(!release.contains("abort") && !release.contains("env::"));
}

/// For `--nocapture`.
#[expect(
    clippy::print_stdout,
    reason = "figures are for whoever runs the test by hand"
)]
fn show(figure: &Value) {
    println!("{figure}");
}
