//! What a guild shows to strangers, its vanity URL, and what it switches off in an emergency.

use reqwest::Method;
use serde_json::{Value, json};

use crate::rest_judged::Tour;
use crate::support::answer;

/// GUILDS, GUILD_MODERATION, GUILD_INVITES.
const SEEN: u64 = 1 | 1 << 2 | 1 << 6;

fn guild_path(tour: &Tour, rest: &str) -> String {
    format!("/guilds/{}{rest}", tour.guild())
}

#[tokio::test]
async fn a_widget_shows_strangers_what_everyone_may_see() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(SEEN).await;
    let (settings, json_path) = (
        guild_path(&tour, "/widget"),
        guild_path(&tour, "/widget.json"),
    );
    let off = tour.get(&settings).await;
    assert_eq!(off, json!({"enabled": false, "channel_id": null}));
    let refused = tour.open(Method::GET, &json_path, Value::Null, 403).await;
    assert_eq!(refused["code"], 50_004);
    let body = json!({"enabled": true, "channel_id": tour.channel()});
    let on = tour.patch(&settings, body.clone()).await;
    assert_eq!(on, body);
    assert_eq!(socket.until("GUILD_UPDATE").await["widget_enabled"], true);
    let entry = socket.until("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(entry["action_type"], 1);
    let hearth = tour.app.channel("hearth").await;
    let voice = guild_path(
        &tour,
        &format!("/members/{}/voice", tour.app.user("newcomer")),
    );
    let body = json!({ "channel_id": hearth });
    tour.app.control(Method::PUT, &voice, body).await;
    let widget = tour.open(Method::GET, &json_path, Value::Null, 200).await;
    let invite = widget["instant_invite"].as_str().expect("an invite");
    let made = socket.until("INVITE_CREATE").await;
    assert!(invite.ends_with(made["code"].as_str().expect("a code")));
    let names = widget["channels"].as_array().expect("channels").iter();
    let names: Vec<_> = names.map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["hearth"]);
    let members = widget["members"].as_array().expect("members");
    let newcomer = members.iter().find(|it| it["username"] == "newcomer");
    let newcomer = newcomer.expect("someone online");
    assert_eq!(newcomer["channel_id"], hearth);
    assert_eq!(newcomer["discriminator"], "0000");
    assert_eq!(widget["presence_count"], members.len());
    // The same invite serves as long as it lives.
    let again = tour.open(Method::GET, &json_path, Value::Null, 200).await;
    assert_eq!(again["instant_invite"], widget["instant_invite"]);
    // A hidden channel is no stranger's business.
    let hide = format!("/channels/{hearth}/permissions/{}", tour.guild());
    let body = json!({"type": 0, "deny": "1024", "allow": "0"});
    tour.done(Method::PUT, &hide, body).await;
    let widget = tour.open(Method::GET, &json_path, Value::Null, 200).await;
    assert_eq!(widget["channels"], json!([]));
}

#[tokio::test]
async fn the_picture_of_a_widget_is_a_png_for_every_page() {
    let mut tour = Tour::start().await;
    let settings = guild_path(&tour, "/widget");
    tour.patch(&settings, json!({"enabled": true})).await;
    for style in ["", "?style=shield", "?style=banner1", "?style=banner4"] {
        let path = guild_path(&tour, &format!("/widget.png{style}"));
        let response = tour.app.nobody(Method::GET, &path).send().await;
        let response = response.expect("an answer");
        assert_eq!(response.status(), 200);
        let headers = response.headers();
        assert_eq!(headers["content-type"], "image/png");
        assert_eq!(headers["access-control-allow-origin"], "*");
        let bytes = response.bytes().await.expect("a body");
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    }
    let path = guild_path(&tour, "/widget.png?style=poster");
    let response = tour.app.nobody(Method::GET, &path).send().await;
    let (status, refused) = answer(response.expect("an answer")).await;
    assert_eq!((status.as_u16(), &refused["code"]), (400, &json!(50_035)));
}

#[tokio::test]
async fn a_vanity_url_is_for_guilds_that_have_earned_it() {
    let mut tour = Tour::start().await;
    let path = guild_path(&tour, "/vanity-url");
    let refused = tour.bot(Method::GET, &path, Value::Null, 403).await;
    assert_eq!(refused["code"], 50_001);
    let features = guild_path(&tour, "/features");
    let grant = json!({"features": ["VANITY_URL"], "premium_tier": 3});
    let guild = tour.app.control(Method::PUT, &features, grant).await;
    assert_eq!(guild["premium_tier"], 3);
    assert_eq!(tour.get(&path).await, json!({"code": null, "uses": 0}));
    let choose = json!({"as": tour.app.user("ada"), "code": "the-square"});
    tour.app.control(Method::PATCH, &path, choose).await;
    let visitor = json!({ "username": "visitor" });
    let visitor = tour.app.control(Method::POST, "/users", visitor).await;
    let body = json!({ "as": visitor["id"] });
    tour.app
        .control(Method::POST, "/invites/the-square", body)
        .await;
    assert_eq!(
        tour.get(&path).await,
        json!({"code": "the-square", "uses": 1})
    );
    let invite = tour.get("/invites/the-square?with_counts=true").await;
    assert_eq!(invite["guild_id"], tour.guild());
    assert!(invite.get("inviter").is_none());
    // What was granted stays when a manager switches other features.
    let body = json!({"features": ["INVITES_DISABLED"]});
    let guild = tour.patch(&guild_path(&tour, ""), body).await;
    assert_eq!(guild["features"], json!(["INVITES_DISABLED", "VANITY_URL"]));
}

#[tokio::test]
async fn invites_can_be_off_for_a_while() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(SEEN).await;
    let path = guild_path(&tour, "/incident-actions");
    let body = json!({"invites_disabled_until": "2026-01-03T00:00:00Z"});
    let refused = tour.bot(Method::PUT, &path, body, 400).await;
    assert!(refused["errors"]["invites_disabled_until"].is_object());
    let body = json!({"invites_disabled_until": "2026-01-01T10:00:00Z"});
    let data = tour.bot(Method::PUT, &path, body, 200).await;
    assert_eq!(data["dms_disabled_until"], Value::Null);
    assert_eq!(socket.until("GUILD_UPDATE").await["incidents_data"], data);
    let invites = format!("/channels/{}/invites", tour.channel());
    let invite = tour.post(&invites, json!({"max_age": 0})).await;
    let visitor = json!({ "username": "visitor" });
    let visitor = tour.app.control(Method::POST, "/users", visitor).await;
    let accept = format!("/invites/{}", invite["code"].as_str().expect("a code"));
    let body = json!({ "as": visitor["id"] });
    let (status, _) = tour.app.ask(Method::POST, &accept, body.clone()).await;
    assert_eq!(status, 403);
    let later = json!({ "ms": 10 * 60 * 60_000 });
    tour.app
        .control(Method::POST, "/clock/advance", later)
        .await;
    let update = socket.until("GUILD_UPDATE").await;
    assert_eq!(update["incidents_data"], Value::Null);
    tour.app.control(Method::POST, &accept, body).await;
    let body = json!({
        "as": tour.app.user("artist"), "dms_disabled_until": null,
    });
    let (status, refused) = tour.app.ask(Method::PUT, &path, body).await;
    assert_eq!((status.as_u16(), &refused["code"]), (403, &json!(50_013)));
}

#[tokio::test]
async fn strangers_see_the_preview_of_a_guild_that_can_be_discovered() {
    let mut tour = Tour::start().await;
    let spec = json!({"name": "Elsewhere", "owner": "ada", "channels": []});
    let other = tour.app.control(Method::POST, "/guilds", spec).await;
    let other = other["id"].as_str().expect("an id");
    let preview = format!("/guilds/{other}/preview");
    let refused = tour.bot(Method::GET, &preview, Value::Null, 404).await;
    assert_eq!(refused["code"], 10_004);
    let grant = json!({"features": ["DISCOVERABLE"]});
    let features = format!("/guilds/{other}/features");
    tour.app.control(Method::PUT, &features, grant).await;
    assert_eq!(tour.get(&preview).await["name"], "Elsewhere");
}
