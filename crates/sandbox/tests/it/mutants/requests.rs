//! Requests that are almost right: real ones of every route, with paths, queries, headers and
//! bodies changed.

use std::fmt::Write as _;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::json::{mutated, object};
use super::pool::Pool;
use super::routes::{self, Route};
use crate::support::App;

/// Sends so many; none may be answered with an error of the sandbox's own.
pub(super) async fn try_all(app: &App, seed: u64, count: usize) {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut pool = Pool::new();
    furnish(app, &mut pool, &mut dice).await;
    let mut routes = routes::all();
    // Whoever leaves meets nothing any more.
    routes.retain(|route| route.path != "/users/@me/guilds/{guild}");
    let client = Client::new();
    for number in 0..count {
        // In turn, so that none is left out.
        let route = &routes[number % routes.len()];
        let path = filled(route, &pool, &mut dice);
        let body = real_body(route, &pool, &mut dice);
        let (request, shown) = request(app, &client, route, &path, &body, &pool, &mut dice);
        let response = request.send().await;
        let response = response.unwrap_or_else(|error| panic!("{shown}: {error}"));
        let status = response.status().as_u16();
        let text = response.text().await.unwrap_or_default();
        assert!(status < 500 || status == 501, "{shown}: {status} {text}");
        assert_eq!(app.sandbox.panics(), 0, "{shown}");
        if let Ok(answer) = serde_json::from_str::<Value>(&text)
            && status < 300
        {
            pool.learn_from(&path, &answer, &mut dice);
        }
    }
}

/// The ids of what is there.
async fn furnish(app: &App, pool: &mut Pool, dice: &mut StdRng) {
    let state = app.control(Method::GET, "/state", Value::Null).await;
    let guild = &state["guilds"][0];
    let bot = app.user("guildhall");
    for (kind, list) in [
        ("user", &state["users"]),
        ("role", &guild["roles"]),
        ("channel", &guild["channels"]),
    ] {
        for one in list.as_array().into_iter().flatten() {
            pool.learn(kind, one["id"].as_str().expect("an id"), dice);
        }
    }
    pool.learn("guild", &app.info.guild_id.to_string(), dice);
    pool.learn("application", &bot, dice);
    pool.learn("webhook", &bot, dice);
    pool.learn("emoji", "%F0%9F%91%8D", dice);
    let channel = app.info.channel_id.to_string();
    for number in 0..4 {
        let message = app.says("ada", &channel, &format!("line {number}")).await;
        pool.learn("message", message["id"].as_str().expect("an id"), dice);
    }
}

/// The path with ids that exist, mostly.
fn filled(route: &Route, pool: &Pool, dice: &mut StdRng) -> String {
    let part = |part: &str, dice: &mut StdRng| {
        let Some(kind) = part.strip_prefix('{').and_then(|it| it.strip_suffix('}')) else {
            return part.to_owned();
        };
        match dice.random_range(0..30) {
            0 => pool.any_id(dice),
            1 => "@me".to_owned(),
            2 => "%00".to_owned(),
            3 => "99999999999999999999999".to_owned(),
            4 => "x".repeat(300),
            _ => pool.id(kind, dice),
        }
    };
    let parts: Vec<_> = route.path.split('/').map(|one| part(one, dice)).collect();
    parts.join("/")
}

fn request(
    app: &App,
    client: &Client,
    route: &Route,
    path: &str,
    body: &Value,
    pool: &Pool,
    dice: &mut StdRng,
) -> (RequestBuilder, String) {
    let query = query(pool, dice);
    let version = ["/api/v10", "/api/v9", "/api"].choose(dice).expect("one");
    let origin = app.info.api_url.trim_end_matches("/api/v10");
    let url = format!("{origin}{version}{path}{query}");
    let method: Method = route.method.parse().expect("a method");
    let mut shown = format!("{method} {url}");
    let mut request = client.request(method, url);
    if dice.random_range(0..40) > 0 {
        let token = app.sandbox.info().bot_token;
        request = request.header("authorization", format!("Bot {token}"));
    }
    if dice.random_range(0..10) == 0 {
        let reason = ["why", "%ff%fe", "%", "", "w%20w"]
            .choose(dice)
            .expect("one");
        request = request.header("x-audit-log-reason", *reason);
    }
    if route.method == "GET" {
        return (request, shown);
    }
    let mut bytes = body.to_string().into_bytes();
    if dice.random_range(0..12) == 0 && !bytes.is_empty() {
        let at = dice.random_range(0..bytes.len());
        bytes[at] = dice.random();
    }
    shown.push(' ');
    shown.push_str(&String::from_utf8_lossy(&bytes));
    request = match dice.random_range(0..14) {
        0 => in_parts(request, &bytes, pool, dice),
        1 => request.body(bytes),
        _ => request
            .header("content-type", "application/json")
            .body(bytes),
    };
    (request, shown)
}

fn query(pool: &Pool, dice: &mut StdRng) -> String {
    if dice.random_range(0..3) > 0 {
        return String::new();
    }
    let names = [
        "limit",
        "before",
        "after",
        "around",
        "query",
        "with_counts",
        "wait",
        "days",
        "type",
    ];
    let mut query = String::from("?");
    for _ in 0..dice.random_range(1..4) {
        let name = match dice.random_range(0..4) {
            0 => pool.name(dice),
            _ => (*names.choose(dice).expect("one")).to_owned(),
        };
        let value = match dice.random_range(0..5) {
            0 => "-1".to_owned(),
            1 => "%ff".to_owned(),
            2 => "true".to_owned(),
            3 => dice.random_range(0..200).to_string(),
            _ => pool.any_id(dice),
        };
        let _ = write!(query, "{name}={value}&");
    }
    query
}

/// As a form with a file, which may be none.
fn in_parts(
    request: RequestBuilder,
    json: &[u8],
    pool: &Pool,
    dice: &mut StdRng,
) -> RequestBuilder {
    let field = pool.name(dice);
    let name = ["files[0]", "files[99]", "file", "payload_json", "files[x]"];
    let name = name.choose(dice).expect("one");
    let json = String::from_utf8_lossy(json);
    let text = format!(
        "--cut\r\ncontent-disposition: form-data; name=\"payload_json\"\r\n\r\n{json}\r\n\
         --cut\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n1\r\n\
         --cut\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\n\
         content-type: image/png\r\n\r\n\u{89}PNG\r\n--cut--\r\n"
    );
    let cut = match dice.random_range(0..6) {
        0 => text.len() / 2,
        _ => text.len(),
    };
    let body = text.as_bytes()[..cut].to_vec();
    let kind = "multipart/form-data; boundary=cut";
    request.header("content-type", kind).body(body)
}

/// A body as a bot would send it, changed in a few places; or one of strange fields.
fn real_body(route: &Route, pool: &Pool, dice: &mut StdRng) -> Value {
    let bodies = bodies(&route.path, pool, dice);
    match bodies.choose(dice) {
        Some(body) if dice.random_range(0..5) == 0 => body.clone(),
        Some(body) if dice.random_range(0..6) > 0 => mutated(body, dice, pool),
        _ => object(dice, pool, 3),
    }
}

fn bodies(path: &str, pool: &Pool, dice: &mut StdRng) -> Vec<Value> {
    let message = json!({
        "content": "hello <@1>", "tts": false, "flags": 0, "nonce": "n", "enforce_nonce": true,
        "embeds": [{ "title": "t", "description": "d", "color": 5, "timestamp": "2026-01-01T00:00:00Z",
            "fields": [{ "name": "n", "value": "v", "inline": true }], "footer": { "text": "f" },
            "author": { "name": "a" }, "image": { "url": "attachment://a.png" } }],
        "components": [{ "type": 1, "components": [
            { "type": 2, "style": 1, "label": "Press", "custom_id": "one" },
            { "type": 3, "custom_id": "two", "options": [{ "label": "l", "value": "v" }] } ] }],
        "allowed_mentions": { "parse": ["users"], "roles": [pool.id("role", dice)] },
        "message_reference": { "message_id": pool.id("message", dice), "type": 0 },
        "sticker_ids": [], "attachments": [{ "id": 0, "filename": "a.png" }],
        "poll": { "question": { "text": "?" }, "answers": [{ "poll_media": { "text": "a" } }], "duration": 1 },
    });
    let named = json!({ "name": "a name", "type": 0, "topic": "t", "parent_id": pool.id("channel", dice),
        "rate_limit_per_user": 5, "position": 1, "nsfw": false, "auto_archive_duration": 60,
        "archived": false, "locked": false, "applied_tags": [], "invitable": true,
        "available_tags": [{ "name": "tag", "moderated": false }], "bitrate": 64_000, "user_limit": 5,
        "permission_overwrites": [{ "id": pool.id("role", dice), "type": 0, "allow": "1024", "deny": "0" }] });
    if path.ends_with("/messages")
        || path.contains("/messages/{message}")
        || path.ends_with("{token}")
    {
        return vec![message];
    }
    if path.ends_with("/channels") || path.ends_with("/channels/{channel}") {
        let order =
            json!([{ "id": pool.id("channel", dice), "position": 2, "lock_permissions": true }]);
        return vec![named, order];
    }
    if path.ends_with("/threads") {
        let mut post = named;
        post["message"] = message;
        return vec![post];
    }
    if path.contains("/roles") {
        let order = json!([{ "id": pool.id("role", dice), "position": 1 }]);
        let role = json!({ "name": "role", "permissions": "8", "color": 5, "hoist": true,
            "mentionable": true, "colors": { "primary_color": 1, "secondary_color": null } });
        return vec![role, order];
    }
    if path.contains("/commands") {
        let command = json!({ "name": "ask", "type": 1, "description": "asks",
            "name_localizations": { "de": "frage" }, "default_member_permissions": "0",
            "options": [{ "type": 3, "name": "what", "description": "d", "required": true,
                "choices": [{ "name": "a", "value": "a" }] }], "contexts": [0] });
        let list = json!([command]);
        let permissions = json!({ "permissions": [{ "id": pool.id("role", dice), "type": 1, "permission": true }] });
        return vec![command, list, permissions];
    }
    if path.contains("/auto-moderation") {
        return vec![
            json!({ "name": "rule", "event_type": 1, "trigger_type": 1, "enabled": true,
            "trigger_metadata": { "keyword_filter": ["*bad*"], "regex_patterns": ["b[a4]d"], "allow_list": [] },
            "actions": [{ "type": 1, "metadata": { "custom_message": "no" } },
                { "type": 2, "metadata": { "channel_id": pool.id("channel", dice) } },
                { "type": 3, "metadata": { "duration_seconds": 60 } }],
            "exempt_roles": [], "exempt_channels": [] }),
        ];
    }
    if path.contains("/scheduled-events") {
        return vec![
            json!({ "name": "party", "entity_type": 3, "privacy_level": 2,
            "scheduled_start_time": "2026-02-01T00:00:00Z", "scheduled_end_time": "2026-02-01T01:00:00Z",
            "entity_metadata": { "location": "hall" }, "channel_id": null, "status": 2,
            "recurrence_rule": { "start": "2026-02-01T00:00:00Z", "frequency": 2, "interval": 1, "by_weekday": [6] } }),
        ];
    }
    if path.contains("/callback") {
        let modal = json!({ "type": 9, "data": { "custom_id": "m", "title": "t", "components": [
            { "type": 1, "components": [{ "type": 4, "custom_id": "i", "style": 1, "label": "l" }] }] } });
        return vec![json!({ "type": 4, "data": message }), modal];
    }
    if path.contains("/members") || path.contains("/voice-states") {
        return vec![
            json!({ "nick": "n", "roles": [pool.id("role", dice)], "mute": false, "deaf": false,
            "channel_id": null, "communication_disabled_until": "2026-01-02T00:00:00Z", "flags": 0,
            "suppress": true, "access_token": "t" }),
        ];
    }
    let odds = json!({ "name": "n", "description": "d", "image": "data:image/png;base64,iVBORw0KGgo=",
        "sound": "data:audio/mpeg;base64,SUQz", "volume": 0.5, "emoji_name": "x", "tags": "t",
        "allow": "1", "deny": "0", "type": 1, "id": pool.any_id(dice), "user_ids": [pool.id("user", dice)],
        "delete_message_seconds": 60, "days": 7, "max_age": 60, "max_uses": 1, "recipient_id": pool.id("user", dice),
        "messages": [pool.id("message", dice)], "webhook_channel_id": pool.id("channel", dice),
        "channel_id": pool.id("channel", dice), "topic": "t", "privacy_level": 2, "owner_id": pool.id("user", dice),
        "status": "s", "sound_id": pool.id("sound", dice), "username": "guildhall", "content": "c",
        "verification_level": 1, "features": ["COMMUNITY"], "system_channel_id": pool.id("channel", dice) });
    vec![odds]
}
