//! A Gateway that misbehaves on demand, so that a client's care can be tried.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Socket, TALK};

async fn fault(app: &App, fault: Value) {
    app.control(Method::POST, "/faults", fault).await;
}

async fn ping(socket: &mut Socket) {
    socket.send(json!({ "op": 1, "d": null })).await;
}

#[tokio::test]
async fn a_connection_may_hear_no_hello() {
    let app = App::start().await;
    fault(&app, json!({ "kind": "no_hello" })).await;
    let mut socket = app.gateway_silent("").await;
    ping(&mut socket).await;
    assert_eq!(socket.next().await["op"], 11);
    // Spent: the next one is greeted.
    app.gateway("").await;
}

#[tokio::test]
async fn ready_may_come_late() {
    let app = App::start().await;
    fault(&app, json!({ "kind": "late_ready", "latency_ms": 20 })).await;
    app.identified(1).await;
    let left = app.control(Method::GET, "/faults", Value::Null).await;
    assert_eq!(left["faults"], json!([]));
}

#[tokio::test]
async fn a_heartbeat_may_go_unanswered() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(1).await;
    fault(&app, json!({ "kind": "no_ack" })).await;
    ping(&mut socket).await;
    ping(&mut socket).await;
    assert_eq!(socket.next().await["op"], 11);
    let frame = json!({ "op": 8, "d": { "guild_id": app.info.guild_id, "user_ids": "1" } });
    socket.send(frame).await;
    assert_eq!(socket.next().await["t"], "GUILD_MEMBERS_CHUNK");
}

#[tokio::test]
async fn a_resume_may_be_refused_as_often_as_asked() {
    let app = App::start().await;
    let (_socket, ready) = app.identified(1).await;
    fault(&app, json!({ "kind": "refuse_resume", "count": 2 })).await;
    let mut socket = app.gateway("").await;
    for _ in 0..2 {
        socket
            .resume(&app.info.bot_token, &ready["session_id"], 1)
            .await;
        let refused = socket.next().await;
        assert_eq!((&refused["op"], &refused["d"]), (&json!(9), &json!(false)));
    }
    socket
        .resume(&app.info.bot_token, &ready["session_id"], 1)
        .await;
    socket.until("RESUMED").await;
}

#[tokio::test]
async fn a_sequence_number_may_come_twice_or_never() {
    let app = App::start().await;
    let channel = app.info.channel_id.to_string();
    let (mut socket, _) = app.identified(TALK).await;
    fault(&app, json!({ "kind": "duplicate" })).await;
    fault(&app, json!({ "kind": "skip" })).await;
    for line in ["twice", "never", "once"] {
        app.says("artist", &channel, line).await;
    }
    let mut seen = Vec::new();
    for _ in 0..3 {
        let frame = socket.frame("MESSAGE_CREATE").await;
        seen.push((
            frame["s"].as_u64().expect("a number"),
            frame["d"]["content"].clone(),
        ));
    }
    let first = seen[0].0;
    assert_eq!(seen[0], (first, json!("twice")));
    assert_eq!(seen[1], (first, json!("twice")));
    assert_eq!(seen[2], (first + 2, json!("once")));
}

#[tokio::test]
async fn a_frame_may_be_huge_or_no_json() {
    let app = App::start().await;
    let channel = app.info.channel_id.to_string();
    let (mut socket, _) = app.identified(TALK).await;
    fault(&app, json!({ "kind": "huge", "bytes": 1_000_000 })).await;
    fault(&app, json!({ "kind": "malformed" })).await;
    app.says("artist", &channel, "a big one").await;
    app.says("artist", &channel, "half of one").await;
    let (huge, _) = socket.raw().await;
    assert_eq!(huge.len(), 1_000_000);
    let frame: Value = serde_json::from_slice(&huge).expect("JSON still");
    assert_eq!(frame["d"]["content"], "a big one");
    let (half, _) = socket.raw().await;
    assert!(serde_json::from_slice::<Value>(&half).is_err());
    socket.beats().await;
}

#[tokio::test]
async fn a_fault_of_the_gateway_has_no_route() {
    let app = App::start().await;
    let odd = json!({ "kind": "skip", "route": "/gateway" });
    let (status, body) = app.ask(Method::POST, "/faults", odd).await;
    assert_eq!(status.as_u16(), 400, "{body}");
}
