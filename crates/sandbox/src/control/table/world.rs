//! Rows about the world as a whole: what it is, snapshots, new guilds and users.

use axum::routing::{delete, get, post, put};

use super::{Row, elsewhere, own};
use crate::control::{openapi, people, snapshots, state};

pub(super) const ROWS: &[Row] = &[
    own("GET", "", "world", "this list", "", "200 object", || {
        get(openapi::index)
    }),
    own(
        "GET",
        "/openapi.json",
        "world",
        "the OpenAPI document",
        "",
        "200 object",
        || get(openapi::show),
    ),
    own(
        "GET",
        "/state",
        "world",
        "the world, sessions, limits, faults",
        "",
        "200 object",
        || get(state::show),
    ),
    // Served beside the others: its bodies are larger.
    elsewhere(
        "GET",
        "/snapshot",
        "world",
        "the whole world as a document",
        "",
        "200 object",
    ),
    elsewhere(
        "PUT",
        "/snapshot",
        "world",
        "back to a world that was saved",
        "format version:integer saved_at_ms:integer world:object",
        "200 object",
    ),
    own(
        "GET",
        "/snapshots",
        "world",
        "named snapshots",
        "",
        "200 object",
        || get(snapshots::list),
    ),
    own(
        "POST",
        "/snapshots",
        "world",
        "keeps the world under a name",
        "name",
        "201 object",
        || post(snapshots::keep),
    ),
    own(
        "POST",
        "/snapshots/{name}/restore",
        "world",
        "back to a named snapshot",
        "",
        "200 object",
        || post(snapshots::restore),
    ),
    own(
        "DELETE",
        "/snapshots/{name}",
        "world",
        "forgets a named snapshot",
        "",
        "204",
        || delete(snapshots::forget),
    ),
    own(
        "POST",
        "/guilds",
        "world",
        "a whole guild, with new people and bots, as in a description of a world",
        "name owner …",
        "201 object",
        || post(people::create_guild),
    ),
    own(
        "POST",
        "/users",
        "world",
        "a person, or a bot with its token",
        "username bot?:boolean",
        "201 object",
        || post(people::create_user),
    ),
    own(
        "PUT",
        "/users/{user}/intents",
        "world",
        "privileged intents that a bot may use",
        "privileged:integer",
        "204",
        || put(people::allow_intents),
    ),
    own(
        "POST",
        "/skus",
        "world",
        "puts something up for sale: 2 lasts, 3 is used up, 5 is a subscription",
        "application_id:id name type:integer",
        "201 object",
        || post(people::create_sku),
    ),
];
