//! Guild 1 with channel 10 and thread 11, and a bot that is user 99.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use gate::{Answer, Declined, Gate, Parts, Permit};
use model::{
    Call, ChannelId, Event, GuildId, Hands, HandsError, ManualClock, Mode, Origin, Permissions,
    Place, Principal, Request, Response, Surroundings, UserId, WebhookId,
    hands::Errand,
    ledger::{
        Begun, Claimed, Decision, Finish, IdempotencyClaim, Intent, Journal as _, Ledger, Recalled,
        StoreError,
    },
    place::{Aim, Lack, Subject},
};
use serde_json::{Value, json};

use crate::ports::{MemoryJournal, MemoryLeases};

pub(crate) const NOW: i64 = 1_800_000_000_000;

/// A channel's messages, newest first, as Discord lists them.
#[derive(Default)]
pub(crate) struct Channel {
    messages: Mutex<Vec<Value>>,
    pub(crate) looks: Mutex<u32>,
}

#[async_trait]
impl Hands<Permit> for Channel {
    async fn read(&self, request: &Request, _: &Errand) -> Result<Response, HandsError> {
        let query = |name: &str| {
            let found = request.query.iter().find(|(n, _)| n == name);
            found.and_then(|(_, value)| value.parse::<u64>().ok())
        };
        if !request.path.template.ends_with("/messages") {
            let body = json!({"id": "10", "guild_id": "1", "name": "general"});
            return Ok(Response { status: 200, body });
        }
        *self.looks.lock().unwrap() += 1;
        let messages = self.messages.lock().unwrap();
        let newer = |message: &&Value| {
            let id: u64 = message["id"].as_str().unwrap().parse().unwrap();
            query("after").is_none_or(|after| id > after)
        };
        let most = usize::try_from(query("limit").unwrap()).unwrap();
        let body: Vec<Value> = messages.iter().filter(newer).take(most).cloned().collect();
        Ok(Response {
            status: 200,
            body: body.into(),
        })
    }

    async fn write(&self, _: &Permit, _: &Errand) -> Result<Response, HandsError> {
        Err(HandsError::TimedOut)
    }
}

pub(crate) struct Facts;

#[async_trait]
impl Surroundings for Facts {
    async fn bot(&self) -> Result<UserId, HandsError> {
        Ok(UserId::new(99).unwrap())
    }
    async fn is_member_of(&self, _: GuildId) -> Result<bool, HandsError> {
        Ok(true)
    }
    async fn channel(&self, asked: ChannelId) -> Result<Option<Place>, HandsError> {
        let is_thread = asked.get() == 11;
        Ok((is_thread || asked.get() == 10).then(|| Place {
            guild_id: GuildId::new(1),
            channel_id: Some(asked),
            parent_id: is_thread.then(|| ChannelId::new(10).unwrap()),
            is_thread,
        }))
    }
    async fn webhook(&self, _: WebhookId) -> Result<Option<Place>, HandsError> {
        Ok(None)
    }
    async fn invite(&self, _: &str) -> Result<Option<Place>, HandsError> {
        Ok(None)
    }
    async fn lacks(
        &self,
        _: Subject,
        _: GuildId,
        _: Option<ChannelId>,
        _: Permissions,
    ) -> Result<Vec<Lack>, HandsError> {
        Ok(Vec::new())
    }
    async fn outranked(&self, _: Subject, _: GuildId, _: Aim) -> Result<Option<Lack>, HandsError> {
        Ok(None)
    }
    fn forget(&self, _: GuildId) {}
}

/// The audit alone; nothing here writes to Discord.
#[derive(Default)]
pub(crate) struct Book(pub(crate) Mutex<Vec<Decision>>);

#[async_trait]
impl Ledger for Book {
    async fn record(&self, decision: Decision) -> Result<(), StoreError> {
        self.0.lock().unwrap().push(decision);
        Ok(())
    }
    async fn begin(&self, _: Intent) -> Result<Begun, StoreError> {
        Ok(Begun::InFlight)
    }
    async fn finish(&self, _: Finish) -> Result<(), StoreError> {
        Ok(())
    }
    async fn recall(&self, _: &IdempotencyClaim) -> Result<Option<Recalled>, StoreError> {
        Ok(None)
    }
    async fn claim_unfinished(&self, _: u32) -> Result<Claimed, StoreError> {
        Ok(Claimed::default())
    }
    async fn decisions(&self, _: i64, _: u32) -> Result<Vec<(i64, Decision)>, StoreError> {
        Ok(Vec::new())
    }
}

pub(crate) struct World {
    pub(crate) gate: Gate,
    pub(crate) channel: Arc<Channel>,
    pub(crate) journal: Arc<MemoryJournal>,
    pub(crate) clock: ManualClock,
    pub(crate) book: Arc<Book>,
}

impl World {
    /// With or without a Gateway connection.
    pub(crate) fn new(hears: bool) -> Self {
        let clock = ManualClock::at(NOW);
        let journal = Arc::new(MemoryJournal::default());
        let leases = Arc::new(MemoryLeases {
            clock: clock.clone(),
            held: Mutex::default(),
        });
        let channel = Arc::new(Channel::default());
        let book = Arc::new(Book::default());
        let hearing = AtomicBool::new(hears);
        let flows = team::flows(
            leases,
            journal.clone(),
            Arc::new(move || hearing.load(Ordering::SeqCst)),
        );
        let gate = Gate::new(Parts {
            policy: Arc::new(policy::Policy::default()),
            hands: channel.clone(),
            surroundings: Arc::new(Facts),
            ledger: book.clone(),
            tenants: Arc::new(model::workspaces::OneWorkspace),
            clock: Arc::new(clock.clone()),
            flows,
            seal_key: [7; 32],
        });
        Self {
            gate,
            channel,
            journal,
            clock,
            book,
        }
    }

    /// Somebody posts; the journal hears of it.
    pub(crate) async fn says(&self, id: u64, author: u64, content: &str) {
        let message = json!({
            "id": id.to_string(), "channel_id": "10", "content": content, "type": 0,
            "author": {"id": author.to_string(), "username": "ada"},
        });
        self.channel
            .messages
            .lock()
            .unwrap()
            .insert(0, message.clone());
        let event = Event {
            seq: 0,
            kind: "MESSAGE_CREATE".to_owned(),
            guild_id: GuildId::new(1),
            channel_id: ChannelId::new(10),
            received_at: NOW,
            data: serde_json::value::to_raw_value(&message).unwrap().into(),
        };
        self.journal.append(vec![event], None).await.unwrap();
    }

    pub(crate) async fn ask(&self, tool: &str, arguments: Value) -> Result<Answer, Declined> {
        let Value::Object(arguments) = arguments else {
            panic!("arguments are an object")
        };
        let call = Call {
            principal: Principal::local_operator(),
            tool: tool.to_owned(),
            arguments,
            mode: Mode::Default,
            idempotency_key: None,
            agent: None,
            session: None,
            origin: Origin::Stdio,
        };
        self.gate.call(call).await
    }

    /// What a call that goes through shows.
    pub(crate) async fn shows(&self, tool: &str, arguments: Value) -> Value {
        match self.ask(tool, arguments).await {
            Ok(Answer::Done(done)) => done.view.value,
            other => panic!("{other:?}"),
        }
    }
}
