//! Rate limits as a client meets them: headers, the 429, the global limit, adjustment.

use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};
use sandbox::{Config, Limits};
use serde_json::{Value, json};

use crate::support::{App, answer, quiet};

async fn limited() -> App {
    App::start_with(Config {
        limits: Limits::default(),
        ..quiet()
    })
    .await
}

async fn sends(app: &App) -> Response {
    let path = format!("/channels/{}/messages", app.info.channel_id);
    let request = app
        .bot(Method::POST, &path)
        .json(&json!({ "content": "hi" }));
    request.send().await.expect("an answer")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .unwrap_or_else(|| panic!("no {name}"))
        .to_str()
        .expect("text")
}

#[tokio::test]
async fn the_sixth_message_is_told_when_to_come_back() {
    let app = limited().await;
    for remaining in (0..5).rev() {
        let response = sends(&app).await;
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(header(headers, "x-ratelimit-limit"), "5");
        assert_eq!(
            header(headers, "x-ratelimit-remaining"),
            remaining.to_string()
        );
        assert_eq!(header(headers, "x-ratelimit-reset-after"), "5.000");
        assert_eq!(header(headers, "x-ratelimit-reset"), "1767225605.000");
        assert_eq!(header(headers, "x-ratelimit-bucket").len(), 32);
        assert!(
            headers.get("x-ratelimit-scope").is_none(),
            "Discord sends it with a 429 only"
        );
    }
    app.control(Method::POST, "/clock/advance", json!({ "ms": 3_500 }))
        .await;
    let refused = sends(&app).await;
    let headers = refused.headers().clone();
    assert_eq!(header(&headers, "retry-after"), "2");
    assert_eq!(header(&headers, "x-ratelimit-scope"), "user");
    assert!(headers.get("x-ratelimit-global").is_none());
    // discord.py takes a 429 without it for a ban.
    assert_eq!(header(&headers, "via"), "1.1 google");
    let (status, body) = answer(refused).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(body["retry_after"], 1.5);
    assert_eq!(body["global"], false);
    assert!(body["message"].is_string());

    app.control(Method::POST, "/clock/advance", json!({ "ms": 1_500 }))
        .await;
    assert_eq!(sends(&app).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_global_limit_stops_every_route_but_webhook_tokens() {
    let app = limited().await;
    app.control(Method::PUT, "/limits", json!({ "global_per_second": 2 }))
        .await;
    for path in ["/users/@me", "/gateway/bot"] {
        let response = app.bot(Method::GET, path).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
    let refused = app
        .bot(Method::GET, "/users/@me/guilds")
        .send()
        .await
        .expect("an answer");
    assert_eq!(header(refused.headers(), "x-ratelimit-global"), "true");
    assert_eq!(header(refused.headers(), "x-ratelimit-scope"), "global");
    let (status, body) = answer(refused).await;
    assert_eq!(
        (status, &body["global"]),
        (StatusCode::TOO_MANY_REQUESTS, &json!(true))
    );

    let webhook = app
        .nobody(Method::GET, "/webhooks/1/token")
        .send()
        .await
        .expect("an answer");
    assert_ne!(webhook.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn people_are_not_limited() {
    let app = limited().await;
    let channel = app.info.channel_id.to_string();
    for number in 0..10 {
        app.says("artist", &channel, &format!("line {number}"))
            .await;
    }
}

#[tokio::test]
async fn invalid_requests_are_counted_for_ten_minutes() {
    let app = limited().await;
    let unauthorized = app
        .nobody(Method::GET, "/users/@me")
        .send()
        .await
        .expect("an answer");
    assert_eq!(unauthorized.status(), StatusCode::UNAUTHORIZED);
    for _ in 0..6 {
        sends(&app).await;
    }
    let limits = app.control(Method::GET, "/limits", Value::Null).await;
    assert_eq!(
        limits["invalid_requests"],
        json!({ "count": 2, "window_ms": 600_000 })
    );
    app.control(Method::POST, "/clock/advance", json!({ "ms": 600_000 }))
        .await;
    let limits = app.control(Method::GET, "/limits", Value::Null).await;
    assert_eq!(limits["invalid_requests"]["count"], 0);
}

#[tokio::test]
async fn limits_that_make_no_sense_are_refused() {
    let app = limited().await;
    for limits in [
        json!({ "global_per_second": 0 }),
        json!({ "others": { "limit": 0, "per_ms": 1 } }),
        json!({ "unknown": 1 }),
    ] {
        let (status, body) = app.ask(Method::PUT, "/limits", limits.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{limits}");
        assert!(body["message"].is_string());
    }
}
