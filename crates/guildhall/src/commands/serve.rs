//! `guildhall serve`: the service for many agents.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use async_trait::async_trait;
use model::{Clock, ledger::Keys};
use sandbox::{Info, Sandbox};
use serde_json::{Map, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::ServeArgs, clock::SystemClock, commands::sandbox::start as start_of, config::Config,
    lifecycle, output, wiring::House,
};

/// How long looking for what stands in the way of asking people may hold up the start.
const SAYING: Duration = Duration::from_secs(3);

/// Run the service until a signal.
pub(crate) async fn run(args: &ServeArgs, mut config: Config) -> anyhow::Result<()> {
    let sandbox = if args.sandbox {
        let config_of_it = sandbox::Config {
            seed: args.seed,
            start: start_of(&args.world)?,
            ..Default::default()
        };
        let sandbox = Sandbox::start(config_of_it).await?;
        point_at(&mut config, &sandbox.info());
        Some(sandbox)
    } else {
        None
    };
    let stop = CancellationToken::new();
    let house = House::build(config, stop.clone()).await?;
    let service = start(&house).await?;
    house.listen();
    house.watch_audit();
    house.watch_policy();
    let _said_or_too_slow = tokio::time::timeout(SAYING, house.say_obstacles()).await;
    say_where(args, &service, sandbox.as_ref().map(Sandbox::info).as_ref())?;
    until_stopped(&stop).await;
    service.stop().await;
    house.close().await;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    Ok(())
}

/// Let hands and ears use a sandbox.
pub(crate) fn point_at(config: &mut Config, sandbox: &Info) {
    config.api_url.clone_from(&sandbox.api_url);
    config.gateway_url = Some(sandbox.gateway_url.clone());
    config.token = Some(sandbox.bot_token.clone().into());
}

/// Wait for Ctrl-C, SIGTERM or `stop`.
pub(crate) async fn until_stopped(stop: &CancellationToken) {
    lifecycle::cancel_on_signal(stop);
    stop.cancelled().await;
}

/// The HTTP server, running.
pub(crate) struct Service {
    address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<Result<(), web::Error>>,
}

impl Service {
    /// Where MCP clients connect.
    pub(crate) fn mcp_url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Stop accepting, and let requests in flight end.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        match self.server.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the HTTP server ended badly"),
            Err(error) => tracing::error!(%error, "the HTTP server's task broke"),
        }
    }
}

/// Listen and serve; recovery of the outbox goes on beside it, and `/ready` says when it is done.
pub(crate) async fn start(house: &House) -> anyhow::Result<Service> {
    let config = &house.config;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let mut http = mcp::HttpConfig {
        shutdown: stop.clone(),
        ..Default::default()
    };
    if address.ip().is_loopback() {
        http.allowed_hosts
            .extend(config.allowed_hosts.iter().cloned());
    } else {
        // Which address a connection came to is only known to the web layer, so it checks alone.
        http.allowed_hosts.clear();
    }
    http.allowed_origins
        .extend(config.allowed_origins.iter().cloned());
    let mcp = house.mcp.http(http);
    let health = Arc::new(Vitals {
        sessions: mcp.sessions(),
        ears: house.hearing(),
        limits: house.limits(),
        gate: house.gate.clone(),
        recovered: house.recover(),
    });
    let web = web::Config {
        require_keys: config.require_key,
        hosts: web::Hosts {
            names: config.allowed_hosts.clone(),
            origins: config.allowed_origins.clone(),
        },
        ..Default::default()
    };
    let keys: Arc<dyn Keys> = Arc::new(house.store.clone());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let routes = web::Routes {
        mcp: web::mount(mcp),
        api: Some(web::Api {
            gate: house.gate.clone(),
            office: house.office(),
        }),
        health,
        keys: Some(keys),
        clock,
    };
    let server = tokio::spawn(web::serve(listener, web, routes, stop.clone()));
    Ok(Service {
        address,
        stop,
        server,
    })
}

fn say_where(args: &ServeArgs, service: &Service, sandbox: Option<&Info>) -> anyhow::Result<()> {
    let url = service.mcp_url();
    if args.json {
        return output::json_line(&json!({ "mcp_url": url, "sandbox": sandbox }));
    }
    output::line(&format!("Guildhall is open: MCP at {url}"));
    if let Some(sandbox) = sandbox {
        output::line(&format!(
            "with a simulated Discord at {}, and its page at {}",
            sandbox.api_url,
            sandbox.page_url()
        ));
    }
    Ok(())
}

/// What `/health` and `/ready` report.
struct Vitals {
    sessions: mcp::Sessions,
    ears: Option<watch::Receiver<discord::ears::EarsStatus>>,
    limits: discord::Reader,
    gate: gate::Gate,
    /// Whether writes that a crash left behind have been seen to.
    recovered: watch::Receiver<bool>,
}

#[async_trait]
impl web::Health for Vitals {
    async fn health(&self) -> web::HealthReport {
        let ears = self.ears.as_ref().map(|ears| ears.borrow().clone());
        let mut more = Map::new();
        more.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
        more.insert("gateway".to_owned(), json!(ears));
        more.insert("discord_limits".to_owned(), json!(self.limits.limits()));
        let mirrors = self.gate.mirror_health();
        more.insert(
            "audit_mirrors".to_owned(),
            json!({ "mirrors": mirrors.mirrors, "in_trouble": mirrors.in_trouble }),
        );
        web::HealthReport {
            discord_connected: ears.is_some_and(|ears| ears.connected),
            active_sessions: self.sessions.count().await,
            more,
        }
    }

    async fn not_ready(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if !*self.recovered.borrow() {
            reasons.push("writes that were interrupted are being finished".to_owned());
        }
        if let Some(ears) = &self.ears
            && !ears.borrow().connected
        {
            reasons.push("the Gateway is not connected".to_owned());
        }
        reasons
    }
}
