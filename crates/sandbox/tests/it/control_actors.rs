//! Actors: scripts and chatter run on the sandbox's clock, tell what they do, and stop.

use reqwest::{Method, StatusCode};
use sandbox::ActorSpec;
use serde_json::{Value, json};

use crate::support::{App, TALK};

async fn said(app: &App, channel: &str) -> Vec<String> {
    let path = format!("/channels/{channel}/messages?limit=100");
    let page = app.control(Method::GET, &path, Value::Null).await;
    let messages = page.as_array().expect("messages").iter().rev();
    messages
        .map(|message| {
            let author = message["author"]["username"].as_str().expect("a name");
            format!("{author}: {}", message["content"].as_str().expect("text"))
        })
        .collect()
}

async fn advance(app: &App, ms: u64) {
    let ms = json!({ "ms": ms });
    app.control(Method::POST, "/clock/advance", ms).await;
}

#[tokio::test]
async fn a_script_acts_at_its_moments_as_the_clock_moves() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(TALK).await;
    let before = said(&app, "general").await.len();
    let script = json!({
        "name": "a short talk",
        "as": "ada",
        "in": "general",
        "steps": [
            { "say": "is anyone here?" },
            { "pause_ms": 2_000 },
            { "type": true, "as": "helper" },
            { "reply": "I am", "as": "helper" },
            { "react": "👋" },
            { "pause_ms": 1_000 },
            { "edit": "I am, as always", "as": "helper" },
            { "voice": "hearth" },
            { "presence": "dnd", "activity": "talking" },
            { "request": "PUT /channels/general/messages/pins/1" },
        ],
    });
    let actor = app.control(Method::POST, "/actors", script).await;
    assert_eq!(actor["state"], "acting");
    assert_eq!(actor["done"], 1);
    let first = socket.until("MESSAGE_CREATE").await;
    assert_eq!(first["content"], "is anyone here?");
    advance(&app, 1_999).await;
    assert_eq!(said(&app, "general").await.len(), before + 1);
    advance(&app, 10_000).await;
    let told = said(&app, "general").await;
    assert_eq!(
        told[before..],
        ["ada: is anyone here?", "helper: I am, as always"]
    );
    let answer = socket.until("MESSAGE_CREATE").await;
    assert_eq!(answer["message_reference"]["message_id"], first["id"]);
    assert!(
        answer["timestamp"]
            .as_str()
            .expect("a moment")
            .starts_with("2026-01-01T00:00:02.000"),
        "{answer}"
    );
    let path = format!("/actors/{}", actor["id"]);
    let actor = app.control(Method::GET, &path, Value::Null).await;
    assert_eq!(actor["state"], "done");
    assert_eq!(actor["done"], 8);
    assert_eq!(actor["refused"], 1);
    assert_eq!(actor["last_refusal"], "request: Unknown Message");
}

#[tokio::test]
async fn the_same_seed_tells_the_same_story() {
    let mut stories = Vec::new();
    for _ in 0..2 {
        let app = App::start().await;
        let script = "
            as = 'artist'
            in = 'general'
            seed = 5
            repeat = 4
            steps = [
                { say = ['one', 'two', 'three', 'four'] },
                { pause_ms = [10, 500] },
                { choose = [[{ say = 'heads' }], [{ say = 'tails' }]] },
            ]";
        let script = ActorSpec::from_toml(script).expect("a script");
        app.sandbox.start_actor(&script).await.expect("it starts");
        let chatter = json!({
            "seed": 9,
            "chatter": { "channels": ["general"], "per_second": 10, "count": 12 },
        });
        app.control(Method::POST, "/actors", chatter).await;
        app.sandbox.advance(5_000).await;
        let actors = app.sandbox.actors();
        assert!(actors.iter().all(|actor| actor.state == "done"));
        assert_eq!(actors[1].done, 12);
        assert_eq!(actors[0].refused + actors[1].refused, 0);
        stories.push(said(&app, "general").await);
    }
    assert!(stories[0].len() >= 20);
    assert_eq!(stories[0], stories[1]);
}

#[tokio::test]
async fn chatter_keeps_its_rate_until_it_is_stopped() {
    let app = App::start().await;
    let chatter = json!({
        "name": "noise",
        "chatter": { "people": ["ada", "helper"], "channels": ["general"], "per_second": 100 },
    });
    let actor = app.control(Method::POST, "/actors", chatter).await;
    advance(&app, 1_000).await;
    let path = format!("/actors/{}", actor["id"]);
    let actor = app.control(Method::GET, &path, Value::Null).await;
    assert_eq!(actor["done"], 101);
    assert_eq!(actor["skipped"], 0);
    app.control(Method::DELETE, &path, Value::Null).await;
    advance(&app, 1_000).await;
    let listed = app.control(Method::GET, "/actors", Value::Null).await;
    assert_eq!(listed["actors"][0]["state"], "stopped");
    assert_eq!(listed["actors"][0]["done"], 101);
    assert_eq!(listed["actors"][0]["next_at"], Value::Null);
}

#[tokio::test]
async fn an_actor_that_makes_no_sense_is_told_why() {
    let app = App::start().await;
    for (actor, status, message) in [
        (json!({}), 400, "an actor has `steps`, or else `chatter`"),
        (
            json!({ "as": "ada", "steps": [{ "say": "a", "in": "generl" }] }),
            404,
            "no channel is called \"generl\"",
        ),
        (
            json!({ "as": "ada", "steps": [{ "say": "a" }, { "repeat": 2, "steps": [{}] }] }),
            400,
            "steps[1].steps[0]: a step does exactly one thing",
        ),
        (
            json!({ "chatter": { "per_second": 10_001 } }),
            400,
            "chatter.per_second: 1 to 10000",
        ),
        (
            json!({ "chatter": { "per_second": 1, "channels": ["announcements"], "people": ["newcomer"] } }),
            409,
            "none of these people may write",
        ),
    ] {
        let (told, problem) = app.ask(Method::POST, "/actors", actor).await;
        let sentence = problem["message"].as_str().expect("a sentence");
        assert!(sentence.contains(message), "{message}\n{sentence}");
        assert_eq!(told.as_u16(), status, "{sentence}");
    }
    let (status, _) = app.ask(Method::DELETE, "/actors/7", Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
