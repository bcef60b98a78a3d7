//! Locking a thread.

use serde_json::{Value, json};

use crate::world::World;

fn lock(agent: &str) -> Value {
    json!({"thread_id": "11", "agent_name": agent})
}

#[tokio::test]
async fn a_lock_answers_with_who_and_until_when() {
    let world = World::new(false);
    let acquired = world.shows("discord_acquire_thread", lock("scribe")).await;
    let expected = json!({
        "acquired": true, "thread_id": "11", "agent": "scribe",
        "until": "2027-01-15T08:05:00Z", "fence": 1,
    });
    assert_eq!(acquired, expected);
    let released = world.shows("discord_release_thread", lock("scribe")).await;
    assert_eq!(
        released,
        json!({"released": true, "thread_id": "11", "agent": "scribe"})
    );
}

#[tokio::test]
async fn a_conflict_names_the_holder_and_the_end() {
    let world = World::new(false);
    world.shows("discord_acquire_thread", lock("scribe")).await;
    for tool in ["discord_acquire_thread", "discord_release_thread"] {
        let refused = world.ask(tool, lock("critic")).await.unwrap_err();
        assert_eq!(refused.code(), "thread_leased");
        assert_eq!(
            refused.message(),
            "agent \"scribe\" of local holds thread 11 until 2027-01-15T08:05:00Z"
        );
    }
    let codes: Vec<String> = world
        .book
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|row| row.code.clone())
        .collect();
    assert_eq!(codes, ["ok", "thread_leased", "thread_leased"]);
}

#[tokio::test]
async fn a_lock_ends_by_itself_and_the_fence_rises() {
    let world = World::new(false);
    world.shows("discord_acquire_thread", lock("scribe")).await;
    world.clock.advance(300_000);
    let refused = world
        .ask("discord_release_thread", lock("scribe"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "not_leased");
    let next = world.shows("discord_acquire_thread", lock("critic")).await;
    assert_eq!(next["fence"], 2);
}
