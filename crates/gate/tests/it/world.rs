//! One small world: guild 1 with channel 10, its thread 11, and category 12; guild 2, where the
//! bot is not; channel 20 in it; and a DM, channel 30.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use gate::{Answer, Declined, Done, Flow, Gate, Parts, Permit, Plan};
use model::{
    Call, ChannelId, Clock as _, GuildId, Hands, HandsError, ManualClock, Mode, Origin,
    Permissions, Permitted as _, Place, Principal, Request, Response, RoleId, StickerId,
    Surroundings, UserId, WebhookId,
    forecast::Forecast,
    hands::Errand,
    ledger::StoreError,
    place::{Aim, Lack, Standing, StickerHome, Subject, Writer},
    workspaces::{Tenancy, Tenants},
};
use policy::Policy;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use crate::ledger::MemoryLedger;

pub(crate) const NOW: i64 = 1_800_000_000_000;

pub(crate) fn guild(n: u64) -> GuildId {
    GuildId::new(n).unwrap()
}

pub(crate) fn channel(n: u64) -> ChannelId {
    ChannelId::new(n).unwrap()
}

pub(crate) fn user(n: u64) -> UserId {
    UserId::new(n).unwrap()
}

/// Hands that note what they are given and answer as told.
pub(crate) struct Fingers {
    pub(crate) reads: Mutex<Vec<String>>,
    pub(crate) writes: Mutex<Vec<Request>>,
    /// Rows that were open while each write was made.
    pub(crate) open_rows: Mutex<Vec<usize>>,
    /// What each `GET` path answers; an empty object where nothing is said.
    pub(crate) live: Mutex<BTreeMap<String, Result<Value, HandsError>>>,
    /// What a `GET` answers where `live` says nothing.
    pub(crate) otherwise: Mutex<Value>,
    pub(crate) answer: Mutex<Result<Value, HandsError>>,
    /// A write takes one of these before it answers.
    pub(crate) slots: Semaphore,
    pub(crate) panics: Mutex<bool>,
    /// What is forecast of whatever is asked.
    pub(crate) forecast: Mutex<Option<Forecast>>,
    /// Reads never end.
    pub(crate) stuck: AtomicBool,
    ledger: Arc<MemoryLedger>,
}

impl Fingers {
    /// Every read and every write is answered with this, unless something else is said.
    pub(crate) fn says_always(&self, answer: &Value) {
        *self.otherwise.lock().unwrap() = answer.clone();
        *self.answer.lock().unwrap() = Ok(answer.clone());
    }
}

#[async_trait]
impl Hands<Permit> for Fingers {
    async fn read(&self, request: &Request, _: &Errand) -> Result<Response, HandsError> {
        self.reads.lock().unwrap().push(request.path.text.clone());
        if self.stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let live = self.live.lock().unwrap();
        let body = live.get(&request.path.text).cloned();
        body.unwrap_or_else(|| Ok(self.otherwise.lock().unwrap().clone()))
            .map(|body| Response { status: 200, body })
    }

    async fn write(&self, permit: &Permit, _: &Errand) -> Result<Response, HandsError> {
        self.slots.acquire().await.unwrap().forget();
        let open = self.ledger.book().open.len();
        self.open_rows.lock().unwrap().push(open);
        self.writes.lock().unwrap().push(permit.request().clone());
        assert!(
            !*self.panics.lock().unwrap(),
            "these hands were told to panic"
        );
        let answer = self.answer.lock().unwrap().clone();
        answer.map(|body| Response { status: 200, body })
    }

    fn forecast(&self, requests: &[&Request], lane: &str) -> Option<Forecast> {
        assert_eq!(lane, "local");
        self.forecast.lock().unwrap().clone().map(|it| Forecast {
            requests: requests.len(),
            ..it
        })
    }
}

/// Facts as told.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) bot_lacks: Mutex<Permissions>,
    pub(crate) member_lacks: Mutex<Permissions>,
    pub(crate) outranked: Mutex<bool>,
    /// Where rights are lacking, as a sentence names it.
    pub(crate) place: Mutex<String>,
    pub(crate) broken: Mutex<Option<HandsError>>,
    /// Whether anybody had to ask who the bot is.
    pub(crate) knows_bot: AtomicBool,
    /// How often anybody asked about a writer.
    pub(crate) looked_up: AtomicUsize,
    /// No channel is to be seen any more.
    pub(crate) hidden: AtomicBool,
    /// Of every member of the first guild, where they are known.
    pub(crate) roles: Mutex<Option<Vec<RoleId>>>,
    pub(crate) forgotten: Mutex<BTreeSet<GuildId>>,
}

#[async_trait]
impl Surroundings for Facts {
    async fn bot(&self) -> Result<UserId, HandsError> {
        self.knows_bot.store(true, Ordering::SeqCst);
        Ok(user(99))
    }

    fn known_bot(&self) -> Option<UserId> {
        self.knows_bot.load(Ordering::SeqCst).then(|| user(99))
    }

    async fn is_member_of(&self, asked: GuildId) -> Result<bool, HandsError> {
        Ok(asked == guild(1))
    }

    async fn channel(&self, asked: ChannelId) -> Result<Option<Place>, HandsError> {
        if let Some(error) = self.broken.lock().unwrap().clone() {
            return Err(error);
        }
        if self.hidden.load(Ordering::SeqCst) {
            return Ok(None);
        }
        let (of, parent, is_thread) = match asked.get() {
            10 => (Some(guild(1)), Some(channel(12)), false),
            11 => (Some(guild(1)), Some(channel(10)), true),
            12 => (Some(guild(1)), None, false),
            20 => (Some(guild(2)), None, false),
            30 => (None, None, false),
            _ => return Ok(None),
        };
        Ok(Some(Place {
            guild_id: of,
            channel_id: Some(asked),
            parent_id: parent,
            is_thread,
        }))
    }

    async fn webhook(&self, asked: WebhookId) -> Result<Option<Place>, HandsError> {
        match asked.get() {
            77 => self.channel(channel(10)).await,
            _ => Ok(None),
        }
    }

    async fn invite(&self, code: &str) -> Result<Option<Place>, HandsError> {
        match code {
            "home" => self.channel(channel(10)).await,
            _ => Ok(None),
        }
    }

    async fn sticker(&self, asked: StickerId) -> Result<Option<StickerHome>, HandsError> {
        Ok(match asked.get() {
            55 => Some(StickerHome::Guild(guild(1))),
            56 => Some(StickerHome::Guild(guild(2))),
            57 => Some(StickerHome::Discord),
            _ => None,
        })
    }

    /// 7 is trusted, 8 is not, 9 is a bot; role 70 is trusted.
    async fn stands(
        &self,
        asked: GuildId,
        writer: Writer<'_>,
        trusted: &BTreeSet<RoleId>,
    ) -> Result<Option<Standing>, HandsError> {
        self.looked_up.fetch_add(1, Ordering::SeqCst);
        let told = writer.roles.map(|roles| {
            if roles.iter().any(|role| trusted.contains(role)) {
                Standing::Trusted
            } else {
                Standing::Below
            }
        });
        let known = told.or(match writer.user.get() {
            7 => Some(Standing::Trusted),
            8 => Some(Standing::Below),
            9 => Some(Standing::Bot),
            _ => None,
        });
        Ok(known.filter(|_| asked == guild(1)))
    }

    async fn member_roles(
        &self,
        asked: GuildId,
        _: UserId,
    ) -> Result<Option<Vec<RoleId>>, HandsError> {
        let roles = self.roles.lock().unwrap().clone();
        Ok(roles.filter(|_| asked == guild(1)))
    }

    async fn lacks(
        &self,
        subject: Subject,
        _: GuildId,
        _: Option<ChannelId>,
        needs: Permissions,
    ) -> Result<Vec<Lack>, HandsError> {
        let lacking = match subject {
            Subject::Bot => *self.bot_lacks.lock().unwrap(),
            Subject::Member(_) => *self.member_lacks.lock().unwrap(),
        };
        let lack = |permission| Lack {
            permission,
            because: format!(
                "denied by the overwrite for @everyone in {}",
                self.place.lock().unwrap()
            ),
            remedy: "someone with MANAGE_ROLES can change that overwrite".to_owned(),
        };
        Ok((needs & lacking).names().into_iter().map(lack).collect())
    }

    async fn outranked(&self, _: Subject, _: GuildId, _: Aim) -> Result<Option<Lack>, HandsError> {
        Ok(self.outranked.lock().unwrap().then(|| Lack {
            permission: "ROLE_HIERARCHY".to_owned(),
            because: "the member's highest role is above the bot's".to_owned(),
            remedy: "move the bot's role up".to_owned(),
        }))
    }

    fn forget(&self, guild: GuildId) {
        self.forgotten.lock().unwrap().insert(guild);
    }
}

/// Who belongs where, as told.
#[derive(Default)]
pub(crate) struct Towns(pub(crate) Mutex<Tenancy>);

#[async_trait]
impl Tenants for Towns {
    async fn tenancy(&self) -> Result<Arc<Tenancy>, StoreError> {
        Ok(Arc::new(self.0.lock().unwrap().clone()))
    }
}

/// A gate and everything around it.
pub(crate) struct World {
    pub(crate) towns: Arc<Towns>,
    pub(crate) gate: Gate,
    pub(crate) hands: Arc<Fingers>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) clock: ManualClock,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// With this policy, as an operator would write it.
    pub(crate) fn with(policy: &str) -> Self {
        Self::built(toml::from_str(policy).unwrap(), Vec::new(), Arc::default())
    }

    pub(crate) fn built(
        policy: Policy,
        flows: Vec<(&'static str, Arc<dyn Flow>)>,
        ledger: Arc<MemoryLedger>,
    ) -> Self {
        let hands = Arc::new(Fingers {
            reads: Mutex::default(),
            writes: Mutex::default(),
            open_rows: Mutex::default(),
            live: Mutex::default(),
            otherwise: Mutex::new(json!({})),
            answer: Mutex::new(Ok(
                json!({"id": "500", "channel_id": "10", "content": "hello"}),
            )),
            slots: Semaphore::new(Semaphore::MAX_PERMITS),
            panics: Mutex::default(),
            forecast: Mutex::default(),
            stuck: AtomicBool::new(false),
            ledger: Arc::clone(&ledger),
        });
        let facts = Arc::new(Facts {
            place: Mutex::new("#announcements".to_owned()),
            ..Facts::default()
        });
        let clock = ManualClock::at(NOW);
        let towns = Arc::new(Towns::default());
        let gate = Gate::new(Parts {
            policy: Arc::new(policy),
            hands: hands.clone(),
            surroundings: facts.clone(),
            ledger: ledger.clone(),
            tenants: towns.clone(),
            clock: Arc::new(clock.clone()),
            flows,
            seal_key: [7; 32],
        });
        gate.know_kept(ledger.clone());
        Self {
            towns,
            gate,
            hands,
            facts,
            ledger,
            clock,
        }
    }

    pub(crate) async fn call(&self, call: Call) -> Result<Answer, Declined> {
        self.gate.call(call).await
    }

    /// As the local operator.
    pub(crate) async fn ask(&self, tool: &str, arguments: Value) -> Result<Answer, Declined> {
        self.call(asked(tool, arguments)).await
    }

    pub(crate) fn sent(&self) -> usize {
        self.hands.writes.lock().unwrap().len()
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now_ms()
    }
}

pub(crate) fn asked(tool: &str, arguments: Value) -> Call {
    Call {
        principal: Principal::local_operator(),
        tool: tool.to_owned(),
        arguments: object(arguments),
        mode: Mode::Default,
        idempotency_key: None,
        agent: None,
        session: None,
        origin: Origin::Stdio,
    }
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

pub(crate) fn done(result: Result<Answer, Declined>) -> Done {
    match result {
        Ok(Answer::Done(done)) => done,
        other => panic!("not done: {other:?}"),
    }
}

pub(crate) fn planned(result: Result<Answer, Declined>) -> Plan {
    match result {
        Ok(Answer::Planned(plan)) => *plan,
        other => panic!("not planned: {other:?}"),
    }
}

pub(crate) fn declined(result: Result<Answer, Declined>) -> Declined {
    match result {
        Err(declined) => declined,
        other => panic!("not declined: {other:?}"),
    }
}
