//! `guildhall mcp`: MCP over standard streams, by itself or as a thin client of a service.

use anyhow::Context as _;
use model::Principal;
use secrecy::ExposeSecret as _;
use tokio_util::sync::CancellationToken;

use crate::{config::Config, lifecycle, wiring::House};

/// Serve one client until it closes its end.
pub(crate) async fn run(config: Config) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    lifecycle::cancel_on_signal(&stop);
    if let Some(url) = &config.service_url {
        let key = config
            .service_key
            .as_ref()
            .map(|key| key.expose_secret().to_owned());
        let upstream = mcp::Upstream {
            url: url.clone(),
            key,
        };
        return mcp::bridge(upstream, stop)
            .await
            .with_context(|| format!("the service at {url} (GATEWAY_URL)"));
    }
    let house = House::build(config, stop.clone()).await?;
    house.recover();
    house.listen();
    house.watch_audit();
    house.watch_policy();
    let served = house
        .mcp
        .serve_stdio(Principal::local_operator(), stop)
        .await;
    house.close().await;
    Ok(served?)
}
