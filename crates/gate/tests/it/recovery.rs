//! What a crash left in the outbox is finished or closed.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use gate::Recovery;
use model::{
    Call, HandsError, Principal, Role, Stage, WorkspaceId,
    ledger::{ApiKey, Decision, Keys, Outcome, StoreError},
    principal::Scope,
};
use serde_json::{Value, json};

use crate::{
    ledger::MemoryLedger,
    world::{NOW, World, asked, declined, done},
};

const EASY: &str = "[[rules]]\nname = \"easy\"\nrisks = [\"write\", \"destructive\"]\nneeds_confirmation = false\ndry_run_by_default = false\n";

/// A world that ends in the middle of this write, and the ledger it leaves behind, `age` old.
async fn crashed(tool: &str, arguments: Value, age: i64) -> Arc<MemoryLedger> {
    crashed_for(asked(tool, arguments), age).await
}

async fn crashed_for(call: Call, age: i64) -> Arc<MemoryLedger> {
    crashed_in(World::with(EASY), call, age).await
}

pub(crate) async fn crashed_in(world: World, call: Call, age: i64) -> Arc<MemoryLedger> {
    world
        .hands
        .slots
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let begun = async {
        while world.ledger.book().open.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        result = world.call(call) => panic!("it ended: {result:?}"),
        () = begun => {}
    }
    let ledger = Arc::new(MemoryLedger::default());
    let mut row = world.ledger.book().open.values().next().cloned().unwrap();
    row.decision.at = NOW - age;
    model::ledger::Ledger::begin(&*ledger, row).await.unwrap();
    ledger.leave();
    ledger
}

pub(crate) fn restarted(ledger: &Arc<MemoryLedger>) -> World {
    restarted_with("", ledger)
}

/// Restarted with more at the head of the policy.
fn restarted_with(more: &str, ledger: &Arc<MemoryLedger>) -> World {
    let policy = toml::from_str(&format!("{more}\n{EASY}")).unwrap();
    World::built(policy, Vec::new(), Arc::clone(ledger))
}

fn send() -> Value {
    json!({"channel_id": "10", "content": "x", "idempotency_key": "k", "dry_run": false})
}

#[tokio::test]
async fn a_young_message_is_sent_again_with_its_nonce_and_its_key_answers() {
    let ledger = crashed("discord_send_message", send(), 60_000).await;
    let world = restarted(&ledger);
    let recovery = world.gate.finish_unfinished().await.unwrap();
    assert_eq!(
        recovery,
        Recovery {
            finished: 1,
            ..Recovery::default()
        }
    );
    assert!(world.hands.writes.lock().unwrap()[0].nonce().is_some());
    let again = done(world.ask("discord_send_message", send()).await);
    assert!(again.replayed);
    assert_eq!(again.view.value["content"], "hello");
    assert_eq!(world.sent(), 1);
}

#[tokio::test]
async fn an_old_message_is_closed_as_unknown() {
    let ledger = crashed("discord_send_message", send(), 200_000).await;
    let world = restarted(&ledger);
    let recovery = world.gate.finish_unfinished().await.unwrap();
    assert_eq!(
        recovery,
        Recovery {
            unknown: 1,
            ..Recovery::default()
        }
    );
    assert_eq!(world.sent(), 0);
    let again = declined(world.ask("discord_send_message", send()).await);
    assert_eq!(again.code(), "outcome_unknown");
}

#[tokio::test]
async fn a_deletion_is_made_again_for_ten_minutes_and_later_looked_for() {
    let delete = json!({"channel_id": "10", "message_id": "5", "dry_run": false});
    let ledger = crashed("discord_delete_message", delete.clone(), 500_000).await;
    let world = restarted(&ledger);
    let gone = HandsError::Api {
        status: 404,
        code: 10008,
        message: "Unknown Message".to_owned(),
        fields: vec![],
    };
    *world.hands.answer.lock().unwrap() = Err(gone.clone());
    let recovery = world.gate.finish_unfinished().await.unwrap();
    assert_eq!(
        recovery,
        Recovery {
            finished: 1,
            ..Recovery::default()
        }
    );

    // Later it is only looked for.
    let ledger = crashed("discord_delete_message", delete.clone(), 700_000).await;
    let recovery = restarted(&ledger).gate.finish_unfinished().await.unwrap();
    assert_eq!(
        recovery,
        Recovery {
            failed: 1,
            ..Recovery::default()
        }
    );
    let ledger = crashed("discord_delete_message", delete, 700_000).await;
    let world = restarted(&ledger);
    let path = "/channels/10/messages/5".to_owned();
    world.hands.live.lock().unwrap().insert(path, Err(gone));
    let recovery = world.gate.finish_unfinished().await.unwrap();
    assert_eq!(
        recovery,
        Recovery {
            finished: 1,
            ..Recovery::default()
        }
    );
    assert_eq!(world.sent(), 0);
}

#[tokio::test]
async fn what_cannot_be_recognised_is_not_sent_again() {
    let thread = json!({"channel_id": "10", "name": "x", "dry_run": false});
    let ledger = crashed("discord_create_thread", thread, 1_000).await;
    let world = restarted(&ledger);
    let recovery = world.gate.finish_unfinished().await.unwrap();
    assert_eq!(
        recovery,
        Recovery {
            unknown: 1,
            ..Recovery::default()
        }
    );
    assert_eq!(world.sent(), 0);
    assert_eq!(
        ledger.outcomes(),
        ["started:started", "unknown:outcome_unknown"]
    );
}

#[tokio::test]
async fn writes_of_this_process_are_left_alone() {
    let world = World::new();
    world
        .hands
        .slots
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let looks = async {
        while world.ledger.book().open.is_empty() {
            tokio::task::yield_now().await;
        }
        let recovery = world.gate.finish_unfinished().await.unwrap();
        world.hands.slots.add_permits(1);
        recovery
    };
    let (sent, recovery) = tokio::join!(world.ask("discord_send_message", send()), looks);
    done(sent);
    assert_eq!(recovery, Recovery::default());
    assert_eq!(world.sent(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_just_killed_is_waited_for() {
    let ledger = crashed("discord_send_message", send(), 1_000).await;
    ledger.signs_of_life.store(8, Ordering::SeqCst);
    let world = restarted(&ledger);
    let recovery = world.gate.finish_unfinished().await.unwrap();
    assert_eq!(recovery.finished, 1);
    assert_eq!(world.sent(), 1);
    assert!(ledger.book().open.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_dies_later_is_found_on_a_round_and_rounds_end_with_the_gate() {
    let ledger = crashed("discord_send_message", send(), 1_000).await;
    ledger.signs_of_life.store(20, Ordering::SeqCst);
    let world = restarted(&ledger);
    let recovery = world.gate.finish_unfinished().await.unwrap();
    assert_eq!(
        recovery,
        Recovery::default(),
        "it is not waited for for ever"
    );
    assert_eq!(ledger.book().open.len(), 1);
    while !ledger.book().open.is_empty() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(world.sent(), 1);
    assert!(world.gate.drain(Duration::from_secs(1)).await);
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_closes_waits_for_nobody() {
    let ledger = crashed("discord_send_message", send(), 1_000).await;
    ledger.signs_of_life.store(u32::MAX, Ordering::SeqCst);
    let world = restarted(&ledger);
    let (recovery, drained) = tokio::join!(
        world.gate.finish_unfinished(),
        world.gate.drain(Duration::from_secs(1))
    );
    assert_eq!(recovery.unwrap(), Recovery::default());
    assert!(drained);
}

#[tokio::test]
async fn what_the_policy_forbids_today_is_not_sent_again() {
    let rule = "[[rules]]\nname = \"quiet\"\ntools = [\"discord_send_*\"]\neffect = \"deny\"";
    let confirm = "[[rules]]\nname = \"asks\"\nneeds_confirmation = true";
    for (policy, stage, code, decided) in [
        (
            "read_only = true",
            Stage::PlatformPermission,
            "read_only",
            "read_only",
        ),
        (
            "allowed_guilds = [\"2\"]",
            Stage::GuildInstallation,
            "guild_not_allowed",
            "allowed_guilds",
        ),
        (
            "[channels]\ndeny = [\"10\"]",
            Stage::ChannelPolicy,
            "channel_denied",
            "channels.deny",
        ),
        (
            "[channels]\ndeny = [\"12\"]",
            Stage::ChannelPolicy,
            "channel_denied",
            "channels.deny",
        ),
        (
            "[channels]\nallow = [\"11\"]",
            Stage::ChannelPolicy,
            "channel_not_allowed",
            "channels.allow",
        ),
        (
            "members = [\"key:*\"]",
            Stage::WorkspaceMembership,
            "not_a_member",
            "members",
        ),
        (rule, Stage::PlatformPermission, "denied_by_rule", "quiet"),
        (
            confirm,
            Stage::ExecuteAndAudit,
            "confirmation_other_policy",
            "asks",
        ),
    ] {
        let ledger = crashed("discord_send_message", send(), 1_000).await;
        let world = restarted_with(policy, &ledger);
        let recovery = world.gate.finish_unfinished().await.unwrap();
        assert_eq!((recovery.unknown, world.sent()), (1, 0), "{policy}");
        let row = ledger.book().decisions.last().cloned().unwrap();
        assert_eq!(row.outcome, Outcome::Unknown, "{policy}");
        assert_eq!((row.stage, row.code.as_str()), (stage, code), "{policy}");
        assert!(row.rules.iter().any(|name| name == decided), "{row:?}");
        assert!(ledger.book().open.is_empty());
    }
    // Its key says what happened, and that nobody knows the rest.
    let ledger = crashed("discord_send_message", send(), 1_000).await;
    restarted_with("[channels]\ndeny = [\"10\"]", &ledger)
        .gate
        .finish_unfinished()
        .await
        .unwrap();
    let again = declined(restarted(&ledger).ask("discord_send_message", send()).await);
    assert_eq!(again.code(), "outcome_unknown");
    assert!(
        again.message().contains("list of denied channels"),
        "{again:?}"
    );
}

#[tokio::test]
async fn what_is_gone_counts_as_where_it_was() {
    let delete = json!({"channel_id": "10", "message_id": "5", "dry_run": false});
    for (policy, finished) in [
        ("allowed_guilds = [\"1\"]", 1),
        ("allowed_guilds = [\"2\"]", 0),
        ("", 1),
    ] {
        let ledger = crashed("discord_delete_message", delete.clone(), 1_000).await;
        let world = restarted_with(policy, &ledger);
        world.facts.hidden.store(true, Ordering::SeqCst);
        let recovery = world.gate.finish_unfinished().await.unwrap();
        assert_eq!(recovery.finished, finished, "{policy}");
    }
}

/// Keys that exist today.
struct Ring(Vec<ApiKey>);

#[async_trait]
impl Keys for Ring {
    async fn create(&self, _: ApiKey, _: [u8; 32], _: Decision) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn find(&self, _: [u8; 32], _: i64) -> Result<Option<Principal>, StoreError> {
        Ok(None)
    }

    async fn list(&self) -> Result<Vec<ApiKey>, StoreError> {
        Ok(self.0.clone())
    }

    async fn revoke(&self, _: &str, _: i64, _: Decision) -> Result<bool, StoreError> {
        Ok(false)
    }
}

#[tokio::test]
async fn a_key_that_lost_its_right_sends_nothing_again() {
    let key = ApiKey {
        name: "chat".to_owned(),
        workspace: WorkspaceId::default(),
        role: Role::Operator,
        user_id: None,
        scopes: vec![Scope::Read, Scope::Write],
        created_at: 0,
        expires_at: None,
        revoked_at: None,
    };
    let narrowed = ApiKey {
        scopes: vec![Scope::Read],
        ..key.clone()
    };
    let revoked = ApiKey {
        revoked_at: Some(NOW - 500),
        ..key.clone()
    };
    let expired = ApiKey {
        expires_at: Some(NOW),
        ..key.clone()
    };
    let other = ApiKey {
        name: "chatter".to_owned(),
        ..key.clone()
    };
    for (keys, sent, code) in [
        (vec![other.clone(), key], 1, "ok"),
        (vec![narrowed], 0, "scope_missing"),
        (vec![revoked], 0, "key_gone"),
        (vec![expired], 0, "key_gone"),
        (vec![other], 0, "key_gone"),
    ] {
        let mut call = asked("discord_send_message", send());
        call.principal = Principal::api_key("chat", vec![Scope::Read, Scope::Write]);
        let ledger = crashed_for(call, 1_000).await;
        let world = restarted(&ledger);
        world.gate.know_keys(Arc::new(Ring(keys)));
        world.gate.finish_unfinished().await.unwrap();
        assert_eq!(world.sent(), sent, "{code}");
        assert_eq!(ledger.book().decisions.last().unwrap().code, code);
    }
}
