//! What goes out: headers, query, bodies, files, exactly as judged.

use bytes::Bytes;
use discord::{Error, Rest, RestConfig, api_url};
use model::{
    FilePart, Hands as _, HandsError, Method, Path, Request, Response, hands::Errand, path,
};
use serde_json::json;

use crate::hands_server::{Anything, PATIENT, Server, answer, config, ok};

fn channel(text: &str) -> Request {
    Request::get(path!("/channels/{channel_id}", channel_id = text))
}

#[tokio::test]
async fn a_request_carries_what_discord_demands() {
    let server = Server::start(|_, _| answer(204, &[], "")).await;
    let request = Request::delete(path!("/channels/{channel_id}", channel_id = "7"))
        .reason(Some(&"räumt auf: 100 %".to_owned()));
    let response = server.hands().send(request).await.unwrap();
    assert_eq!(
        response,
        Response {
            status: 204,
            body: json!(null)
        }
    );
    let seen = &server.seen()[0];
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("DELETE", "/api/v10/channels/7")
    );
    assert_eq!(seen.header("authorization"), Some("Bot secret-token"));
    assert_eq!(
        seen.header("user-agent"),
        Some("DiscordBot (https://example.org, 1.2.3)")
    );
    assert_eq!(
        seen.header("x-audit-log-reason"),
        Some("r%C3%A4umt%20auf%3A%20100%20%25")
    );
}

#[tokio::test]
async fn json_and_query_arrive_as_written() {
    let server = Server::start(|_, _| ok()).await;
    let body = json!({ "content": "hé", "n": [1, null] });
    let request = Request::post(path!("/channels/{channel_id}/messages", channel_id = "7"))
        .query("with space", Some("a&b=c+d"))
        .query("absent", None::<u8>)
        .json(body.clone());
    server.hands().send(request).await.unwrap();
    let seen = &server.seen()[0];
    assert_eq!(
        seen.target,
        "/api/v10/channels/7/messages?with%20space=a%26b%3Dc%2Bd"
    );
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&seen.body).unwrap(),
        body
    );
}

#[tokio::test]
async fn files_go_beside_their_payload() {
    let server = Server::start(|_, _| ok()).await;
    let file = |filename: &str, bytes: &'static [u8]| FilePart {
        filename: filename.to_owned(),
        content_type: "text/plain".to_owned(),
        bytes: Bytes::from_static(bytes),
    };
    let request = Request::post(path!("/channels/{channel_id}/messages", channel_id = "7"))
        .json(json!({ "content": "two files" }))
        .files(vec![file("a.txt", b"first"), file("ü\".txt", b"second")]);
    server.hands().send(request).await.unwrap();
    let seen = &server.seen()[0];
    assert!(
        seen.header("content-type")
            .unwrap()
            .starts_with("multipart/form-data; boundary=")
    );
    assert!(seen.header("content-length").is_some());
    let body = String::from_utf8(seen.body.to_vec()).unwrap();
    for part in [
        "name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n{\"content\":\"two files\"}",
        "name=\"files[0]\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nfirst",
        "name=\"files[1]\"; filename=\"ü\\\".txt\"\r\nContent-Type: text/plain\r\n\r\nsecond",
    ] {
        assert!(body.contains(part), "{body}");
    }
}

#[tokio::test]
async fn a_webhook_s_token_goes_without_the_bot_s() {
    let server = Server::start(|_, _| ok()).await;
    let request = Request::post(path!(
        "/webhooks/{webhook_id}/{webhook_token}",
        webhook_id = "1",
        webhook_token = "t0ken"
    ))
    .without_bot_token();
    server.hands().send(request).await.unwrap();
    assert_eq!(server.seen()[0].header("authorization"), None);
    assert_eq!(server.seen()[0].header("content-length"), Some("0"));
}

#[tokio::test]
async fn reading_takes_no_permit_and_only_reads() {
    let server = Server::start(|_, _| answer(200, &[], r#"{"id":"7"}"#)).await;
    let errand = Errand {
        lane: "ada".into(),
        timeout: PATIENT,
    };
    let bot = server.hands();
    let read = bot.0.read(&channel("7"), &errand).await.unwrap();
    assert_eq!(read.body, json!({ "id": "7" }));
    let reader = bot.0.reader();
    assert_eq!(reader.read(&channel("7"), &errand).await.unwrap(), read);
    for method in [Method::Post, Method::Put, Method::Patch, Method::Delete] {
        let request = Request {
            method,
            ..channel("7")
        };
        let refused = reader.read(&request, &errand).await;
        assert_eq!(
            refused,
            Err(HandsError::NotARead {
                method: method.as_str(),
                template: "/channels/{channel_id}".to_owned()
            })
        );
    }
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn what_cannot_be_sent_as_judged_is_not_sent() {
    let server = Server::start(|_, _| ok()).await;
    let bot = server.hands();
    let mut sly = channel("7");
    sly.path = Path {
        text: "/channels/7/../../guilds/1".to_owned(),
        ..sly.path
    };
    let not_mime =
        Request::post(path!("/channels/{channel_id}/messages", channel_id = "7")).files(vec![
            FilePart {
                filename: "a".to_owned(),
                content_type: "not a type".to_owned(),
                bytes: Bytes::new(),
            },
        ]);
    for request in [sly, not_mime] {
        let error = bot.send(request).await.unwrap_err();
        assert!(matches!(error, HandsError::Unsendable { .. }), "{error}");
        assert!(error.nothing_happened() && !error.is_transient());
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn unusable_settings_are_named() {
    let build = |change: fn(&mut RestConfig)| {
        let mut config = config("http://127.0.0.1:1");
        change(&mut config);
        Rest::<Anything>::new(config).err()
    };
    assert_eq!(build(|_| {}), None);
    assert!(matches!(
        build(|c| c.token = " ".into()),
        Some(Error::Token { .. })
    ));
    assert!(matches!(
        build(|c| c.token = "Bot ".into()),
        Some(Error::Token { .. })
    ));
    assert!(matches!(
        build(|c| c.token = "a\nb".into()),
        Some(Error::Token { .. })
    ));
    assert_eq!(
        build(|c| c.user_agent = "é\n".to_owned()),
        Some(Error::UserAgent)
    );
    assert!(api_url("http://discord.com").is_err());
}

#[tokio::test]
async fn a_token_may_be_given_with_its_prefix() {
    let server = Server::start(|_, _| ok()).await;
    let bot = server.hands_with(|config| config.token = "Bot abc ".into());
    bot.send(channel("7")).await.unwrap();
    assert_eq!(server.seen()[0].header("authorization"), Some("Bot abc"));
}
