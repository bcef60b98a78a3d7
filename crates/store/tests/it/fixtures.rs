//! Small things that tests write into a store.

use std::sync::Arc;

use model::{
    ChannelId, Clock, Event, GuildId, Id, ManualClock, Stage,
    ledger::{
        Decision, Draft, Finish, Holder, INSTANCE_TTL_MS, IdempotencyClaim, Intent, Ledger as _,
        Outcome, Sent, Spend, Unfinished,
    },
    risk::Risk,
};
use serde_json::{json, value::RawValue};
use store::Store;

pub(crate) const START: i64 = 1_790_000_000_000;
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

pub(crate) async fn open(url: &str, clock: &ManualClock) -> Store {
    store::open(url, Arc::new(clock.clone())).await.unwrap()
}

/// What instances that are gone left unfinished, oldest first. Time passes, so that those that were
/// not closed count as gone.
pub(crate) async fn left_behind(url: &str, clock: &ManualClock) -> Vec<Unfinished> {
    clock.advance(INSTANCE_TTL_MS);
    let store = open(url, clock).await;
    let claimed = store.claim_unfinished(1000).await.unwrap();
    assert!(!claimed.others_at_work);
    store.close().await;
    claimed.rows
}

pub(crate) fn thread(number: u64) -> ChannelId {
    Id::new(number).unwrap()
}

pub(crate) fn guild(number: u64) -> GuildId {
    Id::new(number).unwrap()
}

pub(crate) fn holder(agent: &str) -> Holder {
    Holder {
        principal: "key:ada".to_owned(),
        agent: Some(agent.to_owned()),
    }
}

pub(crate) fn decision(call_id: &str, outcome: Outcome) -> Decision {
    Decision {
        call_id: call_id.to_owned(),
        workspace: model::WorkspaceId::default(),
        at: START,
        principal: "key:ada".to_owned(),
        agent: Some("scout".to_owned()),
        origin: "stdio".to_owned(),
        tool: "discord_send_message".to_owned(),
        risk: Some(Risk::Write),
        guild_id: Id::new(10),
        channel_id: Id::new(9_223_372_036_854_775_807),
        digest: "ab".repeat(32),
        outcome,
        stage: Stage::ExecuteAndAudit,
        code: "ok".to_owned(),
        reason: "it went through".to_owned(),
        rules: vec!["allow-ada".to_owned(), "rule, with \"quotes\"".to_owned()],
        policy_version: "p1".to_owned(),
        duration_us: 1234,
    }
}

pub(crate) fn intent(id: &str) -> Intent {
    Intent {
        outbox_id: id.to_owned(),
        request: json!({ "method": "POST", "path": ["/channels/{}", "1"], "n": 1.5 }),
        repeatable: true,
        idempotency: None,
        confirmation: None,
        approval: None,
        keep: None,
        lease: None,
        decision: decision(id, Outcome::Started),
    }
}

pub(crate) fn claim(key: &str, digest: &str, expires_at: i64) -> IdempotencyClaim {
    IdempotencyClaim {
        principal: "key:ada".to_owned(),
        key: key.to_owned(),
        digest: digest.to_owned(),
        expires_at,
    }
}

pub(crate) fn spend(token: &str, clock: &ManualClock) -> Spend {
    Spend {
        token_digest: token.to_owned(),
        expires_at: clock.now_ms() + 5 * MINUTE,
    }
}

pub(crate) fn finish(id: &str, state: Sent) -> Finish {
    let outcome = match state {
        Sent::Sent { .. } => Outcome::Done,
        Sent::Failed { .. } => Outcome::Failed,
        Sent::Unknown { .. } => Outcome::Unknown,
    };
    Finish {
        outbox_id: id.to_owned(),
        state,
        image: None,
        decision: decision(id, outcome),
    }
}

pub(crate) fn sent(response: &str) -> Sent {
    Sent::Sent {
        response: response.to_owned(),
    }
}

pub(crate) fn event(kind: &str, guild_id: u64, channel_id: u64, data: &str) -> Event {
    Event {
        seq: 0,
        kind: kind.to_owned(),
        guild_id: Id::new(guild_id),
        channel_id: Id::new(channel_id),
        received_at: START,
        data: Arc::from(RawValue::from_string(data.to_owned()).unwrap()),
    }
}

pub(crate) fn draft(id: &str, created_at: i64) -> Draft {
    Draft {
        id: id.to_owned(),
        guild_id: guild(10),
        name: "welcome".to_owned(),
        trigger: "when someone joins".to_owned(),
        action: "say hello".to_owned(),
        channel_id: None,
        drafted_by: "key:ada".to_owned(),
        created_at,
    }
}
