//! Rows of the operator: clock, limits and faults.

use axum::routing::{delete, get, post, put};

use super::{Row, own};
use crate::control::operate;

pub(super) const ROWS: &[Row] = &[
    own(
        "POST",
        "/clock/advance",
        "operate",
        "moves the clock forward",
        "ms:integer",
        "200 object",
        || post(operate::advance_clock),
    ),
    own(
        "GET",
        "/limits",
        "operate",
        "rate limits",
        "",
        "200 object",
        || get(operate::show_limits),
    ),
    own(
        "PUT",
        "/limits",
        "operate",
        "takes rate limits into use; windows start anew",
        "…",
        "200 object",
        || put(operate::set_limits),
    ),
    own(
        "GET",
        "/faults",
        "operate",
        "faults that are on",
        "",
        "200 object",
        || get(operate::show_faults),
    ),
    own(
        "POST",
        "/faults",
        "operate",
        "switches a fault of REST or Gateway on",
        "…",
        "201 object",
        || post(operate::add_fault),
    ),
    own(
        "DELETE",
        "/faults",
        "operate",
        "switches all off",
        "",
        "204",
        || delete(operate::clear_faults),
    ),
    own(
        "DELETE",
        "/faults/{fault}",
        "operate",
        "switches one off",
        "",
        "204",
        || delete(operate::remove_fault),
    ),
    own(
        "PUT",
        "/gateway/outage",
        "operate",
        "a guild is gone for a while",
        "guild_id:id unavailable:boolean",
        "200 object",
        || put(operate::set_outage),
    ),
    own(
        "POST",
        "/gateway/{what}",
        "operate",
        "disconnect, drop, reconnect, invalidate, heartbeat or silence every session",
        "code?:integer resumable?:boolean",
        "200 object",
        || post(operate::gateway_fault),
    ),
];
