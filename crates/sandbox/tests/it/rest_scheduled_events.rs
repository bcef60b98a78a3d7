//! Scheduled events: made with what their venue needs, started, ended, repeated and watched.

use reqwest::Method;
use serde_json::{Value, json};

use crate::rest_judged::{Tour, id};
use crate::support::Socket;

/// GUILDS and GUILD_SCHEDULED_EVENTS.
const EVENTS: u64 = 1 | 1 << 16;
const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

fn path(tour: &Tour) -> String {
    format!("/guilds/{}/scheduled-events", tour.guild())
}

fn fair() -> Value {
    json!({
        "name": "Fair", "privacy_level": 2, "entity_type": 3, "description": "Stalls and songs",
        "scheduled_start_time": "2026-01-02T10:00:00Z",
        "scheduled_end_time": "2026-01-02T12:00:00Z",
        "entity_metadata": {"location": "the old market"},
    })
}

fn meeting(channel: &str) -> Value {
    json!({
        "name": "Meeting", "privacy_level": 2, "entity_type": 2, "channel_id": channel,
        "scheduled_start_time": "2026-01-02T10:00:00.000Z",
    })
}

async fn wait(tour: &Tour, ms: u64) {
    let body = json!({ "ms": ms });
    tour.app.control(Method::POST, "/clock/advance", body).await;
}

async fn enters(tour: &Tour, who: &str, channel: Value) {
    let (guild, user) = (tour.guild(), tour.app.user(who));
    let path = format!("/guilds/{guild}/members/{user}/voice");
    let body = json!({ "channel_id": channel });
    tour.app.control(Method::PUT, &path, body).await;
}

/// The next update of an event has this status.
async fn becomes(socket: &mut Socket, status: u64) -> Value {
    let event = socket.until("GUILD_SCHEDULED_EVENT_UPDATE").await;
    assert_eq!(event["status"], status, "{event}");
    event
}

#[tokio::test]
async fn an_event_is_made_changed_read_and_deleted_as_documented() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(EVENTS | 1 << 2).await;
    let path = path(&tour);
    let mut body = fair();
    body["image"] = json!("data:image/png;base64,iVBORw0KGgo=");
    let event = tour.post(&path, body).await;
    assert_eq!(event["status"], 1);
    assert_eq!(event["entity_metadata"]["location"], "the old market");
    assert_eq!(event["channel_id"], Value::Null);
    assert_eq!(event["image"].as_str().expect("a hash").len(), 32);
    let told = socket.until("GUILD_SCHEDULED_EVENT_CREATE").await;
    assert_eq!(told, event);
    let entry = socket.until("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(
        (&entry["action_type"], &entry["target_id"]),
        (&json!(100), &event["id"])
    );
    let one = format!("{path}/{}", id(&event));
    let hearth = tour.app.channel("hearth").await;
    let body = json!({"entity_type": 2, "channel_id": hearth, "description": null});
    let changed = tour.patch(&one, body).await;
    assert_eq!(changed["entity_metadata"], Value::Null);
    assert_eq!(changed["description"], Value::Null);
    assert_eq!(changed["channel_id"], hearth);
    assert_eq!(becomes(&mut socket, 1).await, changed);
    let seen = tour.get(&format!("{one}?with_user_count=true")).await;
    assert_eq!(seen["user_count"], 0);
    let all = tour.get(&path).await;
    assert_eq!(all, json!([changed]));
    let invites = format!("/channels/{}/invites", tour.channel());
    let invite = tour.post(&invites, json!({})).await;
    let code = invite["code"].as_str().expect("a code");
    let shown = format!("/invites/{code}?guild_scheduled_event_id={}", id(&event));
    let shown = tour.get(&shown).await;
    assert_eq!(shown["guild_scheduled_event"]["id"], event["id"]);
    tour.done(Method::DELETE, &one, Value::Null).await;
    let gone = socket.until("GUILD_SCHEDULED_EVENT_DELETE").await;
    assert_eq!(gone["id"], event["id"]);
    let refused = tour.bot(Method::GET, &one, Value::Null, 404).await;
    assert_eq!(refused["code"], 10_070);
    let log = tour
        .get(&format!("/guilds/{}/audit-logs", tour.guild()))
        .await;
    let actions = log["audit_log_entries"].as_array().expect("entries");
    let actions = actions.iter().filter_map(|it| it["action_type"].as_u64());
    let actions: Vec<_> = actions.filter(|action| *action >= 100).collect();
    assert_eq!(actions, [102, 101, 100]);
}

#[tokio::test]
async fn each_venue_has_fields_that_it_needs() {
    let mut tour = Tour::start().await;
    let path = path(&tour);
    let (text, hearth) = (tour.channel(), tour.app.channel("hearth").await);
    for (change, field) in [
        (json!({"name": null}), "name"),
        (json!({"privacy_level": 1}), "privacy_level"),
        (json!({"entity_metadata": null}), "entity_metadata"),
        (json!({"scheduled_end_time": null}), "scheduled_end_time"),
        (
            json!({"scheduled_start_time": "2025-01-01T00:00:00Z"}),
            "scheduled_start_time",
        ),
        (
            json!({"scheduled_start_time": "2036-01-01T00:00:00Z"}),
            "scheduled_start_time",
        ),
        (
            json!({"scheduled_end_time": "2026-01-02T09:00:00Z"}),
            "scheduled_end_time",
        ),
        (json!({"channel_id": hearth}), "channel_id"),
        (json!({"entity_type": 2}), "channel_id"),
        (json!({"entity_type": 2, "channel_id": text}), "channel_id"),
        (
            json!({"entity_type": 1, "channel_id": hearth}),
            "channel_id",
        ),
        (
            json!({"recurrence_rule": {"frequency": 3}}),
            "recurrence_rule",
        ),
        (json!({"image": "a.png"}), "image"),
    ] {
        let mut body = fair();
        for (key, value) in change.as_object().expect("fields") {
            body[key] = value.clone();
        }
        let refused = tour.bot(Method::POST, &path, body, 400).await;
        assert_eq!(refused["code"], 50_035, "{change}: {refused}");
        assert!(refused["errors"][field].is_object(), "{change}: {refused}");
    }
    let mut body = meeting(&hearth);
    body["channel_id"] = json!("5");
    let refused = tour.bot(Method::POST, &path, body, 404).await;
    assert_eq!(refused["code"], 10_003);
}

#[tokio::test]
async fn people_need_the_rights_and_only_change_their_own() {
    let mut tour = Tour::start().await;
    let (path, hearth) = (path(&tour), tour.app.channel("hearth").await);
    let by = |who: &str, mut body: Value| {
        body["as"] = json!(tour.app.user(who));
        body
    };
    let ask = async |method: Method, path: &str, body: Value| {
        let (status, answer) = tour.app.ask(method, path, body).await;
        (status.as_u16(), answer)
    };
    let (status, refused) = ask(Method::POST, &path, by("artist", fair())).await;
    assert_eq!((status, &refused["code"]), (403, &json!(50_013)));
    // CREATE_EVENTS for everyone.
    let everyone = format!("/guilds/{0}/roles/{0}", tour.guild());
    let roles = tour.app.bot(Method::GET, &everyone).send().await;
    let (_, role) = crate::support::answer(roles.expect("an answer")).await;
    let own: u64 = role["permissions"]
        .as_str()
        .and_then(|it| it.parse().ok())
        .expect("bits");
    let body = json!({"permissions": (own | 1 << 44).to_string()});
    let (status, _) = ask(Method::PATCH, &everyone, by("ada", body)).await;
    assert_eq!(status, 200);
    let (status, mine) = ask(Method::POST, &path, by("artist", meeting(&hearth))).await;
    assert_eq!(status, 200, "{mine}");
    let one = format!("{path}/{}", id(&mine));
    let rename = json!({"name": "Workshop"});
    let (status, _) = ask(Method::PATCH, &one, by("newcomer", rename.clone())).await;
    assert_eq!(status, 403);
    let (status, _) = ask(Method::PATCH, &one, by("artist", rename)).await;
    assert_eq!(status, 200);
    // Whoever does not see the channel does not see the event.
    let hidden = format!(
        "/channels/{hearth}/permissions/{}",
        tour.app.user("newcomer")
    );
    let body = json!({"type": 1, "deny": "1024", "allow": "0"});
    tour.done(Method::PUT, &hidden, body).await;
    let ask = async |method: Method, path: &str, body: Value| {
        let (status, answer) = tour.app.ask(method, path, body).await;
        (status.as_u16(), answer)
    };
    let as_newcomer = |path: &str| format!("{path}?as={}", tour.app.user("newcomer"));
    let (_, list) = ask(Method::GET, &as_newcomer(&path), Value::Null).await;
    assert_eq!(list, json!([]));
    let (status, refused) = ask(Method::GET, &as_newcomer(&one), Value::Null).await;
    assert_eq!((status, &refused["code"]), (404, &json!(10_070)));
}

#[tokio::test]
async fn an_event_goes_only_forward() {
    let mut tour = Tour::start().await;
    let (path, hearth) = (path(&tour), tour.app.channel("hearth").await);
    let event = tour.post(&path, meeting(&hearth)).await;
    let one = format!("{path}/{}", id(&event));
    let refused = tour
        .bot(Method::PATCH, &one, json!({"status": 3}), 400)
        .await;
    assert!(refused["errors"]["status"].is_object(), "{refused}");
    let active = tour.patch(&one, json!({"status": 2})).await;
    assert_eq!(active["status"], 2);
    let body = json!({"scheduled_start_time": "2026-01-03T10:00:00Z"});
    let refused = tour.bot(Method::PATCH, &one, body, 400).await;
    assert!(refused["errors"]["scheduled_start_time"].is_object());
    let body = json!({"status": 4});
    tour.bot(Method::PATCH, &one, body, 400).await;
    let done = tour.patch(&one, json!({"status": 3})).await;
    assert_eq!(done["status"], 3);
    let body = json!({"name": "Again"});
    let refused = tour.bot(Method::PATCH, &one, body, 400).await;
    assert_eq!(refused["code"], 180_000);
    assert_eq!(tour.get(&path).await, json!([]));
    assert_eq!(tour.get(&one).await["status"], 3);
}

#[tokio::test]
async fn events_begin_end_and_are_called_off_by_themselves() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(EVENTS | 1 << 7).await;
    let (path, hearth) = (path(&tour), tour.app.channel("hearth").await);
    let external = tour.post(&path, fair()).await;
    let forgotten = tour.post(&path, meeting(&hearth)).await;
    let held = tour.post(&path, meeting(&hearth)).await;
    wait(&tour, DAY + 10 * 60 * MINUTE).await;
    assert_eq!(becomes(&mut socket, 2).await["id"], external["id"]);
    enters(&tour, "ada", json!(hearth)).await;
    tour.patch(&format!("{path}/{}", id(&held)), json!({"status": 2}))
        .await;
    assert_eq!(becomes(&mut socket, 2).await["id"], held["id"]);
    wait(&tour, 60 * MINUTE).await;
    enters(&tour, "ada", Value::Null).await;
    wait(&tour, 2 * MINUTE).await;
    enters(&tour, "artist", json!(hearth)).await;
    wait(&tour, 58 * MINUTE).await;
    let ended = becomes(&mut socket, 3).await;
    assert_eq!(ended["id"], external["id"], "someone is still at the other");
    enters(&tour, "artist", Value::Null).await;
    wait(&tour, 3 * MINUTE).await;
    assert_eq!(becomes(&mut socket, 3).await["id"], held["id"]);
    wait(&tour, 3 * 60 * MINUTE).await;
    assert_eq!(becomes(&mut socket, 4).await["id"], forgotten["id"]);
}

#[tokio::test]
async fn a_recurring_event_comes_again_and_its_exceptions_are_kept() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(EVENTS).await;
    let path = path(&tour);
    let mut body = fair();
    body["recurrence_rule"] = json!({
        "start": "2026-01-02T10:00:00Z", "frequency": 2, "interval": 1, "by_weekday": [4],
    });
    let event = tour.post(&path, body).await;
    assert_eq!(event["recurrence_rule"]["by_weekday"], json!([4]));
    let one = format!("{path}/{}", id(&event));
    let exceptions = format!("{one}/exceptions");
    let refused = tour
        .bot(
            Method::POST,
            &exceptions,
            json!({"original_scheduled_start_time": "2026-01-09T10:00:00Z"}),
            400,
        )
        .await;
    assert_eq!(refused["code"], 180_005);
    let body = json!({
        "original_scheduled_start_time": "2026-01-08T10:00:00Z", "is_canceled": true,
    });
    tour.bot(Method::POST, &exceptions, body, 400).await;
    let body = json!({
        "original_scheduled_start_time": "2026-01-09T10:00:00Z", "is_canceled": true,
    });
    let skipped = tour.post(&exceptions, body.clone()).await;
    tour.bot(Method::POST, &exceptions, body, 400).await;
    let told = socket.until("GUILD_SCHEDULED_EVENT_EXCEPTION_CREATE").await;
    assert_eq!(told["event_exception_id"], skipped["event_exception_id"]);
    let exception = skipped["event_exception_id"].as_str().expect("an id");
    // A person is interested in one time only.
    let interest = format!("{one}/{exception}/users/@me");
    let artist = json!({ "as": tour.app.user("artist") });
    tour.app.control(Method::PUT, &interest, artist).await;
    let users = tour.get(&format!("{one}/{exception}/users")).await;
    assert_eq!(users[0]["guild_scheduled_event_exception_id"], exception);
    let counts = format!("{one}/users/counts?guild_scheduled_event_exception_ids={exception}");
    let counts = tour.get(&counts).await;
    assert_eq!(counts["guild_scheduled_event_count"], 0);
    assert_eq!(
        counts["guild_scheduled_event_exception_counts"][exception],
        1
    );
    wait(&tour, DAY + 12 * 60 * MINUTE).await;
    becomes(&mut socket, 2).await;
    becomes(&mut socket, 3).await;
    let again = becomes(&mut socket, 1).await;
    assert_eq!(
        again["scheduled_start_time"], "2026-01-16T10:00:00.000000+00:00",
        "the 9th is called off"
    );
    assert_eq!(
        again["scheduled_end_time"],
        "2026-01-16T12:00:00.000000+00:00"
    );
    let kept = format!("{exceptions}/{exception}");
    let moved = json!({"is_canceled": false, "scheduled_end_time": "2026-01-09T13:00:00Z"});
    let moved = tour.patch(&kept, moved).await;
    assert_eq!(moved["is_canceled"], false);
    tour.done(Method::DELETE, &kept, Value::Null).await;
    socket.until("GUILD_SCHEDULED_EVENT_EXCEPTION_DELETE").await;
    tour.bot(Method::DELETE, &kept, Value::Null, 404).await;
}

#[tokio::test]
async fn people_are_interested_and_bots_read_who_page_by_page() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(EVENTS).await;
    let path = path(&tour);
    let event = tour.post(&path, fair()).await;
    let one = format!("{path}/{}", id(&event));
    for who in ["ada", "artist", "helper"] {
        let body = json!({ "as": tour.app.user(who) });
        let own = format!("{one}/users/@me");
        tour.app.control(Method::PUT, &own, body).await;
        let told = socket.until("GUILD_SCHEDULED_EVENT_USER_ADD").await;
        assert_eq!(told["user_id"], tour.app.user(who));
        assert_eq!(told["guild_scheduled_event_id"], event["id"]);
    }
    let all = tour.get(&format!("{one}/users?with_member=true")).await;
    let ids = all.as_array().expect("users").iter();
    let ids: Vec<_> = ids.map(|it| it["user"]["id"].clone()).collect();
    assert!(all[0]["member"]["joined_at"].is_string());
    let second = ids[1].as_str().expect("an id");
    let page = tour.get(&format!("{one}/users?after={second}")).await;
    assert_eq!(page[0]["user_id"], ids[2]);
    let page = tour
        .get(&format!("{one}/users?before={second}&limit=1"))
        .await;
    assert_eq!(page[0]["user_id"], ids[0]);
    let body = json!({ "as": tour.app.user("ada") });
    let own = format!("{one}/users/@me");
    tour.app.control(Method::DELETE, &own, body).await;
    let told = socket.until("GUILD_SCHEDULED_EVENT_USER_REMOVE").await;
    assert_eq!(told["user_id"], tour.app.user("ada"));
    let counts = tour.get(&format!("{one}/users/counts")).await;
    assert_eq!(counts["guild_scheduled_event_count"], 2);
    let many = "1,".repeat(11);
    let counts = format!("{one}/users/counts?guild_scheduled_event_exception_ids={many}");
    tour.bot(Method::GET, &counts, Value::Null, 400).await;
}

#[tokio::test]
async fn a_guild_holds_a_hundred_events_and_a_session_begins_with_them() {
    let mut tour = Tour::start().await;
    let path = path(&tour);
    for _ in 0..100 {
        tour.post(&path, fair()).await;
    }
    let refused = tour.bot(Method::POST, &path, fair(), 400).await;
    assert_eq!(refused["code"], 30_038);
    let mut socket = tour.app.gateway("/?v=10&encoding=json").await;
    socket.identify(&tour.app.info.bot_token, EVENTS).await;
    let guild = socket.until("GUILD_CREATE").await;
    let events = guild["guild_scheduled_events"].as_array().expect("events");
    assert_eq!(events.len(), 100);
}
