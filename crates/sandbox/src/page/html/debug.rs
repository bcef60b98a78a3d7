//! The side of people who debug a bot: requests, events, sessions, limits, faults.

use maud::{Markup, html};
use serde_json::Value;

use super::super::debug::{Debug, Filter, Tab};
use super::super::traffic::Event;
use super::super::view::text;
use super::parts::precise;
use super::{Document, document};
use crate::desk::SeenRequest;
use crate::world::Audience;

/// Characters of one event's data that are shown.
const MAX_DATA: usize = 4_000;

/// The whole screen, for those who need no channel beside it.
pub(in super::super) fn debug_screen(debug: &Debug, token: &str) -> Markup {
    document(&Document {
        title: "Traffic",
        colours: None,
        class: "traffic",
        body: html! {
            header id="bar" { a class="brand" href="/" { span class="mark" aria-hidden="true" {} span class="word" { "Guildhall" } span class="soft" { "sandbox" } } span class="grow" {} a href="/" { "Back" } }
            main id="main" { div id="side" { (debug_side(debug, token, "/debug")) } }
        },
    })
}

/// Beside a channel, or alone; `here` is the address that the tabs and filters belong to.
pub(in super::super) fn debug_side(debug: &Debug, token: &str, here: &str) -> Markup {
    html! {
        div class="debug" data-traffic {
            ul class="tabs second" {
                @for (tab, name, word) in Tab::ALL {
                    li { a href={ (here) "?side=" (name) } aria-current=[(debug.tab == *tab).then_some("page")] { (word) } }
                }
            }
            @match debug.tab {
                Tab::Requests => (requests(debug, token, here)),
                Tab::Events => (events(debug, here)),
                Tab::Sessions => (sessions(debug, token, here)),
                Tab::Faults => (faults(debug, token, here)),
            }
        }
    }
}

fn filters(debug: &Debug, here: &str, side: &str, more: &Markup) -> Markup {
    let Filter { text, .. } = &debug.filter;
    html! {
        form method="get" action=(here) class="line filters" data-filter {
            input type="hidden" name="side" value=(side);
            label class="grow" { span class="hidden" { "Only with" } input type="search" name="find" value=(text) placeholder="Filter" autocomplete="off"; }
            (more)
            button class="small" { "Filter" }
        }
    }
}

fn requests(debug: &Debug, token: &str, here: &str) -> Markup {
    let kinds = [("", "all"), ("errors", "errors"), ("writes", "writes")];
    let more = html! {
        label { span class="hidden" { "Kind" } select name="only" {
            @for (value, word) in kinds { option value=(value) selected[debug.filter.only == value] { (word) } }
        } }
    };
    html! {
        (filters(debug, here, "requests", &more))
        @if debug.requests.is_empty() { p class="soft empty" { "No request fits. Bots' requests appear here as they come." } }
        ol class="rows" { @for request in &debug.requests { (request_row(debug, request)) } }
        (operate(token, here, "requests", "forget-requests", "Forget them"))
    }
}

fn request_row(debug: &Debug, request: &SeenRequest) -> Markup {
    let actor = request
        .actor
        .and_then(|id| debug.names.get(&id))
        .map_or("no token", String::as_str);
    let class = match request.status {
        0 => "bad",
        200..=299 => "good",
        429 => "slow",
        300..=499 => "warn",
        _ => "bad",
    };
    html! {
        li {
            details {
                summary {
                    span class={ "method of-" (request.method.to_lowercase()) } { (request.method) }
                    code class="path" { (request.path.trim_start_matches("/api/v10")) }
                    span class={ "state " (class) } { @if request.status == 0 { "cut" } @else { (request.status) } }
                    span class="soft took" { @if let Some(took) = request.took_us { (took_of(took)) } }
                }
                dl {
                    dt { "When" } dd { (precise(request.at)) }
                    dt { "Who" } dd { bdi { (actor) } }
                    dt { "Path" } dd { code data-copy { (request.path) @if let Some(query) = &request.query { "?" (query) } } }
                    @if let Some(reason) = &request.reason { dt { "Reason" } dd { (reason) } }
                    @if let Some(body) = &request.body { dt { "Sent" } dd { pre { code { (pretty(body)) } } } }
                    @if let Some(answer) = &request.answer { dt { "Answered" } dd { pre { code { (pretty(answer)) } } } }
                }
            }
        }
    }
}

fn took_of(micros: u64) -> String {
    if micros < 1_000 {
        format!("{micros} µs")
    } else {
        format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100)
    }
}

/// JSON over several lines; anything else as it is.
fn pretty(text: &str) -> String {
    let value: Result<Value, _> = serde_json::from_str(text);
    let shown = value.and_then(|value| serde_json::to_string_pretty(&value));
    shown.unwrap_or_else(|_| text.to_owned())
}

fn events(debug: &Debug, here: &str) -> Markup {
    html! {
        (filters(debug, here, "events", &html! {}))
        @if debug.events.is_empty() { p class="soft empty" { "Nothing was dispatched that fits." } }
        ol class="rows" { @for event in &debug.events { (event_row(debug, event)) } }
    }
}

fn event_row(debug: &Debug, event: &Event) -> Markup {
    let data = event
        .data
        .as_ref()
        .map(|data| serde_json::to_string_pretty(&**data).unwrap_or_default());
    html! {
        li {
            details {
                summary { span class="soft number" { (event.number) } code class="path" { (event.kind) } span class="soft" { (audience(debug, event.audience)) } }
                dl {
                    dt { "When" } dd { (precise(event.at_ms)) }
                    dt { "Data" } dd {
                        @match data {
                            Some(data) => pre { code { (data.chars().take(MAX_DATA).collect::<String>()) @if data.chars().count() > MAX_DATA { "…" } } },
                            None => "a whole guild; not kept",
                        }
                    }
                }
            }
        }
    }
}

fn audience(debug: &Debug, audience: Audience) -> String {
    let named = |id| {
        debug
            .names
            .get(&id)
            .cloned()
            .unwrap_or_else(|| id.to_string())
    };
    match audience {
        Audience::Guild(guild) => named(guild),
        Audience::Channel { channel, .. } => format!("#{}", named(channel)),
        Audience::User(user) => format!("only {}", named(user)),
        Audience::Dm(_) => "a direct message".to_owned(),
    }
}

fn sessions(debug: &Debug, token: &str, here: &str) -> Markup {
    let all = debug
        .sessions
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    html! {
        h2 { "Sessions" }
        @if all.is_empty() { p class="soft empty" { "No bot is connected to the Gateway." } }
        ul class="rows" {
            @for session in all {
                li class="plain" {
                    p class="line" {
                        span class={ "status " (if session["connected"] == true { "online" } else { "offline" }) } {}
                        strong { bdi { (super::super::view::id(session, "bot_id").and_then(|id| debug.names.get(&id)).map_or("a bot", String::as_str)) } }
                        span class="soft" { @if session["connected"] == true { "connected" } @else { "may resume" } }
                    }
                    p class="soft" { "seq " (session["seq"]) " · intents " (session["intents"]) " · shard " (session["shard"]) " · " code data-copy { (text(session, "session_id")) } }
                }
            }
        }
        h3 { "Break the Gateway" }
        form method="post" action="/debug/gateway" class="line wrap" {
            (operator(token, here, "sessions"))
            button class="small" name="what" value="reconnect" { "Op 7, reconnect" }
            button class="small" name="what" value="invalidate" { "Op 9, invalid" }
            button class="small" name="what" value="disconnect" { "Close 4000" }
            button class="small" name="what" value="drop" { "Drop sockets" }
            button class="small danger" name="what" value="silence" { "Go silent" }
        }
        h2 { "Rate limits" }
        p { strong { (debug.invalid) } " invalid requests within ten minutes." }
        (limits(&debug.limits))
        form method="post" action="/debug/limits" class="line wrap" {
            (operator(token, here, "sessions"))
            button class="small" name="enabled" value=(if debug.limits["enabled"] == true { "no" } else { "yes" }) { @if debug.limits["enabled"] == true { "Switch limits off" } @else { "Switch limits on" } }
        }
    }
}

fn limits(limits: &Value) -> Markup {
    let rows = limits.as_object().into_iter().flatten();
    html! {
        dl class="limits" {
            @for (name, value) in rows {
                dt { (name.replace('_', " ")) }
                dd { @if value["limit"].is_u64() { (value["limit"]) " per " (value["per_ms"]) " ms" } @else { code { (value) } } }
            }
        }
    }
}

fn faults(debug: &Debug, token: &str, here: &str) -> Markup {
    let waiting = debug
        .faults
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let kinds = [
        ("status", "an error status"),
        ("429", "a 429"),
        ("cloudflare", "a Cloudflare page"),
        ("latency", "a late answer"),
        ("drop", "a cut connection"),
        ("lost", "a lost answer"),
    ];
    html! {
        h2 { "Faults of REST" }
        form method="post" action="/debug/fault" class="stack panel" {
            (operator(token, here, "faults"))
            label { "What" select name="kind" { @for (value, word) in kinds { option value=(value) { (word) } } } }
            div class="line" {
                label class="grow" { "Route" input name="route" placeholder="any, or /channels/{id}/messages" autocomplete="off"; }
                label { "Method" select name="method" { option value="" { "any" } @for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] { option { (method) } } } }
            }
            div class="line" {
                label { "Times" input type="number" name="count" min="1" max="1000" value="1"; }
                label { "Status" input type="number" name="status" min="400" max="599" placeholder="500"; }
                label { "Milliseconds" input type="number" name="ms" min="0" max="120000" placeholder="1000"; }
            }
            p { button class="primary" { "Switch on" } }
        }
        @if waiting.is_empty() { p class="soft" { "None waits." } }
        ul class="rows" {
            @for fault in waiting {
                li class="plain" { code { (text(fault, "kind")) } " "
                    @if let Some(method) = fault["method"].as_str() { (method) " " }
                    code { (fault["route"].as_str().unwrap_or("any route")) } " "
                    span class="soft" { (fault["count"]) " more" }
                }
            }
        }
        @if !waiting.is_empty() { (operate(token, here, "faults", "clear-faults", "Clear them")) }
        h2 { "Clock" }
        form method="post" action="/debug/clock" class="line wrap" {
            (operator(token, here, "faults"))
            @for (ms, word) in [("60000", "+1 minute"), ("3600000", "+1 hour"), ("86400000", "+1 day")] {
                button class="small" name="ms" value=(ms) { (word) }
            }
        }
        p class="soft" { "It is " (precise(debug.now_ms)) " here." }
    }
}

fn operator(token: &str, here: &str, side: &str) -> Markup {
    html! {
        input type="hidden" name="token" value=(token);
        input type="hidden" name="here" value=(here);
        input type="hidden" name="side" value=(side);
    }
}

fn operate(token: &str, here: &str, side: &str, verb: &str, word: &str) -> Markup {
    html! {
        form method="post" action={ "/debug/" (verb) } class="line" { (operator(token, here, side)) button class="small quiet" { (word) } }
    }
}
