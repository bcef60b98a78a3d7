//! For whom an invite is.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;

use super::call::Call;
use super::reply::Reply;
use crate::world::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/invites/{code}/target-users", get(list).put(replace))
        .route("/invites/{code}/target-users/job-status", get(job))
}

/// A CSV file.
async fn list(call: Call) -> Response {
    match call.read(|world, by| world.invite_targets(by, call.text("code"))) {
        Ok(csv) => ([(header::CONTENT_TYPE, "text/csv")], csv).into_response(),
        Err(refusal) => Reply::refused(refusal).into_response(),
    }
}

async fn replace(mut call: Call) -> Reply {
    let files = std::mem::take(&mut call.open.files);
    Reply::done(call.write(|world, by| world.set_invite_targets(by, call.text("code"), &files)))
}

async fn job(call: Call) -> Reply {
    Reply::ok(call.read(|world, by| world.invite_targets_job(by, call.text("code"))))
}
