//! The gate: one function through which every call goes, in an order that is a security property.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock, RwLock, atomic::AtomicBool},
    time::Duration,
};

use catalogue::{Prepared, Tool, Toolset, ToolsetSelection, View, catalogue};
use futures_util::FutureExt as _;
use model::{
    Call, Clock, GuildId, Hands, HandsError, Principal, Reason, Risk, Stage, Surroundings, UserId,
    kept::KeptWrites,
    ledger::{Keys, Ledger},
    workspaces::Tenants,
};
use policy::{Circumstances, Policy, Question};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    answer::{Answer, Declined, Retry},
    approval::{self, Agreed, Asking, Office, People},
    attempts::Attempts,
    case::Case,
    decisions, digest, discover, dispatch,
    facts::{self, Aims},
    flow::Flow,
    keep::KeepingTime,
    links,
    manner::Manner,
    mirror::Mirroring,
    permit::{Passed, Permit},
    rates::Pacer,
    reading::{Memory, Reader},
    recall::Asked,
    record::Record,
    seal::Seal,
    stages,
    standing::{Standing, Standings},
    tokens, trouble,
};

/// The one way to act in Discord. Cheap to clone.
#[derive(Clone)]
pub struct Gate(pub(crate) Arc<Inner>);

/// What a gate is built from.
pub struct Parts {
    pub policy: Arc<Policy>,
    pub hands: Arc<dyn Hands<Permit>>,
    pub surroundings: Arc<dyn Surroundings>,
    pub ledger: Arc<dyn Ledger>,
    /// Who works on which guilds; [`model::workspaces::OneWorkspace`] where nobody is kept apart.
    pub tenants: Arc<dyn Tenants>,
    pub clock: Arc<dyn Clock>,
    /// Flows by the name of their tool. The gate brings `discord_find_tools` itself.
    pub flows: Vec<(&'static str, Arc<dyn Flow>)>,
    /// Seals confirmation tokens. The same key lets tokens outlive a restart.
    pub seal_key: [u8; 32],
}

/// How long one request to Discord may take, waiting and retries included.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a whole flow may take, waiting for people included. Longer than any wait a tool takes.
pub(crate) const FLOW_TIMEOUT: Duration = Duration::from_mins(11);
/// What to wait for while the service restarts, in milliseconds.
pub(crate) const RESTART_MS: u64 = 5_000;
/// Writes that may be under way at once; more wait at the caller.
const WRITES_UNDER_WAY: usize = 1_024;

/// What a call came to, for a whole that it may be part of.
pub(crate) struct Told {
    pub(crate) result: Result<Answer, Declined>,
    /// The guild it turned out to be about.
    pub(crate) guild: Option<GuildId>,
    /// Whom the policy wants asked about it.
    pub(crate) asking: Option<Asking>,
}

pub(crate) struct Inner {
    pub(crate) standings: RwLock<Standings>,
    pub(crate) hands: Arc<dyn Hands<Permit>>,
    pub(crate) surroundings: Arc<dyn Surroundings>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) tenants: Arc<dyn Tenants>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: OnceLock<Arc<dyn Keys>>,
    pub(crate) kept: OnceLock<Arc<dyn KeptWrites>>,
    pub(crate) keeping: KeepingTime,
    pub(crate) flows: HashMap<&'static str, Arc<dyn Flow>>,
    pub(crate) seal: Seal,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) attempts: Attempts,
    pub(crate) pacer: Pacer,
    pub(crate) reading: Memory,
    pub(crate) approvals: Office,
    pub(crate) mirroring: Mirroring,
    /// Ends with [`Gate::drain`].
    pub(crate) tracker: TaskTracker,
    /// Cancelled by [`Gate::drain`]: no more calls, and nothing is tried again later.
    pub(crate) closing: CancellationToken,
    /// Whether somebody looks after outbox rows of processes that ended.
    pub(crate) makes_rounds: AtomicBool,
}

impl Gate {
    /// Open the gate.
    pub fn new(parts: Parts) -> Self {
        let mut flows: HashMap<_, _> = parts.flows.into_iter().collect();
        flows.insert(
            decisions::NAME,
            Arc::new(decisions::ListDecisions) as Arc<dyn Flow>,
        );
        flows.insert(
            discover::NAME,
            Arc::new(discover::FindTools) as Arc<dyn Flow>,
        );
        let reading = Memory::new(parts.clock.now_ms());
        flows.insert(approval::GET_APPROVAL, Arc::new(approval::GetApproval));
        Self(Arc::new(Inner {
            makes_rounds: AtomicBool::new(false),
            standings: RwLock::new(Standings::new(parts.policy)),
            hands: parts.hands,
            surroundings: parts.surroundings,
            ledger: parts.ledger,
            tenants: parts.tenants,
            clock: parts.clock,
            keys: OnceLock::new(),
            kept: OnceLock::new(),
            keeping: KeepingTime::default(),
            flows,
            seal: Seal::new(&parts.seal_key),
            slots: Arc::new(Semaphore::new(WRITES_UNDER_WAY)),
            attempts: Attempts::default(),
            pacer: Pacer::default(),
            reading,
            approvals: Office::default(),
            mirroring: Mirroring::default(),
            tracker: TaskTracker::new(),
            closing: CancellationToken::new(),
        }))
    }

    /// Judge a call and, where all eight checks allow it, carry it out. Every outcome is recorded
    /// before it is answered; of refusals for too many attempts only one a second.
    pub async fn call(&self, call: Call) -> Result<Answer, Declined> {
        self.call_told(call, Manner::Alone).await.result
    }

    /// The same, for a request that its transport would know again: the same request in the same
    /// conversation, byte for byte. What is sent again under this mark, as after a connection that
    /// broke, has its effect once and gets the first answer. A caller's own key counts instead.
    pub async fn call_marked(&self, call: Call, mark: String) -> Result<Answer, Declined> {
        self.call_told(call, Manner::Marked { mark }).await.result
    }

    /// The same, for a call that may be one of several.
    pub(crate) async fn call_told(&self, call: Call, manner: Manner) -> Told {
        let alone = manner.is_alone();
        let standing = self.standing(&call.principal.workspace);
        let inner = &self.0;
        let record = Arc::new(Record::open(
            &inner.ledger,
            &inner.clock,
            &inner.tracker,
            &call,
            &standing.version,
        ));
        let attempt = inner.attempts.by(&call, &standing);
        let result = self
            .judge_contained(call, standing, &record, manner, None)
            .await;
        if alone && result.is_err() && !record.counted() {
            inner.attempts.wasted(&attempt, inner.clock.now_ms());
        }
        let result = match record.close(&result).await {
            Ok(()) => result.map(without_tokens),
            Err(error) => Err(trouble::storing(&record, &error)),
        };
        Told {
            result,
            guild: record.guild(),
            asking: record.asking(),
        }
    }

    /// [`Gate::judge`], which must not take the caller down with it.
    pub(crate) async fn judge_contained(
        &self,
        call: Call,
        standing: Standing,
        record: &Arc<Record>,
        manner: Manner,
        agreed: Option<Agreed>,
    ) -> Result<Answer, Declined> {
        AssertUnwindSafe(self.judge(call, standing, record, manner, agreed))
            .catch_unwind()
            .await
            .unwrap_or_else(|_panic| Err(broken(record)))
    }

    /// The order is the security property: what is asked, then the checks 1 to 7, each with the
    /// facts it needs and no more, then the eighth, which is carrying it out. One short cut: who is
    /// known and a member gets the answer its idempotency key has already ([`Gate::recall`]).
    async fn judge(
        &self,
        mut call: Call,
        standing: Standing,
        record: &Arc<Record>,
        manner: Manner,
        agreed: Option<Agreed>,
    ) -> Result<Answer, Declined> {
        if self.0.closing.is_cancelled() {
            return Err(record.fail(
                "shutting_down",
                "the service is shutting down",
                Retry::After(RESTART_MS),
            ));
        }
        // What people agreed to was counted when it was asked for.
        if manner.is_alone() && agreed.is_none() {
            self.attempt(&self.0.attempts.by(&call, &standing), record)?;
        }
        let agreed = agreed.or_else(|| manner.agreed());
        let policy = &*standing.policy;

        let tool = dispatch::unwrap(&mut call).map_err(|reason| record.refuse(None, reason))?;
        let claims = catalogue::links::resolve(tool, &mut call.arguments);
        let digest = digest::of_call(tool.name, &Value::Object(call.arguments.clone()));
        record.describe(|row| {
            tool.name.clone_into(&mut row.tool);
            row.risk = Some(tool.risk);
            row.agent.clone_from(&call.agent);
            row.digest.clone_from(&digest);
        });
        if policy.read_only && tool.risk != Risk::Read {
            return Err(record.refuse(None, absent(tool)));
        }
        let claims = claims.map_err(|error| record.refuse(None, not_understood(&error)))?;
        let now = manner.at(self.0.clock.now_ms());
        let prepared = tool
            .prepare(call.arguments.clone(), now)
            .map_err(|error| record.refuse(None, not_understood(&error)))?;
        let aims = Aims::of(&prepared, &tool.needs);
        record.describe(|row| (row.guild_id, row.channel_id) = aims.named());

        let authenticated = stages::client_authentication(&call.principal);
        record.check(Stage::ClientAuthentication, authenticated)?;

        let home = self
            .home_of(&call.principal)
            .await
            .map_err(|error| trouble::storing(record, &error))?;
        let member = stages::workspace_membership(policy, &call.principal, &home);
        record.check(Stage::WorkspaceMembership, member)?;

        let asked = Asked {
            call: &call,
            tool,
            digest: &digest,
            standing: &standing,
            home: &home,
            record,
            mark: manner.mark(),
            after_untrusted: self.after_untrusted(policy, Reader::of(&call), now).await,
        };
        if let Some(answer) = self.recall(asked, &prepared).await? {
            return Ok(answer);
        }

        let places = facts::places(&*self.0.surroundings, policy, &home, &aims)
            .await
            .map_err(|error| trouble::reading(record, &error))?;
        record.describe(|row| row.guild_id = row.guild_id.or(places.guild()));
        let installed = stages::guild_installation(policy, &places, &home);
        record.check(Stage::GuildInstallation, installed)?;
        links::hold(&*self.0.surroundings, record, &claims).await?;

        let circumstances = facts::circumstances(
            &*self.0.surroundings,
            policy,
            &call,
            &places,
            asked.after_untrusted,
            now,
        )
        .await
        .map_err(|error| trouble::reading(record, &error))?;
        let question = Question {
            principal: &call.principal,
            tool: tool.name,
            toolset: tool.toolset.as_str(),
            risk: tool.risk,
            spots: &places.spots,
            circumstances: &circumstances,
        };
        let permitted = stages::platform_permission(&*standing.judge, &question);
        let (permitted, people) =
            approval::people(&standing, &question, permitted, agreed, &manner);
        match &people {
            People::ToAsk(asking) if manner.may_ask() => {
                record.asks(Stage::PlatformPermission, permitted, asking);
            }
            _ => record.check(Stage::PlatformPermission, permitted)?,
        }

        let channel = stages::channel_policy(&*standing.judge, &question, &home);
        record.check(Stage::ChannelPolicy, channel)?;

        let mut rights = facts::rights(
            &*self.0.surroundings,
            call.origin,
            &tool.needs,
            &aims,
            &places,
        )
        .await
        .map_err(|error| trouble::reading(record, &error))?;
        let live = self.waive(asked, &prepared, &mut rights).await?;
        let entitled = stages::discord_permission(&rights);
        record.check(Stage::DiscordPermission, entitled)?;

        let pace = if manner.is_shown() {
            Pacer::look(policy, &question, &call)
        } else {
            let now = self.0.clock.now_ms();
            self.0.pacer.count(policy, &question, &call, now)
        };
        record.check_pace(pace)?;

        let passed = match people {
            People::ToAsk(_) => None,
            _ => Some(Passed::of(&record.checks()).ok_or_else(|| broken(record))?),
        };
        let case = Case {
            record: Arc::clone(record),
            standing,
            principal: call.principal,
            origin: call.origin,
            agent: call.agent,
            session: call.session,
            mode: call.mode,
            idempotency_key: call.idempotency_key,
            tool,
            arguments: call.arguments,
            digest,
            aims,
            home,
            places,
            circumstances,
            live,
            people,
            passed,
            at: now,
            manner,
        };
        match prepared {
            Prepared::Read(plan) => self.read(&case, &plan).await,
            Prepared::Write(plan) => self.write(case, plan).await,
            Prepared::Flow(flow) if case.tool.carries() => self.several(case, flow).await,
            Prepared::Flow(flow) => self.run(&case, flow).await,
        }
    }

    /// What a list shows to this principal: read-only mode, scopes and rules applied.
    pub fn tools_for(
        &self,
        principal: &Principal,
        selection: &ToolsetSelection,
    ) -> Vec<&'static Tool> {
        let policy = self.standing(&principal.workspace).policy;
        catalogue()
            .select(selection, policy.read_only)
            .into_iter()
            .filter(|tool| may_ever(&policy, principal, tool))
            .collect()
    }

    /// Look up here, before an interrupted write is sent again, whether the key that asked for it
    /// is still valid and has the scope. Without it only the policy is asked. Said once, before
    /// [`Gate::finish_unfinished`]; later words change nothing.
    pub fn know_keys(&self, keys: Arc<dyn Keys>) {
        let _the_first_counts = self.0.keys.set(keys);
    }

    /// Look up here what was kept of writes. Without it nothing is undone, and an interrupted write
    /// is not looked for. Said once, before the first call.
    pub fn know_kept(&self, kept: Arc<dyn KeptWrites>) {
        let _the_first_counts = self.0.kept.set(kept);
    }

    /// Take no more calls, and wait for the writes that are under way. `false` if time ran out.
    pub async fn drain(&self, timeout: Duration) -> bool {
        self.0.closing.cancel();
        self.0.tracker.close();
        tokio::time::timeout(timeout, self.0.tracker.wait())
            .await
            .is_ok()
    }

    /// Who the bot is: a fact, so that flows can tell its messages from others'.
    pub async fn bot(&self) -> Result<UserId, HandsError> {
        self.0.surroundings.bot().await
    }

    /// Authors who are the bot itself are marked, as soon as anything had to know who it is. Before
    /// an answer is stored, so that a retry gets the same.
    pub(crate) fn tell_own_words(&self, view: View) -> View {
        match self.0.surroundings.known_bot() {
            Some(bot) => view.knowing(bot),
            None => view,
        }
    }
}

/// Whether every rule of a policy speaks of tools and toolsets that exist. For the wiring and for
/// those who write policies.
pub fn check_policy(policy: &Policy) -> Result<(), policy::Error> {
    let tools: Vec<&str> = catalogue().tools().iter().map(|tool| tool.name).collect();
    let toolsets: Vec<&str> = Toolset::ALL.iter().map(|set| set.as_str()).collect();
    policy.validate(&tools, &toolsets)
}

/// Whether scopes and rules may leave this tool to the principal, be it only in some places, at some
/// times, or with the approval of people.
pub(crate) fn may_ever(policy: &Policy, principal: &Principal, tool: &Tool) -> bool {
    let question = Question {
        principal,
        tool: tool.name,
        toolset: tool.toolset.as_str(),
        risk: tool.risk,
        spots: &[],
        circumstances: &Circumstances::plain(0),
    };
    policy::may_ever(policy, &question)
}

/// No answer shows a token that somebody wrote into Discord.
fn without_tokens(mut answer: Answer) -> Answer {
    match &mut answer {
        Answer::Done(done) => tokens::hide(&mut done.view.value),
        Answer::Planned(plan) => {
            if let Some(change) = &mut plan.change {
                tokens::hide(&mut change.before);
                tokens::hide(&mut change.after);
                for field in &mut change.fields {
                    tokens::hide(&mut field.before);
                    tokens::hide(&mut field.after);
                }
            }
        }
        // Our own words alone.
        Answer::Waiting(_) => {}
    }
    answer
}

/// A contained panic. The panic hook has logged it already.
pub(crate) fn broken(record: &Record) -> Declined {
    tracing::error!(call_id = %record.call_id, "a call ended in a panic");
    record.fail(
        "internal_error",
        "the service made a mistake; it is in its log under this call's id",
        Retry::No,
    )
}

fn absent(tool: &Tool) -> Reason {
    Reason::new(
        "read_only",
        format!("there is no {} here: this service is read-only", tool.name),
    )
    .with_hint("only the operator can restart it without --read-only")
}

fn not_understood(error: &catalogue::ArgumentError) -> Reason {
    let reason = Reason::new("invalid_arguments", error.message.clone());
    match &error.nearest {
        Some(nearest) => reason.with_hint(format!("did you mean `{nearest}`?")),
        None => reason,
    }
}
