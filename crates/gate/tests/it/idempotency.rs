//! The same key has its effect once.

use serde_json::{Value, json};

use crate::world::{World, declined, done};

fn send(content: &str) -> Value {
    json!({"channel_id": "10", "content": content, "dry_run": false, "idempotency_key": "k1"})
}

#[tokio::test]
async fn the_same_key_gets_the_same_bytes_and_nothing_is_sent_again() {
    let world = World::new();
    let first = done(world.ask("discord_send_message", send("a")).await);
    *world.hands.answer.lock().unwrap() = Ok(json!({"id": "999"}));
    let again = done(world.ask("discord_send_message", send("a")).await);
    assert!(again.replayed);
    assert_eq!(again.view.value.to_string(), first.view.value.to_string());
    assert_eq!(again.view.untrusted, first.view.untrusted);
    assert_eq!(world.sent(), 1);
    assert_eq!(world.ledger.outcomes().last().unwrap(), "replayed:replayed");
    let conflict = world.ask("discord_send_message", send("b")).await;
    assert_eq!(declined(conflict).code(), "idempotency_conflict");
}

#[tokio::test]
async fn the_order_of_arguments_does_not_matter() {
    let world = World::new();
    done(world.ask("discord_send_message", send("a")).await);
    let other_order: Value = serde_json::from_str(
        r#"{"idempotency_key":"k1","dry_run":false,"content":"a","channel_id":"10"}"#,
    )
    .unwrap();
    assert!(done(world.ask("discord_send_message", other_order).await).replayed);
}

#[tokio::test]
async fn a_second_call_while_the_first_is_under_way_is_told_to_wait() {
    let world = World::new();
    world
        .hands
        .slots
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let second = async {
        while world.ledger.book().open.is_empty() {
            tokio::task::yield_now().await;
        }
        let second = world.ask("discord_send_message", send("a")).await;
        world.hands.slots.add_permits(1);
        declined(second)
    };
    let (first, second) = tokio::join!(world.ask("discord_send_message", send("a")), second);
    done(first);
    assert_eq!(second.code(), "idempotency_in_flight");
    assert_eq!(world.sent(), 1);
}
