//! The style sheets and the script, which are part of the program, and the colours of roles, which
//! come from the world: the page allows no inline styles.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::{Page, view};
use crate::snowflake::Snowflake;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Name, type and content of every file.
const FILES: &[(&str, &str, &str)] = &[
    ("base.css", CSS, include_str!("assets/base.css")),
    ("frame.css", CSS, include_str!("assets/frame.css")),
    ("message.css", CSS, include_str!("assets/message.css")),
    ("parts.css", CSS, include_str!("assets/parts.css")),
    ("debug.css", CSS, include_str!("assets/debug.css")),
    ("page.js", SCRIPT, include_str!("assets/page.js")),
    ("live.js", SCRIPT, include_str!("assets/live.js")),
    ("compose.js", SCRIPT, include_str!("assets/compose.js")),
    ("icon.svg", SVG, include_str!("assets/icon.svg")),
];

/// The style sheets in the order in which they are to be read.
pub(super) const STYLES: &[&str] = &[
    "base.css",
    "frame.css",
    "message.css",
    "parts.css",
    "debug.css",
];

/// `GET /assets/{name}`
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(file, _, _)| *file == name) {
        Some((_, kind, content)) => styled(kind, (*content).to_owned()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /assets/roles/{guild}`: a class for each role.
pub(super) async fn role_colours(
    State(page): State<Arc<Page>>,
    Path(guild): Path<Snowflake>,
) -> Response {
    let colours = page
        .desk
        .shared
        .read(|world| view::role_colours(world, guild));
    styled(CSS, view::colour::style_sheet(&colours))
}

fn styled(kind: &'static str, content: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, content).into_response()
}
