//! The server as one function: doors mounted, layers around them, connections taken in.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    response::Response,
    routing::get,
};
use model::{Clock, ledger::Keys};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt as _, util::BoxCloneSyncService};

use crate::{
    Api, Error, Health, Hosts, accept::accept, access::Doorkeeper, api, health, layers, pages,
};

/// How to serve.
#[derive(Debug, Clone)]
pub struct Config {
    /// Names and pages besides this machine's own.
    pub hosts: Hosts,
    /// Whether each request to a door must show a key.
    pub require_keys: bool,
    /// Let guests in although the listener can be reached from the network. Anyone there can
    /// then act through the bot.
    pub trust_network: bool,
    /// Connections at once, streams included.
    pub max_connections: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hosts: Hosts::default(),
            require_keys: false,
            trust_network: false,
            max_connections: 2048,
        }
    }
}

/// What is served.
pub struct Routes {
    /// At `/mcp`. Finds the `model::Principal` among each request's extensions.
    pub mcp: Mount,
    /// At `/api`, where there is one.
    pub api: Option<Api>,
    pub health: Arc<dyn Health>,
    /// Where API keys are looked up.
    pub keys: Option<Arc<dyn Keys>>,
    pub clock: Arc<dyn Clock>,
}

/// A door of any kind.
pub type Mount = BoxCloneSyncService<Request, Response, Infallible>;

/// Make a tower service a door.
pub fn mount<S, B>(service: S) -> Mount
where
    S: Service<Request, Response = http::Response<B>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
    B: axum::body::HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    BoxCloneSyncService::new(service.map_response(|response| response.map(Body::new)))
}

/// Serve until `shutdown` is cancelled, then give requests under way five seconds.
///
/// # Errors
/// Refuses to serve guests on an address that the network can reach, unless the configuration
/// trusts the network.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    routes: Routes,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let address = listener.local_addr()?;
    if config.require_keys && routes.keys.is_none() {
        return Err(Error::NoKeys);
    }
    if !config.require_keys && !address.ip().is_loopback() && !config.trust_network {
        return Err(Error::OpenToTheNetwork { address });
    }
    let app = app(&config, routes);
    tracing::info!(%address, "listening");
    accept(listener, app, config.max_connections, shutdown).await;
    Ok(())
}

fn app(config: &Config, routes: Routes) -> Router {
    let doorkeeper = Doorkeeper::new(routes.keys, routes.clock, !config.require_keys);
    let mut doors = Router::new().route_service("/mcp", routes.mcp);
    if let Some(api) = routes.api {
        doors = doors.nest("/api", api::router(api));
    }
    let open = Router::new()
        .route("/", get(pages::landing))
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .with_state(routes.health);
    let all = open
        .merge(layers::guarded(doors, Arc::new(doorkeeper)))
        .fallback(pages::nothing_here)
        .method_not_allowed_fallback(pages::other_method);
    layers::around(all, Arc::new(config.hosts.clone()))
}
