//! What happens by itself when its time has come, in order, with its events, as of that moment.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, answer};

/// GUILDS, GUILD_MESSAGES, MESSAGE_CONTENT and GUILD_MESSAGE_POLLS.
const HEARING: u64 = 1 | 1 << 9 | 1 << 15 | 1 << 24;
const MINUTE_MS: u64 = 60_000;

async fn posted(app: &App, path: &str, body: Value) -> Value {
    let request = app.bot(Method::POST, path).json(&body);
    let (status, body) = answer(request.send().await.expect("an answer")).await;
    assert!(status.is_success(), "{path}: {status} {body}");
    body
}

async fn passes(app: &App, minutes: u64) {
    let body = json!({"ms": minutes * MINUTE_MS});
    app.control(Method::POST, "/clock/advance", body).await;
}

#[tokio::test]
async fn a_poll_that_runs_out_tells_its_results() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(HEARING).await;
    let messages = format!("/channels/{}/messages", app.info.channel_id);
    let answers = json!([
        {"poll_media": {"text": "tea"}},
        {"poll_media": {"text": "coffee", "emoji": {"name": "☕"}}},
    ]);
    let poll = json!({"question": {"text": "Which?"}, "answers": answers, "duration": 1});
    let asked = posted(&app, &messages, json!({"poll": poll})).await;
    let id = asked["id"].as_str().expect("an id");
    let votes = format!("/channels/{}/polls/{id}/answers/@me", app.info.channel_id);
    for who in ["ada", "helper"] {
        let body = json!({"as": app.user(who), "answer_ids": ["2"]});
        app.control(Method::PUT, &votes, body).await;
    }
    assert_eq!(socket.until("MESSAGE_POLL_VOTE_ADD").await["answer_id"], 2);
    passes(&app, 61).await;

    let ended = socket.until("MESSAGE_UPDATE").await;
    assert_eq!(ended["poll"]["results"]["is_finalized"], true);
    let told = socket.until("MESSAGE_CREATE").await;
    assert_eq!(told["type"], 46);
    assert_eq!(told["message_reference"]["message_id"], asked["id"]);
    assert_eq!(told["mentions"][0]["id"], asked["author"]["id"]);
    assert_eq!(told["timestamp"], ended["poll"]["expiry"]);
    let embed = &told["embeds"][0];
    assert_eq!(embed["type"], "poll_result");
    let field = |name: &str| {
        let fields = embed["fields"].as_array().expect("fields");
        let field = fields.iter().find(|field| field["name"] == name);
        field.map_or(Value::Null, |field| field["value"].clone())
    };
    assert_eq!(field("poll_question_text"), "Which?");
    assert_eq!(field("victor_answer_votes"), "2");
    assert_eq!(field("total_votes"), "2");
    assert_eq!(field("victor_answer_id"), "2");
    assert_eq!(field("victor_answer_text"), "coffee");
}

#[tokio::test]
async fn a_poll_that_was_ended_does_not_end_again() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(HEARING).await;
    let messages = format!("/channels/{}/messages", app.info.channel_id);
    let answers = json!([{"poll_media": {"text": "yes"}}]);
    let poll = json!({"question": {"text": "Now?"}, "answers": answers, "duration": 1});
    let asked = posted(&app, &messages, json!({"poll": poll})).await;
    let id = asked["id"].as_str().expect("an id");
    let path = format!("/channels/{}/polls/{id}/expire", app.info.channel_id);
    posted(&app, &path, Value::Null).await;
    socket.until("MESSAGE_UPDATE").await;
    assert_eq!(socket.until("MESSAGE_CREATE").await["type"], 46);
    passes(&app, 61).await;
    posted(&app, &messages, json!({"content": "after"})).await;
    assert_eq!(socket.until("MESSAGE_CREATE").await["content"], "after");
}

#[tokio::test]
async fn a_quiet_thread_is_archived_and_one_that_is_written_in_is_not() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(HEARING).await;
    let threads = format!("/channels/{}/threads", app.info.channel_id);
    let mut ids = Vec::new();
    for name in ["quiet", "busy"] {
        let body = json!({"name": name, "type": 11, "auto_archive_duration": 60});
        let thread = posted(&app, &threads, body).await;
        ids.push(thread["id"].as_str().expect("an id").to_owned());
    }
    passes(&app, 30).await;
    let said = posted(
        &app,
        &format!("/channels/{}/messages", ids[1]),
        json!({"content": "still here"}),
    )
    .await;
    passes(&app, 40).await;

    let archived = socket.until("THREAD_UPDATE").await;
    assert_eq!(archived["name"], "quiet");
    let metadata = &archived["thread_metadata"];
    assert_eq!(metadata["archived"], true);
    assert!(
        metadata["archive_timestamp"]
            .as_str()
            .expect("a moment")
            .starts_with("2026-01-01T01:00:00")
    );
    passes(&app, 20).await;
    let archived = socket.until("THREAD_UPDATE").await;
    assert_eq!(archived["name"], "busy");
    assert_eq!(archived["last_message_id"], said["id"]);
    assert!(
        archived["thread_metadata"]["archive_timestamp"]
            .as_str()
            .expect("a moment")
            .starts_with("2026-01-01T01:30:00")
    );
}

#[tokio::test]
async fn what_fell_due_comes_before_the_answer_to_whoever_asks() {
    let app = App::start().await;
    let threads = format!("/channels/{}/threads", app.info.channel_id);
    let body = json!({"name": "t", "type": 11, "auto_archive_duration": 60});
    let thread = posted(&app, &threads, body).await;
    // The clock moves without the control API, as real time does.
    app.sandbox.world().clock().advance(61 * MINUTE_MS);
    let path = format!("/channels/{}", thread["id"].as_str().expect("an id"));
    let (_, seen) = answer(app.bot(Method::GET, &path).send().await.expect("an answer")).await;
    assert_eq!(seen["thread_metadata"]["archived"], true);
}
