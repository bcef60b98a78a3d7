//! Downloads of attachments by their signed links.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::{StatusCode, header};
use serde::Deserialize;

use crate::snowflake::Snowflake;
use crate::world::Shared;

/// Whatever a browser makes of a file, it runs nothing and has no origin.
const INERT: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:";

/// Shown in place; everything else is saved.
const SHOWN: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "text/plain",
];

/// The parameters of a link: expiry, issue and signature, in hexadecimal.
#[derive(Deserialize)]
pub(super) struct Signed {
    ex: Option<String>,
    hm: Option<String>,
}

/// Serves the bytes of an attachment, 404 when the link does not fit.
pub(super) async fn download(
    State(shared): State<Arc<Shared>>,
    Path((channel, attachment, filename)): Path<(Snowflake, Snowflake, String)>,
    Query(signed): Query<Signed>,
) -> Response {
    let (expires, signature) = (signed.ex.as_deref(), signed.hm.as_deref());
    let found = shared.read(|world| world.linked_file(attachment, expires, signature));
    let fits = |file: &crate::world::message::Attachment| {
        file.channel_id == channel && file.filename == filename
    };
    match found.filter(|file| fits(&file.attachment)) {
        Some(file) => {
            let kind = file
                .attachment
                .content_type
                .unwrap_or_else(|| "application/octet-stream".into());
            let disposition = disposition(&kind, &file.attachment.filename);
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CONTENT_DISPOSITION, disposition),
                (header::CONTENT_SECURITY_POLICY, INERT.into()),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
            ];
            (AppendHeaders(headers), file.bytes).into_response()
        }
        None => (
            StatusCode::NOT_FOUND,
            "This content is no longer available.",
        )
            .into_response(),
    }
}

/// Names of attachments hold letters, digits and `.-_` only, so they need no quoting.
fn disposition(kind: &str, filename: &str) -> String {
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let way = if SHOWN.contains(&essence) {
        "inline"
    } else {
        "attachment"
    };
    format!("{way}; filename=\"{filename}\"")
}
