//! The wiring, on one page: which room is joined to which, and the one place where hands are built.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use catalogue::{ToolsetSelection, catalogue};
use discord::{
    Rest, RestConfig, api_url,
    cache::Cache,
    ears::{EarsConfig, EarsStatus},
    facts::{ByHands, Facts},
    user_agent,
};
use gate::{Gate, Parts};
use model::{Clock, Hands, Surroundings};
use policy::Policy;
use secrecy::ExposeSecret as _;
use store::Store;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{clock::SystemClock, config::Config};

/// Discord wants to know whom to ask about a bot's requests.
const HOMEPAGE: &str = "https://guildhall.example";
/// How long a lookup of facts may take before a check says that it could not be made.
const FACTS_TIMEOUT: Duration = Duration::from_secs(10);
/// How long writes under way may take when the process ends.
const DRAIN: Duration = Duration::from_secs(4);

/// Whether to connect to the Gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ears {
    AsConfigured,
    Wanted,
}

/// Everything that runs, joined.
pub(crate) struct House {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) gate: Gate,
    pub(crate) mcp: mcp::Service,
    pub(crate) ears: watch::Receiver<EarsStatus>,
    ears_status: watch::Sender<EarsStatus>,
    cache: Arc<Cache>,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl House {
    /// Join the rooms. Nothing is sent to Discord yet.
    pub(crate) async fn build(config: Config, stop: CancellationToken) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = open_store(&config).await?;
        let cache = Arc::new(Cache::new());
        let (hands, facts) = discord(&config, Some(Arc::clone(&cache)))?;
        let shared_store = Arc::new(store.clone());
        let (ears_status, ears) = watch::channel(EarsStatus::default());
        let seal_key = rand::random::<[u8; 32]>();
        let selection: ToolsetSelection = config.toolsets.join(",").parse()?;

        let mut flows = team::flows(shared_store.clone(), shared_store.clone(), Arc::clone(&clock));
        flows.extend(assistant::flows(shared_store.clone(), Arc::clone(&clock)));
        let gate = Gate::new(Parts {
            policy: Arc::new(policy(&config)?),
            hands,
            surroundings: facts,
            ledger: shared_store,
            clock: Arc::clone(&clock),
            flows,
            seal_key,
        });
        let mcp = mcp::Service::new(mcp::App {
            hall: Arc::new(mcp::GateHall::new(gate.clone(), selection)),
            clock: Arc::clone(&clock),
            seal_key,
            ask_in_place: config.ask_in_place,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        });
        let tasks = TaskTracker::new();
        Ok(Self { config, store, gate, mcp, ears, ears_status, cache, clock, tasks, stop })
    }

    /// Finish what a crash left in the outbox, in the background. Ends by itself.
    pub(crate) fn recover(&self) {
        let gate = self.gate.clone();
        self.tasks.spawn(async move {
            if let Err(error) = gate.finish_unfinished().await {
                tracing::error!(%error, "unfinished writes could not be looked at");
            }
        });
    }

    /// Connect to the Gateway where that is wanted. The task ends when the house closes.
    pub(crate) async fn start_ears(&self, wanted: Ears) -> anyhow::Result<()> {
        if wanted == Ears::AsConfigured && !self.config.gateway {
            return Ok(());
        }
        let token = self.config.token.clone().context("ears need the bot token")?;
        let config = EarsConfig::new(token, self.config.gateway_url.clone())
            .with_message_content(self.config.message_content)
            .with_members(self.config.members);
        let ears = discord::ears::Ears::new(
            config,
            Arc::new(self.store.clone()),
            Arc::clone(&self.cache),
            Arc::clone(&self.clock),
            self.ears_status.clone(),
        );
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            if let Err(error) = ears.run(stop).await {
                tracing::error!(%error, "the Gateway connection ended for good");
            }
        });
        Ok(())
    }

    /// Wind down: no new work, writes under way get their time, the store is flushed.
    pub(crate) async fn close(self) {
        self.stop.cancel();
        self.gate.drain(DRAIN).await;
        self.tasks.close();
        let _ = tokio::time::timeout(DRAIN, self.tasks.wait()).await;
        self.store.close().await;
    }
}

type Limbs = (Arc<dyn Hands<gate::Permit>>, Arc<dyn Surroundings>);

/// Hands for the gate's permits, and the facts that they (or the ears' cache) know.
pub(crate) fn discord(config: &Config, cache: Option<Arc<Cache>>) -> anyhow::Result<Limbs> {
    let Some(token) = config.token.clone() else {
        bail!(
            "there is no bot token: set DISCORD_TOKEN (or DISCORD_TOKEN_FILE), \
             or try `guildhall demo`, which needs none"
        );
    };
    let agent = user_agent(HOMEPAGE, env!("CARGO_PKG_VERSION"));
    let rest = RestConfig::new(api_url(&config.api_url)?, token, agent);
    let hands: Arc<dyn Hands<gate::Permit>> = Arc::new(Rest::<gate::Permit>::new(rest)?);
    let fetch = Arc::new(ByHands::new(Arc::clone(&hands), "facts".into(), FACTS_TIMEOUT));
    let facts = Facts::new(fetch, cache, Arc::new(SystemClock));
    Ok((hands, Arc::new(facts)))
}

/// Open the database that the configuration names.
pub(crate) async fn open_store(config: &Config) -> anyhow::Result<Store> {
    Ok(store::open(config.database_url.expose_secret(), Arc::new(SystemClock)).await?)
}

/// The policy of the file, with the two keys that flags and environment may set.
pub(crate) fn policy(config: &Config) -> anyhow::Result<Policy> {
    let table = config.policy.clone().unwrap_or_default();
    let mut policy: Policy =
        table.try_into().context("[policy] in the configuration file cannot be used")?;
    policy.read_only = config.read_only;
    if !config.allowed_guilds.is_empty() {
        policy.allowed_guilds = Some(config.allowed_guilds.iter().copied().collect());
    }
    let names: Vec<&str> = catalogue().tools().iter().map(|tool| tool.name).collect();
    let toolsets: Vec<&str> =
        catalogue::Toolset::ALL.iter().map(|toolset| toolset.as_str()).collect();
    policy.validate(&names, &toolsets)?;
    Ok(policy)
}
