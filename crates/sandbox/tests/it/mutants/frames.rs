//! Frames that are almost right, on sockets that identified and on others.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};

use super::json::{mutated, object};
use super::pool::Pool;
use crate::support::{App, Socket};

/// Sends so many; a frame may cost its connection, with a code of Discord's, and nothing else.
pub(super) async fn try_all(app: &App, seed: u64, count: usize) {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut pool = Pool::new();
    pool.learn("guild", &app.info.guild_id.to_string(), &mut dice);
    pool.learn("channel", &app.info.channel_id.to_string(), &mut dice);
    pool.learn("channel", &app.channel("hearth").await, &mut dice);
    pool.learn("user", &app.user("ada"), &mut dice);
    let mut session = Value::Null;
    let mut socket = None;
    for _ in 0..count {
        let mut open = match socket.take() {
            Some(open) => open,
            None => opened(app, &mut session, &mut dice).await,
        };
        let frame = frame(app, &session, &pool, &mut dice);
        open.send_bytes(&frame, dice.random()).await;
        if survived(&mut open, &frame).await {
            socket = Some(open);
        }
        assert_eq!(
            app.sandbox.panics(),
            0,
            "{}",
            String::from_utf8_lossy(&frame)
        );
    }
    app.control(Method::GET, "/state", Value::Null).await;
}

/// A socket, identified or not, compressed or not.
async fn opened(app: &App, session: &mut Value, dice: &mut StdRng) -> Socket {
    let mut socket = match dice.random_range(0..8) {
        0 => {
            let query = "?v=10&encoding=json&compress=zlib-stream";
            app.gateway_silent(query).await.inflate_zlib()
        }
        1 => {
            let query = "?v=10&encoding=json&compress=zstd-stream";
            app.gateway_silent(query).await.inflate_zstd()
        }
        _ => app.gateway_silent("?v=10&encoding=json").await,
    };
    assert_eq!(socket.next().await["op"], 10);
    if dice.random_range(0..3) > 0 {
        // GUILDS, GUILD_MEMBERS, GUILD_VOICE_STATES, GUILD_PRESENCES.
        let intents = 1 | 1 << 1 | 1 << 7 | 1 << 8;
        socket.identify(&app.info.bot_token, intents).await;
        let ready = socket.until("READY").await;
        *session = ready["session_id"].clone();
    }
    socket
}

fn frame(app: &App, session: &Value, pool: &Pool, dice: &mut StdRng) -> Vec<u8> {
    let real = real(app, session, pool, dice);
    let frame = match dice.random_range(0..10) {
        0 => real,
        1 => json!({ "op": dice.random_range(0..40), "d": object(dice, pool, 3) }),
        2 => object(dice, pool, 3),
        _ => mutated(&real, dice, pool),
    };
    let mut bytes = frame.to_string().into_bytes();
    match dice.random_range(0..12) {
        0 => {
            let at = dice.random_range(0..bytes.len());
            bytes[at] = dice.random();
        }
        1 => bytes.truncate(dice.random_range(0..bytes.len())),
        2 => {
            let depth = dice.random_range(1..3_000);
            bytes = format!("{{\"op\":1,\"d\":{}", "[".repeat(depth)).into_bytes();
        }
        _ => {}
    }
    bytes
}

/// A frame as a client would send it.
fn real(app: &App, session: &Value, pool: &Pool, dice: &mut StdRng) -> Value {
    let (token, guild) = (&app.info.bot_token, app.info.guild_id);
    let activity = json!({ "name": "the hall", "type": 0, "state": "s" });
    let presence =
        json!({ "status": "dnd", "afk": false, "since": null, "activities": [activity] });
    let properties = json!({ "os": "linux", "browser": "b", "device": "d" });
    let frames = [
        json!({ "op": 1, "d": 7 }),
        json!({ "op": 2, "d": { "token": token, "intents": 513, "properties": properties,
            "compress": false, "large_threshold": 250, "shard": [0, 1], "presence": presence } }),
        json!({ "op": 3, "d": presence }),
        json!({ "op": 4, "d": { "guild_id": guild, "channel_id": pool.id("channel", dice),
            "self_mute": true, "self_deaf": false } }),
        json!({ "op": 6, "d": { "token": token, "session_id": session, "seq": 2 } }),
        json!({ "op": 8, "d": { "guild_id": guild, "query": "a", "limit": 5, "presences": true,
            "nonce": "n" } }),
        json!({ "op": 8, "d": { "guild_id": guild, "user_ids": [pool.id("user", dice)] } }),
        json!({ "op": 31, "d": { "guild_ids": [guild] } }),
    ];
    frames.choose(dice).expect("there are some").clone()
}

/// Whether the socket lived through it; if not, its close code is one of Discord's.
async fn survived(socket: &mut Socket, frame: &[u8]) -> bool {
    match socket.beats_or_closes().await {
        None => true,
        Some(code) => {
            let shown = String::from_utf8_lossy(frame);
            let known = [
                4000, 4001, 4002, 4003, 4004, 4005, 4007, 4009, 4010, 4012, 4013, 4014,
            ];
            assert!(known.contains(&code), "{code} after {shown}");
            false
        }
    }
}
