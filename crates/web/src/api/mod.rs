//! The REST API under `/api`: the same gate as every other door, as plain JSON over HTTP.
//!
//! A file of this folder is one subject: what may be asked, who answers, and the words that document
//! it. It lists its endpoints in `routes()`, and [`routes`] lists the files. Server and OpenAPI
//! document are both made from that list, so neither can have an endpoint that the other lacks.

mod answer;
mod body;
mod declined;
mod openapi;
mod parts;
mod route;
mod tools;
mod whoami;

use axum::Router;
use gate::Gate;

use crate::pages;
use route::Route;

pub use openapi::document;

/// What the API is made of.
#[derive(Clone)]
pub struct Api {
    pub gate: Gate,
}

/// Every endpoint, a file after the other.
fn routes() -> Vec<Route> {
    [whoami::routes(), tools::routes(), openapi::routes()]
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
        .with_state(api)
}
