//! The traffic: what bots asked, what the Gateway told, and switches to break either. Everything is
//! done through the control API.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::act::{Answered, Form, forbidden};
use super::traffic::Event;
use super::{Page, html};
use crate::desk::SeenRequest;
use crate::snowflake::Snowflake;

/// People whose names are looked up.
const MAX_NAMES: usize = 2_000;
/// Rows of one list.
const MAX_ROWS: usize = 100;

/// What is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tab {
    Requests,
    Events,
    Sessions,
    Faults,
}

impl Tab {
    /// With their names in addresses, and the words for them.
    pub(super) const ALL: &[(Self, &str, &str)] = &[
        (Self::Requests, "requests", "Requests"),
        (Self::Events, "events", "Events"),
        (Self::Sessions, "sessions", "Sessions"),
        (Self::Faults, "faults", "Faults"),
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(_, known, _)| *known == name)
            .map(|(tab, _, _)| *tab)
    }
}

/// Which rows are wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    /// Words that a row must hold.
    pub(super) text: String,
    /// `errors`, `writes`, or all.
    pub(super) only: String,
}

/// One tab's data.
pub(super) struct Debug {
    pub(super) tab: Tab,
    pub(super) filter: Filter,
    /// The newest first.
    pub(super) requests: Vec<SeenRequest>,
    pub(super) events: Vec<Event>,
    pub(super) sessions: Value,
    pub(super) limits: Value,
    pub(super) faults: Value,
    pub(super) invalid: usize,
    pub(super) now_ms: u64,
    /// Bots, people, guilds and channels.
    pub(super) names: HashMap<Snowflake, String>,
}

impl Debug {
    pub(super) fn gather(page: &Page, tab: Tab, filter: Filter) -> Self {
        let desk = &page.desk;
        let mut debug = Self {
            tab,
            filter,
            requests: Vec::new(),
            events: Vec::new(),
            sessions: Value::Null,
            limits: Value::Null,
            faults: Value::Null,
            invalid: 0,
            now_ms: desk.now_ms(),
            names: HashMap::new(),
        };
        match tab {
            Tab::Requests => {
                let newest = desk.requests().into_iter().rev();
                let fitting = newest.filter(|request| debug.filter.takes_request(request));
                debug.requests = fitting.take(MAX_ROWS).collect();
            }
            Tab::Events => {
                let newest = page.traffic.newest().into_iter();
                let fitting = newest.filter(|event| debug.filter.takes_event(event));
                debug.events = fitting.take(MAX_ROWS).collect();
            }
            Tab::Sessions => {
                debug.sessions = json!(desk.hub.views());
                debug.limits = json!(desk.limiter().limits());
                debug.invalid = desk.invalid_requests();
            }
            Tab::Faults => debug.faults = desk.faults.with(|faults| json!(faults.all())),
        }
        debug.names = names(page);
        debug
    }
}

fn names(page: &Page) -> HashMap<Snowflake, String> {
    page.desk.shared.read(|world| {
        let people = world
            .users
            .values()
            .filter(|user| !user.bot)
            .take(MAX_NAMES);
        let bots = world.users.values().filter(|user| user.bot).chain(people);
        let bots = bots.map(|user| (user.id, user.username.clone()));
        let guilds = world
            .guilds
            .values()
            .map(|guild| (guild.id, guild.name.clone()));
        let channels = world.channels.values().map(|it| (it.id, it.name.clone()));
        bots.chain(guilds).chain(channels).collect()
    })
}

impl Filter {
    fn takes_request(&self, request: &SeenRequest) -> bool {
        let fits = match self.only.as_str() {
            "errors" => request.status == 0 || request.status >= 400,
            "writes" => request.method != "GET",
            _ => true,
        };
        // The page fetches files itself; who looks for them says so.
        let file = request.path.starts_with("/attachments/") && !self.text.contains("attach");
        let line = format!("{} {} {}", request.method, request.path, request.status);
        fits && !file && self.finds(&line)
    }

    fn takes_event(&self, event: &Event) -> bool {
        self.finds(event.kind)
    }

    fn finds(&self, line: &str) -> bool {
        let line = line.to_lowercase();
        let mut words = self.text.split_whitespace();
        words.all(|word| line.contains(&word.to_lowercase()))
    }
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wish {
    side: Option<String>,
    #[serde(default)]
    find: String,
    #[serde(default)]
    only: String,
}

/// `GET /debug`
pub(super) async fn show(State(page): State<Arc<Page>>, Query(wish): Query<Wish>) -> Response {
    let tab = wish.side.as_deref().and_then(Tab::named);
    let filter = Filter {
        text: wish.find,
        only: wish.only,
    };
    let debug = Debug::gather(&page, tab.unwrap_or(Tab::Requests), filter);
    Html(html::debug_screen(&debug, &page.token).into_string()).into_response()
}

/// `POST /debug/{verb}`
pub(super) async fn perform(
    State(page): State<Arc<Page>>,
    Path(verb): Path<String>,
    form: Form,
) -> Response {
    if !form.is_from(&page) {
        return forbidden();
    }
    let Some((method, path, body)) = asked(&page, &verb, &form) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let answered = page.ask(method, &path, &body).await;
    match answered {
        Answered::Done(_) => Redirect::to(&back(&form)).into_response(),
        Answered::Refused {
            status, message, ..
        } => (status, message).into_response(),
    }
}

/// The request to the control API.
fn asked(page: &Page, verb: &str, form: &Form) -> Option<(Method, String, Value)> {
    let number = |name: &str| form.text(name).parse::<u64>().ok();
    let filled = |name: &str| Some(form.text(name)).filter(|text| !text.is_empty());
    Some(match verb {
        "forget-requests" => (Method::DELETE, "/requests".into(), Value::Null),
        "clear-faults" => (Method::DELETE, "/faults".into(), Value::Null),
        "clock" => (
            Method::POST,
            "/clock/advance".into(),
            json!({ "ms": number("ms")? }),
        ),
        "gateway" => {
            let known = ["reconnect", "invalidate", "disconnect", "drop", "silence"];
            let what = known.into_iter().find(|it| *it == form.text("what"))?;
            (Method::POST, format!("/gateway/{what}"), Value::Null)
        }
        "limits" => {
            let mut limits = json!(page.desk.limiter().limits());
            limits["enabled"] = json!(form.text("enabled") == "yes");
            (Method::PUT, "/limits".into(), limits)
        }
        "fault" => {
            let kind = form.text("kind");
            let mut fault = json!({ "kind": kind, "count": number("count").unwrap_or(1) });
            let mut put = |key: &str, value: Option<Value>| {
                if let Some(value) = value {
                    fault[key] = value;
                }
            };
            put("route", filled("route").map(Value::from));
            put("method", filled("method").map(Value::from));
            put(
                "status",
                number("status")
                    .filter(|_| kind == "status")
                    .map(Value::from),
            );
            let waits = ["429", "cloudflare"].contains(&kind);
            put(
                "retry_after_ms",
                number("ms").filter(|_| waits).map(Value::from),
            );
            put(
                "latency_ms",
                number("ms").filter(|_| kind == "latency").map(Value::from),
            );
            (Method::POST, "/faults".into(), fault)
        }
        _ => return None,
    })
}

/// The page that the form stood on; only ever one of the page's own.
fn back(form: &Form) -> String {
    let here = form.text("here");
    let mut parts = here.strip_prefix("/as/").unwrap_or_default().split('/');
    let place = (parts.next(), parts.next(), parts.next(), parts.next());
    let id = |text: &str| text.parse::<Snowflake>().ok();
    let base = match place {
        (Some(user), Some("channels"), Some(channel), None) => id(user)
            .zip(id(channel))
            .map(|(user, channel)| format!("/as/{user}/channels/{channel}")),
        _ => None,
    };
    let base = base.unwrap_or_else(|| "/debug".to_owned());
    let side = form.text("side");
    match Tab::named(side) {
        Some(_) => format!("{base}?side={side}"),
        None => base,
    }
}
