//! Waiting for a message. Time is virtual here: it moves when everybody waits.

use serde_json::json;

use crate::world::World;

const WAIT: &str = "discord_wait_for_message";

#[tokio::test(start_paused = true)]
async fn what_is_posted_while_waiting_is_heard_at_once() {
    let world = World::new(true);
    world.says(100, 5, "before").await;
    let waiting = world.shows(WAIT, json!({"channel_id": "10"}));
    let posting = async {
        // Let the wait take its first looks.
        while *world.channel.looks.lock().unwrap() < 2 {
            tokio::task::yield_now().await;
        }
        world.says(101, 5, "hello").await;
    };
    let (received, ()) = tokio::join!(waiting, posting);
    assert_eq!(received["received"], true);
    assert_eq!(received["message"]["content"], "hello");
    assert_eq!(received["cursor"], 2);
    assert_eq!(
        *world.channel.looks.lock().unwrap(),
        3,
        "the journal saves looking"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_gateway_the_channel_is_looked_at() {
    let world = World::new(false);
    let waiting = world.shows(WAIT, json!({"channel_id": "10"}));
    let posting = async {
        while *world.channel.looks.lock().unwrap() < 4 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        world.says(101, 5, "hello").await;
    };
    let (received, ()) = tokio::join!(waiting, posting);
    assert_eq!(received["message"]["id"], "101");
}

#[tokio::test(start_paused = true)]
async fn a_wait_without_a_message_says_so() {
    for hears in [true, false] {
        let world = World::new(hears);
        world.says(100, 5, "before").await;
        let waited = world
            .shows(WAIT, json!({"channel_id": "10", "timeout": 10}))
            .await;
        let expected = json!({
            "received": false, "timed_out": true, "waited_seconds": 10, "after": "100", "cursor": 1,
        });
        assert_eq!(waited, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_message_that_was_answered_already_there_is_no_wait() {
    let world = World::new(true);
    world.says(100, 5, "question").await;
    world.says(101, 99, "the bot's own").await;
    world.says(102, 6, "not this").await;
    world.says(103, 5, "The Answer").await;
    let first = world
        .shows(WAIT, json!({"channel_id": "10", "after": "100"}))
        .await;
    assert_eq!(
        first["message"]["id"], "102",
        "the oldest that fits, and never our own"
    );
    let wish = json!({"channel_id": "10", "after": "100", "author_id": "5", "contains": "answer"});
    let exact = world.shows(WAIT, wish).await;
    assert_eq!(exact["message"]["id"], "103");
    let own = json!({"channel_id": "10", "after": "100", "author_id": "99"});
    assert_eq!(world.shows(WAIT, own).await["message"]["id"], "101");
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_channel_nobody_knows_is_refused() {
    let world = World::new(true);
    let refused = world
        .ask(WAIT, json!({"channel_id": "77"}))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "guild_unknown");
}
