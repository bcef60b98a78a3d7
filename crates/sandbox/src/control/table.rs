//! Every route of the control API, in one table: routing, the index, the OpenAPI document and
//! `docs/control.md` are made from it.
//!
//! To add what people do through Discord's own routes, add a row that is [`forwarded`]; for
//! something of the sandbox's own, a row with its handler.

mod actors;
mod operate;
mod people;
mod watch;
mod world;

use axum::routing::MethodRouter;

use super::Control;

/// One route.
pub(super) struct Row {
    pub(super) method: &'static str,
    /// Below `/control`.
    pub(super) path: &'static str,
    pub(super) tag: &'static str,
    /// A few words.
    pub(super) about: &'static str,
    /// Fields of the JSON body, `name:type` or `name?:type`, a string without a type; `…` for
    /// further ones, which are Discord's.
    pub(super) body: &'static str,
    /// Parameters of the query, written in the same way.
    pub(super) query: &'static str,
    /// The status, and the JSON type of what is answered.
    pub(super) answer: &'static str,
    /// `None` where the same route of Discord's API answers, as the person whom `as` names.
    pub(super) handler: Option<fn() -> MethodRouter<Control>>,
}

/// The whole table.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    [
        world::ROWS,
        people::ROWS,
        actors::ROWS,
        watch::ROWS,
        operate::ROWS,
    ]
    .into_iter()
    .flatten()
}

const fn own(
    method: &'static str,
    path: &'static str,
    tag: &'static str,
    about: &'static str,
    body: &'static str,
    answer: &'static str,
    handler: fn() -> MethodRouter<Control>,
) -> Row {
    Row {
        handler: Some(handler),
        ..elsewhere(method, path, tag, about, body, answer)
    }
}

/// What a person does through Discord's own route; for bodies that are not JSON, `as` is in the
/// query.
const fn forwarded(
    method: &'static str,
    path: &'static str,
    about: &'static str,
    body: &'static str,
    answer: &'static str,
) -> Row {
    Row {
        query: "as?:id",
        handler: None,
        ..elsewhere(method, path, "people", about, body, answer)
    }
}

const fn elsewhere(
    method: &'static str,
    path: &'static str,
    tag: &'static str,
    about: &'static str,
    body: &'static str,
    answer: &'static str,
) -> Row {
    Row {
        method,
        path,
        tag,
        about,
        body,
        query: "",
        answer,
        handler: None,
    }
}
