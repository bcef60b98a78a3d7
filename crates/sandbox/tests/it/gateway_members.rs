//! Members as a session gets them: in GUILD_CREATE by the size of the guild, and in chunks.

use sandbox::{Config, CrowdSpec, Limits, WorldSpec};
use serde_json::{Value, json};

use crate::support::{App, Socket, quiet};

const GUILDS: u64 = 1;
const MEMBERS: u64 = 1 << 1;
const PRESENCES: u64 = 1 << 8;

async fn crowded(people: u32, online: u32) -> App {
    let mut world = WorldSpec::default();
    world.guilds[0].crowd = Some(CrowdSpec {
        people,
        online,
        ..CrowdSpec::default()
    });
    App::start_with(Config {
        start: world.into(),
        ..quiet()
    })
    .await
}

async fn guild_create(app: &App, intents: u64, large_threshold: u64) -> Value {
    let mut socket = app.gateway("").await;
    let data = json!({
        "token": app.info.bot_token, "intents": intents, "properties": {},
        "large_threshold": large_threshold,
    });
    socket.send(json!({ "op": 2, "d": data })).await;
    socket.until("GUILD_CREATE").await
}

fn count(guild: &Value, what: &str) -> usize {
    guild[what].as_array().expect("a list").len()
}

#[tokio::test]
async fn a_guild_lists_all_its_members_only_while_it_is_small() {
    let app = crowded(100, 10).await;
    let small = guild_create(&app, GUILDS | PRESENCES, 250).await;
    assert_eq!(
        (count(&small, "members"), &small["large"]),
        (106, &json!(false))
    );
    assert_eq!(small["member_count"], 106);

    // Ten of the crowd, three of the default world, and the bot itself.
    let large = guild_create(&app, GUILDS | PRESENCES, 50).await;
    assert_eq!(
        (count(&large, "members"), &large["large"]),
        (14, &json!(true))
    );
    assert_eq!(count(&large, "presences"), 14);

    let without = guild_create(&app, GUILDS | MEMBERS, 250).await;
    assert_eq!(count(&without, "members"), 1);
    assert_eq!(without["members"][0]["user"]["id"], app.user("guildhall"));
    assert_eq!(count(&without, "presences"), 0);
}

async fn chunks(socket: &mut Socket, request: Value) -> Vec<Value> {
    socket.send(json!({ "op": 8, "d": request })).await;
    let mut chunks = vec![socket.until("GUILD_MEMBERS_CHUNK").await];
    let count = chunks[0]["chunk_count"].as_u64().expect("a count");
    for _ in 1..count {
        chunks.push(socket.until("GUILD_MEMBERS_CHUNK").await);
    }
    chunks
}

#[tokio::test]
async fn a_crowd_comes_in_chunks_of_a_thousand_with_its_presences() {
    let app = crowded(2_500, 20).await;
    let (mut socket, _) = app.identified(GUILDS | MEMBERS | PRESENCES).await;
    let all = json!({
        "guild_id": app.info.guild_id, "query": "", "limit": 0, "presences": true, "nonce": "all",
    });
    let chunks = chunks(&mut socket, all).await;
    let sizes: Vec<usize> = chunks.iter().map(|chunk| count(chunk, "members")).collect();
    assert_eq!(sizes, [1_000, 1_000, 506]);
    assert!(chunks.iter().all(|chunk| chunk["nonce"] == "all"));
    let online: usize = chunks.iter().map(|chunk| count(chunk, "presences")).sum();
    assert_eq!(online, 24);
    let index = |number: usize| chunks[number]["chunk_index"].as_u64();
    assert_eq!((index(0), index(2)), (Some(0), Some(2)));
}

#[tokio::test]
async fn a_query_answers_a_hundred_at_most_and_a_long_nonce_is_ignored() {
    let app = crowded(500, 0).await;
    let (mut socket, _) = app.identified(GUILDS).await;
    let asked = json!({
        "guild_id": app.info.guild_id, "query": "CROWD", "limit": 1_000, "nonce": "x".repeat(33),
    });
    let chunks = chunks(&mut socket, asked).await;
    assert_eq!((chunks.len(), count(&chunks[0], "members")), (1, 100));
    assert!(chunks[0].get("nonce").is_none());
    assert!(chunks[0].get("presences").is_none());
}

#[tokio::test]
async fn all_members_of_a_guild_are_told_once_in_half_a_minute() {
    let app = App::start_with(Config {
        limits: Limits::default(),
        ..quiet()
    })
    .await;
    let (mut socket, _) = app.identified(GUILDS | MEMBERS).await;
    let guild = app.info.guild_id;
    let all = json!({ "guild_id": guild, "query": "", "limit": 0, "nonce": "again" });
    chunks(&mut socket, all.clone()).await;
    let wait = json!({ "ms": 10_500 });
    app.control(reqwest::Method::POST, "/clock/advance", wait)
        .await;
    socket.send(json!({ "op": 8, "d": all })).await;
    let refused = socket.next().await;
    assert_eq!(refused["t"], "RATE_LIMITED");
    let meta = json!({ "guild_id": guild, "nonce": "again" });
    assert_eq!(
        refused["d"],
        json!({ "opcode": 8, "retry_after": 19.5, "meta": meta })
    );
    // Asking for some is not limited.
    let some = json!({ "guild_id": guild, "query": "ada", "limit": 1 });
    chunks(&mut socket, some).await;
    let wait = json!({ "ms": 19_500 });
    app.control(reqwest::Method::POST, "/clock/advance", wait)
        .await;
    chunks(&mut socket, all).await;
}

#[tokio::test]
async fn sounds_are_told_for_each_guild_that_the_bot_is_in() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(GUILDS).await;
    let guilds = json!({ "guild_ids": ["1", app.info.guild_id] });
    socket.send(json!({ "op": 31, "d": guilds })).await;
    let told = socket.until("SOUNDBOARD_SOUNDS").await;
    assert_eq!(told["guild_id"], app.info.guild_id.to_string());
    assert!(told["soundboard_sounds"].is_array());
}
