//! REST v10 over the world: reads requests, calls the world, renders answers; it decides nothing.

mod applications;
mod automod;
mod call;
mod channels;
mod community;
mod expressions;
mod families;
mod files;
mod guilds;
mod interactions;
mod invite_targets;
mod lobbies;
mod members;
mod messages;
mod reply;
mod scheduled_events;
mod soundboard;
mod stages;
mod templates;
mod threads;
mod users;
mod voice;
mod webhooks;
mod welcome;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::routing::{any, get};

use crate::world::{Refusal, Shared};
use reply::Reply;

/// Every route of Discord's API that the sandbox knows, under `/api/v10`, `/api/v9` and `/api`,
/// and the links to attachments.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let api: Router<Arc<Shared>> = Router::new()
        .merge(users::routes())
        .merge(guilds::routes())
        .merge(members::routes())
        .merge(channels::routes())
        .merge(messages::routes())
        .merge(threads::routes())
        .merge(webhooks::routes())
        .merge(interactions::routes())
        .merge(automod::routes())
        .merge(expressions::routes())
        .merge(applications::routes())
        .merge(lobbies::routes())
        .merge(invite_targets::routes())
        .merge(scheduled_events::routes())
        .merge(stages::routes())
        .merge(soundboard::routes())
        .merge(community::routes())
        .merge(templates::routes())
        .merge(welcome::routes())
        .merge(voice::routes());
    let api = api.method_not_allowed_fallback(|| async { Reply::refused(Refusal::method()) });
    Router::new()
        .nest("/api/v10", api.clone())
        .nest("/api/v9", api.clone())
        .nest("/api", api)
        .route("/api/{*rest}", any(elsewhere))
        .route(
            "/attachments/{channel}/{attachment}/{filename}",
            get(files::download),
        )
        .route("/soundboard-sounds/{sound}", get(soundboard::download))
        // The body of a call is read with a limit of its own.
        .layer(DefaultBodyLimit::disable())
        .with_state(shared)
}

/// A route that is Discord's but not ours, or nobody's.
async fn elsewhere(request: Request) -> Reply {
    let (method, path) = (request.method(), request.uri().path());
    Reply::refused(families::refusal(method.as_str(), path))
}
