//! Stages: opened by moderators, spoken on by those who are let, closed by hand or by silence.

use reqwest::Method;
use serde_json::{Value, json};

use crate::rest_judged::{Tour, id};

/// GUILDS, GUILD_MODERATION, GUILD_VOICE_STATES, GUILD_MESSAGES, GUILD_SCHEDULED_EVENTS.
const STAGE: u64 = 1 | 1 << 2 | 1 << 7 | 1 << 9 | 1 << 16;

async fn with_stage() -> (Tour, String) {
    let mut tour = Tour::start().await;
    let path = format!("/guilds/{}/channels", tour.guild());
    let channel = tour
        .create(&path, json!({"name": "Podium", "type": 13}))
        .await;
    let channel = id(&channel);
    (tour, channel)
}

async fn enters(tour: &Tour, who: &str, channel: Value) {
    let path = format!(
        "/guilds/{}/members/{}/voice",
        tour.guild(),
        tour.app.user(who)
    );
    let body = json!({ "channel_id": channel });
    tour.app.control(Method::PUT, &path, body).await;
}

async fn wait(tour: &Tour, ms: u64) {
    let body = json!({ "ms": ms });
    tour.app.control(Method::POST, "/clock/advance", body).await;
}

#[tokio::test]
async fn a_stage_opens_changes_its_topic_and_closes_as_documented() {
    let (mut tour, channel) = with_stage().await;
    let (mut socket, _) = tour.app.identified(STAGE).await;
    let body = json!({"channel_id": channel, "topic": "Trees", "send_start_notification": true});
    let stage = tour.post("/stage-instances", body.clone()).await;
    assert_eq!(stage["privacy_level"], 2);
    assert_eq!(socket.until("STAGE_INSTANCE_CREATE").await, stage);
    let entry = socket.until("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(entry["action_type"], 83);
    assert_eq!(entry["options"]["channel_id"], channel);
    assert_eq!(socket.until("MESSAGE_CREATE").await["type"], 27);
    let refused = tour.bot(Method::POST, "/stage-instances", body, 400).await;
    assert_eq!(refused["code"], 150_006);
    let one = format!("/stage-instances/{channel}");
    assert_eq!(tour.get(&one).await, stage);
    let changed = tour.patch(&one, json!({"topic": "Birds"})).await;
    assert_eq!(socket.until("STAGE_INSTANCE_UPDATE").await, changed);
    let mut second = tour.app.gateway("/?v=10&encoding=json").await;
    second.identify(&tour.app.info.bot_token, STAGE).await;
    let guild = second.until("GUILD_CREATE").await;
    assert_eq!(guild["stage_instances"], json!([changed]));
    tour.done(Method::DELETE, &one, Value::Null).await;
    let closed = socket.until("STAGE_INSTANCE_DELETE").await;
    assert_eq!(closed["id"], stage["id"]);
    let refused = tour.bot(Method::GET, &one, Value::Null, 404).await;
    assert_eq!(refused["code"], 10_067);
}

#[tokio::test]
async fn only_moderators_of_a_stage_channel_open_it() {
    let (mut tour, channel) = with_stage().await;
    let body = json!({
        "as": tour.app.user("artist"), "channel_id": channel, "topic": "Mine",
    });
    let (status, refused) = tour.app.ask(Method::POST, "/stage-instances", body).await;
    assert_eq!((status.as_u16(), &refused["code"]), (403, &json!(50_013)));
    let body = json!({"channel_id": tour.channel(), "topic": "No stage"});
    let refused = tour.bot(Method::POST, "/stage-instances", body, 400).await;
    assert_eq!(refused["code"], 50_024);
    let body = json!({"channel_id": channel, "topic": ""});
    let refused = tour.bot(Method::POST, "/stage-instances", body, 400).await;
    assert!(refused["errors"]["topic"].is_object());
}

#[tokio::test]
async fn the_audience_asks_is_invited_and_speaks() {
    let (mut tour, channel) = with_stage().await;
    let (mut socket, _) = tour.app.identified(STAGE).await;
    let body = json!({"channel_id": channel, "topic": "Trees"});
    tour.post("/stage-instances", body).await;
    enters(&tour, "artist", json!(channel)).await;
    let state = socket.until("VOICE_STATE_UPDATE").await;
    assert_eq!(state["suppress"], true, "one begins in the audience");
    let states = format!("/guilds/{}/voice-states", tour.guild());
    let artist = tour.app.user("artist");
    let own = format!("{states}/@me");
    let ask = |mut body: Value| {
        body["as"] = json!(artist);
        tour.app.ask(Method::PATCH, &own, body)
    };
    let (status, refused) = ask(json!({"suppress": false})).await;
    assert_eq!((status.as_u16(), &refused["code"]), (403, &json!(50_013)));
    let (status, _) = ask(json!({"request_to_speak_timestamp": "2025-01-01T00:00:00Z"})).await;
    assert_eq!(status, 400);
    let (status, _) = ask(json!({"request_to_speak_timestamp": "2026-01-01T00:00:00Z"})).await;
    assert_eq!(status, 204);
    let state = socket.until("VOICE_STATE_UPDATE").await;
    assert!(state["request_to_speak_timestamp"].is_string());
    let theirs = format!("{states}/{artist}");
    let body = json!({"channel_id": channel, "suppress": false});
    tour.done(Method::PATCH, &theirs, body).await;
    let state = socket.until("VOICE_STATE_UPDATE").await;
    assert_eq!(state["suppress"], false);
    assert!(
        state["request_to_speak_timestamp"].is_string(),
        "an invitation is to be accepted"
    );
    let accept = json!({
        "as": artist, "suppress": false, "request_to_speak_timestamp": null,
    });
    tour.app.control(Method::PATCH, &own, accept).await;
    let state = socket.until("VOICE_STATE_UPDATE").await;
    assert_eq!(state["request_to_speak_timestamp"], Value::Null);
    loop {
        let message = socket.until("MESSAGE_CREATE").await;
        if message["type"] == 29 {
            assert_eq!(message["author"]["id"], artist);
            break;
        }
    }
    tour.done(Method::PATCH, &theirs, json!({"suppress": true}))
        .await;
    let state = tour.get(&theirs).await;
    assert_eq!(state["suppress"], true);
}

#[tokio::test]
async fn voice_states_can_be_changed_on_a_stage_only() {
    let (mut tour, channel) = with_stage().await;
    let states = format!("/guilds/{}/voice-states", tour.guild());
    let body = json!({"suppress": true});
    let refused = tour
        .bot(Method::PATCH, &format!("{states}/@me"), body.clone(), 404)
        .await;
    assert_eq!(refused["code"], 10_065);
    let hearth = tour.app.channel("hearth").await;
    enters(&tour, "artist", json!(hearth)).await;
    let theirs = format!("{states}/{}", tour.app.user("artist"));
    let refused = tour.bot(Method::PATCH, &theirs, body, 400).await;
    assert_eq!(refused["code"], 50_024);
    enters(&tour, "artist", json!(channel)).await;
    let body = json!({"suppress": true, "channel_id": hearth});
    tour.bot(Method::PATCH, &theirs, body, 404).await;
}

#[tokio::test]
async fn a_stage_without_speakers_closes_after_some_minutes() {
    let (mut tour, channel) = with_stage().await;
    let (mut socket, _) = tour.app.identified(STAGE).await;
    enters(&tour, "artist", json!(channel)).await;
    let body = json!({"channel_id": channel, "topic": "Trees"});
    tour.post("/stage-instances", body).await;
    let theirs = format!(
        "/guilds/{}/voice-states/{}",
        tour.guild(),
        tour.app.user("ada")
    );
    enters(&tour, "ada", json!(channel)).await;
    let speak = json!({ "as": tour.app.user("ada"), "suppress": false });
    let own = format!("/guilds/{}/voice-states/@me", tour.guild());
    tour.app.control(Method::PATCH, &own, speak).await;
    wait(&tour, 60 * 60_000).await;
    tour.get(&format!("/stage-instances/{channel}")).await;
    tour.done(Method::PATCH, &theirs, json!({"suppress": true}))
        .await;
    wait(&tour, 5 * 60_000).await;
    socket.until("STAGE_INSTANCE_DELETE").await;
}

#[tokio::test]
async fn a_stage_event_opens_its_stage_and_ends_with_it() {
    let (mut tour, channel) = with_stage().await;
    let (mut socket, _) = tour.app.identified(STAGE).await;
    let events = format!("/guilds/{}/scheduled-events", tour.guild());
    let talk = json!({
        "name": "Talk", "privacy_level": 2, "entity_type": 1, "channel_id": channel,
        "scheduled_start_time": "2026-01-02T10:00:00Z",
    });
    let event = tour.post(&events, talk.clone()).await;
    let one = format!("{events}/{}", id(&event));
    let active = tour.patch(&one, json!({"status": 2})).await;
    let stage = socket.until("STAGE_INSTANCE_CREATE").await;
    assert_eq!(active["entity_id"], stage["id"]);
    assert_eq!(stage["topic"], "Talk");
    assert_eq!(stage["guild_scheduled_event_id"], event["id"]);
    tour.patch(&one, json!({"status": 3})).await;
    socket.until("STAGE_INSTANCE_DELETE").await;
    // And the other way round: the stage is opened for the event.
    let event = tour.post(&events, talk).await;
    let body = json!({
        "channel_id": channel, "topic": "Talk", "guild_scheduled_event_id": event["id"],
    });
    let stage = tour.post("/stage-instances", body).await;
    let one = format!("{events}/{}", id(&event));
    let begun = tour.get(&one).await;
    assert_eq!(
        (&begun["status"], &begun["entity_id"]),
        (&json!(2), &stage["id"])
    );
    let gone = format!("/stage-instances/{channel}");
    tour.done(Method::DELETE, &gone, Value::Null).await;
    assert_eq!(tour.get(&one).await["status"], 3);
}

#[tokio::test]
async fn what_takes_place_in_a_channel_goes_with_it() {
    let (mut tour, channel) = with_stage().await;
    let (mut socket, _) = tour.app.identified(STAGE).await;
    let events = format!("/guilds/{}/scheduled-events", tour.guild());
    let talk = json!({
        "name": "Talk", "privacy_level": 2, "entity_type": 1, "channel_id": channel,
        "scheduled_start_time": "2026-01-02T10:00:00Z",
    });
    tour.post(&events, talk).await;
    let body = json!({"channel_id": channel, "topic": "Trees"});
    tour.post("/stage-instances", body).await;
    enters(&tour, "artist", json!(channel)).await;
    socket.until("VOICE_STATE_UPDATE").await;
    let path = format!("/channels/{channel}");
    tour.bot(Method::DELETE, &path, Value::Null, 200).await;
    socket.until("STAGE_INSTANCE_DELETE").await;
    socket.until("GUILD_SCHEDULED_EVENT_DELETE").await;
    let left = socket.until("VOICE_STATE_UPDATE").await;
    assert_eq!(left["channel_id"], Value::Null);
    socket.until("CHANNEL_DELETE").await;
}
