//! Live updates: what happens in the world reaches open pages as server-sent events. The sink only
//! says which message or which part of a page is out of date; the stream looks it up and renders
//! it, with the rights of the person who watches. A reader that is too slow is dropped, and comes
//! back to a fresh page.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{Page, html, view};
use crate::snowflake::Snowflake;
use crate::world::{Dispatch, DispatchSink, World};

/// Open pages at once.
const MAX_LISTENERS: usize = 100;
/// Notices that wait for one page; with more, it is dropped.
const MAX_WAITING: usize = 256;
/// How often a page hears that there were new requests.
const TRAFFIC_INTERVAL: Duration = Duration::from_millis(500);

/// What an open page has to know.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Notice {
    /// A message of the open channel is new or changed.
    Message(Snowflake),
    /// Messages of the open channel are gone.
    Gone(Vec<Snowflake>),
    /// Somebody types in the open channel.
    Typing(Snowflake),
    /// Another channel has something new.
    Elsewhere(Snowflake),
    /// Channels, members or roles changed.
    Frame,
}

/// The pages that are open.
#[derive(Default)]
pub(super) struct Listeners {
    open: Mutex<Vec<Listener>>,
    /// So that a world without watchers takes no lock for them.
    count: AtomicUsize,
}

struct Listener {
    viewer: Snowflake,
    channel: Snowflake,
    notices: Sender<Notice>,
}

impl Listeners {
    /// `None` when there are too many already.
    fn listen(&self, viewer: Snowflake, channel: Snowflake) -> Option<Receiver<Notice>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|listener| !listener.notices.is_closed());
        if open.len() >= MAX_LISTENERS {
            return None;
        }
        let (notices, receiver) = mpsc::channel(MAX_WAITING);
        open.push(Listener {
            viewer,
            channel,
            notices,
        });
        self.count.store(open.len(), Ordering::Release);
        Some(receiver)
    }
}

impl DispatchSink for Listeners {
    fn deliver(&self, world: &World, dispatches: &[Dispatch]) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for dispatch in dispatches {
            open.retain(|listener| {
                let Some(notice) = notice_of(dispatch, listener) else {
                    return true;
                };
                if !world.audience_includes(&dispatch.audience, listener.viewer) {
                    return true;
                }
                // Without room, the reader is too slow: its stream ends.
                listener.notices.try_send(notice).is_ok()
            });
        }
        self.count.store(open.len(), Ordering::Release);
    }
}

/// What a dispatch means to a page.
fn notice_of(dispatch: &Dispatch, listener: &Listener) -> Option<Notice> {
    let data = &*dispatch.data;
    let kind = dispatch.kind;
    if kind == "TYPING_START" {
        let user = id_at(data, "user_id")?;
        let here = id_at(data, "channel_id") == Some(listener.channel);
        return (here && user != listener.viewer).then_some(Notice::Typing(user));
    }
    if kind.starts_with("MESSAGE_") {
        let channel = id_at(data, "channel_id")?;
        if channel != listener.channel {
            return (kind == "MESSAGE_CREATE").then_some(Notice::Elsewhere(channel));
        }
        return match kind {
            "MESSAGE_DELETE" => Some(Notice::Gone(vec![id_at(data, "id")?])),
            "MESSAGE_DELETE_BULK" => {
                let ids = data["ids"].as_array()?.iter();
                let ids = ids.filter_map(|id| id.as_str()?.parse().ok());
                Some(Notice::Gone(ids.collect()))
            }
            "MESSAGE_CREATE" | "MESSAGE_UPDATE" => Some(Notice::Message(id_at(data, "id")?)),
            // Reactions and votes.
            _ => Some(Notice::Message(id_at(data, "message_id")?)),
        };
    }
    let of_frame = [
        "CHANNEL_",
        "THREAD_",
        "GUILD_",
        "PRESENCE_",
        "VOICE_STATE_",
        "STAGE_",
    ];
    let noise = ["GUILD_AUDIT_LOG", "GUILD_MEMBERS_CHUNK"];
    let wanted = of_frame.iter().any(|start| kind.starts_with(start))
        && !noise.iter().any(|start| kind.starts_with(start));
    wanted.then_some(Notice::Frame)
}

fn id_at(data: &Value, key: &str) -> Option<Snowflake> {
    data[key].as_str()?.parse().ok()
}

/// `GET /as/{user}/channels/{channel}/live`
pub(super) async fn stream(
    State(page): State<Arc<Page>>,
    Path((viewer, channel)): Path<(Snowflake, Snowflake)>,
) -> Response {
    let visible = page
        .desk
        .shared
        .read(|world| world.may_view(viewer, channel));
    if !visible {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Some(notices) = page.listeners.listen(viewer, channel) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let mut ticks = interval(TRAFFIC_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let traffic = traffic_of(&page);
    let watch = Watch {
        page,
        viewer,
        channel,
        notices,
        ticks,
        traffic,
    };
    let events = stream::unfold(watch, |mut watch| async {
        let event = watch.next().await?;
        Some((Ok::<_, Infallible>(event), watch))
    });
    Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response()
}

/// One open page.
struct Watch {
    page: Arc<Page>,
    viewer: Snowflake,
    channel: Snowflake,
    notices: Receiver<Notice>,
    ticks: Interval,
    traffic: (u64, u64),
}

impl Watch {
    /// The next event; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let event = tokio::select! {
                () = self.page.cancel.cancelled() => return None,
                notice = self.notices.recv() => self.render(notice?),
                _ = self.ticks.tick() => self.new_traffic(),
            };
            if event.is_some() {
                return event;
            }
        }
    }

    fn new_traffic(&mut self) -> Option<Event> {
        let now = traffic_of(&self.page);
        if now == self.traffic {
            return None;
        }
        self.traffic = now;
        Some(Event::default().event("traffic").data("{}"))
    }

    fn render(&self, notice: Notice) -> Option<Event> {
        let (kind, data) = match notice {
            Notice::Message(id) => self.message(id),
            Notice::Gone(ids) => ("gone", json!({ "ids": ids })),
            Notice::Typing(user) => {
                let shared = &self.page.desk.shared;
                let name = shared.read(|world| view::display_name(world, self.channel, user));
                ("typing", json!({ "name": name }))
            }
            Notice::Elsewhere(channel) => ("elsewhere", json!({ "channel": channel })),
            Notice::Frame => ("frame", json!({})),
        };
        Event::default().event(kind).json_data(data).ok()
    }

    /// The message as it is now, which may be later than when the notice was made.
    fn message(&self, id: Snowflake) -> (&'static str, Value) {
        let shared = &self.page.desk.shared;
        let log = shared.read(|world| view::one_message(world, self.viewer, self.channel, id));
        match log {
            Some(log) => {
                let rendered = html::log_entries(&log, &self.page.token).into_string();
                ("message", json!({ "id": id, "html": rendered }))
            }
            None => ("gone", json!({ "ids": [id] })),
        }
    }
}

/// Grows with every request and every dispatch.
fn traffic_of(page: &Page) -> (u64, u64) {
    (page.desk.request_count(), page.traffic.count())
}
