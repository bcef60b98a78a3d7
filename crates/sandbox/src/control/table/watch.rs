//! Rows for looking on, and waiting for something.

use axum::routing::{delete, get, post};

use super::{Row, own};
use crate::control::{events, state};

pub(super) const ROWS: &[Row] = &[
    own(
        "GET",
        "/requests",
        "watch",
        "the last 1,000 REST requests",
        "",
        "200 object",
        || get(state::requests),
    ),
    own(
        "DELETE",
        "/requests",
        "watch",
        "forgets them",
        "",
        "204",
        || delete(state::forget_requests),
    ),
    Row {
        query: "after?:integer kind? wait_ms?:integer",
        ..own(
            "GET",
            "/events",
            "watch",
            "the last 1,000 dispatched events, or the next ones",
            "",
            "200 object",
            || get(events::list),
        )
    },
    own(
        "POST",
        "/wait",
        "watch",
        "waits until something like it happened",
        "event?:object request?:object message?:object after?:integer timeout_ms?:integer",
        "200 object",
        || post(events::wait),
    ),
];
