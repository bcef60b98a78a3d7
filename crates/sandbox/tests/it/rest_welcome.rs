//! Communities receive people: welcome screen, onboarding with its effects, guide, requests.

use reqwest::Method;
use serde_json::{Value, json};

use crate::rest_judged::{Tour, id};

/// GUILDS, GUILD_MEMBERS, GUILD_MODERATION.
const PEOPLE: u64 = 1 | 1 << 1 | 1 << 2;

fn path(tour: &Tour, rest: &str) -> String {
    format!("/guilds/{}{rest}", tour.guild())
}

async fn become_community(tour: &Tour) {
    let features = path(tour, "/features");
    let grant = json!({"features": ["COMMUNITY"]});
    tour.app.control(Method::PUT, &features, grant).await;
}

/// Eight channels that everyone may write in.
async fn rooms(tour: &mut Tour) -> Vec<String> {
    let channels = path(tour, "/channels");
    let mut made = Vec::new();
    for number in 0..8 {
        let body = json!({ "name": format!("room-{number}") });
        made.push(id(&tour.create(&channels, body).await));
    }
    made
}

#[tokio::test]
async fn a_welcome_screen_is_a_communitys() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(PEOPLE).await;
    let screen = path(&tour, "/welcome-screen");
    let body = json!({
        "enabled": true, "description": "Hello",
        "welcome_channels": [
            {"channel_id": tour.channel(), "description": "Talk here", "emoji_name": "👋"},
        ],
    });
    let refused = tour.bot(Method::PATCH, &screen, body.clone(), 404).await;
    assert_eq!(refused["code"], 10_069);
    become_community(&tour).await;
    tour.bot(Method::GET, &screen, Value::Null, 404).await;
    let shown = tour.patch(&screen, body).await;
    assert_eq!(shown["welcome_channels"][0]["emoji_name"], "👋");
    loop {
        let guild = socket.until("GUILD_UPDATE").await;
        let features = guild["features"].as_array().expect("features");
        if features.contains(&json!("WELCOME_SCREEN_ENABLED")) {
            break;
        }
    }
    let as_artist = format!("{screen}?as={}", tour.app.user("artist"));
    let seen = tour.app.control(Method::GET, &as_artist, Value::Null).await;
    assert_eq!(seen, shown);
    tour.patch(&screen, json!({"enabled": false})).await;
    let (status, _) = tour.app.ask(Method::GET, &as_artist, Value::Null).await;
    assert_eq!(status, 403);
    let body = json!({"welcome_channels": [{"channel_id": "5", "description": "?"}]});
    let refused = tour.bot(Method::PATCH, &screen, body, 400).await;
    assert!(refused["errors"]["welcome_channels"]["0"]["channel_id"].is_object());
    let body = json!({"welcome_channels": [{"channel_id": tour.channel()}]});
    tour.bot(Method::PATCH, &screen, body, 400).await;
}

#[tokio::test]
async fn onboarding_asks_for_seven_channels_and_gives_what_people_choose() {
    let mut tour = Tour::start().await;
    become_community(&tour).await;
    let onboarding = path(&tour, "/onboarding");
    let empty = tour.get(&onboarding).await;
    assert_eq!(empty["enabled"], false);
    let rooms = rooms(&mut tour).await;
    let role = tour
        .post(&path(&tour, "/roles"), json!({"name": "painters"}))
        .await;
    let mut body = json!({
        "enabled": true, "default_channel_ids": &rooms[..6], "mode": 0,
        "prompts": [{
            "id": "1", "title": "What do you make?", "required": true, "in_onboarding": true,
            "single_select": true,
            "options": [
                {"title": "Paintings", "role_ids": [role["id"]], "emoji_name": "🎨"},
                {"title": "Music", "channel_ids": [rooms[6]], "description": "Loud"},
            ],
        }],
    });
    let refused = tour.bot(Method::PUT, &onboarding, body.clone(), 400).await;
    assert_eq!(refused["code"], 350_000);
    // In the advanced mode the questions' channels count, too.
    body["mode"] = json!(1);
    let set = tour.bot(Method::PUT, &onboarding, body.clone(), 200).await;
    let prompt = &set["prompts"][0];
    assert_ne!(prompt["id"], "1");
    assert_eq!(prompt["options"][0]["emoji"]["name"], "🎨");
    assert_eq!(tour.get(&onboarding).await, set);
    let body = json!({"mode": 0});
    let refused = tour.bot(Method::PUT, &onboarding, body, 400).await;
    assert_eq!(refused["code"], 350_001);
    let body = json!({"prompts": [{
        "id": prompt["id"], "title": "What?",
        "options": [{"title": "x", "role_ids": ["5"]}],
    }]});
    let refused = tour.bot(Method::PUT, &onboarding, body, 400).await;
    let at = "/errors/prompts/0/options/0/role_ids";
    assert!(refused.pointer(at).is_some(), "{refused}");

    let (mut socket, _) = tour.app.identified(PEOPLE).await;
    let answers = path(&tour, "/onboarding-responses");
    let artist = tour.app.user("artist");
    let choose = |options: Vec<Value>| json!({"as": artist, "onboarding_responses": options});
    let (painting, music) = (
        prompt["options"][0]["id"].clone(),
        prompt["options"][1]["id"].clone(),
    );
    for wrong in [
        vec![],
        vec![painting.clone(), music.clone()],
        vec![json!("5")],
    ] {
        let (status, _) = tour.app.ask(Method::POST, &answers, choose(wrong)).await;
        assert_eq!(status, 400);
    }
    tour.app
        .control(Method::POST, &answers, choose(vec![painting]))
        .await;
    let member = socket.until("GUILD_MEMBER_UPDATE").await;
    assert_eq!(member["roles"], json!([role["id"]]));
    assert_eq!(member["flags"], json!(1 << 1 | 1 << 3));
    let given = tour
        .app
        .control(Method::POST, &answers, choose(vec![music]))
        .await;
    let channels = given["channel_ids"].as_array().expect("channels");
    assert!(channels.contains(&json!(rooms[6])));
    let member = socket.until("GUILD_MEMBER_UPDATE").await;
    assert_eq!(member["roles"], json!([]), "another answer, another role");
    let log = tour.get(&path(&tour, "/audit-logs")).await;
    let entries = log["audit_log_entries"].as_array().expect("entries");
    for action in [163, 166] {
        assert!(entries.iter().any(|entry| entry["action_type"] == action));
    }
}

#[tokio::test]
async fn onboarding_needs_two_rights_and_forgets_what_is_gone() {
    let mut tour = Tour::start().await;
    let onboarding = path(&tour, "/onboarding");
    let body = json!({"as": tour.app.user("moderator"), "mode": 1});
    let (status, refused) = tour.app.ask(Method::PUT, &onboarding, body).await;
    assert_eq!((status.as_u16(), &refused["code"]), (403, &json!(50_013)));
    let rooms = rooms(&mut tour).await;
    let body = json!({"enabled": true, "default_channel_ids": rooms});
    let refused = tour.bot(Method::PUT, &onboarding, body, 400).await;
    assert_eq!(refused["code"], 350_000, "it is no community");
    let body = json!({"default_channel_ids": &rooms[..2]});
    tour.bot(Method::PUT, &onboarding, body, 200).await;
    let gone = format!("/channels/{}", rooms[0]);
    tour.bot(Method::DELETE, &gone, Value::Null, 200).await;
    let left = tour.get(&onboarding).await;
    assert_eq!(left["default_channel_ids"], json!([rooms[1]]));
}

#[tokio::test]
async fn the_guide_is_written_by_people_and_read_by_bots() {
    let mut tour = Tour::start().await;
    let guide = path(&tour, "/new-member-welcome");
    tour.bot(Method::GET, &guide, Value::Null, 204).await;
    let body = json!({
        "as": tour.app.user("ada"), "enabled": true,
        "welcome_message": {"author_ids": [tour.app.user("ada")], "message": "Come in"},
        "new_member_actions": [
            {"channel_id": tour.channel(), "title": "Say hello", "action_type": 1},
        ],
        "resource_channels": [{
            "channel_id": tour.channel(), "title": "Rules", "emoji": {"name": "📜"},
        }],
    });
    tour.app.control(Method::PUT, &guide, body).await;
    let read = tour.get(&guide).await;
    assert_eq!(read["welcome_message"]["message"], "Come in");
    assert_eq!(read["resource_channels"][0]["emoji"]["name"], "📜");
}

#[tokio::test]
async fn someone_asks_to_be_let_in_and_is() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(PEOPLE).await;
    let requests = path(&tour, "/requests");
    let mut made = Vec::new();
    for name in ["visitor", "stranger"] {
        let body = json!({ "username": name });
        let person = tour.app.control(Method::POST, "/users", body).await;
        let body = json!({
            "as": person["id"],
            "form_responses": [{"label": "Who are you?", "response": "A friend"}],
        });
        let request = tour.app.control(Method::POST, &requests, body).await;
        assert_eq!(request["application_status"], "SUBMITTED");
        made.push(request);
    }
    let list = tour
        .get(&format!("{requests}?status=SUBMITTED&limit=1"))
        .await;
    assert_eq!(list["total"], 2);
    assert_eq!(list["guild_join_requests"][0]["id"], made[1]["id"]);
    let (first, second) = (
        format!("{requests}/{}", id(&made[0])),
        format!("{requests}/{}", id(&made[1])),
    );
    let approved = tour.patch(&first, json!({"action": "APPROVED"})).await;
    assert_eq!(approved["actioned_by_user"]["username"], "guildhall");
    let joined = socket.until("GUILD_MEMBER_ADD").await;
    assert_eq!(joined["user"]["id"], made[0]["user_id"]);
    let body = json!({"action": "REJECTED", "rejection_reason": "Not now"});
    let rejected = tour.patch(&second, body).await;
    assert_eq!(rejected["rejection_reason"], "Not now");
    let body = json!({"action": "APPROVED"});
    tour.bot(Method::PATCH, &second, body, 400).await;
    tour.bot(
        Method::GET,
        &format!("{requests}?status=LOST"),
        Value::Null,
        400,
    )
    .await;
    let as_artist = format!("{requests}?as={}", tour.app.user("artist"));
    let (status, _) = tour.app.ask(Method::GET, &as_artist, Value::Null).await;
    assert_eq!(status, 403);
}
