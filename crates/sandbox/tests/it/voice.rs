//! Voice: people and bots come, move and go, as far as their rights and the room allow.

use reqwest::Method;
use serde_json::{Value, json};

use crate::rest_judged::{Tour, id};
use crate::support::Socket;

/// GUILDS, GUILD_MODERATION, GUILD_VOICE_STATES.
const VOICE: u64 = 1 | 1 << 2 | 1 << 7;

async fn put(tour: &Tour, who: &str, body: Value) -> (u16, Value) {
    let path = format!(
        "/guilds/{}/members/{}/voice",
        tour.guild(),
        tour.app.user(who)
    );
    let (status, answer) = tour.app.ask(Method::PUT, &path, body).await;
    (status.as_u16(), answer)
}

async fn enters(tour: &Tour, who: &str, channel: &str) {
    let (status, answer) = put(tour, who, json!({ "channel_id": channel })).await;
    assert_eq!(status, 204, "{answer}");
}

async fn make(tour: &mut Tour, body: Value) -> String {
    let path = format!("/guilds/{}/channels", tour.guild());
    id(&tour.create(&path, body).await)
}

/// The next voice state of someone.
async fn state_of(socket: &mut Socket, user: &str) -> Value {
    loop {
        let state = socket.until("VOICE_STATE_UPDATE").await;
        if state["user_id"] == user {
            return state;
        }
    }
}

#[tokio::test]
async fn a_person_comes_streams_moves_and_goes() {
    let mut tour = Tour::start().await;
    let hearth = tour.app.channel("hearth").await;
    let (mut socket, _) = tour.app.identified(VOICE).await;
    let artist = tour.app.user("artist");
    let body = json!({"channel_id": hearth, "self_stream": true, "self_mute": true});
    put(&tour, "artist", body).await;
    let state = state_of(&mut socket, &artist).await;
    assert_eq!(
        (&state["self_stream"], &state["self_mute"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(state["member"]["user"]["id"], artist);
    let path = format!("/guilds/{}/voice-states/{artist}", tour.guild());
    let seen = tour.get(&path).await;
    assert_eq!(seen["session_id"], state["session_id"]);
    let cellar = make(&mut tour, json!({"name": "Cellar", "type": 2})).await;
    let member = format!("/guilds/{}/members/{artist}", tour.guild());
    tour.patch(&member, json!({"channel_id": cellar, "mute": true}))
        .await;
    let muted = state_of(&mut socket, &artist).await;
    assert_eq!(muted["mute"], true);
    let moved = state_of(&mut socket, &artist).await;
    assert_eq!(moved["channel_id"], cellar);
    assert_eq!(moved["session_id"], state["session_id"]);
    tour.patch(&member, json!({"channel_id": null})).await;
    let left = state_of(&mut socket, &artist).await;
    assert_eq!(left["channel_id"], Value::Null);
    let refused = tour.bot(Method::GET, &path, Value::Null, 404).await;
    assert_eq!(refused["code"], 10_065);
    let refused = tour
        .bot(Method::PATCH, &member, json!({"deaf": true}), 400)
        .await;
    assert_eq!(refused["code"], 40_032);
    let log = format!("/guilds/{}/audit-logs", tour.guild());
    let log = tour.get(&log).await;
    let actions = log["audit_log_entries"].as_array().expect("entries");
    for action in [26, 27] {
        assert!(actions.iter().any(|entry| entry["action_type"] == action));
    }
}

#[tokio::test]
async fn a_full_channel_takes_only_those_who_may_move_others() {
    let mut tour = Tour::start().await;
    let body = json!({"name": "Closet", "type": 2, "user_limit": 1});
    let closet = make(&mut tour, body).await;
    enters(&tour, "artist", &closet).await;
    let (status, _) = put(&tour, "newcomer", json!({"channel_id": closet})).await;
    assert_eq!(status, 403);
    enters(&tour, "ada", &closet).await;
    // Whoever is inside may still change their switches.
    let body = json!({"channel_id": closet, "self_deaf": true});
    assert_eq!(put(&tour, "artist", body).await.0, 204);
}

#[tokio::test]
async fn who_may_not_connect_stays_outside_and_who_loses_the_right_leaves() {
    let mut tour = Tour::start().await;
    let hearth = tour.app.channel("hearth").await;
    let (mut socket, _) = tour.app.identified(VOICE).await;
    let (artist, newcomer) = (tour.app.user("artist"), tour.app.user("newcomer"));
    let overwrite = |user: &str| format!("/channels/{hearth}/permissions/{user}");
    let deny = json!({"type": 1, "deny": (1 << 20).to_string(), "allow": "0"});
    enters(&tour, "artist", &hearth).await;
    enters(&tour, "helper", &hearth).await;
    tour.done(Method::PUT, &overwrite(&newcomer), deny.clone())
        .await;
    let (status, _) = put(&tour, "newcomer", json!({"channel_id": hearth})).await;
    assert_eq!(status, 403);
    state_of(&mut socket, &artist).await;
    tour.done(Method::PUT, &overwrite(&artist), deny).await;
    let left = state_of(&mut socket, &artist).await;
    assert_eq!(left["channel_id"], Value::Null);
    // A timeout takes everything but reading.
    let helper = tour.app.user("helper");
    let member = format!("/guilds/{}/members/{helper}", tour.guild());
    let body = json!({"communication_disabled_until": "2026-01-01T01:00:00Z"});
    tour.patch(&member, body).await;
    let left = state_of(&mut socket, &helper).await;
    assert_eq!(left["channel_id"], Value::Null);
}

#[tokio::test]
async fn who_may_not_speak_is_suppressed() {
    let mut tour = Tour::start().await;
    let hearth = tour.app.channel("hearth").await;
    let (mut socket, _) = tour.app.identified(VOICE).await;
    let artist = tour.app.user("artist");
    enters(&tour, "artist", &hearth).await;
    assert_eq!(state_of(&mut socket, &artist).await["suppress"], false);
    let silence = format!("/channels/{hearth}/permissions/{}", tour.guild());
    let body = json!({"type": 0, "deny": (1 << 21).to_string(), "allow": "0"});
    tour.done(Method::PUT, &silence, body).await;
    assert_eq!(state_of(&mut socket, &artist).await["suppress"], true);
}

#[tokio::test]
async fn a_bot_that_is_moved_is_told_of_a_server_again() {
    let mut tour = Tour::start().await;
    let hearth = tour.app.channel("hearth").await;
    let cellar = make(&mut tour, json!({"name": "Cellar", "type": 2})).await;
    let (mut socket, _) = tour.app.identified(VOICE).await;
    let enter = json!({"guild_id": tour.guild(), "channel_id": hearth});
    socket.send(json!({"op": 4, "d": enter})).await;
    let server = socket.until("VOICE_SERVER_UPDATE").await;
    assert!(server["token"].is_string());
    let bot = tour.app.user("guildhall");
    let member = format!("/guilds/{}/members/{bot}", tour.guild());
    let body = json!({"as": tour.app.user("ada"), "channel_id": cellar});
    tour.app.control(Method::PATCH, &member, body).await;
    assert_eq!(state_of(&mut socket, &bot).await["channel_id"], cellar);
    socket.until("VOICE_SERVER_UPDATE").await;
    let own = format!("/guilds/{}/voice-states/@me", tour.guild());
    assert_eq!(tour.get(&own).await["channel_id"], cellar);
}

#[tokio::test]
async fn the_idle_end_in_the_channel_for_them() {
    let mut tour = Tour::start().await;
    let hearth = tour.app.channel("hearth").await;
    let cellar = make(&mut tour, json!({"name": "Cellar", "type": 2})).await;
    let body = json!({"afk_channel_id": cellar, "afk_timeout": 60});
    tour.patch(&format!("/guilds/{}", tour.guild()), body).await;
    let (mut socket, _) = tour.app.identified(VOICE).await;
    let artist = tour.app.user("artist");
    put(&tour, "artist", json!({"channel_id": hearth, "idle": true})).await;
    enters(&tour, "helper", &hearth).await;
    assert_eq!(state_of(&mut socket, &artist).await["channel_id"], hearth);
    let body = json!({ "ms": 60_000 });
    tour.app.control(Method::POST, "/clock/advance", body).await;
    let state = state_of(&mut socket, &artist).await;
    assert_eq!(state["channel_id"], cellar);
    assert_eq!(state["suppress"], true);
    let helper = format!(
        "/guilds/{}/voice-states/{}",
        tour.guild(),
        tour.app.user("helper")
    );
    assert_eq!(tour.get(&helper).await["channel_id"], hearth);
}
