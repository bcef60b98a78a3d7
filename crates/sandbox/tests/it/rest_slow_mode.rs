//! A channel in slow mode holds people back, each by themselves, and no one else.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::App;

/// A sandbox whose first channel lets people write every ten seconds.
async fn slow() -> (App, String) {
    let app = App::start().await;
    let channel = app.info.channel_id.to_string();
    let path = format!("/channels/{channel}");
    let request = app.bot(Method::PATCH, &path);
    let request = request.json(&json!({ "rate_limit_per_user": 10 }));
    let status = request.send().await.expect("an answer").status();
    assert!(status.is_success());
    (app, channel)
}

async fn writes(app: &App, who: &str, channel: &str, content: &str) -> (StatusCode, Value) {
    let body = json!({ "as": app.user(who), "content": content });
    let path = format!("/channels/{channel}/messages");
    app.ask(Method::POST, &path, body).await
}

async fn waits(app: &App, ms: u64) {
    let body = json!({ "ms": ms });
    app.control(Method::POST, "/clock/advance", body).await;
}

#[tokio::test]
async fn a_second_message_waits_for_the_interval() {
    let (app, channel) = slow().await;
    let (status, _) = writes(&app, "newcomer", &channel, "").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // What was not sent does not count.
    app.says("newcomer", &channel, "one").await;
    waits(&app, 2_500).await;
    let (status, body) = writes(&app, "newcomer", &channel, "two").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        body,
        json!({
            "message": "This action cannot be performed due to slowmode rate limit",
            "code": 20_016, "retry_after": 7.5, "global": false,
        })
    );
    app.says("artist", &channel, "another person's first").await;
    waits(&app, 7_500).await;
    app.says("newcomer", &channel, "two").await;
}

#[tokio::test]
async fn owners_and_bots_are_not_slowed() {
    let (app, channel) = slow().await;
    for word in ["one", "two"] {
        app.says("ada", &channel, word).await;
        let path = format!("/channels/{channel}/messages");
        let request = app.bot(Method::POST, &path).json(&json!({"content": word}));
        let status = request.send().await.expect("an answer").status();
        assert!(status.is_success());
    }
}

#[tokio::test]
async fn threads_have_an_interval_of_their_own() {
    let (app, channel) = slow().await;
    app.says("newcomer", &channel, "hello").await;
    let starts = async |name: &str| {
        let body = json!({ "as": app.user("newcomer"), "name": name, "type": 11 });
        let path = format!("/channels/{channel}/threads");
        app.ask(Method::POST, &path, body).await
    };
    let (status, thread) = starts("tea").await;
    assert!(status.is_success(), "{thread}");
    let (status, refusal) = starts("coffee").await;
    assert_eq!((status.as_u16(), &refusal["code"]), (429, &json!(20_016)));
    // The thread is as fast as its own settings say.
    let thread = thread["id"].as_str().expect("an id");
    app.says("newcomer", thread, "green").await;
    app.says("newcomer", thread, "or black").await;
}
