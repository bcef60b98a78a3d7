//! The Gateway as a client sees it that knows only Discord's documentation.

use std::time::Duration;

use reqwest::Method;
use sandbox::Config;
use serde_json::{Value, json};

use crate::support::{App, TALK, quiet};

#[tokio::test]
async fn a_bot_identifies_and_hears_what_a_person_says() {
    let app = App::start().await;
    let mut socket = app.gateway("/?v=10&encoding=json").await;
    socket.identify(&app.info.bot_token, TALK).await;

    let ready = socket.until("READY").await;
    assert_eq!(ready["v"], 10);
    assert_eq!(ready["user"]["bot"], true);
    assert_eq!(ready["application"]["id"], ready["user"]["id"]);
    assert_eq!(ready["resume_gateway_url"], app.info.gateway_url);
    let stub = json!([{ "id": app.info.guild_id, "unavailable": true }]);
    assert_eq!(ready["guilds"], stub);

    let guild = socket.until("GUILD_CREATE").await;
    assert_eq!(guild["name"], "Guildhall Square");
    assert_eq!(guild["member_count"], 6);
    let channels = guild["channels"].as_array().expect("channels");
    assert!(channels.iter().any(|channel| channel["name"] == "general"));

    let channel = app.info.channel_id.to_string();
    let sent = app.says("newcomer", &channel, "hello, hall").await;
    let heard = socket.until("MESSAGE_CREATE").await;
    assert_eq!(heard["id"], sent["id"]);
    assert_eq!(heard["content"], "hello, hall");
    assert_eq!(heard["author"]["username"], "newcomer");
    assert_eq!(heard["guild_id"], app.info.guild_id.to_string());
    assert!(heard["member"]["roles"].is_array());
    app.sandbox.stop().await;
}

#[tokio::test]
async fn type_sequence_and_opcode_lead_every_frame() {
    let app = App::start().await;
    let (socket, _) = app.identified(TALK).await;
    assert_eq!(
        socket.heads[0][..28],
        *"{\"t\":null,\"s\":null,\"op\":10,\""
    );
    assert!(socket.heads[1].starts_with("{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{"));
    assert!(socket.heads[2].starts_with("{\"t\":\"GUILD_CREATE\",\"s\":2,\"op\":0,\"d\":{"));
}

#[tokio::test]
async fn both_transport_compressions_carry_a_session() {
    let app = App::start().await;
    for compress in ["zlib-stream", "zstd-stream"] {
        let query = format!("?v=10&encoding=json&compress={compress}");
        let socket = app.gateway_silent(&query).await;
        let mut socket = if compress == "zlib-stream" {
            socket.inflate_zlib()
        } else {
            socket.inflate_zstd()
        };
        assert_eq!(socket.next().await["op"], 10, "{compress}");
        socket.identify(&app.info.bot_token, TALK).await;
        socket.until("READY").await;
        socket.until("GUILD_CREATE").await;
        socket.beats().await;
    }
}

#[tokio::test]
async fn mistakes_earn_their_close_codes() {
    let app = App::start().await;
    let token = app.info.bot_token.clone();
    let identify = |extra: Value| {
        let mut data = json!({ "token": token, "intents": 1, "properties": {} });
        for (name, value) in extra.as_object().expect("an object") {
            data[name] = value.clone();
        }
        json!({ "op": 2, "d": data })
    };
    let resume = json!({ "op": 6, "d": { "token": "wrong", "session_id": "x", "seq": 1 } });
    let cases = [
        (json!({ "op": 99, "d": null }), 4001),
        (json!({ "op": "one" }), 4002),
        (json!({ "op": 2, "d": { "intents": 1 } }), 4002),
        (json!({ "op": 3, "d": { "status": "online" } }), 4003),
        (
            json!({ "op": 8, "d": { "guild_id": "1", "query": "" } }),
            4003,
        ),
        (identify(json!({ "token": "wrong" })), 4004),
        (resume, 4004),
        (identify(json!({ "shard": [2, 2] })), 4010),
        (identify(json!({ "shard": [0, 0] })), 4010),
        (identify(json!({ "intents": 1 << 30 })), 4013),
        (identify(json!({ "intents": null })), 4013),
    ];
    for (frame, code) in cases {
        let mut socket = app.gateway("?v=10&encoding=json").await;
        socket.send(frame.clone()).await;
        assert_eq!(socket.closed().await, code, "{frame}");
    }
    let mut socket = app.gateway("").await;
    socket.send_text("{not json").await;
    assert_eq!(socket.closed().await, 4002);
}

#[tokio::test]
async fn an_unknown_version_or_encoding_is_closed_at_once() {
    let app = App::start().await;
    assert_eq!(app.gateway_silent("?v=3").await.closed().await, 4012);
    assert_eq!(
        app.gateway_silent("?v=10&encoding=etf")
            .await
            .closed()
            .await,
        4002
    );
    assert_eq!(
        app.gateway_silent("?v=10&compress=lz4")
            .await
            .closed()
            .await,
        4002
    );
}

#[tokio::test]
async fn identifying_twice_is_one_time_too_many() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(1).await;
    socket.identify(&app.info.bot_token, 1).await;
    assert_eq!(socket.closed().await, 4005);
}

#[tokio::test]
async fn a_privileged_intent_must_be_switched_on_for_the_bot() {
    let app = App::start().await;
    let bot = app.user("guildhall");
    let path = format!("/users/{bot}/intents");
    app.control(Method::PUT, &path, json!({ "privileged": 1 << 15 }))
        .await;
    app.identified(TALK).await;
    let mut socket = app.gateway("").await;
    socket.identify(&app.info.bot_token, 1 | 1 << 1).await;
    assert_eq!(socket.closed().await, 4014);
}

#[tokio::test]
async fn without_the_intent_words_are_withheld_except_where_the_bot_is_meant() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(1 | 1 << 9).await;
    let channel = app.info.channel_id.to_string();
    let bot = app.user("guildhall");
    app.says("artist", &channel, "among ourselves").await;
    app.says("artist", &channel, &format!("<@{bot}> are you there?"))
        .await;
    let strange = socket.until("MESSAGE_CREATE").await;
    assert_eq!(strange["content"], "");
    assert_eq!(strange["author"]["username"], "artist");
    let meant = socket.until("MESSAGE_CREATE").await;
    assert_eq!(meant["content"], format!("<@{bot}> are you there?"));
}

#[tokio::test]
async fn a_session_hears_only_what_its_intents_ask_for() {
    let app = App::start().await;
    let (mut deaf, _) = app.identified(1).await;
    let (mut hearing, _) = app.identified(TALK).await;
    let channel = app.info.channel_id.to_string();
    app.says("artist", &channel, "hello").await;
    hearing.until("MESSAGE_CREATE").await;
    deaf.beats().await;
    assert!(
        !deaf
            .heads
            .iter()
            .any(|head| head.contains("MESSAGE_CREATE")),
        "{:?}",
        deaf.heads
    );
}

#[tokio::test]
async fn a_shard_carries_only_its_guilds() {
    let app = App::start().await;
    let mut guilds = 0;
    for shard in 0..2 {
        let mut socket = app.gateway("").await;
        let data = json!({
            "token": app.info.bot_token, "intents": 1, "properties": {}, "shard": [shard, 2],
        });
        socket.send(json!({ "op": 2, "d": data })).await;
        let ready = socket.until("READY").await;
        assert_eq!(ready["shard"], json!([shard, 2]));
        guilds += ready["guilds"].as_array().expect("guilds").len();
    }
    assert_eq!(guilds, 1);
}

#[tokio::test]
async fn members_come_in_chunks_when_asked_for() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(1 | 1 << 1).await;
    let guild = app.info.guild_id;
    let all = json!({ "guild_id": guild, "query": "", "limit": 0, "nonce": "everyone" });
    socket.send(json!({ "op": 8, "d": all })).await;
    let chunk = socket.until("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["members"].as_array().expect("members").len(), 6);
    assert_eq!(
        (&chunk["chunk_index"], &chunk["chunk_count"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(chunk["nonce"], "everyone");

    let named = json!({ "guild_id": guild, "query": "ART", "limit": 5 });
    socket.send(json!({ "op": 8, "d": named })).await;
    let chunk = socket.until("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["members"][0]["user"]["username"], "artist");

    let by_id = json!({ "guild_id": guild, "user_ids": ["1", app.user("ada")] });
    socket.send(json!({ "op": 8, "d": by_id })).await;
    let chunk = socket.until("GUILD_MEMBERS_CHUNK").await;
    assert_eq!(chunk["not_found"], json!(["1"]));
    assert_eq!(chunk["members"][0]["user"]["username"], "ada");
}

#[tokio::test]
async fn everyone_s_list_needs_the_members_intent() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(1).await;
    let all = json!({ "guild_id": app.info.guild_id, "query": "", "limit": 0 });
    socket.send(json!({ "op": 8, "d": all })).await;
    assert_eq!(socket.closed().await, 4014);
}

#[tokio::test]
async fn a_bot_s_presence_is_seen_by_others_with_the_intent() {
    let app = App::start().await;
    let (mut watcher, _) = app.identified(1 | 1 << 8).await;
    let (mut bot, _) = app.identified(1).await;
    let activities = json!([{ "name": "the hall", "type": 3 }]);
    let presence =
        json!({ "status": "dnd", "afk": false, "since": null, "activities": activities });
    bot.send(json!({ "op": 3, "d": presence })).await;
    loop {
        let seen = watcher.until("PRESENCE_UPDATE").await;
        if seen["status"] == "dnd" {
            assert_eq!(seen["activities"][0]["name"], "the hall");
            assert_eq!(seen["user"]["id"], app.user("guildhall"));
            break;
        }
    }
}

#[tokio::test]
async fn a_client_that_talks_too_much_is_closed() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(1).await;
    for _ in 0..120 {
        socket.send(json!({ "op": 1, "d": null })).await;
    }
    assert_eq!(socket.closed().await, 4008);
}

#[tokio::test]
async fn a_client_without_a_heartbeat_is_closed_and_its_session_is_gone() {
    let interval = Duration::from_millis(500);
    let app = App::start_with(Config {
        heartbeat_interval: interval,
        ..quiet()
    })
    .await;
    let (mut socket, ready) = app.identified(1).await;
    assert_eq!(socket.closed().await, 4009);
    let mut socket = app.gateway("").await;
    socket
        .resume(&app.info.bot_token, &ready["session_id"], 1)
        .await;
    assert_eq!(
        socket.next().await,
        json!({ "t": null, "s": null, "op": 9, "d": false })
    );
}

#[tokio::test]
async fn a_sandbox_that_stops_closes_its_websockets() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(1).await;
    let (closed, ()) = tokio::join!(socket.closed(), app.sandbox.stop());
    assert_eq!(closed, 1001);
}

#[tokio::test]
async fn a_bot_that_enters_voice_is_told_where_and_that_there_is_no_server() {
    let app = App::start().await;
    let hearth = app.channel("hearth").await;
    let (mut socket, _) = app.identified(1 | 1 << 7).await;
    let mut enter = json!({
        "guild_id": app.info.guild_id, "channel_id": hearth, "self_mute": true, "self_deaf": false,
    });
    socket.send(json!({ "op": 4, "d": enter })).await;
    loop {
        let state = socket.until("VOICE_STATE_UPDATE").await;
        assert_eq!(state["channel_id"], hearth);
        if state["self_mute"] == true {
            break;
        }
    }
    let server = socket.until("VOICE_SERVER_UPDATE").await;
    let endpoint = server["endpoint"].as_str().expect("an address");
    assert!(
        endpoint.contains(".invalid"),
        "no such host ever resolves: {endpoint}"
    );
    enter["channel_id"] = Value::Null;
    socket.send(json!({ "op": 4, "d": enter })).await;
    assert_eq!(
        socket.until("VOICE_STATE_UPDATE").await["channel_id"],
        Value::Null
    );
}

#[tokio::test]
async fn direct_messages_are_heard_whole_on_the_first_shard() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(1 | 1 << 12).await;
    let opened = json!({ "as": app.user("artist"), "recipient_id": app.user("guildhall") });
    let dm = app
        .control(Method::POST, "/users/@me/channels", opened)
        .await;
    app.says(
        "artist",
        dm["id"].as_str().expect("an id"),
        "just between us",
    )
    .await;
    let heard = socket.until("MESSAGE_CREATE").await;
    assert_eq!(heard["content"], "just between us");
    assert!(heard.get("guild_id").is_none());
}

#[tokio::test]
async fn every_identify_is_taken_off_the_daily_limit() {
    let app = App::start().await;
    app.identified(1).await;
    app.identified(1).await;
    let answer = app
        .bot(Method::GET, "/gateway/bot")
        .send()
        .await
        .expect("an answer");
    let (_, body) = crate::support::answer(answer).await;
    let limit = json!({
        "total": 1_000, "remaining": 998, "reset_after": 86_400_000, "max_concurrency": 1,
    });
    assert_eq!(body["session_start_limit"], limit);
    assert_eq!(body["url"], app.info.gateway_url);
}
