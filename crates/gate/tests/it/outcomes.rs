//! Whatever happens, there is an answer and a row.

use std::sync::{Arc, atomic::Ordering};

use async_trait::async_trait;
use catalogue::View;
use gate::{Declined, Flow, FlowContext, Gate, Retry};
use model::HandsError;
use serde_json::json;

use crate::world::{World, declined, done};

fn send() -> serde_json::Value {
    json!({"channel_id": "10", "content": "x", "dry_run": false})
}

#[tokio::test]
async fn an_unknown_outcome_is_said_and_not_sent_again() {
    let world = World::new();
    *world.hands.answer.lock().unwrap() = Err(HandsError::OutcomeUnknown {
        detail: "reset".to_owned(),
    });
    let result = world.ask("discord_send_message", send()).await;
    let Declined::Failed(failure) = declined(result) else {
        panic!("an unknown outcome is a failure")
    };
    assert_eq!(failure.retry, Retry::Unknown);
    assert_eq!(world.sent(), 1);
    assert_eq!(
        world.ledger.outcomes(),
        ["started:started", "unknown:outcome_unknown"]
    );
}

#[tokio::test]
async fn a_certain_failure_frees_the_key() {
    let world = World::new();
    *world.hands.answer.lock().unwrap() = Err(HandsError::Unreachable {
        detail: "refused".to_owned(),
    });
    let mut arguments = send();
    arguments["idempotency_key"] = json!("k");
    let first = world.ask("discord_send_message", arguments.clone()).await;
    assert_eq!(declined(first).code(), "discord_unreachable");
    *world.hands.answer.lock().unwrap() = Ok(json!({"id": "1"}));
    assert!(!done(world.ask("discord_send_message", arguments).await).replayed);
}

#[tokio::test]
async fn a_full_disk_stops_everything_before_it_happens() {
    let world = World::new();
    world.ledger.full.store(true, Ordering::SeqCst);
    let write = world.ask("discord_send_message", send()).await;
    assert_eq!(declined(write).code(), "disk_full");
    assert_eq!(world.sent(), 0);
    let read = world
        .ask("discord_get_messages", json!({"channel_id": "10"}))
        .await;
    assert_eq!(declined(read).code(), "disk_full");
    let refused = world.ask("discord_nothing", json!({})).await;
    assert_eq!(declined(refused).code(), "disk_full");
}

#[tokio::test(start_paused = true)]
async fn an_end_that_cannot_be_written_down_is_said_and_tried_again() {
    let world = World::new();
    world.ledger.stubborn.store(3, Ordering::SeqCst);
    let mut arguments = send();
    arguments["idempotency_key"] = json!("k");
    let result = world.ask("discord_send_message", arguments.clone()).await;
    assert_eq!(declined(result).code(), "outcome_not_recorded");
    while !world.ledger.book().open.is_empty() {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    assert!(done(world.ask("discord_send_message", arguments).await).replayed);
    assert_eq!(world.sent(), 1);
}

#[tokio::test]
async fn panicking_hands_leave_a_closed_row_and_an_answer() {
    let world = World::new();
    *world.hands.panics.lock().unwrap() = true;
    let result = world.ask("discord_send_message", send()).await;
    assert_eq!(declined(result).code(), "internal_error");
    assert!(world.ledger.book().open.is_empty());
    assert_eq!(
        world.ledger.outcomes(),
        ["started:started", "unknown:internal_error"]
    );
}

#[tokio::test]
async fn facts_that_cannot_be_had_are_a_failure_and_not_a_yes() {
    let world = World::new();
    *world.facts.broken.lock().unwrap() = Some(HandsError::TimedOut);
    let result = world.ask("discord_send_message", send()).await;
    assert_eq!(declined(result).code(), "timed_out");
    assert_eq!(world.sent(), 0);
    assert_eq!(world.ledger.outcomes(), ["failed:timed_out"]);
}

struct Clumsy;

#[async_trait]
impl Flow for Clumsy {
    async fn run(&self, _: &Gate, _: &FlowContext) -> Result<View, Declined> {
        panic!("a flow's own mistake")
    }
}

struct Counting(std::sync::atomic::AtomicU32);

#[async_trait]
impl Flow for Counting {
    async fn run(&self, _: &Gate, _: &FlowContext) -> Result<View, Declined> {
        let count = self.0.fetch_add(1, Ordering::SeqCst);
        Ok(View {
            value: json!({ "count": count }),
            untrusted: &[],
        })
    }
}

fn lock() -> serde_json::Value {
    json!({"thread_id": "11", "agent_name": "scribe"})
}

fn world_with(flow: impl Flow + 'static) -> World {
    let flows: Vec<(&'static str, Arc<dyn Flow>)> =
        vec![("discord_acquire_thread", Arc::new(flow))];
    World::built(policy::Policy::default(), flows, Arc::default())
}

#[tokio::test]
async fn a_flow_that_panics_is_contained() {
    let world = world_with(Clumsy);
    let result = world.ask("discord_acquire_thread", lock()).await;
    assert_eq!(declined(result).code(), "internal_error");
    assert_eq!(world.ledger.outcomes(), ["failed:internal_error"]);
}

struct Patient;

#[async_trait]
impl Flow for Patient {
    async fn run(&self, _: &Gate, _: &FlowContext) -> Result<View, Declined> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_flow_ends_with_the_gate() {
    let world = world_with(Patient);
    let draining = async {
        tokio::task::yield_now().await;
        world.gate.drain(std::time::Duration::from_secs(10)).await
    };
    let (result, drained) = tokio::join!(world.ask("discord_acquire_thread", lock()), draining);
    assert!(drained);
    assert_eq!(declined(result).code(), "shutting_down");
}

#[tokio::test]
async fn a_flow_with_a_key_runs_once() {
    let world = world_with(Counting(0.into()));
    let mut arguments = lock();
    arguments["idempotency_key"] = json!("once");
    let first = done(world.ask("discord_acquire_thread", arguments.clone()).await);
    let again = done(world.ask("discord_acquire_thread", arguments).await);
    assert_eq!((again.replayed, again.view.value), (true, first.view.value));
}

#[tokio::test]
async fn a_tool_whose_flow_is_not_wired_says_so() {
    let world = World::new();
    let result = world.ask("discord_acquire_thread", lock()).await;
    assert_eq!(declined(result).code(), "not_available");
}
