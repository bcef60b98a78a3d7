//! What Discord refuses, the sandbox refuses: permissions, hierarchy, forms, ages, states.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{App, NEW_YEAR_MS, answer};

/// The bot's request, answered with a status and a body.
async fn bot(app: &App, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let mut request = app.bot(method, path);
    if !body.is_null() {
        request = request.json(&body);
    }
    answer(request.send().await.expect("an answer")).await
}

/// The code with which the bot is refused.
async fn refused(app: &App, method: Method, path: &str, body: Value) -> (u16, u64) {
    let (status, body) = bot(app, method, path, body).await;
    (
        status.as_u16(),
        body["code"]
            .as_u64()
            .unwrap_or_else(|| panic!("no code in {body}")),
    )
}

async fn made(app: &App, path: &str, body: Value) -> Value {
    let (status, body) = bot(app, Method::POST, path, body).await;
    assert!(status.is_success(), "{path}: {body}");
    body
}

/// A person's request, through the control API.
async fn person(app: &App, who: &str, method: Method, path: &str, mut body: Value) -> (u16, u64) {
    body["as"] = json!(app.user(who));
    let (status, body) = app.ask(method, path, body).await;
    (status.as_u16(), body["code"].as_u64().unwrap_or_default())
}

fn messages(channel: &str) -> String {
    format!("/channels/{channel}/messages")
}

#[tokio::test]
async fn without_a_token_or_a_route_nothing_happens() {
    let app = App::start().await;
    let response = app
        .nobody(Method::GET, "/users/@me")
        .send()
        .await
        .expect("an answer");
    let (status, body) = answer(response).await;
    assert_eq!(status.as_u16(), 401);
    assert_eq!(body, json!({"message": "401: Unauthorized", "code": 0}));
    let (status, body) = bot(&app, Method::GET, "/nothing/here", Value::Null).await;
    assert_eq!(status.as_u16(), 404);
    assert_eq!(body, json!({"message": "404: Not Found", "code": 0}));
    let path = "/partner-sdk/token";
    assert_eq!(
        bot(&app, Method::POST, path, Value::Null).await.0.as_u16(),
        501
    );
    let path = format!("/guilds/{}", app.info.guild_id);
    assert_eq!(
        bot(&app, Method::PUT, &path, Value::Null).await.0.as_u16(),
        405
    );
    assert_eq!(
        refused(&app, Method::GET, "/channels/abc", Value::Null).await,
        (400, 50_035)
    );
    assert_eq!(
        refused(&app, Method::GET, "/channels/1", Value::Null).await,
        (404, 10_003)
    );
    assert_eq!(
        refused(&app, Method::GET, "/guilds/1", Value::Null).await,
        (404, 10_004)
    );
    assert_eq!(
        refused(&app, Method::GET, "/users/1", Value::Null).await,
        (404, 10_013)
    );
}

#[tokio::test]
async fn a_bad_form_names_each_field() {
    let app = App::start().await;
    let path = messages(&app.info.channel_id.to_string());
    let body = json!({"content": "x".repeat(2_001), "embeds": [{"title": "y".repeat(257)}]});
    let (status, body) = bot(&app, Method::POST, &path, body).await;
    assert_eq!((status.as_u16(), &body["code"]), (400, &json!(50_035)));
    let error = &body["errors"]["content"]["_errors"][0];
    assert_eq!(error["code"], "BASE_TYPE_MAX_LENGTH");
    assert_eq!(error["message"], "Must be 2000 or fewer in length.");
    assert_eq!(
        body["errors"]["embeds"]["0"]["title"]["_errors"][0]["code"],
        "BASE_TYPE_MAX_LENGTH"
    );
    let empty = json!({"content": "  "});
    assert_eq!(
        refused(&app, Method::POST, &path, empty).await,
        (400, 50_006)
    );
    let request = app
        .bot(Method::POST, &path)
        .header("content-type", "application/json");
    let (status, body) = answer(request.body("{").send().await.expect("an answer")).await;
    assert_eq!((status.as_u16(), &body["code"]), (400, &json!(50_109)));
    let reply = json!({"content": "x", "message_reference": {"message_id": "5"}});
    assert_eq!(
        refused(&app, Method::POST, &path, reply).await,
        (400, 50_035)
    );
}

#[tokio::test]
async fn a_hidden_channel_is_no_access_and_a_mute_one_no_permission() {
    let app = App::start().await;
    let staff = app.channel("moderators").await;
    let hello = json!({"content": "hello"});
    let path = messages(&staff);
    let hidden = person(&app, "newcomer", Method::POST, &path, hello.clone()).await;
    assert_eq!(hidden, (403, 50_001));
    assert_eq!(
        person(&app, "moderator", Method::POST, &path, hello.clone())
            .await
            .0,
        200
    );
    let rules = messages(&app.channel("rules").await);
    assert_eq!(
        person(&app, "newcomer", Method::POST, &rules, hello).await,
        (403, 50_013)
    );
}

#[tokio::test]
async fn a_member_in_timeout_reads_but_does_not_write() {
    let app = App::start().await;
    let (guild, channel) = (app.info.guild_id, app.info.channel_id.to_string());
    let newcomer = app.user("newcomer");
    let path = format!("/guilds/{guild}/members/{newcomer}");
    let body = json!({"communication_disabled_until": "2026-01-01T01:00:00+00:00"});
    let (status, member) = bot(&app, Method::PATCH, &path, body).await;
    assert_eq!(status.as_u16(), 200, "{member}");
    let hello = json!({"content": "hello"});
    let path = messages(&channel);
    let muted = person(&app, "newcomer", Method::POST, &path, hello.clone()).await;
    assert_eq!(muted, (403, 50_013));
    app.control(Method::POST, "/clock/advance", json!({"ms": 3_600_001}))
        .await;
    assert_eq!(
        person(&app, "newcomer", Method::POST, &path, hello).await.0,
        200
    );
    let long = json!({"communication_disabled_until": "2026-03-01T00:00:00+00:00"});
    let path = format!("/guilds/{guild}/members/{newcomer}");
    assert_eq!(
        refused(&app, Method::PATCH, &path, long).await,
        (400, 50_035)
    );
}

#[tokio::test]
async fn nobody_moderates_those_above_them() {
    let app = App::start().await;
    let guild = app.info.guild_id;
    let path = |who: &str| format!("/guilds/{guild}/members/{}", app.user(who));
    let none = json!({});
    let owner = person(
        &app,
        "moderator",
        Method::DELETE,
        &path("ada"),
        none.clone(),
    )
    .await;
    assert_eq!(owner, (403, 50_013));
    let helper = person(
        &app,
        "helper",
        Method::DELETE,
        &path("newcomer"),
        none.clone(),
    )
    .await;
    assert_eq!(helper, (403, 50_013), "helpers may not kick at all");
    let nick = json!({"nick": "x"});
    assert_eq!(
        refused(&app, Method::PATCH, &path("ada"), nick).await,
        (403, 50_013)
    );
    let (_, roles) = bot(
        &app,
        Method::GET,
        &format!("/guilds/{guild}/roles"),
        Value::Null,
    )
    .await;
    let roles = roles.as_array().expect("roles");
    let own = roles
        .iter()
        .find(|role| role["managed"] == true)
        .expect("the bot's role");
    let own = own["id"].as_str().expect("an id");
    let give = format!("{}/roles/{own}", path("newcomer"));
    assert_eq!(
        refused(&app, Method::PUT, &give, Value::Null).await,
        (403, 50_013)
    );
    let edit = format!("/guilds/{guild}/roles/{own}");
    let name = json!({"name": "king"});
    assert_eq!(
        refused(&app, Method::PATCH, &edit, name).await,
        (403, 50_013)
    );
    let grant = json!({"name": "god", "permissions": "8"});
    let path = format!("/guilds/{guild}/roles");
    assert_eq!(
        refused(&app, Method::POST, &path, grant).await,
        (403, 50_013)
    );
}

#[tokio::test]
async fn messages_of_others_are_theirs() {
    let app = App::start().await;
    let channel = app.info.channel_id.to_string();
    let said = app.says("newcomer", &channel, "mine").await;
    let path = format!(
        "{}/{}",
        messages(&channel),
        said["id"].as_str().expect("an id")
    );
    let edit = json!({"content": "yours"});
    assert_eq!(
        refused(&app, Method::PATCH, &path, edit).await,
        (403, 50_005)
    );
    let other = person(&app, "artist", Method::DELETE, &path, json!({})).await;
    assert_eq!(other, (403, 50_013));
    assert_eq!(
        person(&app, "newcomer", Method::DELETE, &path, json!({}))
            .await
            .0,
        204
    );
    assert_eq!(
        refused(&app, Method::GET, &path, Value::Null).await,
        (404, 10_008)
    );
}

#[tokio::test]
async fn bulk_deletion_stops_at_fourteen_days() {
    let app = App::start().await;
    let channel = app.info.channel_id.to_string();
    let old = made(&app, &messages(&channel), json!({"content": "old"})).await;
    let day = 24 * 60 * 60 * 1_000;
    app.control(Method::POST, "/clock/advance", json!({"ms": 14 * day + 1}))
        .await;
    let new = made(&app, &messages(&channel), json!({"content": "new"})).await;
    let path = format!("{}/bulk-delete", messages(&channel));
    let both = json!({"messages": [old["id"], new["id"]]});
    assert_eq!(
        refused(&app, Method::POST, &path, both).await,
        (400, 50_034)
    );
    let one = json!({"messages": [new["id"]]});
    assert_eq!(refused(&app, Method::POST, &path, one).await, (400, 50_016));
}

#[tokio::test]
async fn an_enforced_nonce_is_forgotten_after_some_minutes() {
    let app = App::start().await;
    let path = messages(&app.info.channel_id.to_string());
    let body = json!({"content": "once", "nonce": 7, "enforce_nonce": true});
    let first = made(&app, &path, body.clone()).await;
    assert_eq!(made(&app, &path, body.clone()).await["id"], first["id"]);
    app.control(
        Method::POST,
        "/clock/advance",
        json!({"ms": 10 * 60 * 1_000}),
    )
    .await;
    assert_ne!(made(&app, &path, body).await["id"], first["id"]);
}

#[tokio::test]
async fn threads_open_again_lock_and_hide_as_in_discord() {
    let app = App::start().await;
    let channel = app.info.channel_id.to_string();
    let path = format!("/channels/{channel}/threads");
    let thread = made(&app, &path, json!({"name": "t", "type": 11})).await;
    let here = format!("/channels/{}", thread["id"].as_str().expect("an id"));
    let say = format!("{here}/messages");
    bot(&app, Method::PATCH, &here, json!({"archived": true})).await;
    let hello = json!({"content": "hello"});
    let rename = json!({"name": "u"});
    assert_eq!(
        refused(&app, Method::PATCH, &here, rename).await,
        (400, 50_083)
    );
    assert_eq!(
        person(&app, "newcomer", Method::POST, &say, hello.clone())
            .await
            .0,
        200
    );
    let (_, open) = bot(&app, Method::GET, &here, Value::Null).await;
    assert_eq!(open["thread_metadata"]["archived"], false);
    bot(
        &app,
        Method::PATCH,
        &here,
        json!({"locked": true, "archived": true}),
    )
    .await;
    let locked = person(&app, "newcomer", Method::POST, &say, hello.clone()).await;
    assert_eq!(locked, (400, 50_083));
    let private = made(&app, &path, json!({"name": "p", "type": 12})).await;
    let say = messages(private["id"].as_str().expect("an id"));
    let hidden = person(&app, "newcomer", Method::POST, &say, hello.clone()).await;
    assert_eq!(hidden, (403, 50_001));
    let member = format!(
        "{}/thread-members/{}",
        say.trim_end_matches("/messages"),
        app.user("newcomer")
    );
    assert_eq!(
        bot(&app, Method::PUT, &member, Value::Null)
            .await
            .0
            .as_u16(),
        204
    );
    assert_eq!(
        person(&app, "newcomer", Method::POST, &say, hello).await.0,
        200
    );
}

#[tokio::test]
async fn a_quiet_thread_archives_itself() {
    let app = App::start().await;
    let channel = app.info.channel_id.to_string();
    let body = json!({"name": "t", "type": 11, "auto_archive_duration": 60});
    let thread = made(&app, &format!("/channels/{channel}/threads"), body).await;
    app.control(
        Method::POST,
        "/clock/advance",
        json!({"ms": 61 * 60 * 1_000}),
    )
    .await;
    let path = format!("/channels/{}", thread["id"].as_str().expect("an id"));
    let (_, quiet) = bot(&app, Method::GET, &path, Value::Null).await;
    assert_eq!(quiet["thread_metadata"]["archived"], true);
}

#[tokio::test]
async fn mentions_ping_only_those_who_are_allowed() {
    let app = App::start().await;
    let path = messages(&app.info.channel_id.to_string());
    let (ada, artist) = (app.user("ada"), app.user("artist"));
    let content = format!("<@{ada}> <@{artist}> @everyone");
    let body = json!({"content": content, "allowed_mentions": {"users": [artist]}});
    let sent = made(&app, &path, body).await;
    assert_eq!(sent["mention_everyone"], false);
    assert_eq!(sent["mentions"].as_array().map(Vec::len), Some(1));
    assert_eq!(sent["mentions"][0]["id"], json!(artist));
    let both = json!({"content": "x", "allowed_mentions": {"parse": ["users"], "users": [ada]}});
    assert_eq!(
        refused(&app, Method::POST, &path, both).await,
        (400, 50_035)
    );
}

#[tokio::test]
async fn what_a_bot_holds_in_the_guild_it_may_overwrite_where_it_is_denied() {
    let app = App::start().await;
    let me = app.user("guildhall");
    let path = format!("/channels/{}/permissions/{me}", app.info.channel_id);
    // The guild's owner takes SEND_MESSAGES from the bot, here.
    let taken = json!({"type": 1, "allow": "0", "deny": "2048"});
    app.control(Method::PUT, &path, taken).await;
    let crown = json!({"type": 1, "allow": "8", "deny": "0"});
    let refusal = refused(&app, Method::PUT, &path, crown).await;
    assert_eq!(refusal, (403, 50_013));
    let back = json!({"type": 1, "allow": "2048", "deny": "0"});
    let (status, body) = bot(&app, Method::PUT, &path, back).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{body}");
}

#[tokio::test]
async fn a_bot_cannot_write_to_a_bot() {
    let app = App::start().await;
    let other = app
        .control(
            Method::POST,
            "/users",
            json!({"username": "echo", "bot": true}),
        )
        .await;
    let body = json!({"recipient_id": other["id"]});
    assert_eq!(
        refused(&app, Method::POST, "/users/@me/channels", body).await,
        (403, 50_007)
    );
}

#[tokio::test]
async fn ids_and_moments_follow_the_clock() {
    let app = App::start().await;
    let path = messages(&app.info.channel_id.to_string());
    let sent = made(&app, &path, json!({"content": "now"})).await;
    let id: u64 = sent["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .expect("an id");
    assert_eq!((id >> 22) + 1_420_070_400_000, NEW_YEAR_MS);
    assert_eq!(sent["timestamp"], "2026-01-01T00:00:00.000000+00:00");
}

#[tokio::test]
async fn what_the_audit_log_keeps_has_changes_and_reason() {
    let app = App::start().await;
    let guild = app.info.guild_id;
    let path = format!("/channels/{}", app.info.channel_id);
    let request = app.bot(Method::PATCH, &path).json(&json!({"topic": "tea"}));
    let request = request.header("x-audit-log-reason", "spring%20cleaning");
    assert!(
        request
            .send()
            .await
            .expect("an answer")
            .status()
            .is_success()
    );
    let path = format!("/guilds/{guild}/audit-logs?action_type=11");
    let (_, log) = bot(&app, Method::GET, &path, Value::Null).await;
    let entry = &log["audit_log_entries"][0];
    assert_eq!(entry["reason"], "spring cleaning");
    assert_eq!(entry["changes"][0]["key"], "topic");
    assert_eq!(entry["changes"][0]["new_value"], "tea");
}
