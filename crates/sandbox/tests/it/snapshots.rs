//! Snapshots: a lived-in world is saved, lost and found again, to the last reaction.

use reqwest::{Method, StatusCode};
use sandbox::{Config, Snapshot, Start};
use serde_json::{Value, json};

use crate::support::{App, TALK, answer, quiet};

/// A world in which something of everything happened.
async fn lived_in() -> App {
    let app = App::start().await;
    let (guild, channel) = (app.info.guild_id, app.info.channel_id);
    let path = format!("/channels/{channel}/messages");
    let part = reqwest::multipart::Part::bytes(b"\0\x01words\xff".to_vec()).file_name("a.bin");
    let form = reqwest::multipart::Form::new()
        .text(
            "payload_json",
            json!({ "content": "see the file", "nonce": "n1", "enforce_nonce": true }).to_string(),
        )
        .part("files[0]", part);
    let sent = app.bot(Method::POST, &path).multipart(form).send().await;
    let (_, message) = answer(sent.expect("an answer")).await;
    let id = message["id"].as_str().expect("an id").to_owned();
    let buttons = json!({ "content": "choose", "components": [{ "type": 1, "components": [
        { "type": 2, "style": 1, "label": "Yes", "custom_id": "yes" },
    ] }] });
    let choose = bot(&app, Method::POST, &path, buttons).await;
    app.control(
        Method::PUT,
        &format!("/channels/{channel}/messages/{id}/reactions/%F0%9F%91%8D"),
        json!({ "as": app.user("artist") }),
    )
    .await;
    bot(
        &app,
        Method::PUT,
        &format!("/channels/{channel}/messages/pins/{id}"),
        Value::Null,
    )
    .await;
    bot(
        &app,
        Method::PATCH,
        &format!("/channels/{channel}"),
        json!({ "rate_limit_per_user": 30 }),
    )
    .await;
    app.says("newcomer", &channel.to_string(), "slowed now")
        .await;
    bot(
        &app,
        Method::POST,
        &format!("/channels/{channel}/messages/{id}/threads"),
        json!({ "name": "about the file" }),
    )
    .await;
    bot(
        &app,
        Method::POST,
        &format!("/channels/{channel}/webhooks"),
        json!({ "name": "news" }),
    )
    .await;
    bot(
        &app,
        Method::POST,
        &format!("/channels/{channel}/invites"),
        json!({ "max_uses": 3 }),
    )
    .await;
    bot(
        &app,
        Method::POST,
        &format!("/guilds/{guild}/roles"),
        json!({ "name": "smiths", "permissions": "1024" }),
    )
    .await;
    bot(
        &app,
        Method::PUT,
        &format!("/guilds/{guild}/bans/{}", app.user("artist")),
        json!({}),
    )
    .await;
    let poll = json!({ "poll": { "question": { "text": "When?" }, "duration": 5, "answers": [
        { "poll_media": { "text": "Now" } }, { "poll_media": { "text": "Later" } },
    ] } });
    bot(&app, Method::POST, &path, poll).await;
    let command = json!({ "name": "greet", "description": "Greets" });
    let me = app.user("guildhall");
    bot(
        &app,
        Method::POST,
        &format!("/applications/{me}/guilds/{guild}/commands"),
        command,
    )
    .await;
    let press = json!({
        "as": app.user("helper"), "type": 3, "channel_id": channel,
        "message_id": choose["id"], "data": { "component_type": 2, "custom_id": "yes" },
    });
    app.control(Method::POST, "/interactions", press).await;
    let hearth = app.channel("hearth").await;
    let helper = app.user("helper");
    let voice = format!("/guilds/{guild}/members/{helper}/voice");
    app.control(Method::PUT, &voice, json!({ "channel_id": hearth }))
        .await;
    app.control(
        Method::PUT,
        &format!("/users/{helper}/presence"),
        json!({ "status": "dnd", "activities": [{ "name": "chess", "type": 0 }] }),
    )
    .await;
    app.control(
        Method::POST,
        "/users/@me/channels",
        json!({ "as": app.user("ada"), "recipient_id": helper }),
    )
    .await;
    app.control(Method::POST, "/clock/advance", json!({ "ms": 61_000 }))
        .await;
    app
}

async fn bot(app: &App, method: Method, path: &str, body: Value) -> Value {
    let mut request = app.bot(method.clone(), path);
    if !body.is_null() {
        request = request.json(&body);
    }
    let (status, answer) = answer(request.send().await.expect("an answer")).await;
    assert!(status.is_success(), "{method} {path}: {status} {answer}");
    answer
}

fn world(snapshot: &Snapshot) -> Value {
    serde_json::from_slice(&snapshot.write()).expect("a snapshot is JSON")
}

/// Without what belongs to the server, and without signed links, which carry its address.
async fn state(app: &App) -> Value {
    let mut state = app.control(Method::GET, "/state", Value::Null).await;
    state["sessions"] = Value::Null;
    state
}

#[tokio::test]
async fn a_saved_world_starts_elsewhere_to_the_last_reaction() {
    let app = lived_in().await;
    let saved = app.sandbox.snapshot();
    let read = Snapshot::read(saved.write()).expect("what was written can be read");
    let start = Start::Snapshot(read);
    let again = App::start_with(Config { start, ..quiet() }).await;
    assert_eq!(world(&again.sandbox.snapshot()), world(&saved));
    assert_eq!(state(&again).await, state(&app).await);
    assert_eq!(again.info.bot_token, app.info.bot_token);

    // Both go on in the same way: the same ids, and the same random texts.
    let path = format!("/channels/{}/webhooks", app.info.channel_id);
    let one = bot(&app, Method::POST, &path, json!({ "name": "more" })).await;
    let two = bot(&again, Method::POST, &path, json!({ "name": "more" })).await;
    assert_eq!((&one["id"], &one["token"]), (&two["id"], &two["token"]));
}

#[tokio::test]
async fn files_come_back_byte_by_byte() {
    let app = lived_in().await;
    app.control(Method::POST, "/snapshots", json!({ "name": "before" }))
        .await;
    app.control(Method::POST, "/snapshots/before/restore", Value::Null)
        .await;
    let path = format!("/channels/{}/messages/pins", app.info.channel_id);
    let pins = bot(&app, Method::GET, &path, Value::Null).await;
    let url = pins["items"][0]["message"]["attachments"][0]["url"]
        .as_str()
        .expect("a link")
        .to_owned();
    let file = reqwest::get(url)
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("a body");
    assert_eq!(&file[..], b"\0\x01words\xff");
}

#[tokio::test]
async fn going_back_undoes_what_happened_and_clients_identify_anew() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(TALK).await;
    let before = app.control(Method::GET, "/snapshot", Value::Null).await;
    let channel = app.info.channel_id.to_string();
    app.says("ada", &channel, "soon forgotten").await;
    socket.until("MESSAGE_CREATE").await;
    app.control(Method::POST, "/clock/advance", json!({ "ms": 5_000 }))
        .await;

    let told = app.control(Method::PUT, "/snapshot", before.clone()).await;
    assert_eq!(
        (&told["sessions"], &told["now_ms"]),
        (&json!(1), &before["saved_at_ms"])
    );
    let invalid = socket.next().await;
    assert_eq!((&invalid["op"], &invalid["d"]), (&json!(9), &json!(false)));
    socket.identify(&app.info.bot_token, TALK).await;
    socket.until("READY").await;

    let messages = bot(
        &app,
        Method::GET,
        &format!("/channels/{channel}/messages"),
        Value::Null,
    )
    .await;
    let said = messages.as_array().expect("messages").iter();
    assert!(
        !said
            .into_iter()
            .any(|message| message["content"] == "soon forgotten")
    );
}

#[tokio::test]
async fn named_snapshots_are_listed_restored_and_forgotten() {
    let app = App::start().await;
    let channel = app.info.channel_id.to_string();
    app.control(Method::POST, "/snapshots", json!({ "name": "empty" }))
        .await;
    app.says("ada", &channel, "first").await;
    app.control(Method::POST, "/snapshots", json!({ "name": "one" }))
        .await;
    let list = app.control(Method::GET, "/snapshots", Value::Null).await;
    let names: Vec<_> = list["snapshots"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["name"].clone())
        .collect();
    assert_eq!(names, ["empty", "one"]);
    let one = world(&app.sandbox.snapshot());
    app.control(Method::POST, "/snapshots/empty/restore", Value::Null)
        .await;
    assert_ne!(world(&app.sandbox.snapshot()), one);
    app.control(Method::POST, "/snapshots/one/restore", Value::Null)
        .await;
    assert_eq!(world(&app.sandbox.snapshot()), one);
    app.control(Method::DELETE, "/snapshots/one", Value::Null)
        .await;
    let (status, problem) = app
        .ask(Method::POST, "/snapshots/one/restore", Value::Null)
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(problem["message"], "no snapshot \"one\"; there are: empty");
    let (status, _) = app
        .ask(Method::POST, "/snapshots", json!({ "name": "a/b" }))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_is_no_snapshot_is_refused_with_a_sentence() {
    let app = App::start().await;
    let whole = app.control(Method::GET, "/snapshot", Value::Null).await;
    let before = world(&app.sandbox.snapshot());
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut document = whole.clone();
        change(&mut document);
        document
    };
    let cases = [
        (json!({ "guilds": [] }), "this is no snapshot"),
        (
            changed(&|it| it["version"] = json!(99)),
            "has version 99; this sandbox reads version 1",
        ),
        (
            changed(&|it| it["world"]["users"] = json!({})),
            "does not exist",
        ),
        (
            changed(&|it| it["world"]["users"] = json!(7)),
            "cannot be read",
        ),
        (
            changed(&|it| it["world"]["guilds"] = json!({})),
            "does not exist",
        ),
    ];
    for (document, expected) in cases {
        let (status, problem) = app.ask(Method::PUT, "/snapshot", document).await;
        let message = problem["message"].as_str().unwrap_or_default();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
        assert!(message.contains(expected), "{expected}: {message}");
    }
    assert_eq!(world(&app.sandbox.snapshot()), before);
}

/// A field that is skipped is lost with every snapshot: only what is the server's may be.
#[test]
fn no_state_of_the_world_is_left_out() {
    let mut skipped = Vec::new();
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/world"));
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a file");
            let lines: Vec<_> = text.lines().collect();
            for pair in lines.windows(2) {
                if pair[0].contains("serde(skip") && !pair[0].contains("skip_serializing_if") {
                    skipped.push(pair[1].trim().to_owned());
                }
            }
        }
    }
    skipped.sort();
    // What the server has, and what can be made again.
    let known = [
        "addresses: Addresses,",
        "clock: SandboxClock,",
        "compiled: OnceLock<Vec<Regex>>,",
        "happening_ms: Option<u64>,",
        "outbox: Vec<Dispatch>,",
    ];
    assert_eq!(skipped, known);
}
