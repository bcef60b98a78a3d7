//! A webhook's token is in the request that is sent, and nowhere else; what cannot be recognised is
//! sent once.

use std::sync::Arc;

use gate::{Declined, Recovery, Retry};
use model::{HandsError, RequestAuth, ledger::Holder};
use serde_json::{Value, json};

use crate::{
    ledger::MemoryLedger,
    world::{World, channel, declined, done},
};

const EXECUTE: &str = "discord_execute_webhook";
const TOKEN: &str = "very-secret";

fn world() -> World {
    let world = World::new();
    let webhook = json!({"id": "77", "type": 1, "channel_id": "10", "token": TOKEN});
    let mut live = world.hands.live.lock().unwrap();
    live.insert("/webhooks/77".to_owned(), Ok(webhook));
    drop(live);
    world
}

fn post() -> Value {
    json!({"webhook_id": "77", "content": "x", "idempotency_key": "k", "dry_run": false})
}

/// Everything that the ledger was ever given.
fn written(ledger: &MemoryLedger) -> String {
    let book = ledger.book();
    format!("{:?} {:?} {:?}", book.open, book.closed, book.decisions)
}

#[tokio::test]
async fn the_token_is_only_in_what_is_sent() {
    let world = world();
    let all = tokio::sync::Semaphore::MAX_PERMITS;
    world.hands.slots.forget_permits(all);
    let looks = async {
        while world.ledger.book().open.is_empty() {
            tokio::task::yield_now().await;
        }
        let open = world.ledger.book().open.values().next().cloned().unwrap();
        assert_eq!(
            open.request,
            json!({"method": "POST", "path": "/webhooks/77/[hidden]"})
        );
        assert!(!open.repeatable);
        assert!(!written(&world.ledger).contains(TOKEN));
        world.hands.slots.add_permits(1);
    };
    let (result, ()) = tokio::join!(world.ask(EXECUTE, post()), looks);
    let done = done(result);
    assert!(!done.view.value.to_string().contains(TOKEN));
    assert!(!written(&world.ledger).contains(TOKEN));
    let sent = world.hands.writes.lock().unwrap()[0].clone();
    assert_eq!(sent.path.text, format!("/webhooks/77/{TOKEN}"));
    assert_eq!(sent.auth, RequestAuth::InPath);
    assert!(!sent.may_be_repeated(), "hands must not repeat it either");
}

#[tokio::test]
async fn after_a_crash_it_is_closed_as_unknown_and_never_sent_with_a_hidden_path() {
    let before = world();
    let all = tokio::sync::Semaphore::MAX_PERMITS;
    before.hands.slots.forget_permits(all);
    let begun = async {
        while before.ledger.book().open.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        result = before.ask(EXECUTE, post()) => panic!("it ended: {result:?}"),
        () = begun => {}
    }
    let ledger = Arc::new(MemoryLedger::default());
    let mut row = before.ledger.book().open.values().next().cloned().unwrap();
    // Even a row that claims it could be repeated has nothing to be repeated with.
    row.repeatable = true;
    model::ledger::Ledger::begin(&*ledger, row).await.unwrap();
    ledger.leave();

    let after = World::built(policy::Policy::default(), Vec::new(), Arc::clone(&ledger));
    let recovery = after.gate.finish_unfinished().await.unwrap();
    let unknown = Recovery {
        unknown: 1,
        ..Recovery::default()
    };
    assert_eq!(recovery, unknown);
    assert_eq!(after.sent(), 0);
    assert!(!written(&ledger).contains(TOKEN));
    let again = declined(after.ask(EXECUTE, post()).await);
    assert_eq!(again.code(), "outcome_unknown");
    assert_eq!(after.sent(), 0);
}

#[tokio::test]
async fn an_unknown_outcome_is_not_tried_again_by_anybody() {
    let world = world();
    *world.hands.answer.lock().unwrap() = Err(HandsError::OutcomeUnknown {
        detail: format!("POST /webhooks/77/{TOKEN}: reset"),
    });
    let Declined::Failed(failure) = declined(world.ask(EXECUTE, post()).await) else {
        panic!("an unknown outcome is a failure")
    };
    assert_eq!(failure.retry, Retry::Unknown);
    assert!(!format!("{failure:?}").contains(TOKEN));
    assert!(!written(&world.ledger).contains(TOKEN));
    // The key gives the same answer, and sends nothing.
    let again = declined(world.ask(EXECUTE, post()).await);
    assert_eq!(again.code(), "outcome_unknown");
    assert_eq!(world.sent(), 1);
}

#[tokio::test]
async fn a_lease_on_its_channel_or_thread_stops_it() {
    let holder = Holder {
        principal: "key:other".to_owned(),
        agent: Some("scribe".to_owned()),
    };
    let mut to_thread = post();
    to_thread["thread_id"] = json!("11");
    for (leased, arguments) in [(10, post()), (11, to_thread)] {
        let world = world();
        let lease = (holder.clone(), world.now() + 60_000);
        world.ledger.book().leases.insert(channel(leased), lease);
        let refused = declined(world.ask(EXECUTE, arguments).await);
        assert_eq!(refused.code(), "thread_leased", "{leased}");
        assert_eq!(world.sent(), 0);
    }
    // Another's lease elsewhere is none of its business.
    let world = world();
    let lease = (holder, world.now() + 60_000);
    world.ledger.book().leases.insert(channel(11), lease);
    done(world.ask(EXECUTE, post()).await);
}
