//! REST v10 over the world: reads requests, calls the world, renders answers; it decides nothing.

use std::sync::Arc;

use axum::Router;

use crate::world::Shared;

/// Every route of Discord's API that the sandbox knows, under `/api/v10`, `/api/v9` and `/api`.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let api: Router<Arc<Shared>> = Router::new();
    Router::new()
        .nest("/api/v10", api.clone())
        .nest("/api/v9", api.clone())
        .nest("/api", api)
        .with_state(shared)
}
