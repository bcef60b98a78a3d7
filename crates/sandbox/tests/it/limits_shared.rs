//! Limits that belong to a resource or an address rather than to a bot, and those by age.

use reqwest::{Method, Response, StatusCode};
use sandbox::{Allowance, Config, Limits};
use serde_json::{Value, json};

use crate::support::{App, answer, quiet};

async fn limited(limits: Limits) -> App {
    App::start_with(Config { limits, ..quiet() }).await
}

async fn send(app: &App, method: Method, path: &str, body: &Value) -> Response {
    let mut request = app.bot(method, path);
    if !body.is_null() {
        request = request.json(body);
    }
    request.send().await.expect("an answer")
}

fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name);
    let value = value.unwrap_or_else(|| panic!("no {name}"));
    value.to_str().expect("text").to_owned()
}

#[tokio::test]
async fn the_emojis_of_a_guild_run_out_without_a_header_having_told() {
    let app = limited(Limits {
        emojis: Allowance::new(2, 60_000),
        ..Limits::default()
    })
    .await;
    let path = format!("/guilds/{}/emojis", app.info.guild_id);
    for left in ["49", "48"] {
        let response = send(&app, Method::GET, &path, &Value::Null).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, "x-ratelimit-remaining"), left);
    }
    let refused = send(&app, Method::GET, &path, &Value::Null).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&refused, "x-ratelimit-scope"), "shared");
    assert_eq!(header(&refused, "x-ratelimit-remaining"), "48");
    assert_eq!(header(&refused, "retry-after"), "60");
    let limits = app.control(Method::GET, "/limits", Value::Null).await;
    assert_eq!(limits["invalid_requests"]["count"], 0);
}

#[tokio::test]
async fn a_channel_takes_two_new_names_in_ten_minutes() {
    let app = limited(Limits::default()).await;
    let path = format!("/channels/{}", app.info.channel_id);
    for name in ["one", "two"] {
        let response = send(&app, Method::PATCH, &path, &json!({ "name": name })).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
    let refused = send(&app, Method::PATCH, &path, &json!({ "topic": "three" })).await;
    assert_eq!(header(&refused, "x-ratelimit-scope"), "shared");
    let (status, body) = answer(refused).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(body["retry_after"], 600.0);
    // What stays the same is no new name, and other settings are free.
    let same = json!({ "name": "two", "nsfw": true });
    let response = send(&app, Method::PATCH, &path, &same).await;
    assert_eq!(response.status(), StatusCode::OK);
    let wait = json!({ "ms": 600_000 });
    app.control(Method::POST, "/clock/advance", wait).await;
    let response = send(&app, Method::PATCH, &path, &json!({ "name": "three" })).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_webhook_is_limited_by_itself_and_with_the_others_of_its_channel() {
    let app = limited(Limits {
        webhook_channel: Allowance::new(7, 60_000),
        ..Limits::default()
    })
    .await;
    let path = format!("/channels/{}/webhooks", app.info.channel_id);
    let mut urls = Vec::new();
    for name in ["one", "two"] {
        let made = send(&app, Method::POST, &path, &json!({ "name": name })).await;
        let (_, made) = answer(made).await;
        let id = made["id"].as_str().expect("an id");
        urls.push(format!(
            "/webhooks/{id}/{}",
            made["token"].as_str().expect("a token")
        ));
    }
    let execute = async |url: &str| {
        let line = json!({ "content": "hi" });
        let sent = app.nobody(Method::POST, url).json(&line).send().await;
        sent.expect("an answer")
    };
    for _ in 0..5 {
        assert_eq!(execute(&urls[0]).await.status(), StatusCode::NO_CONTENT);
    }
    let own = execute(&urls[0]).await;
    assert_eq!(header(&own, "x-ratelimit-scope"), "user");
    assert_eq!(header(&own, "retry-after"), "2");
    for _ in 0..2 {
        assert_eq!(execute(&urls[1]).await.status(), StatusCode::NO_CONTENT);
    }
    let shared = execute(&urls[1]).await;
    assert_eq!(header(&shared, "x-ratelimit-scope"), "shared");
    assert_eq!(header(&shared, "retry-after"), "60");
}

#[tokio::test]
async fn reactions_of_a_channel_share_a_bucket_over_their_routes() {
    let app = limited(Limits::default()).await;
    let channel = app.info.channel_id.to_string();
    let message = app.says("artist", &channel, "look").await;
    let id = message["id"].as_str().expect("an id");
    let path = format!("/channels/{channel}/messages/{id}/reactions/%F0%9F%91%8D/@me");
    let added = send(&app, Method::PUT, &path, &Value::Null).await;
    assert_eq!(added.status(), StatusCode::NO_CONTENT);
    assert_eq!(header(&added, "x-ratelimit-limit"), "1");
    assert_eq!(header(&added, "x-ratelimit-reset-after"), "0.250");
    let refused = send(&app, Method::DELETE, &path, &Value::Null).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&refused, "retry-after"), "1");
    assert_eq!(
        header(&refused, "x-ratelimit-bucket"),
        header(&added, "x-ratelimit-bucket")
    );
    assert_eq!(answer(refused).await.1["retry_after"], 0.25);
}

#[tokio::test]
async fn young_and_old_messages_are_deleted_at_their_own_pace() {
    let app = limited(Limits::default()).await;
    let channel = app.info.channel_id.to_string();
    let limit_of = async |id: &str| {
        let path = format!("/channels/{channel}/messages/{id}");
        let deleted = send(&app, Method::DELETE, &path, &Value::Null).await;
        assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
        header(&deleted, "x-ratelimit-limit")
    };
    let mut ids = Vec::new();
    for line in ["young", "ordinary", "old"] {
        let message = app.says("artist", &channel, line).await;
        ids.push(message["id"].as_str().expect("an id").to_owned());
    }
    let mut limits = Vec::new();
    for (id, wait_ms) in ids.iter().zip([0, 60_000, 15 * 86_400_000_u64]) {
        let wait = json!({ "ms": wait_ms });
        app.control(Method::POST, "/clock/advance", wait).await;
        limits.push(limit_of(id).await);
    }
    assert_eq!(limits, ["3", "5", "30"]);
}

#[tokio::test]
async fn an_address_that_asks_wrongly_too_often_is_banned_for_a_while() {
    let app = limited(Limits {
        invalid_per_10_minutes: Some(3),
        ban_ms: 90_000,
        ..Limits::off()
    })
    .await;
    let wrong = async || {
        let sent = app.nobody(Method::GET, "/users/@me").send().await;
        sent.expect("an answer")
    };
    for _ in 0..3 {
        assert_eq!(wrong().await.status(), StatusCode::UNAUTHORIZED);
    }
    let banned = send(&app, Method::GET, "/users/@me", &Value::Null).await;
    assert_eq!(banned.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&banned, "retry-after"), "90");
    assert!(banned.headers().get("via").is_none());
    let page = banned.text().await.expect("a page");
    assert!(page.contains("error code: 1015"), "{page}");
    // People are not behind that proxy.
    let channel = app.info.channel_id.to_string();
    app.says("artist", &channel, "still here").await;
    let wait = json!({ "ms": 90_000 });
    app.control(Method::POST, "/clock/advance", wait).await;
    let again = send(&app, Method::GET, "/users/@me", &Value::Null).await;
    assert_eq!(again.status(), StatusCode::OK);
}

#[tokio::test]
async fn answers_to_interactions_are_outside_the_global_limit() {
    let app = limited(Limits {
        global_per_second: 1,
        ..Limits::default()
    })
    .await;
    let me = send(&app, Method::GET, "/users/@me", &Value::Null).await;
    assert_eq!(me.status(), StatusCode::OK);
    let callback = app.nobody(Method::POST, "/interactions/1/token/callback");
    let body = json!({ "type": 5 });
    let answered = callback.json(&body).send().await.expect("an answer");
    assert_eq!(answered.status(), StatusCode::NOT_FOUND);
    let me = send(&app, Method::GET, "/users/@me", &Value::Null).await;
    assert_eq!(header(&me, "x-ratelimit-scope"), "global");
}
