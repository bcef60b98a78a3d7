//! Sessions, rate limits, faults and the clock: what people who debug a bot switch.

use maud::{Markup, html};
use serde_json::Value;

use super::super::debug::Debug;
use super::super::view::text;
use super::parts::precise;

/// Faults of REST (`FaultKind`), in words.
const OF_REST: &[(&str, &str)] = &[
    ("status", "an error status"),
    ("429", "a 429"),
    ("cloudflare", "a page of the proxy"),
    ("latency", "a late answer"),
    ("drop", "a cut connection"),
    ("lost", "a lost answer"),
    ("truncate", "half an answer"),
    ("stall", "an answer that pauses"),
    ("hang", "no answer for long"),
];

/// Faults of the Gateway (`FaultKind`), in words.
const OF_GATEWAY: &[(&str, &str)] = &[
    ("no_hello", "no HELLO"),
    ("late_ready", "a late READY"),
    ("no_ack", "no heartbeat acknowledgement"),
    ("refuse_resume", "a refused RESUME"),
    ("duplicate", "a dispatch twice"),
    ("skip", "a dispatch that never comes"),
    ("huge", "a huge dispatch"),
    ("malformed", "a broken dispatch"),
];

/// Intents by their bit (Discord: Gateway › Intents).
const INTENTS: &[(u32, &str)] = &[
    (0, "guilds"),
    (1, "members"),
    (2, "moderation"),
    (3, "expressions"),
    (4, "integrations"),
    (5, "webhooks"),
    (6, "invites"),
    (7, "voice states"),
    (8, "presences"),
    (9, "messages"),
    (10, "reactions"),
    (11, "typing"),
    (12, "direct messages"),
    (13, "direct reactions"),
    (14, "direct typing"),
    (15, "message content"),
    (16, "scheduled events"),
    (20, "AutoMod rules"),
    (21, "AutoMod effects"),
    (24, "polls"),
    (25, "direct polls"),
];

pub(super) fn sessions(debug: &Debug, token: &str, here: &str) -> Markup {
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
                    p class="soft" { "seq " (session["seq"]) " · shard " (session["shard"]) " · " code data-copy { (text(session, "session_id")) } }
                    p class="soft" { "hears " (intents(&session["intents"])) }
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
                dd { @if value["limit"].is_u64() { (value["limit"]) " per " (value["per_ms"]) " ms" } @else { code { @if value.is_null() { "none" } @else { (value) } } } }
            }
        }
    }
}

pub(super) fn faults(debug: &Debug, token: &str, here: &str) -> Markup {
    let waiting = debug
        .faults
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    html! {
        h2 { "Faults" }
        form method="post" action="/debug/fault" class="stack panel" {
            (operator(token, here, "faults"))
            label { "What" select name="kind" {
                optgroup label="REST" { @for (value, word) in OF_REST { option value=(value) { (word) } } }
                optgroup label="Gateway" { @for (value, word) in OF_GATEWAY { option value=(value) { (word) } } }
            } }
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

pub(super) fn operate(token: &str, here: &str, side: &str, verb: &str, word: &str) -> Markup {
    html! {
        form method="post" action={ "/debug/" (verb) } class="line" { (operator(token, here, side)) button class="small quiet" { (word) } }
    }
}

/// The names of the intents that are set.
fn intents(bits: &Value) -> String {
    let bits = bits.as_u64().unwrap_or_default();
    let set = INTENTS.iter().filter(|(bit, _)| bits & (1 << bit) != 0);
    set.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}
