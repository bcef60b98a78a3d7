//! Hands in the simulated Discord, which counts by itself what it refuses.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures_util::future::join_all;
use model::{HandsError, Request, path};
use sandbox::{Allowance, Config, Limits, Sandbox};
use serde_json::{Value, json};

use crate::hands_server::{Bot, hands_with_token};

async fn town(limits: Limits) -> (Sandbox, Bot, String) {
    let sandbox = Sandbox::start(Config {
        limits,
        ..Config::default()
    })
    .await
    .unwrap();
    let info = sandbox.info();
    let bot = hands_with_token(&info.api_url, &info.bot_token);
    (sandbox, bot, info.channel_id.to_string())
}

fn message(channel: &str, content: &str) -> Request {
    Request::post(path!(
        "/channels/{channel_id}/messages",
        channel_id = channel
    ))
    .json(json!({ "content": content }))
}

#[tokio::test]
async fn a_message_is_sent_read_and_deleted() {
    let (sandbox, bot, channel) = town(Limits::default()).await;
    let sent = bot.send(message(&channel, "hello")).await.unwrap();
    let id = sent.body["id"].as_str().unwrap();
    let one = || {
        path!(
            "/channels/{channel_id}/messages/{message_id}",
            channel_id = channel,
            message_id = id
        )
    };
    let read = bot.send(Request::get(one())).await.unwrap();
    assert_eq!(read.body["content"], "hello");
    let deleted = bot.send(Request::delete(one())).await.unwrap();
    assert_eq!((deleted.status, deleted.body), (204, Value::Null));
    let error = bot.send(Request::get(one())).await.unwrap_err();
    assert!(
        matches!(
            error,
            HandsError::Api {
                status: 404,
                code: 10008,
                ..
            }
        ),
        "{error}"
    );
    sandbox.stop().await;
}

#[tokio::test]
async fn a_form_error_names_its_field() {
    let (sandbox, bot, channel) = town(Limits::default()).await;
    let error = bot
        .send(message(&channel, &"x".repeat(2_001)))
        .await
        .unwrap_err();
    let HandsError::Api {
        status: 400,
        code: 50035,
        fields,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert!(
        fields.iter().any(|field| field.path == "content"),
        "{fields:?}"
    );
    sandbox.stop().await;
}

#[tokio::test]
async fn a_crowd_keeps_every_limit_of_the_sandbox() {
    let limits = Limits {
        message_create: Allowance::new(4, 300),
        ..Limits::default()
    };
    let (sandbox, bot, channel) = town(limits).await;
    let sends = (0..14).map(|nth| {
        let (bot, request) = (bot.clone(), message(&channel, &format!("number {nth}")));
        async move { bot.send(request).await }
    });
    for result in join_all(sends).await {
        result.unwrap();
    }
    assert_eq!(sandbox.invalid_requests(), 0);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_wrong_token_is_tried_once() {
    let sandbox = Sandbox::start(Config::default()).await.unwrap();
    let bot = hands_with_token(&sandbox.info().api_url, "wrong");
    for _ in 0..3 {
        let result = bot.send(Request::get(path!("/users/@me"))).await;
        assert_eq!(result, Err(HandsError::Unauthorized));
    }
    assert_eq!(sandbox.invalid_requests(), 1);
    sandbox.stop().await;
}
