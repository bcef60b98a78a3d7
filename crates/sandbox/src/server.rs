//! Starts and stops the sandbox: one port for REST, Gateway and the control API.

pub(crate) mod panics;
mod path;
pub(crate) mod wire;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::from_fn_with_state;
use axum::{Router, ServiceExt};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Layer;
use tower::util::MapRequestLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;

use crate::actors::{self, ActorError, ActorSpec, ActorView};
use crate::control::events::SeenEvent;
use crate::control::{self, Person};
use crate::desk::{Desk, SeenRequest};
use crate::faults::{Fault, FaultBook, GatewayFault};
use crate::front::guard;
use crate::gateway::{self, Context, Hub};
use crate::limits::Limits;
use crate::page::{self, Page};
use crate::rest;
use crate::seed::{self, SpecError, WorldSpec};
use crate::snapshot::{Snapshot, SnapshotError};
use crate::snowflake::Snowflake;
use crate::world::{Addresses, SandboxClock, Shared, WorldConfig};
use panics::Panics;
use wire::{CutHandle, Wire};

/// The largest request body, in bytes: Discord's 25 MiB of files and a little JSON.
const MAX_BODY_BYTES: usize = 26 * 1024 * 1024;
/// How long requests in flight may take when the sandbox stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// How often sessions that were lost for good are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(15);
/// How often a world that nobody asks anything is looked at for what is due by itself.
const DUE_INTERVAL: Duration = Duration::from_secs(1);
/// What Discord's HELLO asks for.
const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(41_250);
/// A shorter interval would only measure the machine's scheduler.
const MIN_HEARTBEAT_INTERVAL: Duration = Duration::from_millis(20);

/// How the sandbox starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The same seed and a manual clock give the same ids and tokens.
    pub seed: u64,
    /// What exists at the start.
    pub start: Start,
    /// Rate limits.
    pub limits: Limits,
    /// Real by default.
    pub clock: SandboxClock,
    /// What HELLO asks for; at least 20 ms.
    pub heartbeat_interval: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: 0,
            start: Start::default(),
            limits: Limits::default(),
            clock: SandboxClock::real(),
            heartbeat_interval: HEARTBEAT_INTERVAL,
        }
    }
}

/// What exists when the sandbox starts.
#[derive(Clone, Debug)]
pub enum Start {
    /// A world built from its description.
    World(WorldSpec),
    /// A world as it was saved, with the same ids and tokens.
    Snapshot(Snapshot),
}

impl Default for Start {
    fn default() -> Self {
        Self::World(WorldSpec::default())
    }
}

impl From<WorldSpec> for Start {
    fn from(spec: WorldSpec) -> Self {
        Self::World(spec)
    }
}

impl From<Snapshot> for Start {
    fn from(snapshot: Snapshot) -> Self {
        Self::Snapshot(snapshot)
    }
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or not ours.
    #[error("the sandbox cannot listen on {address}: {source}; choose another port, or 0")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The limits make no sense.
    #[error("invalid limits: {0}")]
    Limits(String),
    /// The world refused what its specification asked for.
    #[error("the world cannot be built: {0}")]
    World(#[from] SpecError),
    /// The snapshot is of no use.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// Where a client finds the sandbox, and what exists there.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Info {
    /// `http://127.0.0.1:PORT/api/v10`
    pub api_url: String,
    /// `ws://127.0.0.1:PORT/gateway`
    pub gateway_url: String,
    /// `http://127.0.0.1:PORT/control`
    pub control_url: String,
    /// The token of the first bot, without `Bot `.
    pub bot_token: String,
    /// The first guild.
    pub guild_id: Snowflake,
    /// Its first text channel.
    pub channel_id: Snowflake,
}

impl Info {
    /// Where people live in it: `http://127.0.0.1:PORT/`.
    pub fn page_url(&self) -> &str {
        self.control_url.trim_end_matches("control")
    }
}

/// A running sandbox. Dropping it stops it without waiting; [`Sandbox::stop`] waits.
pub struct Sandbox {
    address: SocketAddr,
    desk: Arc<Desk>,
    people: Router,
    cancel: CancellationToken,
    tracker: TaskTracker,
}

impl Sandbox {
    /// Listens, builds the world and serves it until [`Sandbox::stop`].
    pub async fn start(config: Config) -> Result<Self, Error> {
        config.limits.validate().map_err(Error::Limits)?;
        let refused = |source| Error::Listen {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(refused)?;
        let address = reachable(listener.local_addr().map_err(refused)?);

        let shared = Shared::new(WorldConfig {
            seed: config.seed,
            clock: config.clock,
        });
        let gateway_url = format!("ws://{address}/gateway");
        let addresses = Addresses {
            http: format!("http://{address}"),
            gateway: gateway_url.clone(),
        };
        shared.write(|world| {
            world.set_addresses(addresses);
            match &config.start {
                Start::World(spec) => seed::build(world, spec).map_err(Error::World),
                Start::Snapshot(snapshot) => {
                    shared.clock().take_up(snapshot.saved_at_ms());
                    world.become_saved(snapshot.world()?);
                    Ok(())
                }
            }
        })?;
        let hub = Arc::new(Hub::default());
        let faults = Arc::new(FaultBook::new(config.seed));
        let panics = Panics::default();
        shared.subscribe(Arc::clone(&hub) as _);

        let cancel = CancellationToken::new();
        let tracker = TaskTracker::new();
        let context = Context {
            shared: Arc::clone(&shared),
            hub: Arc::clone(&hub),
            faults: Arc::clone(&faults),
            panics: panics.clone(),
            heartbeat_interval: config.heartbeat_interval.max(MIN_HEARTBEAT_INTERVAL),
            cancel: cancel.clone(),
        };
        tracker.spawn(sweep_sessions(
            Arc::clone(&shared),
            Arc::clone(&hub),
            cancel.clone(),
        ));
        tracker.spawn(run_due(Arc::clone(&shared), cancel.clone()));
        // People go through the same REST routes as bots, but not past the front.
        let people = rest::router(Arc::clone(&shared));
        let desk = Arc::new(Desk::new(
            Arc::clone(&shared),
            hub,
            faults,
            panics.clone(),
            config.limits,
            people.clone(),
        ));
        let actors = Arc::clone(&desk.actors);
        if let Start::World(spec) = &config.start {
            for (at, actor) in spec.actors.iter().enumerate() {
                let started = actors.start(actor);
                started.map_err(|error| Error::World(SpecError::of_actor(at, &error)))?;
            }
            actors.run_due().await;
        }
        // Ends when `cancel` is cancelled, as the server does.
        let acting = cancel
            .clone()
            .run_until_cancelled_owned(actors::play(actors));
        tracker.spawn(acting);
        let control = control::router(Arc::clone(&desk), people.clone(), cancel.clone());
        let strangers = from_fn_with_state(config.listen, page::refuse_strangers);
        let page = Page::new(
            Arc::clone(&desk),
            control.clone(),
            config.listen,
            cancel.clone(),
        );
        let app = people
            .clone()
            .layer(from_fn_with_state(Arc::clone(&desk), guard))
            .merge(gateway::router(context, tracker.clone()))
            .merge(control.layer(strangers.clone()))
            .merge(page::router(&page))
            .layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES))
            // Snapshots are larger than any request of Discord's, and have a limit of their own.
            .merge(control::snapshot_router(Arc::clone(&desk)).layer(strangers))
            .layer(DefaultBodyLimit::disable())
            // Outermost, so that a panic anywhere still answers its request.
            .layer(CatchPanicLayer::custom(panics));
        // Around the router, which would have chosen a route already.
        let app = MapRequestLayer::new(path::plain).layer(app);
        let server = axum::serve(
            Wire(listener),
            ServiceExt::<Request>::into_make_service_with_connect_info::<CutHandle>(app),
        )
        .with_graceful_shutdown(cancel.clone().cancelled_owned());
        // Ends when `cancel` is cancelled: by `stop`, or when the sandbox is dropped.
        tracker.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the sandbox's server ended");
            }
        });
        Ok(Self {
            address,
            desk,
            people,
            cancel,
            tracker,
        })
    }

    /// Where it is, and what exists.
    pub fn info(&self) -> Info {
        let address = self.address;
        self.desk.shared.read(|world| {
            let bot = world.application_of(world.home.bot);
            Info {
                api_url: format!("http://{address}/api/v10"),
                gateway_url: format!("ws://{address}/gateway"),
                control_url: format!("http://{address}/control"),
                bot_token: bot.map(|bot| bot.token.clone()).unwrap_or_default(),
                guild_id: world.home.guild,
                channel_id: world.home.channel,
            }
        })
    }

    /// The world as it is now; kept elsewhere, it can be started from or gone back to.
    pub fn snapshot(&self) -> Snapshot {
        self.desk.snapshot()
    }

    /// Goes back to a saved world: ids and tokens are the same again, and every session of the
    /// Gateway has to identify anew. Answers how many sessions there were.
    pub fn restore(&self, snapshot: &Snapshot) -> Result<usize, SnapshotError> {
        self.desk.restore(snapshot)
    }

    /// The world, for looking at and changing directly.
    pub fn world(&self) -> Arc<Shared> {
        Arc::clone(&self.desk.shared)
    }

    /// A person of the world, who can be made to act. `None` for an unknown name.
    pub fn person(&self, username: &str) -> Option<Person> {
        let id = self.desk.shared.read(|world| {
            world
                .users
                .values()
                .find(|user| user.username == username)
                .map(|user| user.id)
        })?;
        Some(Person::new(id, self.people.clone()))
    }

    /// Switches a fault of REST on; the error says what makes no sense.
    pub fn break_rest(&self, fault: Fault) -> Result<(), String> {
        self.desk.faults.with(|faults| faults.add(fault)).map(drop)
    }

    /// Does something to every session of the Gateway; answers how many it reached.
    pub fn break_gateway(&self, fault: GatewayFault) -> usize {
        self.desk.break_gateway(fault)
    }

    /// Takes new rate limits into use; every window starts anew.
    pub fn set_limits(&self, limits: Limits) -> Result<(), String> {
        self.desk.set_limits(limits)
    }

    /// The last 1,000 REST requests of bots, oldest first.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.desk.requests()
    }

    /// The last 1,000 dispatched events after a number, oldest first.
    pub fn events(&self, after: u64) -> Vec<SeenEvent> {
        self.desk.events.after(after)
    }

    /// Lets someone of the world act by themselves; answers the actor's id. What is due at once is
    /// done before the answer.
    pub async fn start_actor(&self, actor: &ActorSpec) -> Result<u64, ActorError> {
        let id = self.desk.actors.start(actor)?;
        self.desk.actors.run_due().await;
        Ok(id)
    }

    /// Everyone who acts by themselves, and how they get on.
    pub fn actors(&self) -> Vec<ActorView> {
        self.desk.actors.views()
    }

    /// Lets an actor act no more; answers whether there is one.
    pub fn stop_actor(&self, id: u64) -> bool {
        self.desk.actors.stop(id)
    }

    /// Moves the clock forward. Whatever is due on the way, actors' steps included, happens at its
    /// moment.
    pub async fn advance(&self, ms: u64) {
        self.desk.actors.advance(ms).await;
        gateway::sweep(&self.desk.shared, &self.desk.hub);
    }

    /// Requests within ten minutes that count towards Discord's ban of an address.
    pub fn invalid_requests(&self) -> usize {
        self.desk.invalid_requests()
    }

    /// Mistakes of the sandbox's own since its start, which cost a request or a connection each.
    pub fn panics(&self) -> u64 {
        self.desk.panics.count()
    }

    /// Stops: no new requests, websockets are closed, tasks are awaited.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.tracker.close();
        if timeout(STOP_TIMEOUT, self.tracker.wait()).await.is_err() {
            tracing::warn!("the sandbox stopped with requests still in flight");
        }
    }
}

/// Lets lost sessions expire. Ends when `cancel` is cancelled, as the server does.
async fn sweep_sessions(shared: Arc<Shared>, hub: Arc<Hub>, cancel: CancellationToken) {
    while cancel
        .run_until_cancelled(sleep(SWEEP_INTERVAL))
        .await
        .is_some()
    {
        gateway::sweep(&shared, &hub);
    }
}

/// Lets happen what is due by itself. Ends when `cancel` is cancelled, as the server does.
async fn run_due(shared: Arc<Shared>, cancel: CancellationToken) {
    while cancel
        .run_until_cancelled(sleep(DUE_INTERVAL))
        .await
        .is_some()
    {
        shared.run_due();
    }
}

/// Where clients of this machine reach a listener that takes every address.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
