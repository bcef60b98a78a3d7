//! Lost connections: resuming with replay, op 7, op 9, silence, and sessions that are too old.

use reqwest::Method;
use sandbox::Limits;
use serde_json::{Value, json};

use crate::support::{App, TALK, quiet};

#[tokio::test]
async fn a_dropped_socket_resumes_and_misses_nothing() {
    let app = App::start().await;
    let channel = app.info.channel_id.to_string();
    let (mut socket, ready) = app.identified(TALK).await;
    app.says("artist", &channel, "before").await;
    let seen = socket.frame("MESSAGE_CREATE").await["s"]
        .as_u64()
        .expect("a sequence");

    app.control(Method::POST, "/gateway/drop", Value::Null)
        .await;
    socket.cut().await;
    app.says("artist", &channel, "while it was away").await;
    app.says("artist", &channel, "and again").await;

    let mut socket = app.gateway("?v=10&encoding=json").await;
    socket
        .resume(&app.info.bot_token, &ready["session_id"], seen)
        .await;
    let first = socket.next().await;
    assert_eq!(first["s"], seen + 1);
    assert_eq!(first["d"]["content"], "while it was away");
    let second = socket.next().await;
    assert_eq!(second["s"], seen + 2);
    assert_eq!(second["d"]["content"], "and again");
    let resumed = socket.next().await;
    assert_eq!(
        (&resumed["t"], &resumed["s"]),
        (&json!("RESUMED"), &json!(seen + 3))
    );
    app.says("artist", &channel, "welcome back").await;
    assert_eq!(socket.next().await["d"]["content"], "welcome back");
}

#[tokio::test]
async fn an_unknown_session_gets_op_9_and_may_identify_on_the_same_socket() {
    let app = App::start().await;
    let mut socket = app.gateway("").await;
    socket
        .resume(&app.info.bot_token, &json!("nobody's"), 5)
        .await;
    assert_eq!(
        socket.next().await,
        json!({ "t": null, "s": null, "op": 9, "d": false })
    );
    socket.identify(&app.info.bot_token, 1).await;
    socket.until("READY").await;
}

#[tokio::test]
async fn a_sequence_from_the_future_is_closed() {
    let app = App::start().await;
    let (_open, ready) = app.identified(1).await;
    let mut socket = app.gateway("").await;
    socket
        .resume(&app.info.bot_token, &ready["session_id"], 1_000)
        .await;
    assert_eq!(socket.closed().await, 4007);
}

#[tokio::test]
async fn resuming_takes_the_session_from_an_older_socket() {
    let app = App::start().await;
    let (mut old, ready) = app.identified(TALK).await;
    let mut new = app.gateway("").await;
    new.resume(&app.info.bot_token, &ready["session_id"], 2)
        .await;
    new.until("RESUMED").await;
    assert_eq!(old.closed().await, 4000);
    new.beats().await;
}

#[tokio::test]
async fn a_session_that_was_away_too_long_is_gone() {
    let app = App::start().await;
    let (mut socket, ready) = app.identified(1).await;
    app.control(Method::POST, "/gateway/disconnect", Value::Null)
        .await;
    assert_eq!(socket.closed().await, 4000);
    drop(socket);
    // The server notes the loss when its task ends, which the list of sessions shows.
    while app.control(Method::GET, "/state", Value::Null).await["sessions"][0]["connected"] == true
    {
    }
    app.control(
        Method::POST,
        "/clock/advance",
        json!({ "ms": 10 * 60 * 1_000 }),
    )
    .await;
    let mut socket = app.gateway("").await;
    socket
        .resume(&app.info.bot_token, &ready["session_id"], 1)
        .await;
    assert_eq!(socket.next().await["op"], 9);
}

#[tokio::test]
async fn the_control_api_closes_with_any_code_and_can_end_the_session() {
    let app = App::start().await;
    let (mut socket, ready) = app.identified(1).await;
    let fault = json!({ "code": 4009, "resumable": false });
    app.control(Method::POST, "/gateway/disconnect", fault)
        .await;
    assert_eq!(socket.closed().await, 4009);
    let mut socket = app.gateway("").await;
    socket
        .resume(&app.info.bot_token, &ready["session_id"], 1)
        .await;
    assert_eq!(socket.next().await["op"], 9);
}

#[tokio::test]
async fn op_7_asks_to_reconnect_and_the_session_resumes() {
    let app = App::start().await;
    let (mut socket, ready) = app.identified(1).await;
    let reached = app
        .control(Method::POST, "/gateway/reconnect", Value::Null)
        .await;
    assert_eq!(reached["sessions"], 1);
    while socket.next().await["op"] != 7 {}
    drop(socket);
    let mut socket = app.gateway("").await;
    socket
        .resume(&app.info.bot_token, &ready["session_id"], 2)
        .await;
    socket.until("RESUMED").await;
}

#[tokio::test]
async fn op_9_ends_the_session_and_leaves_the_socket_for_a_new_one() {
    let app = App::start().await;
    let (mut socket, ready) = app.identified(1).await;
    app.control(Method::POST, "/gateway/invalidate", Value::Null)
        .await;
    while socket.next().await["op"] != 9 {}
    socket.identify(&app.info.bot_token, 1).await;
    let again = socket.until("READY").await;
    assert_ne!(again["session_id"], ready["session_id"]);
}

#[tokio::test]
async fn a_silenced_socket_hears_nothing_but_its_session_goes_on() {
    let app = App::start().await;
    let channel = app.info.channel_id.to_string();
    let (mut silenced, ready) = app.identified(TALK).await;
    app.control(Method::POST, "/gateway/silence", Value::Null)
        .await;
    app.says("artist", &channel, "anyone?").await;
    silenced.send(json!({ "op": 1, "d": 2 })).await;

    let mut socket = app.gateway("").await;
    socket
        .resume(&app.info.bot_token, &ready["session_id"], 2)
        .await;
    assert_eq!(socket.until("MESSAGE_CREATE").await["content"], "anyone?");
    // The next thing on the silenced socket is its end: neither the ack nor the message came.
    assert_eq!(silenced.closed().await, 4000);
    assert!(
        !silenced
            .heads
            .iter()
            .any(|head| head.contains("MESSAGE_CREATE"))
    );
}

#[tokio::test]
async fn identifies_can_be_limited_as_discord_does() {
    let limits = Limits {
        identify_per_5s: Some(1),
        ..Limits::off()
    };
    let app = App::start_with(sandbox::Config { limits, ..quiet() }).await;
    app.identified(1).await;
    let mut socket = app.gateway("").await;
    socket.identify(&app.info.bot_token, 1).await;
    assert_eq!(socket.next().await["op"], 9);
    app.control(Method::POST, "/clock/advance", json!({ "ms": 5_000 }))
        .await;
    socket.identify(&app.info.bot_token, 1).await;
    socket.until("READY").await;
}
