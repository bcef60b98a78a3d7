//! What comes back, and what is certain when it does not.

use std::time::Duration;

use model::{HandsError, Request, path};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::hands_server::{Server, answer, cut_off, endless_flood, endless_wait, hands, ok};

fn get() -> Request {
    Request::get(path!("/channels/{channel_id}", channel_id = "7"))
}

fn post() -> Request {
    Request::post(path!("/channels/{channel_id}/messages", channel_id = "7"))
        .json(json!({ "content": "hi" }))
}

fn delete() -> Request {
    Request::delete(path!(
        "/channels/{channel_id}/messages/{message_id}",
        channel_id = "7",
        message_id = "8"
    ))
}

fn post_with_nonce() -> Request {
    post().json(json!({ "content": "hi", "nonce": "n-1", "enforce_nonce": true }))
}

#[tokio::test]
async fn form_errors_are_told_by_field() {
    let body = json!({
        "code": 50035,
        "message": "Invalid Form Body",
        "errors": { "embeds": { "0": { "title": {
            "_errors": [{ "code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 256 or fewer." }]
        } } } }
    });
    let server = Server::start(move |_, _| answer(400, &[], &body.to_string())).await;
    let Err(HandsError::Api {
        status,
        code,
        message,
        fields,
    }) = server.hands().send(post()).await
    else {
        panic!("expected Discord's error");
    };
    assert_eq!(
        (status, code, message.as_str()),
        (400, 50035, "Invalid Form Body")
    );
    assert_eq!(fields.len(), 1);
    assert_eq!(fields[0].path, "embeds[0].title");
    assert_eq!(fields[0].code, "BASE_TYPE_MAX_LENGTH");
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_server_error_is_repeated_only_where_that_is_safe() {
    let page = "<html>bad gateway</html>";
    for (request, tries) in [
        (get(), 3),
        (delete(), 3),
        (post_with_nonce(), 3),
        (post(), 1),
    ] {
        let server = Server::start(move |_, nth| {
            if nth < 2 {
                answer(502, &[], page)
            } else {
                ok()
            }
        })
        .await;
        let result = server.hands().send(request.clone()).await;
        assert_eq!(server.count(), tries, "{request:?}");
        if tries == 1 {
            assert!(
                matches!(
                    &result,
                    Err(HandsError::Api {
                        status: 502,
                        code: 0,
                        ..
                    })
                ),
                "{result:?}"
            );
            assert!(!result.unwrap_err().nothing_happened());
        } else {
            result.unwrap();
        }
    }
}

#[tokio::test]
async fn repeating_ends() {
    let server = Server::start(|_, _| answer(503, &[], "")).await;
    let result = server.hands().send(get()).await;
    assert!(
        matches!(result, Err(HandsError::Api { status: 503, .. })),
        "{result:?}"
    );
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn an_answer_cut_off_is_fetched_again_or_its_outcome_is_unknown() {
    let script = |_: &_, nth| if nth == 0 { cut_off("{\"id\":") } else { ok() };
    let server = Server::start(script).await;
    server.hands().send(get()).await.unwrap();
    assert_eq!(server.count(), 2);

    let server = Server::start(script).await;
    let error = server.hands().send(post()).await.unwrap_err();
    assert!(
        matches!(error, HandsError::OutcomeUnknown { .. }),
        "{error}"
    );
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_does_not_say_that_nothing_happened() {
    let unknown = r#"{"code":10008,"message":"Unknown Message"}"#;
    let script = move |_: &_, nth| {
        if nth == 0 {
            cut_off("{")
        } else {
            answer(404, &[], unknown)
        }
    };
    let server = Server::start(script).await;
    let error = server.hands().send(delete()).await.unwrap_err();
    assert!(
        matches!(&error, HandsError::OutcomeUnknown { detail } if detail.contains("10008")),
        "{error}"
    );

    let server = Server::start(script).await;
    let error = server.hands().send(get()).await.unwrap_err();
    assert!(
        matches!(error, HandsError::Api { status: 404, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let server = Server::start(|_, _| endless_wait()).await;
    let short = Duration::from_millis(300);
    let bot = server.hands_with(|config| config.answer_timeout = Duration::from_millis(50));
    let error = bot.send_as("ada", post(), short).await.unwrap_err();
    assert!(
        matches!(error, HandsError::OutcomeUnknown { .. }),
        "{error}"
    );
    let error = server
        .hands()
        .send_as("ada", get(), short)
        .await
        .unwrap_err();
    assert!(
        matches!(error, HandsError::OutcomeUnknown { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_flood_is_not_taken_in() {
    let server = Server::start(|_, _| endless_flood()).await;
    let error = server.hands().send(get()).await.unwrap_err();
    assert_eq!(error, HandsError::AnswerTooLarge { limit: 8 << 20 });
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_page_where_json_should_be_points_at_a_proxy() {
    let server = Server::start(|_, _| answer(200, &[], "<html>log in</html>")).await;
    let error = server.hands().send(get()).await.unwrap_err();
    assert_eq!(error, HandsError::NotJson { status: 200 });
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let to = [("location", "http://127.0.0.1:1/elsewhere")];
    let server = Server::start(move |_, _| answer(302, &to, "")).await;
    let error = server.hands().send(get()).await.unwrap_err();
    assert!(
        matches!(error, HandsError::Api { status: 302, .. }),
        "{error}"
    );
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn after_the_first_401_there_is_silence() {
    let server = Server::start(|_, _| answer(401, &[], r#"{"message":"401: Unauthorized"}"#)).await;
    let bot = server.hands();
    for request in [get(), post(), get().without_bot_token()] {
        assert_eq!(bot.send(request).await, Err(HandsError::Unauthorized));
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_webhook_token_refused_does_not_silence_the_bot() {
    let script = |_: &_, nth| {
        if nth == 0 {
            answer(
                401,
                &[],
                r#"{"code":50027,"message":"Invalid Webhook Token"}"#,
            )
        } else {
            ok()
        }
    };
    let server = Server::start(script).await;
    let bot = server.hands();
    let error = bot.send(post().without_bot_token()).await.unwrap_err();
    assert!(
        matches!(
            error,
            HandsError::Api {
                status: 401,
                code: 50027,
                ..
            }
        ),
        "{error}"
    );
    bot.send(get()).await.unwrap();
}

#[tokio::test]
async fn nobody_there_means_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = hands(&format!("http://{address}"))
        .send(post())
        .await
        .unwrap_err();
    assert!(matches!(error, HandsError::Unreachable { .. }), "{error}");
    assert!(
        error.nothing_happened() && !error.to_string().contains("/api/v10"),
        "{error}"
    );
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_leaves_the_outcome_unknown() {
    for (request, connections) in [(post(), 1), (post_with_nonce(), 2)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bot = hands(&format!("http://{}", listener.local_addr().unwrap()));
        let served = tokio::spawn(async move {
            let mut buffer = vec![0; 4_096];
            let (mut first, _) = listener.accept().await.unwrap();
            assert_ne!(first.read(&mut buffer).await.unwrap(), 0);
            drop(first);
            if connections == 1 {
                return;
            }
            let (mut second, _) = listener.accept().await.unwrap();
            assert_ne!(second.read(&mut buffer).await.unwrap(), 0);
            second
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                .await
                .unwrap();
        });
        let result = bot.send(request).await;
        if connections == 1 {
            let error = result.unwrap_err();
            assert!(
                matches!(error, HandsError::OutcomeUnknown { .. }),
                "{error}"
            );
        } else {
            result.unwrap();
        }
        served.await.unwrap();
    }
}

#[tokio::test]
async fn an_errand_without_time_sends_nothing() {
    let server = Server::start(|_, _| ok()).await;
    let result = server.hands().send_as("ada", get(), Duration::ZERO).await;
    assert_eq!(result, Err(HandsError::TimedOut));
    assert_eq!(server.count(), 0);
}
