//! What the Gateway told lately, for looking at, and waiting for something to happen.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Control, Problem, parse};
use crate::desk::SeenRequest;
use crate::snowflake::Snowflake;
use crate::world::{Audience, Dispatch, DispatchSink, World};

/// Events kept.
const MAX_EVENTS: usize = 1_000;
/// The longest wait, in milliseconds of real time.
const MAX_WAIT_MS: u64 = 60_000;
/// What a wait takes when it does not say.
const WAIT_MS: u64 = 5_000;

/// One dispatched event.
#[derive(Clone, Debug, Serialize)]
pub struct SeenEvent {
    /// Counts from 1, over all sessions.
    pub number: u64,
    /// Such as `MESSAGE_CREATE`.
    pub kind: &'static str,
    /// Milliseconds since 1970 on the sandbox's clock.
    pub at: u64,
    /// The guild whose bots may hear it.
    pub guild_id: Option<Snowflake>,
    /// The one bot or person whom it is for.
    pub user_id: Option<Snowflake>,
    /// The `d` of the frame.
    pub data: Arc<Value>,
}

/// The last events, and a bell that rings whenever something happened.
#[derive(Debug)]
pub(crate) struct EventLog {
    kept: Mutex<Kept>,
    bell: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<SeenEvent>,
    last: u64,
}

impl Default for EventLog {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            bell: watch::channel(0).0,
        }
    }
}

impl EventLog {
    /// Events after a number, oldest first.
    pub(crate) fn after(&self, number: u64) -> Vec<SeenEvent> {
        let kept = self.kept();
        let events = kept.events.iter().filter(|event| event.number > number);
        events.cloned().collect()
    }

    /// The number of the last event.
    pub(crate) fn last(&self) -> u64 {
        self.kept().last
    }

    /// Wakes those who wait.
    pub(crate) fn ring(&self) {
        self.bell.send_modify(|rung| *rung = rung.wrapping_add(1));
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DispatchSink for EventLog {
    fn deliver(&self, world: &World, dispatches: &[Dispatch]) {
        let at = world.now_ms();
        {
            let mut kept = self.kept();
            for dispatch in dispatches {
                let (guild_id, user_id) = match dispatch.audience {
                    Audience::Guild(guild) | Audience::Channel { guild, .. } => (Some(guild), None),
                    Audience::User(user) => (None, Some(user)),
                    Audience::Dm(_) => (None, None),
                };
                kept.last += 1;
                let number = kept.last;
                if kept.events.len() == MAX_EVENTS {
                    kept.events.pop_front();
                }
                kept.events.push_back(SeenEvent {
                    number,
                    kind: dispatch.kind,
                    at,
                    guild_id,
                    user_id,
                    data: Arc::clone(&dispatch.data),
                });
            }
        }
        self.ring();
    }
}

#[derive(Deserialize)]
pub(super) struct EventQuery {
    #[serde(default)]
    after: u64,
    kind: Option<String>,
    #[serde(default)]
    wait_ms: u64,
}

/// `GET /control/events`
pub(super) async fn list(
    State(control): State<Control>,
    Query(query): Query<EventQuery>,
) -> Json<Value> {
    let log = Arc::clone(&control.desk.events);
    let wanted = |event: &SeenEvent| query.kind.as_ref().is_none_or(|kind| event.kind == kind);
    let look = || {
        let events: Vec<_> = log.after(query.after).into_iter().filter(wanted).collect();
        (!events.is_empty()).then_some(events)
    };
    let events = until(&control, query.wait_ms, look)
        .await
        .unwrap_or_default();
    Json(json!({ "events": events, "last": control.desk.events.last() }))
}

/// What is waited for: exactly one of the three.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wait {
    event: Option<WaitEvent>,
    request: Option<WaitRequest>,
    message: Option<WaitMessage>,
    /// Only events after this number; those that are remembered count otherwise.
    #[serde(default)]
    after: u64,
    timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WaitEvent {
    kind: String,
    /// Part of its data.
    #[serde(default, rename = "match")]
    part: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WaitRequest {
    method: Option<String>,
    /// With `*` for any one segment.
    path: Option<String>,
    status: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WaitMessage {
    /// Names or ids.
    channel: Option<String>,
    author: Option<String>,
    contains: Option<String>,
}

/// `POST /control/wait`
pub(super) async fn wait(
    State(control): State<Control>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let wait: Wait = parse(&body)?;
    let timeout_ms = wait.timeout_ms.unwrap_or(WAIT_MS);
    if timeout_ms > MAX_WAIT_MS {
        return Err(Problem::bad(format!("timeout_ms is at most {MAX_WAIT_MS}")));
    }
    let desk = Arc::clone(&control.desk);
    let after = wait.after;
    let found = match (wait.event, wait.request, wait.message) {
        (Some(wanted), None, None) => {
            let look = || {
                let mut events = desk.events.after(after).into_iter();
                events.find(|it| it.kind == wanted.kind && contains(&it.data, &wanted.part))
            };
            let event = until(&control, timeout_ms, look).await;
            event.map(|event| json!({ "event": event }))
        }
        (None, Some(wanted), None) => {
            let look = || {
                desk.requests()
                    .into_iter()
                    .find(|request| wanted.fits(request))
            };
            let request = until(&control, timeout_ms, look).await;
            request.map(|request| json!({ "request": request }))
        }
        (None, None, Some(wanted)) => {
            let (channel, author) = desk.shared.read(|world| {
                let channel = wanted
                    .channel
                    .as_ref()
                    .map(|name| world.channel_named(name, None));
                let author = wanted.author.as_ref().map(|name| world.user_named(name));
                Ok::<_, Problem>((channel.transpose()?, author.transpose()?))
            })?;
            let fits = |event: &SeenEvent| {
                let is = |key: &str, id: Option<Snowflake>| {
                    id.is_none_or(|id| event.data.pointer(key) == Some(&json!(id)))
                };
                let content = event.data["content"].as_str().unwrap_or_default();
                matches!(event.kind, "MESSAGE_CREATE" | "MESSAGE_UPDATE")
                    && is("/channel_id", channel)
                    && is("/author/id", author)
                    && wanted
                        .contains
                        .as_ref()
                        .is_none_or(|part| content.contains(part))
            };
            let look = || desk.events.after(after).into_iter().find(fits);
            let event = until(&control, timeout_ms, look).await;
            event.map(|event| json!({ "message": event.data, "number": event.number }))
        }
        _ => {
            let lack = "wait for one of `event`, `request` and `message`";
            return Err(Problem::bad(lack));
        }
    };
    let missed = || Problem {
        status: StatusCode::REQUEST_TIMEOUT,
        message: format!("nothing like it happened within {timeout_ms} ms"),
    };
    found.map(Json).ok_or_else(missed)
}

impl WaitRequest {
    fn fits(&self, request: &SeenRequest) -> bool {
        let path = request
            .path
            .strip_prefix("/api/v10")
            .unwrap_or(&request.path);
        let like = |wanted: &String| {
            let (wanted, seen) = (wanted.split('/'), path.split('/'));
            wanted.clone().count() == seen.clone().count()
                && wanted
                    .zip(seen)
                    .all(|(wanted, seen)| wanted == "*" || wanted == seen)
        };
        let method = |wanted: &String| wanted.eq_ignore_ascii_case(&request.method);
        self.method.as_ref().is_none_or(method)
            && self.path.as_ref().is_none_or(like)
            && self.status.is_none_or(|status| status == request.status)
    }
}

/// Looks now and whenever something happened, until something is found, the time is over, or the
/// sandbox stops.
async fn until<T>(control: &Control, timeout_ms: u64, look: impl Fn() -> Option<T>) -> Option<T> {
    let mut bell = control.desk.events.bell.subscribe();
    let seek = async {
        loop {
            bell.borrow_and_update();
            if let Some(found) = look() {
                return Some(found);
            }
            bell.changed().await.ok()?;
        }
    };
    let timeout = Duration::from_millis(timeout_ms.min(MAX_WAIT_MS));
    let seek = tokio::time::timeout(timeout, seek);
    control.cancel.run_until_cancelled(seek).await?.ok()?
}

/// Whether `whole` has everything that `part` has; lists are compared whole.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (_, Value::Null) => true,
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(key, part)| whole.get(key).is_some_and(|whole| contains(whole, part))),
        (whole, part) => whole == part,
    }
}
