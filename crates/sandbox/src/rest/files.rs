//! Downloads of attachments by their signed links.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Deserialize;

use crate::snowflake::Snowflake;
use crate::world::Shared;

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
    match found.filter(|(file, _)| fits(file)) {
        Some((file, bytes)) => {
            let kind = file
                .content_type
                .unwrap_or_else(|| "application/octet-stream".into());
            ([(header::CONTENT_TYPE, kind)], bytes).into_response()
        }
        None => (
            StatusCode::NOT_FOUND,
            "This content is no longer available.",
        )
            .into_response(),
    }
}
