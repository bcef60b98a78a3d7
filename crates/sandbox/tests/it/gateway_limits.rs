//! What the Gateway refuses: too many sessions, too many guilds, too large a frame; and what it
//! does for a client that asks: compress, beat, carry on after an outage.

use std::io::Read as _;

use reqwest::{Method, StatusCode};
use sandbox::{Config, Limits};
use serde_json::{Value, json};

use crate::support::{App, TALK, quiet};

async fn with_limits(limits: Limits) -> App {
    App::start_with(Config { limits, ..quiet() }).await
}

fn identify(token: &str, extra: &Value) -> Value {
    let mut data = json!({ "token": token, "intents": 1, "properties": {} });
    for (name, value) in extra.as_object().expect("an object") {
        data[name] = value.clone();
    }
    json!({ "op": 2, "d": data })
}

#[tokio::test]
async fn a_bot_that_starts_too_many_sessions_loses_them_and_its_token() {
    let app = with_limits(Limits {
        identify_per_day: 2,
        ..Limits::off()
    })
    .await;
    let old = app.info.bot_token.clone();
    let (mut first, ready) = app.identified(1).await;
    let (mut second, _) = app.identified(1).await;
    let mut third = app.gateway("").await;
    third.identify(&old, 1).await;
    assert_eq!(third.closed().await, 4004);
    assert_eq!(first.closed().await, 4004);
    assert_eq!(second.closed().await, 4004);

    let state = app.control(Method::GET, "/state", Value::Null).await;
    let users = state["users"].as_array().expect("users");
    let bot = users.iter().find(|user| user["username"] == "guildhall");
    let bot = bot.expect("the bot");
    assert_eq!(bot["token_resets"], 1);
    let new = bot["token"].as_str().expect("a token");
    assert_ne!(new, old);
    assert_eq!(app.sandbox.info().bot_token, new);
    let refused = app.bot(Method::GET, "/users/@me").send().await;
    assert_eq!(
        refused.expect("an answer").status(),
        StatusCode::UNAUTHORIZED
    );
    let mut again = app.gateway("").await;
    again.resume(&old, &ready["session_id"], 1).await;
    assert_eq!(again.closed().await, 4004);
    let mut again = app.gateway("").await;
    again.identify(new, 1).await;
    again.until("READY").await;
}

#[tokio::test]
async fn shards_of_different_keys_may_start_at_once() {
    let app = with_limits(Limits {
        identify_per_5s: Some(2),
        ..Limits::off()
    })
    .await;
    for (shard, started) in [(0, true), (1, true), (2, false)] {
        let mut socket = app.gateway("").await;
        let shard = json!({ "shard": [shard, 4] });
        socket.send(identify(&app.info.bot_token, &shard)).await;
        let frame = socket.next().await;
        assert_eq!(frame["t"] == "READY", started, "{frame}");
        assert_eq!(frame["op"] == 9, !started, "{frame}");
    }
}

#[tokio::test]
async fn too_many_guilds_need_shards() {
    let app = with_limits(Limits {
        guilds_per_shard: Some(1),
        ..Limits::off()
    })
    .await;
    app.identified(1).await;
    let guild = json!({
        "name": "The Annex", "owner": "ada",
        "bots": [{ "username": "guildhall", "permissions": 8 }],
    });
    app.control(Method::POST, "/guilds", guild).await;
    let mut socket = app.gateway("").await;
    socket.identify(&app.info.bot_token, 1).await;
    assert_eq!(socket.closed().await, 4011);
}

#[tokio::test]
async fn a_frame_of_more_than_four_kilobytes_is_not_read() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(1).await;
    let frame = json!({ "op": 1, "d": null, "padding": "x".repeat(4_000) });
    socket.send(frame).await;
    assert_eq!(socket.next().await["op"], 11);
    let frame = json!({ "op": 1, "d": null, "padding": "x".repeat(4_096) });
    socket.send(frame).await;
    assert_eq!(socket.closed().await, 4002);
}

#[tokio::test]
async fn how_often_a_client_may_speak_can_be_changed_while_it_is_connected() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(1).await;
    let limits = json!({ "enabled": false, "gateway_commands_per_minute": 3 });
    app.control(Method::PUT, "/limits", limits).await;
    socket.beats().await;
    socket.beats().await;
    socket.send(json!({ "op": 1, "d": null })).await;
    assert_eq!(socket.closed().await, 4008);
}

#[tokio::test]
async fn large_frames_come_compressed_one_by_one_to_a_client_that_asks() {
    let app = App::start().await;
    let mut socket = app.gateway("").await;
    let asks = json!({ "compress": true });
    socket.send(identify(&app.info.bot_token, &asks)).await;
    let mut kinds = Vec::new();
    while kinds.len() < 2 {
        let (bytes, binary) = socket.raw().await;
        let text = if binary {
            let mut text = String::new();
            let mut decoder = flate2::read::ZlibDecoder::new(bytes.as_slice());
            decoder
                .read_to_string(&mut text)
                .expect("one whole zlib stream");
            text
        } else {
            String::from_utf8(bytes).expect("UTF-8")
        };
        let frame: Value = serde_json::from_str(&text).expect("JSON");
        kinds.push((frame["t"].clone(), binary));
    }
    assert_eq!(kinds[1], (json!("GUILD_CREATE"), true));
    socket.beats().await;
}

#[tokio::test]
async fn a_client_that_compresses_the_transport_gets_nothing_compressed_twice() {
    let app = App::start().await;
    let query = "?v=10&encoding=json&compress=zlib-stream";
    let mut socket = app.gateway_silent(query).await.inflate_zlib();
    assert_eq!(socket.next().await["op"], 10);
    let asks = json!({ "compress": true });
    socket.send(identify(&app.info.bot_token, &asks)).await;
    socket.until("GUILD_CREATE").await;
}

#[tokio::test]
async fn a_client_can_be_asked_for_a_heartbeat() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(1).await;
    let reached = app
        .control(Method::POST, "/gateway/heartbeat", Value::Null)
        .await;
    assert_eq!(reached, json!({ "sessions": 1 }));
    let asked = socket.next().await;
    assert_eq!(asked, json!({ "t": null, "s": null, "op": 1, "d": null }));
    socket.beats().await;
}

#[tokio::test]
async fn a_guild_with_an_outage_goes_and_comes_back() {
    let app = App::start().await;
    let guild = app.info.guild_id;
    let channel = app.info.channel_id.to_string();
    let (mut socket, _) = app.identified(TALK).await;
    let outage = json!({ "guild_id": guild, "unavailable": true });
    app.control(Method::PUT, "/gateway/outage", outage).await;
    let gone = socket.next().await;
    assert_eq!(gone["t"], "GUILD_DELETE");
    assert_eq!(gone["d"], json!({ "id": guild, "unavailable": true }));

    app.says("artist", &channel, "into the void").await;
    let (status, _) = {
        let mut late = app.gateway("").await;
        late.identify(&app.info.bot_token, TALK).await;
        let ready = late.until("READY").await;
        let stub = json!([{ "id": guild, "unavailable": true }]);
        assert_eq!(ready["guilds"], stub);
        late.beats().await;
        let told = late.heads.iter().any(|head| head.contains("GUILD_CREATE"));
        assert!(!told, "{:?}", late.heads);
        app.ask(
            Method::PUT,
            "/gateway/outage",
            json!({ "guild_id": "1", "unavailable": true }),
        )
        .await
    };
    assert_eq!(status, StatusCode::NOT_FOUND);

    let over = json!({ "guild_id": guild, "unavailable": false });
    app.control(Method::PUT, "/gateway/outage", over).await;
    let back = socket.next().await;
    assert_eq!(back["t"], "GUILD_CREATE");
    assert_eq!(back["d"]["unavailable"], false);
    assert!(back["d"]["channels"].as_array().expect("channels").len() > 1);
    app.says("artist", &channel, "anyone?").await;
    assert_eq!(socket.until("MESSAGE_CREATE").await["content"], "anyone?");
}

#[tokio::test]
async fn shards_are_recommended_by_the_number_of_guilds() {
    let app = App::start().await;
    let answer = app.bot(Method::GET, "/gateway/bot").send().await;
    let (_, body) = crate::support::answer(answer.expect("an answer")).await;
    assert_eq!(body["shards"], 1);
}
