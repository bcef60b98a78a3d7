//! Rows by which people act by themselves.

use axum::routing::{delete, get, post};

use super::{Row, own};
use crate::control::actors;

pub(super) const ROWS: &[Row] = &[
    own(
        "GET",
        "/actors",
        "actors",
        "everyone who acts by themselves, and how they get on",
        "",
        "200 object",
        || get(actors::list),
    ),
    own(
        "POST",
        "/actors",
        "actors",
        "starts a script or chatter, in JSON or TOML",
        "name? as?:id in? seed?:integer repeat?:integer steps?:array chatter?:object",
        "201 object",
        || post(actors::start),
    ),
    own(
        "DELETE",
        "/actors",
        "actors",
        "stops all of them",
        "",
        "204",
        || delete(actors::stop_all),
    ),
    own(
        "GET",
        "/actors/{actor}",
        "actors",
        "how one gets on",
        "",
        "200 object",
        || get(actors::show),
    ),
    own(
        "DELETE",
        "/actors/{actor}",
        "actors",
        "stops one",
        "",
        "204",
        || delete(actors::stop),
    ),
];
