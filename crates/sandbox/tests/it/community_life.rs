//! A guild in which everything that happens at a time or in voice is going on at once: what is
//! taken away from it leaves no trace, and a saved world goes on where it was.

use reqwest::Method;
use serde_json::{Value, json};

use crate::rest_judged::{Tour, id};

/// GUILDS and GUILD_SCHEDULED_EVENTS.
const EVENTS: u64 = 1 | 1 << 16;

/// What the stories take away again.
struct Place {
    guild: String,
    stage: String,
    room: String,
    role: String,
    emoji: String,
    event: String,
}

async fn busy(tour: &mut Tour) -> Place {
    let guild = format!("/guilds/{}", tour.guild());
    let grant = json!({"features": ["COMMUNITY"]});
    let features = format!("{guild}/features");
    tour.app.control(Method::PUT, &features, grant).await;
    let channels = format!("{guild}/channels");
    let stage = tour.create(&channels, json!({"name": "Podium", "type": 13}));
    let stage = id(&stage.await);
    let room = id(&tour.create(&channels, json!({"name": "room"})).await);
    let roles = format!("{guild}/roles");
    let role = id(&tour.post(&roles, json!({"name": "painters"})).await);
    let image = "data:image/png;base64,iVBORw0KGgo=";
    let body = json!({"name": "bell", "image": image});
    let emoji = id(&tour.create(&format!("{guild}/emojis"), body).await);
    let body = json!({
        "name": "Bell", "emoji_id": emoji, "sound": "data:audio/ogg;base64,T2dnUwAAAAAAAAAA",
    });
    tour.create(&format!("{guild}/soundboard-sounds"), body)
        .await;
    let events = format!("{guild}/scheduled-events");
    let body = json!({
        "name": "Talk", "privacy_level": 2, "entity_type": 1, "channel_id": stage,
        "scheduled_start_time": "2026-01-02T10:00:00Z",
        "recurrence_rule": {"start": "2026-01-02T10:00:00Z", "frequency": 1,
            "by_n_weekday": [{"n": 1, "day": 4}]},
    });
    let event = id(&tour.post(&events, body).await);
    let artist = tour.app.user("artist");
    let interest = format!("{events}/{event}/users/@me");
    let me = json!({ "as": artist });
    tour.app.control(Method::PUT, &interest, me).await;
    tour.patch(&format!("{events}/{event}"), json!({"status": 2}))
        .await;
    let voice = format!("{guild}/members/{artist}/voice");
    let enter = json!({ "channel_id": stage });
    tour.app.control(Method::PUT, &voice, enter).await;
    let body = json!({
        "default_channel_ids": [room], "mode": 1,
        "prompts": [{"id": "1", "title": "What?", "options": [
            {"title": "Art", "role_ids": [role], "channel_ids": [room], "emoji_id": emoji},
        ]}],
    });
    tour.bot(Method::PUT, &format!("{guild}/onboarding"), body, 200)
        .await;
    let body = json!({"enabled": true, "welcome_channels": [
        {"channel_id": room, "description": "Here", "emoji_id": emoji},
    ]});
    tour.patch(&format!("{guild}/welcome-screen"), body).await;
    let body = json!({
        "as": tour.app.user("ada"), "enabled": true,
        "resource_channels": [{"channel_id": room, "title": "Rules"}],
    });
    let guide = format!("{guild}/new-member-welcome");
    tour.app.control(Method::PUT, &guide, body).await;
    let body = json!({"enabled": true, "channel_id": room});
    tour.patch(&format!("{guild}/widget"), body).await;
    tour.post(&format!("{guild}/templates"), json!({"name": "Square"}))
        .await;
    Place {
        guild,
        stage,
        room,
        role,
        emoji,
        event,
    }
}

fn consistent(tour: &Tour) {
    let wrong = tour
        .app
        .sandbox
        .world()
        .read(sandbox::world::World::inconsistencies);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_taken_away_leaves_no_trace() {
    let mut tour = Tour::start().await;
    let place = busy(&mut tour).await;
    consistent(&tour);
    let guild = &place.guild;
    for (path, status) in [
        (format!("{guild}/emojis/{}", place.emoji), 204),
        (format!("{guild}/roles/{}", place.role), 204),
        (format!("/channels/{}", place.room), 200),
        (format!("/channels/{}", place.stage), 200),
        (format!("{guild}/members/{}", tour.app.user("artist")), 204),
    ] {
        tour.bot(Method::DELETE, &path, Value::Null, status).await;
        consistent(&tour);
    }
    let left = tour.get(&format!("{guild}/onboarding")).await;
    assert_eq!(left["default_channel_ids"], json!([]));
    assert_eq!(left["prompts"][0]["options"][0]["role_ids"], json!([]));
    let guide = tour.get(&format!("{guild}/new-member-welcome")).await;
    assert_eq!(guide["resource_channels"], json!([]));
    let widget = tour.get(&format!("{guild}/widget")).await;
    assert_eq!(widget["channel_id"], Value::Null);
}

#[tokio::test]
async fn a_saved_world_goes_on_where_it_was() {
    let mut tour = Tour::start().await;
    let place = busy(&mut tour).await;
    let (mut socket, _) = tour.app.identified(EVENTS).await;
    let saved = tour
        .app
        .control(Method::GET, "/snapshot", Value::Null)
        .await;
    let delete = format!("/channels/{}", place.stage);
    tour.bot(Method::DELETE, &delete, Value::Null, 200).await;
    socket.until("GUILD_SCHEDULED_EVENT_DELETE").await;
    tour.app.control(Method::PUT, "/snapshot", saved).await;
    consistent(&tour);
    let (mut socket, _) = tour.app.identified(EVENTS).await;
    tour.get(&format!("/stage-instances/{}", place.stage)).await;
    let event = format!("{}/scheduled-events/{}", place.guild, place.event);
    assert_eq!(tour.get(&event).await["status"], 2);
    // The stage closes for want of speakers, and its event comes again next month.
    let body = json!({ "ms": 5 * 60_000 });
    tour.app.control(Method::POST, "/clock/advance", body).await;
    socket.until("STAGE_INSTANCE_DELETE").await;
    let event = tour.get(&event).await;
    assert_eq!(
        (&event["status"], &event["scheduled_start_time"]),
        (&json!(1), &json!("2026-02-06T10:00:00.000000+00:00"))
    );
}
