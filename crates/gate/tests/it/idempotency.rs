//! The same key has its effect once.

use std::sync::Arc;

use model::{HandsError, Mode, Origin, Principal, principal::Scope};
use serde_json::{Value, json};

use crate::world::{World, asked, declined, done, planned, user};

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

/// The channel is gone, and whoever asks Discord about it learns nothing.
fn silence(world: &World) {
    *world.facts.broken.lock().unwrap() = Some(HandsError::Unreachable {
        detail: "no route".to_owned(),
    });
}

/// The same ledger behind another gate: a restart, with another policy.
fn restarted(world: &World, policy: &str) -> World {
    let policy = toml::from_str(policy).unwrap();
    World::built(policy, Vec::new(), Arc::clone(&world.ledger))
}

#[tokio::test]
async fn a_retry_gets_its_answer_although_its_target_is_gone() {
    let world = World::new();
    let delete = |more: &[(&str, Value)]| {
        let mut arguments = json!({"channel_id": "10", "idempotency_key": "k1"});
        for (name, value) in more {
            arguments[*name] = value.clone();
        }
        world.ask("discord_delete_channel", arguments)
    };
    let plan = planned(delete(&[]).await);
    let token = plan.confirm.unwrap().token;
    let confirmed = [("confirm", json!(token))];
    let first = done(delete(&confirmed).await);
    silence(&world);
    // The token has expired meanwhile, too.
    world.clock.advance(60 * 60_000);
    let again = done(delete(&confirmed).await);
    assert!(again.replayed);
    assert_eq!(again.view.value, first.view.value);
    assert_eq!(world.sent(), 1);
    assert_eq!(world.ledger.outcomes().last().unwrap(), "replayed:replayed");
    let last = world.ledger.book().decisions.last().cloned().unwrap();
    assert_eq!(last.guild_id, Some(crate::world::guild(1)));

    // Without a confirmation it asks for a plan, and a plan needs the channel.
    let unconfirmed = declined(delete(&[]).await);
    assert_eq!(unconfirmed.code(), "discord_unreachable");
}

#[tokio::test]
async fn a_retry_is_told_of_other_arguments_and_of_a_first_call_under_way() {
    let world = World::new();
    done(world.ask("discord_send_message", send("a")).await);
    silence(&world);
    let conflict = world.ask("discord_send_message", send("b")).await;
    assert_eq!(declined(conflict).code(), "idempotency_conflict");
    let mut fresh = send("c");
    fresh["idempotency_key"] = json!("k2");
    let fresh = declined(world.ask("discord_send_message", fresh).await);
    assert_eq!(fresh.code(), "discord_unreachable");
}

#[tokio::test]
async fn no_answer_is_given_again_to_whom_the_policy_would_refuse_today() {
    let world = World::new();
    done(world.ask("discord_send_message", send("a")).await);
    for (policy, code) in [
        ("members = [\"key:*\"]", "not_a_member"),
        ("read_only = true", "read_only"),
        (
            "[[rules]]\nname = \"no\"\ntools = [\"discord_send_message\"]\neffect = \"deny\"",
            "denied_by_rule",
        ),
        (
            "[[rules]]\nname = \"no\"\nguilds = [\"1\"]\neffect = \"deny\"",
            "denied_by_rule",
        ),
        ("allowed_guilds = [\"2\"]", "guild_not_allowed"),
        ("[channels]\ndeny = [\"10\"]", "channel_denied"),
        ("[rates]\nwrite = 0", "rate_is_zero"),
    ] {
        let today = restarted(&world, policy);
        let refused = declined(today.ask("discord_send_message", send("a")).await);
        assert_eq!(refused.code(), code, "{policy}");
    }
    let mut intruder = asked("discord_send_message", send("a"));
    intruder.principal.kind = model::PrincipalKind::ApiKey;
    let refused = declined(world.call(intruder).await);
    assert_eq!(refused.code(), "not_authenticated");
    let mut stranger = asked("discord_send_message", send("a"));
    stranger.principal = Principal::api_key("newcomer", vec![Scope::Read, Scope::Write]);
    assert!(!done(world.call(stranger).await).replayed);
}

#[tokio::test]
async fn a_discord_users_rights_are_asked_for_before_a_replay() {
    let world = World::new();
    let asks = || {
        let mut call = asked("discord_send_message", send("a"));
        call.origin = Origin::Discord {
            user: user(5),
            channel: None,
        };
        call.mode = Mode::Execute;
        world.call(call)
    };
    done(asks().await);
    assert!(done(asks().await).replayed);
    *world.facts.member_lacks.lock().unwrap() = model::Permissions::SEND_MESSAGES;
    assert_eq!(declined(asks().await).code(), "asker_lacks_permission");
}

fn plain(content: &str) -> Value {
    json!({"channel_id": "10", "content": content, "dry_run": false})
}

async fn marked(world: &World, content: &str, mark: &str) -> Result<gate::Answer, gate::Declined> {
    let call = asked("discord_send_message", plain(content));
    world.gate.call_marked(call, mark.to_owned()).await
}

#[tokio::test]
async fn a_marked_request_that_comes_again_gets_the_first_answer() {
    let world = World::new();
    let first = done(marked(&world, "a", "session 1").await);
    assert!(!first.replayed);
    *world.hands.answer.lock().unwrap() = Ok(json!({"id": "999"}));
    let again = done(marked(&world, "a", "session 1").await);
    assert!(again.replayed);
    assert_eq!(again.view.value.to_string(), first.view.value.to_string());
    assert_eq!(world.sent(), 1);
    // Other words, another mark, another asker: none of them is a repetition, nor a conflict.
    for (content, mark) in [("b", "session 1"), ("a", "session 2")] {
        assert!(!done(marked(&world, content, mark).await).replayed);
    }
    let mut for_somebody = asked("discord_send_message", plain("a"));
    for_somebody.origin = Origin::Discord {
        user: user(7),
        channel: None,
    };
    let asked_by = world.gate.call_marked(for_somebody, "session 1".to_owned());
    assert!(!done(asked_by.await).replayed);
    assert_eq!(world.sent(), 4);
}

#[tokio::test]
async fn what_failed_with_nothing_done_is_done_when_it_comes_again() {
    let world = World::new();
    *world.hands.answer.lock().unwrap() = Err(HandsError::Unreachable {
        detail: "no route".to_owned(),
    });
    declined(marked(&world, "a", "session 1").await);
    *world.hands.answer.lock().unwrap() = Ok(json!({"id": "500"}));
    assert!(!done(marked(&world, "a", "session 1").await).replayed);
}

#[tokio::test(start_paused = true)]
async fn a_marked_request_waits_for_its_first_one() {
    let world = World::new();
    world
        .hands
        .slots
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let again = async {
        while world.ledger.book().open.is_empty() {
            tokio::task::yield_now().await;
        }
        let later = async {
            tokio::time::sleep(std::time::Duration::from_secs(5)).await;
            world.hands.slots.add_permits(1);
        };
        tokio::join!(marked(&world, "a", "session 1"), later).0
    };
    let (first, again) = tokio::join!(marked(&world, "a", "session 1"), again);
    assert!(!done(first).replayed);
    assert!(done(again).replayed);
    assert_eq!(world.sent(), 1);
}
