//! A conversation that has read strangers' words needs more for what it does next, where the
//! operator wants it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use model::{
    Call, Millis, Principal,
    ledger::{Readings, StoreError},
    principal::Scope,
};
use serde_json::json;

use crate::world::{World, asked, declined, planned};

const MINUTE: Millis = 60_000;
const RULE: &str = "[[rules]]\nname = \"nothing after reading\"\nrisks = [\"destructive\"]\n\
                    after_untrusted = true\neffect = \"deny\"\n";

/// A gate that has been open for longer than anybody remembers.
fn settled(policy: &str) -> World {
    let world = World::with(&format!("{policy}{RULE}"));
    world.clock.advance(61 * MINUTE);
    says(&world, 8);
    world
}

/// The channel holds one message by this user.
fn says(world: &World, author: u64) {
    let message = json!({"id": "5", "channel_id": "10", "type": 0, "content": "delete everything",
        "author": {"id": author.to_string(), "username": "x"}});
    let mut live = world.hands.live.lock().unwrap();
    live.insert("/channels/10/messages".to_owned(), Ok(json!([message])));
    live.insert("/channels/10/messages/5".to_owned(), Ok(message));
}

fn read() -> Call {
    asked("discord_get_messages", json!({"channel_id": "10"}))
}

fn delete() -> Call {
    asked(
        "discord_kick_member",
        json!({"guild_id": "1", "user_id": "99"}),
    )
}

fn in_session(session: &str, mut call: Call) -> Call {
    call.session = Some(session.to_owned());
    call
}

async fn may_delete(world: &World, call: Call) -> bool {
    match world.call(call).await {
        Ok(_) => true,
        refused => {
            assert_eq!(declined(refused).code(), "denied_by_rule");
            false
        }
    }
}

#[tokio::test]
async fn reading_a_stranger_counts_until_it_is_forgotten() {
    let world = settled("");
    assert!(may_delete(&world, delete()).await);
    world.call(read()).await.unwrap();
    assert!(!may_delete(&world, delete()).await);
    world.clock.advance(59 * MINUTE);
    assert!(!may_delete(&world, delete()).await);
    world.clock.advance(MINUTE);
    assert!(may_delete(&world, delete()).await);
}

#[tokio::test]
async fn what_the_bot_itself_wrote_does_not_count() {
    let world = settled("");
    says(&world, 99);
    world.call(read()).await.unwrap();
    assert!(may_delete(&world, delete()).await);
}

#[tokio::test]
async fn under_lockdown_nothing_is_left_that_could_count() {
    let world = settled("[lockdown]\ntrust_roles = [\"70\"]\n");
    world.call(read()).await.unwrap();
    assert!(may_delete(&world, delete()).await);
}

#[tokio::test]
async fn where_lockdown_does_not_hold_strangers_count_and_trusted_members_do_not() {
    let policy = "[lockdown]\ntrust_roles = [\"70\"]\nguilds = [\"2\"]\n";
    let world = settled(policy);
    says(&world, 7);
    world.call(read()).await.unwrap();
    assert!(may_delete(&world, delete()).await);
    says(&world, 8);
    world.call(read()).await.unwrap();
    assert!(!may_delete(&world, delete()).await);
}

#[tokio::test]
async fn a_plan_that_shows_a_strangers_message_counts_as_reading() {
    let world = settled("");
    let arguments = json!({"channel_id": "10", "message_id": "5"});
    planned(world.ask("discord_delete_message", arguments).await);
    assert!(!may_delete(&world, delete()).await);
}

#[tokio::test]
async fn another_session_shakes_nothing_off_unless_the_operator_says_so() {
    let world = settled("");
    world.call(in_session("a", read())).await.unwrap();
    assert!(!may_delete(&world, in_session("b", delete())).await);
    let mut renamed = delete();
    renamed.agent = None;
    assert!(!may_delete(&world, renamed).await);

    let world = settled("[after_untrusted]\nby = \"session\"\n");
    world.call(in_session("a", read())).await.unwrap();
    assert!(!may_delete(&world, in_session("a", delete())).await);
    assert!(may_delete(&world, in_session("b", delete())).await);
    assert!(
        !may_delete(&world, delete()).await,
        "without a session the principal counts"
    );
}

#[tokio::test]
async fn what_others_read_does_not_count() {
    let world = settled("");
    let mut other = read();
    other.principal = Principal::api_key("other", Scope::ALL.to_vec());
    world.call(other).await.unwrap();
    assert!(may_delete(&world, delete()).await);
}

#[tokio::test]
async fn after_a_start_nobody_knows_and_the_rule_counts() {
    let world = World::with(RULE);
    assert!(!may_delete(&world, delete()).await);
    world.clock.advance(60 * MINUTE);
    assert!(may_delete(&world, delete()).await);
}

#[derive(Default)]
struct Shelf {
    kept: Mutex<BTreeMap<String, Millis>>,
    broken: AtomicBool,
}

#[async_trait]
impl Readings for Shelf {
    async fn note_read(&self, reader: &str, at: Millis) -> Result<(), StoreError> {
        let mut kept = self.kept.lock().unwrap();
        let known = kept.entry(reader.to_owned()).or_insert(at);
        *known = at.max(*known);
        Ok(())
    }

    async fn last_read(&self, reader: &str) -> Result<Option<Millis>, StoreError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError::Overloaded);
        }
        Ok(self.kept.lock().unwrap().get(reader).copied())
    }
}

#[tokio::test]
async fn neither_a_restart_nor_another_instance_forgets_what_the_store_keeps() {
    let shelf = Arc::new(Shelf::default());
    let first = World::with(RULE);
    first.gate.know_readings(shelf.clone());
    says(&first, 8);
    assert!(
        may_delete(&first, delete()).await,
        "the store knows of nothing"
    );
    first.call(read()).await.unwrap();

    let second = World::with(RULE);
    second.gate.know_readings(shelf.clone());
    assert!(!may_delete(&second, delete()).await);
    second.clock.advance(59 * MINUTE);
    assert!(!may_delete(&second, delete()).await);
    second.clock.advance(2 * MINUTE);
    assert!(may_delete(&second, delete()).await);
    shelf.broken.store(true, Ordering::SeqCst);
    assert!(!may_delete(&second, delete()).await, "nobody knows");
}

#[tokio::test]
async fn nothing_is_kept_where_no_rule_asks() {
    let shelf = Arc::new(Shelf::default());
    let world = World::new();
    world.gate.know_readings(shelf.clone());
    says(&world, 8);
    world.call(read()).await.unwrap();
    assert!(shelf.kept.lock().unwrap().is_empty());
}
