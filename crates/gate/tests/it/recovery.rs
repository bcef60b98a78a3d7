//! What a crash left in the outbox is finished or closed.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use gate::Recovery;
use model::HandsError;
use serde_json::{Value, json};

use crate::{
    ledger::MemoryLedger,
    world::{NOW, World, declined, done},
};

/// A world that ends in the middle of this write, and the ledger it leaves behind, `age` old.
async fn crashed(tool: &str, arguments: Value, age: i64) -> Arc<MemoryLedger> {
    let world = World::with(
        "[[rules]]\nname = \"easy\"\nrisks = [\"write\", \"destructive\"]\nneeds_confirmation = false\ndry_run_by_default = false",
    );
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
        result = world.ask(tool, arguments) => panic!("it ended: {result:?}"),
        () = begun => {}
    }
    let ledger = Arc::new(MemoryLedger::default());
    let mut row = world.ledger.book().open.values().next().cloned().unwrap();
    row.decision.at = NOW - age;
    model::ledger::Ledger::begin(&*ledger, row).await.unwrap();
    ledger.leave();
    ledger
}

fn restarted(ledger: &Arc<MemoryLedger>) -> World {
    World::built(policy::Policy::default(), Vec::new(), Arc::clone(ledger))
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
async fn a_deletion_is_made_again_for_ten_minutes() {
    let delete = json!({"channel_id": "10", "message_id": "5", "dry_run": false});
    let ledger = crashed("discord_delete_message", delete.clone(), 500_000).await;
    let world = restarted(&ledger);
    let gone = HandsError::Api {
        status: 404,
        code: 10008,
        message: "Unknown Message".to_owned(),
        fields: vec![],
    };
    *world.hands.answer.lock().unwrap() = Err(gone);
    let recovery = world.gate.finish_unfinished().await.unwrap();
    assert_eq!(
        recovery,
        Recovery {
            finished: 1,
            ..Recovery::default()
        }
    );

    let ledger = crashed("discord_delete_message", delete, 700_000).await;
    let recovery = restarted(&ledger).gate.finish_unfinished().await.unwrap();
    assert_eq!(
        recovery,
        Recovery {
            unknown: 1,
            ..Recovery::default()
        }
    );
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
