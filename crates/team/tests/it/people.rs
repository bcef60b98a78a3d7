//! People press buttons: the word that Discord waits for comes in time, whatever the store does.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use gate::{Answer, Gate, Parts, Permit};
use model::{
    Call, Event, Hands, HandsError, Id, ManualClock, Millis, Mode, Origin, Permitted as _,
    Principal, Request, RequestAuth, Response,
    approval::{Approval, ApprovalFilter, Approvals, Opened, Room, State},
    event::ResumePoint,
    hands::Errand,
    interaction::{Interaction, Interactions as _},
    ledger::{
        Begun, Claimed, Decision, EventFilter, Finish, IdempotencyClaim, Intent, Journal, Ledger,
        Recalled, StoreError,
    },
};
use serde_json::{Value, json, value::RawValue};
use team::people::{self, People};
use tokio_util::sync::CancellationToken;

use crate::{
    ports::MemoryJournal,
    world::{Facts, NOW},
};

const POLICY: &str = r#"
    [approvals.moderators]
    post_to = "channel"
    channel = "10"
    roles = ["90"]

    [[rules]]
    name = "people decide"
    tools = ["discord_send_message"]
    effect = "ask"
    dry_run_by_default = false
"#;

/// What was sent, in order.
#[derive(Default)]
struct Line(Mutex<Vec<(String, Value)>>);

impl Line {
    fn sent(&self) -> Vec<(String, Value)> {
        self.0.lock().unwrap().clone()
    }

    /// Answers to interactions alone: where, and what.
    fn answers(&self) -> Vec<(String, Value)> {
        let mut sent = self.sent();
        sent.retain(|(path, _)| path.starts_with("/interactions") || path.starts_with("/webhooks"));
        sent
    }
}

#[async_trait]
impl Hands<Permit> for Line {
    async fn read(&self, _: &Request, _: &Errand) -> Result<Response, HandsError> {
        let body = json!({});
        Ok(Response { status: 200, body })
    }

    async fn write(&self, permit: &Permit, _: &Errand) -> Result<Response, HandsError> {
        let request = permit.request();
        let body = request.body.json().cloned().unwrap_or_default();
        let path = request.path.text.clone();
        if path.contains("/very-secret/") {
            assert_eq!(request.auth, RequestAuth::InPath);
        }
        self.0.lock().unwrap().push((path, body));
        let body = json!({ "id": "500", "channel_id": "10" });
        Ok(Response { status: 200, body })
    }
}

/// Approvals and outbox in memory; what is written there is kept, so that secrets are found.
#[derive(Default)]
struct Memory {
    approvals: Mutex<HashMap<String, Approval>>,
    requests: Mutex<Vec<String>>,
    cursors: Mutex<HashMap<String, i64>>,
}

#[async_trait]
impl Approvals for Memory {
    async fn open(&self, approval: Approval, _: Room) -> Result<Opened, StoreError> {
        let mut approvals = self.approvals.lock().unwrap();
        approvals.insert(approval.id.clone(), approval);
        Ok(Opened::Inserted)
    }
    async fn approval(&self, id: &str) -> Result<Option<Approval>, StoreError> {
        Ok(self.approvals.lock().unwrap().get(id).cloned())
    }
    async fn latest_approval(
        &self,
        _: &str,
        _: &str,
        _: Option<&str>,
    ) -> Result<Option<Approval>, StoreError> {
        Ok(None)
    }
    async fn replace(&self, mut new: Approval, _: Option<Decision>) -> Result<bool, StoreError> {
        new.revision += 1;
        self.approvals.lock().unwrap().insert(new.id.clone(), new);
        Ok(true)
    }
    async fn due_approvals(&self, _: Millis, _: u32) -> Result<Vec<Approval>, StoreError> {
        Ok(Vec::new())
    }
    async fn list_approvals(
        &self,
        _: &ApprovalFilter,
        _: u32,
    ) -> Result<Vec<Approval>, StoreError> {
        Ok(self.approvals.lock().unwrap().values().cloned().collect())
    }
    async fn cursor(&self, listener: &str) -> Result<Option<i64>, StoreError> {
        Ok(self.cursors.lock().unwrap().get(listener).copied())
    }
    async fn move_cursor(&self, listener: &str, seq: i64) -> Result<(), StoreError> {
        self.cursors
            .lock()
            .unwrap()
            .insert(listener.to_owned(), seq);
        Ok(())
    }
}

#[async_trait]
impl Ledger for Memory {
    async fn record(&self, _: Decision) -> Result<(), StoreError> {
        Ok(())
    }
    async fn begin(&self, intent: Intent) -> Result<Begun, StoreError> {
        self.requests
            .lock()
            .unwrap()
            .push(intent.request.to_string());
        if let Some(id) = &intent.approval {
            let mut approvals = self.approvals.lock().unwrap();
            approvals.get_mut(id).unwrap().state = State::Executing;
        }
        Ok(Begun::Inserted { fence: None })
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

/// A journal that takes its time to give what it holds.
struct Slow {
    journal: MemoryJournal,
    pause: Duration,
}

#[async_trait]
impl Journal for Slow {
    async fn append(
        &self,
        events: Vec<Event>,
        resume: Option<ResumePoint>,
    ) -> Result<i64, StoreError> {
        self.journal.append(events, resume).await
    }
    async fn after(
        &self,
        after: i64,
        filter: &EventFilter,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let found = self.journal.after(after, filter, limit).await?;
        if !found.is_empty() {
            tokio::time::sleep(self.pause).await;
        }
        Ok(found)
    }
    async fn latest(&self) -> Result<i64, StoreError> {
        self.journal.latest().await
    }
    async fn grown_past(&self, seq: i64) {
        self.journal.grown_past(seq).await;
    }
    async fn resume_point(&self, shard: u32) -> Result<Option<ResumePoint>, StoreError> {
        self.journal.resume_point(shard).await
    }
    async fn forget_resume_point(&self, shard: u32) -> Result<(), StoreError> {
        self.journal.forget_resume_point(shard).await
    }
    async fn note_identify(&self, at: Millis) -> Result<u32, StoreError> {
        self.journal.note_identify(at).await
    }
}

/// A question that waits, and somebody of the panel who presses Approve, with a journal that takes
/// this long. Gives what was sent, and what was stored.
async fn pressed(pause: Duration, roles: &[&str]) -> (Arc<Line>, Arc<Memory>) {
    let (line, memory) = (Arc::new(Line::default()), Arc::new(Memory::default()));
    let gate = Gate::new(Parts {
        policy: Arc::new(toml::from_str(POLICY).unwrap()),
        hands: line.clone(),
        surroundings: Arc::new(Facts),
        ledger: memory.clone(),
        tenants: Arc::new(model::workspaces::OneWorkspace),
        clock: Arc::new(ManualClock::at(NOW)),
        flows: Vec::new(),
        seal_key: [1; 32],
    });
    gate.know_approvals(memory.clone());
    let journal = Arc::new(Slow {
        journal: MemoryJournal::default(),
        pause,
    });
    let (bell, rings) = people::bell();
    let listener = People {
        gate: gate.clone(),
        journal: journal.clone(),
        approvals: memory.clone(),
        bell: bell.clone(),
    };
    let stop = CancellationToken::new();
    let listening = tokio::spawn(people::attend(listener, rings, stop.clone()));
    let call = Call {
        principal: Principal::local_operator(),
        tool: "discord_send_message".to_owned(),
        arguments: json!({ "channel_id": "11", "content": "hello" })
            .as_object()
            .cloned()
            .unwrap(),
        mode: Mode::Execute,
        idempotency_key: None,
        agent: None,
        session: None,
        origin: Origin::Stdio,
    };
    let answer = gate.call(call).await;
    assert!(matches!(answer, Ok(Answer::Waiting(_))), "{answer:?}");
    tokio::time::sleep(Duration::from_millis(10)).await;
    let (_, question) = line.sent().pop().unwrap();
    let custom_id = &question["components"][0]["components"][0]["custom_id"];
    bell.came(Interaction {
        id: Id::new(7).unwrap(),
        application_id: "99".to_owned(),
        token: "very-secret".to_owned(),
        custom_id: custom_id.as_str().unwrap().to_owned(),
        received_at: NOW,
    });
    let data = json!({
        "id": "7", "type": 3, "channel_id": "10", "message": { "id": "500" },
        "data": { "custom_id": custom_id },
        "member": { "roles": roles, "user": { "id": "5" } },
    });
    let event = Event {
        seq: 0,
        kind: "INTERACTION_CREATE".to_owned(),
        guild_id: None,
        channel_id: Id::new(10),
        received_at: NOW,
        data: Arc::from(RawValue::from_string(data.to_string()).unwrap()),
    };
    journal.append(vec![event], None).await.unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    stop.cancel();
    listening.await.unwrap();
    (line, memory)
}

#[tokio::test(start_paused = true)]
async fn a_quick_vote_is_answered_at_once_and_after_it_was_counted() {
    let (line, memory) = pressed(Duration::ZERO, &["90"]).await;
    let answers = line.answers();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let (path, body) = &answers[0];
    assert_eq!(path, "/interactions/7/very-secret/callback");
    assert_eq!(
        (&body["type"], &body["data"]["flags"]),
        (&json!(4), &json!(64))
    );
    let text = body["data"]["content"].as_str().unwrap();
    assert!(text.starts_with("Approved."), "{text}");
    let states: Vec<State> = memory
        .approvals
        .lock()
        .unwrap()
        .values()
        .map(|it| it.state)
        .collect();
    assert_eq!(states, [State::Executing]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_vote_is_acknowledged_in_time_and_answered_later() {
    let (line, memory) = pressed(Duration::from_secs(20), &["90"]).await;
    let answers = line.answers();
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert_eq!(answers[0].0, "/interactions/7/very-secret/callback");
    assert_eq!(answers[0].1, json!({ "type": 5, "data": { "flags": 64 } }));
    assert_eq!(answers[1].0, "/webhooks/99/very-secret/messages/@original");
    assert!(
        answers[1].1["content"]
            .as_str()
            .unwrap()
            .starts_with("Approved.")
    );
    // The token answers in the bot's name: it is nowhere but in memory.
    for stored in memory.requests.lock().unwrap().iter() {
        assert!(!stored.contains("very-secret"), "{stored}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_may_not_decide_is_told_why() {
    let (line, memory) = pressed(Duration::ZERO, &["12"]).await;
    let (_, body) = line.answers().pop().unwrap();
    let text = body["data"]["content"].as_str().unwrap();
    assert_eq!(text, "This is not yours to decide; it is asked of role 90.");
    let states: Vec<State> = memory
        .approvals
        .lock()
        .unwrap()
        .values()
        .map(|it| it.state)
        .collect();
    assert_eq!(states, [State::Pending]);
}
