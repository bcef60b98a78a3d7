//! The wiring, on one page: which room is joined to which, and the one place where hands are built.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, bail};
use catalogue::ToolsetSelection;
use discord::{
    Reader, Rest, RestConfig, api_url,
    cache::Cache,
    ears::{Ears, EarsConfig, EarsParts, EarsStatus, intents},
    facts::{ByReader, Facts, Fetch},
    user_agent,
};
use gate::{
    Gate, Parts,
    manage::{Books, Office},
    policies::InForce,
};
use model::{Clock, Hands, Surroundings, interaction::Interactions, ledger::Journal};
use policy::Policy;
use secrecy::ExposeSecret as _;
use store::{AuditKey, Store};
use team::people::{self, People, Rings};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{asking, clock::SystemClock, config::Config, mirror, policy_file, secrets, witness};

/// Discord wants to know whom to ask about a bot's requests.
const HOMEPAGE: &str = "https://guildhall.example";
/// How long a lookup of facts may take before a check says that it could not be made.
const FACTS_TIMEOUT: Duration = Duration::from_secs(10);
/// Members that the cache keeps where the bot may know them; about 240 bytes each.
const MEMBERS_MAX: usize = 200_000;
/// How long writes under way may take when the process ends.
const DRAIN: Duration = Duration::from_secs(4);

/// Everything that runs, joined.
pub(crate) struct House {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) gate: Gate,
    pub(crate) mcp: mcp::Service,
    ears: Option<Arc<Ears>>,
    reader: Reader,
    facts: Arc<dyn Surroundings>,
    /// What listens to people, until it is started.
    people: Mutex<Option<(People, Rings)>>,
    stored_policies: Arc<InForce>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl House {
    /// Join the rooms. Nothing is sent to Discord yet.
    pub(crate) async fn build(config: Config, stop: CancellationToken) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = open_store(&config).await?;
        let shared_store = Arc::new(store.clone());
        let limbs = Limbs::build(&config)?;
        let (bell, rings) = people::bell();
        let ears = limbs.ears(
            &config,
            shared_store.clone(),
            Arc::clone(&clock),
            bell.clone(),
        )?;
        let seal_key = secrets::seal_key(config.data_dir.as_deref());
        let selection: ToolsetSelection = config.toolsets.join(",").parse()?;

        let mut flows = team::flows(
            shared_store.clone(),
            shared_store.clone(),
            hearing(ears.as_deref()),
        );
        flows.extend(assistant::flows(shared_store.clone(), Arc::clone(&clock)));
        let gate = Gate::new(Parts {
            policy: Arc::new(policy(&config)?),
            hands: limbs.hands,
            surroundings: limbs.facts.clone(),
            ledger: shared_store.clone(),
            tenants: shared_store.clone(),
            clock: Arc::clone(&clock),
            flows,
            seal_key,
        });
        gate.appoint(Arc::new(cedar::CedarJudges));
        let judges = Arc::new(cedar::CedarJudges);
        let stored_policies = Arc::new(InForce::new(shared_store.clone(), judges, gate.clone()));
        stored_policies.renew().await?;
        gate.know_keys(Arc::new(store.clone()));
        gate.know_readings(Arc::new(store.clone()));
        gate.know_kept(Arc::new(store.clone()));
        gate.keep_undo_days(config.undo_days);
        gate.know_approvals(shared_store.clone());
        gate.know_mirrors(shared_store.clone(), config.audit_channel.clone());
        let listener = People {
            gate: gate.clone(),
            journal: shared_store.clone(),
            approvals: shared_store,
            bell,
        };
        let mcp = mcp::Service::new(mcp::App {
            hall: Arc::new(mcp::Gated::new(gate.clone(), selection)),
            clock: Arc::clone(&clock),
            seal_key,
            ask_in_place: config.ask_in_place,
            approval_wait: config.approval_wait,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        });
        let tasks = TaskTracker::new();
        Ok(Self {
            config,
            store,
            gate,
            mcp,
            people: Mutex::new(ears.is_some().then_some((listener, rings))),
            ears,
            reader: limbs.reader,
            facts: limbs.facts,
            stored_policies,
            tasks,
            stop,
        })
    }

    /// Where workspaces, clients and policies are managed.
    pub(crate) fn office(&self) -> Office {
        Office::beside(books(&self.store), Arc::clone(&self.stored_policies))
    }

    /// Finish what a crash left in the outbox, in the background; says when it is done. The task
    /// ends by itself.
    pub(crate) fn recover(&self) -> watch::Receiver<bool> {
        let gate = self.gate.clone();
        let (done, recovered) = watch::channel(false);
        self.tasks.spawn(async move {
            match gate.finish_unfinished().await {
                Ok(found) => tracing::info!(?found, "interrupted writes have been seen to"),
                Err(error) => tracing::error!(%error, "interrupted writes could not be seen to"),
            }
            let _ = done.send(true);
        });
        recovered
    }

    /// Connect to the Gateway where that is wanted. The task ends when the house closes.
    pub(crate) fn listen(&self) {
        self.attend_people();
        let Some(ears) = self.ears.clone() else {
            return;
        };
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            if let Err(error) = ears.run(stop).await {
                tracing::error!(%error, "the Gateway connection ended for good");
            }
        });
    }

    /// Hear people who approve or refuse, where the Gateway is listened to, and see to what waits for
    /// them. The tasks end when the house closes.
    fn attend_people(&self) {
        self.gate.attend_approvals();
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((people, rings)) = people.take() {
            self.tasks
                .spawn(people::attend(people, rings, self.stop.clone()));
        }
    }

    /// Say at the start what stands in the way of asking people. Ends by itself.
    pub(crate) async fn say_obstacles(&self) {
        let Ok(policy) = policy(&self.config) else {
            return;
        };
        for (what, advice) in asking::obstacles(&self.config, &policy, &*self.facts).await {
            tracing::warn!(%advice, "{what}");
        }
    }

    /// Let changed policies count, of the configuration file and of workspaces. The tasks end when
    /// the house closes.
    pub(crate) fn watch_policy(&self) {
        let stored = Arc::clone(&self.stored_policies);
        self.tasks.spawn(stored.watch(self.stop.clone()));
        if let Some(file) = self.config.file.clone() {
            let (fixed, gate) = (self.config.fixed.clone(), self.gate.clone());
            let stop = self.stop.clone();
            self.tasks
                .spawn(policy_file::watch(file, fixed, gate, stop));
        }
    }

    /// Sign from time to time where the audit stands, and mirror it where that is wanted. The tasks
    /// end when the house closes.
    pub(crate) fn watch_audit(&self) {
        self.gate.attend_mirrors();
        let minutes = u64::from(self.config.checkpoint_minutes.get());
        self.tasks.spawn(witness::watch(
            self.store.clone(),
            self.config.audit_witness.clone(),
            Duration::from_secs(60 * minutes),
            self.stop.clone(),
        ));
        if let Some(file) = self.config.audit_mirror.clone() {
            let stop = self.stop.clone();
            self.tasks
                .spawn(mirror::watch(self.store.clone(), file, stop));
        }
    }

    /// How the bot stands with Discord's limits, whenever that is asked.
    pub(crate) fn limits(&self) -> Reader {
        self.reader.clone()
    }

    /// How the ears are, where there are any.
    pub(crate) fn hearing(&self) -> Option<watch::Receiver<EarsStatus>> {
        self.ears.as_ref().map(|ears| ears.status())
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

/// What reaches Discord: hands for the gate's permits, and the facts that they (or the ears'
/// cache) know.
pub(crate) struct Limbs {
    pub(crate) hands: Arc<dyn Hands<gate::Permit>>,
    pub(crate) facts: Arc<dyn Surroundings>,
    /// Reads under the limits of the hands.
    pub(crate) reader: Reader,
    fetch: Arc<dyn Fetch>,
    cache: Arc<Cache>,
}

impl Limbs {
    pub(crate) fn build(config: &Config) -> anyhow::Result<Self> {
        let Some(token) = config.token.clone() else {
            bail!(
                "there is no bot token: set DISCORD_TOKEN (or DISCORD_TOKEN_FILE), \
                 or try `guildhall demo`, which needs none"
            );
        };
        let agent = user_agent(HOMEPAGE, env!("CARGO_PKG_VERSION"));
        let rest = RestConfig::new(api_url(&config.api_url)?, token, agent);
        let hands = Rest::<gate::Permit>::new(rest)?;
        let fetch: Arc<dyn Fetch> =
            Arc::new(ByReader::new(hands.reader(), "facts".into(), FACTS_TIMEOUT));
        let cache = Arc::new(if config.members {
            Cache::with_members(MEMBERS_MAX)
        } else {
            Cache::of_the_bot()
        });
        let listened = config.gateway.then(|| Arc::clone(&cache));
        let facts = Arc::new(Facts::new(
            Arc::clone(&fetch),
            listened,
            Arc::new(SystemClock),
        ));
        Ok(Self {
            reader: hands.reader(),
            hands: Arc::new(hands),
            facts,
            fetch,
            cache,
        })
    }

    fn ears(
        &self,
        config: &Config,
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Clock>,
        interactions: Arc<dyn Interactions>,
    ) -> anyhow::Result<Option<Arc<Ears>>> {
        let Some(token) = config.token.clone().filter(|_| config.gateway) else {
            return Ok(None);
        };
        let mut listening = EarsConfig::new(token);
        listening.gateway_url.clone_from(&config.gateway_url);
        if config.message_content {
            listening.intents |= intents::MESSAGE_CONTENT;
        }
        if config.members {
            listening.intents |= intents::GUILD_MEMBERS;
        }
        let (cache, fetch) = (Arc::clone(&self.cache), Arc::clone(&self.fetch));
        let parts = EarsParts {
            journal,
            cache,
            fetch,
            clock,
        };
        let ears = Ears::new(listening, parts)?.telling(interactions);
        Ok(Some(Arc::new(ears)))
    }
}

/// Whether new messages reach the journal at this moment.
fn hearing(ears: Option<&Ears>) -> team::Hearing {
    match ears.map(Ears::status) {
        Some(status) => Arc::new(move || status.borrow().connected),
        None => Arc::new(|| false),
    }
}

/// Where workspaces, clients and policies are managed, over one store.
pub(crate) fn office(store: &Store) -> Office {
    Office::new(books(store))
}

fn books(store: &Store) -> Books {
    let store = Arc::new(store.clone());
    Books {
        workspaces: store.clone(),
        keys: store.clone(),
        ledger: store.clone(),
        policies: store,
        judges: Arc::new(cedar::CedarJudges),
        clock: Arc::new(SystemClock),
    }
}

/// Open the database that the configuration names.
pub(crate) async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let url = config.database_url.expose_secret();
    let store = match audit_key(config)? {
        Some(key) => store::open_sealed(url, Arc::new(SystemClock), key).await?,
        None => store::open(url, Arc::new(SystemClock)).await?,
    };
    Ok(store)
}

/// What seals the audit: configured, or kept in the data folder.
pub(crate) fn audit_key(config: &Config) -> anyhow::Result<Option<AuditKey>> {
    if let Some(text) = &config.audit_key {
        let seed: Option<[u8; 32]> = hex::decode(text.expose_secret().trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok());
        let seed =
            seed.context("audit.key must be 64 letters of hex; `openssl rand -hex 32` makes some")?;
        return Ok(Some(AuditKey::from_seed(seed)));
    }
    let kept = config.data_dir.as_deref().map(secrets::audit_key);
    Ok(match kept {
        Some(Ok(seed)) => Some(AuditKey::from_seed(seed)),
        Some(Err(error)) => {
            tracing::warn!(%error, "the audit is not sealed: its key cannot be kept; set audit.key");
            None
        }
        None => None,
    })
}

/// The policy of the file, with the two keys that flags and environment may set.
pub(crate) fn policy(config: &Config) -> anyhow::Result<Policy> {
    let table = config.policy.clone().unwrap_or_default();
    let mut policy: Policy = table
        .try_into()
        .context("[policy] in the configuration file cannot be used")?;
    policy.read_only = config.read_only;
    if let Some(guilds) = &config.allowed_guilds {
        policy.allowed_guilds = Some(guilds.iter().copied().collect());
    }
    gate::check_policy(&policy)?;
    let folder = config.file.as_deref().and_then(Path::parent);
    policy_file::with_cedar(policy, folder)
        .map_err(|fault| anyhow::anyhow!("policy.cedar: {fault}"))
}
