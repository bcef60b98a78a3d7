//! A Discord in which every word is a stranger's. It stands between the service and the sandbox:
//! facts stay true, and every text that people could have written is replaced by a hostile one,
//! more of them than the sandbox would let anybody write. Nothing is changed behind it.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use super::words::{Seen, TOKEN, Words};
use crate::harness::http_client;

/// Longest nickname, in characters.
const NICKNAME: usize = 32;

/// How Discord answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// As it is.
    Plain,
    /// With hostile words wherever there are words.
    Hostile,
    /// Everything but facts is refused with this status, in hostile words.
    Refusing(u16),
}

/// The running mirror. It ends with the test's runtime.
pub(super) struct Mirror {
    pub(super) api_url: String,
    inner: Arc<Inner>,
}

struct Inner {
    upstream: String,
    http: reqwest::Client,
    /// Also which words come first, and the boundary that they hold.
    mood: Mutex<(Mood, usize, String)>,
    seen: Arc<Seen>,
    /// Bodies of messages that the service wrote.
    written: Mutex<Vec<Value>>,
}

impl Mirror {
    pub(super) async fn before(api_url: &str, seen: Arc<Seen>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let origin = api_url.strip_suffix("/api/v10").unwrap();
        let inner = Arc::new(Inner {
            upstream: origin.to_owned(),
            http: http_client(),
            mood: Mutex::new((Mood::Plain, 0, String::new())),
            seen,
            written: Mutex::default(),
        });
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            api_url: format!("http://{address}/api/v10"),
            inner,
        }
    }

    /// From now on; `seed` says which words come first.
    pub(super) fn set(&self, mood: Mood, seed: usize) {
        let boundary = self.inner.seen.last();
        *self.inner.mood.lock().unwrap() = (mood, seed, boundary);
    }

    /// Messages that the service wrote since it was last asked.
    pub(super) fn take_written(&self) -> Vec<Value> {
        std::mem::take(&mut self.inner.written.lock().unwrap())
    }
}

async fn answer(
    State(inner): State<Arc<Inner>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().trim_start_matches("/api/v10").to_owned();
    if method == Method::POST && path.ends_with("/messages") {
        let written = serde_json::from_slice(&body).unwrap_or_default();
        inner.written.lock().unwrap().push(written);
    }
    let (mood, seed, boundary) = inner.mood.lock().unwrap().clone();
    // What was written differs from what was there.
    let mut words = Words::new(seed + usize::from(method != Method::GET), boundary);
    match mood {
        Mood::Refusing(status) if !is_fact(&method, &path) => refusal(status, &mut words),
        Mood::Plain | Mood::Refusing(_) => pass(&inner, method, &uri, &headers, body).await.1,
        Mood::Hostile if path.starts_with("/gateway") => {
            pass(&inner, method, &uri, &headers, body).await.1
        }
        Mood::Hostile if method != Method::GET => {
            let mut made = something(&path);
            poison("", &mut made, &mut words);
            axum::Json(made).into_response()
        }
        Mood::Hostile => {
            let (value, plain) = pass(&inner, method, &uri, &headers, body).await;
            match value {
                Some(mut value) => {
                    fill(&path, &mut value);
                    poison("", &mut value, &mut words);
                    axum::Json(value).into_response()
                }
                None => plain,
            }
        }
    }
}

/// What the sandbox answers, and its JSON where it went well.
async fn pass(
    inner: &Inner,
    method: Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
) -> (Option<Value>, Response) {
    let url = format!("{}{uri}", inner.upstream);
    let mut request = inner.http.request(method, url).body(body);
    for name in [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::USER_AGENT,
    ] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.unwrap();
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
    let bytes = answer.bytes().await.unwrap();
    let value = status
        .is_success()
        .then(|| serde_json::from_slice(&bytes).ok());
    let json = [(header::CONTENT_TYPE, "application/json")];
    (value.flatten(), (status, json, bytes).into_response())
}

/// What the checks ask: who the bot is, guilds, channels, members, and where webhooks and invites are.
fn is_fact(method: &Method, path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    *method == Method::GET
        && matches!(
            parts[..],
            ["users", "@me"]
                | ["gateway", ..]
                | ["guilds" | "channels" | "webhooks" | "invites", _]
                | ["guilds", _, "channels" | "roles"]
                | ["guilds", _, "members", _]
        )
}

fn refusal(status: u16, words: &mut Words) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    let mut field = Map::new();
    field.insert(
        words.next(),
        json!({ "_errors": [{ "code": words.next(), "message": words.next() }] }),
    );
    let body = json!({ "code": 50_035, "message": words.next(), "errors": field });
    (status, axum::Json(body)).into_response()
}

/// What Discord answers to a write: an object that has everything, whatever was made.
fn something(path: &str) -> Value {
    let place: Vec<&str> = path.split('/').collect();
    let after = |word: &str| {
        let at = place.iter().position(|it| *it == word);
        at.and_then(|at| place.get(at + 1)).copied().unwrap_or("1")
    };
    let mut made = json!({
        "id": "1000000000000000001", "channel_id": after("channels"), "guild_id": after("guilds"),
        "type": 0, "name": "x", "topic": "x", "nick": "x", "reason": "x", "description": "x",
        "code": "abcdef", "roles": [], "owner_id": "7", "timestamp": "2026-11-30T12:00:00Z",
        "color": 5, "user": user(), "guild": {"id": "1", "name": "x"},
        "channel": {"id": "1", "name": "x", "type": 0}, "inviter": user(),
    });
    let more = message();
    let (Value::Object(made_fields), Value::Object(more)) = (&mut made, more) else {
        return made;
    };
    for (name, value) in more {
        made_fields.entry(name).or_insert(value);
    }
    made
}

fn user() -> Value {
    json!({"id": "7", "username": "x", "global_name": "x", "discriminator": "0"})
}

/// Everything in a message that others write.
fn message() -> Value {
    let embed = json!({"type": "rich", "title": "x", "description": "x", "url": "x", "color": 1,
        "author": {"name": "x", "url": "x"}, "footer": {"text": "x"}, "provider": {"name": "x"},
        "image": {"url": "x"}, "thumbnail": {"url": "x"}, "fields": [{"name": "x", "value": "x"}]});
    let file = json!({"id": "6", "filename": "x", "title": "x", "description": "x", "size": 1,
        "content_type": "x", "url": "x", "proxy_url": "x"});
    json!({
        "content": "x", "author": user(), "embeds": [embed.clone()], "attachments": [file.clone()],
        "components": [{"type": 1, "components": [
            {"type": 2, "style": 1, "label": "x", "custom_id": "x"},
            {"type": 3, "custom_id": "x", "placeholder": "x",
             "options": [{"label": "x", "value": "x", "description": "x"}]}]},
            {"type": 10, "content": "x"}],
        "sticker_items": [{"id": "8", "name": "x", "format_type": 1}],
        "reactions": [{"count": 2, "me": false, "emoji": {"id": "9", "name": "x"}},
            {"count": 1, "me": false, "emoji": {"id": null, "name": "x"}}],
        "mentions": [user()],
        "poll": {"question": {"text": "x"}, "allow_multiselect": false,
            "answers": [{"answer_id": 1, "poll_media": {"text": "x", "emoji": {"name": "x"}}}]},
        "message_reference": {"message_id": "3", "channel_id": "4", "guild_id": "5"},
        "referenced_message": {"id": "3", "content": "x", "author": user()},
        "message_snapshots": [{"message": {"type": 0, "content": "x", "embeds": [embed],
            "attachments": [file], "timestamp": "2026-11-30T12:00:00Z"}}],
        "thread": {"id": "12", "name": "x", "owner_id": "7", "thread_metadata": {"archived": false}},
        "interaction_metadata": {"id": "1", "name": "x", "user": user()},
        "webhook_id": null,
    })
}

/// Put in what the sandbox's guild has not got.
fn fill(path: &str, value: &mut Value) {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts[..] {
        ["guilds", _, "bans"] => *value = json!([{"reason": "x", "user": user()}]),
        ["guilds", _, "bans", _] => *value = json!({"reason": "x", "user": user()}),
        ["guilds", _, "audit-logs"] => *value = audit_log(),
        ["channels", _, "messages", _, "reactions", _] => *value = json!([user()]),
        _ => enrich(value),
    }
}

fn audit_log() -> Value {
    json!({
        "users": [user()],
        "audit_log_entries": [{"id": "20", "user_id": "7", "target_id": "7", "action_type": 24,
            "reason": "x", "options": {"role_name": "x", "application_id": "x"},
            "changes": [{"key": "nick", "old_value": "x", "new_value": "x"},
                {"key": "$add", "new_value": [{"id": "1", "name": "x"}]}]}],
        "webhooks": [{"id": "30", "name": "x"}], "threads": [{"id": "12", "name": "x"}],
        "guild_scheduled_events": [{"id": "40", "name": "x", "description": "x"}],
    })
}

fn enrich(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(enrich),
        Value::Object(fields) => {
            fields.values_mut().for_each(enrich);
            let more = if fields.contains_key("author") && fields.contains_key("channel_id") {
                message()
            } else if fields.contains_key("permission_overwrites") {
                json!({"topic": "x", "available_tags": [
                    {"id": "50", "name": "x", "emoji_name": "x", "moderated": false}]})
            } else if fields.contains_key("joined_at") && fields.contains_key("user") {
                json!({"nick": "x"})
            } else if fields.contains_key("verification_level") {
                json!({"description": "x", "vanity_url_code": "x", "features": ["x"]})
            } else {
                return;
            };
            let Value::Object(more) = more else { return };
            for (name, value) in more {
                // Who wrote it stays: owners and authors are facts.
                if name != "author" {
                    fields.insert(name, value);
                }
            }
        }
        _ => {}
    }
}

/// Replace every text that says something: not ids, permissions, times, codes of invites, nor what
/// Discord has a fixed list of.
fn poison(name: &str, value: &mut Value, words: &mut Words) {
    match value {
        Value::String(text) if !is_plain(name, text) => {
            *text = words.next();
            if name == "nick" {
                // Longer ones Discord has not got, so nothing could bring them back.
                *text = text.chars().take(NICKNAME).collect();
                if !text.contains(TOKEN) {
                    TOKEN.clone_into(text);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                poison(name, item, words);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                poison(name, value, words);
            }
        }
        _ => {}
    }
}

fn is_plain(name: &str, text: &str) -> bool {
    let number = |byte: u8| byte.is_ascii_digit() || b"TZ:+-.".contains(&byte);
    text.is_empty()
        || text.contains(TOKEN)
        || text.bytes().all(number)
        || [
            "code",
            "token",
            "key",
            "status",
            "preferred_locale",
            "features",
        ]
        .contains(&name)
}
