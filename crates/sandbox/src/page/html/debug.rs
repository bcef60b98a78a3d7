//! The side of people who debug a bot: its tabs, requests and events.

use maud::{Markup, html};
use serde_json::Value;

use super::super::debug::{Debug, Filter, Tab};
use super::super::traffic::Event;
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
                Tab::Sessions => (super::operate::sessions(debug, token, here)),
                Tab::Faults => (super::operate::faults(debug, token, here)),
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
        (super::operate::operate(token, here, "requests", "forget-requests", "Forget them"))
    }
}

fn request_row(debug: &Debug, request: &SeenRequest) -> Markup {
    let actor = request
        .actor
        .and_then(|id| debug.names.get(&id))
        .map_or("no token", String::as_str);
    let class = match request.status {
        200..=299 => "good",
        429 => "slow",
        1..=199 | 300..=499 => "warn",
        _ => "bad",
    };
    html! {
        li {
            details {
                summary {
                    span class={ "method of-" (request.method.to_lowercase()) } { (request.method) }
                    code class="path" title=(request.path) { (short(&request.path)) }
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

/// A path with its ids and tokens shortened to their last digits.
fn short(path: &str) -> String {
    const LONG: usize = 15;
    const KEPT: usize = 4;
    let path = path.strip_prefix("/api/v10").unwrap_or(path);
    let segments = path.split('/').map(|segment| {
        let length = segment.chars().count();
        let is_id = segment.chars().all(|c| c.is_ascii_digit());
        if length >= LONG && (is_id || length > 2 * LONG) {
            let end: String = segment.chars().skip(length - KEPT).collect();
            format!("…{end}")
        } else {
            segment.to_owned()
        }
    });
    segments.collect::<Vec<_>>().join("/")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ids_and_tokens_are_shortened_in_paths() {
        let path = "/api/v10/channels/1573569820501213199/messages/@me";
        assert_eq!(short(path), "/channels/…3199/messages/@me");
        let token = "a".repeat(60);
        assert_eq!(
            short(&format!("/interactions/1/{token}/callback")),
            "/interactions/1/…aaaa/callback"
        );
    }
}
