//! The REST API under `/api`: the same gate as every other door, as plain JSON over HTTP.
//!
//! A file of this folder is one subject: what may be asked, who answers, and the words that document
//! it. It lists its endpoints in `routes()`, and [`routes`] lists the files. Server and OpenAPI
//! document are both made from that list, so neither can have an endpoint that the other lacks.

mod answer;
mod approvals;
mod body;
mod clients;
mod condition;
mod declined;
mod installations;
mod manage;
mod members;
mod openapi;
mod parts;
mod policy;
mod route;
mod settings;
mod tools;
mod unique;
mod whoami;
mod workspaces;

use axum::{Router, middleware, response::Response};
use gate::{Gate, manage::Office};
use http::{HeaderValue, header};

use crate::pages;
use route::Route;

pub use openapi::document;

/// What the API is made of.
#[derive(Clone)]
pub struct Api {
    pub gate: Gate,
    /// Where workspaces and clients are managed.
    pub office: Office,
}

/// Every endpoint, a file after the other.
fn routes() -> Vec<Route> {
    [
        whoami::routes(),
        tools::routes(),
        workspaces::routes(),
        members::routes(),
        settings::routes(),
        installations::routes(),
        clients::routes(),
        policy::routes(),
        approvals::routes(),
        openapi::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The API as a service, to be nested under `/api` behind the layers that find the principal.
pub(crate) fn router(api: Api) -> Router {
    routes()
        .into_iter()
        .fold(Router::new(), |router, route| {
            router.route(route.path, route.handler)
        })
        .fallback(pages::nothing_here)
        .method_not_allowed_fallback(pages::other_method)
        // Answers hold people's words, and one of them a key.
        .layer(middleware::map_response(keep_nowhere))
        .with_state(api)
}

async fn keep_nowhere(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
