//! Calls that are refused early have a limit too, and a flood of them fills no disk.

use gate::Declined;
use model::{Principal, Stage, principal::Scope};
use serde_json::{Value, json};

use crate::world::{World, asked, declined};

const GET: &str = "discord_get_messages";
/// Many more than anybody has.
const FLOOD: usize = 1_500;

/// Which of many calls was the first to be one too many.
async fn first_refused(world: &World, tool: &str, arguments: impl Fn(usize) -> Value) -> usize {
    for n in 0..FLOOD {
        let refused = declined(world.ask(tool, arguments(n)).await);
        if refused.code() != "too_many_attempts" {
            continue;
        }
        let Declined::Refused(refusal) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(refusal.stage, Some(Stage::RateLimit));
        assert!(refusal.retry_after_ms.unwrap() > 0);
        return n;
    }
    panic!("{FLOOD} calls, and none too many");
}

#[tokio::test]
async fn unknown_ids_bad_arguments_and_unknown_tools_are_limited() {
    let channels = |n: usize| json!({"channel_id": (1_000 + n).to_string()});
    let at = first_refused(&World::new(), GET, channels).await;
    assert!(at >= 600, "{at}");
    first_refused(&World::new(), GET, |_| json!({"chanel_id": 5})).await;
    first_refused(&World::new(), "discord_do_magic", |_| json!({})).await;
    first_refused(
        &World::with("read_only = true"),
        "discord_send_message",
        |_| json!({}),
    )
    .await;
}

#[tokio::test]
async fn good_calls_meet_their_own_rate_first() {
    let world = World::new();
    for _ in 0..1_200 {
        world.ask(GET, json!({"channel_id": "10"})).await.unwrap();
    }
    let mut code = String::new();
    while code.is_empty() {
        if let Err(early) = world.ask(GET, json!({"channel_id": "10"})).await {
            early.code().clone_into(&mut code);
        }
    }
    assert_eq!(code, "rate_limited");
}

#[tokio::test]
async fn a_flood_of_one_leaves_others_alone_and_the_audit_small() {
    let world = World::new();
    first_refused(&world, GET, |_| json!({})).await;
    let rows = world.ledger.book().decisions.len();
    for _ in 0..50 {
        declined(world.ask(GET, json!({})).await);
    }
    assert!(world.ledger.book().decisions.len() - rows < 25);

    let mut other = asked(GET, json!({"channel_id": "10"}));
    other.principal = Principal::api_key("quiet", vec![Scope::Read]);
    world.call(other).await.unwrap();

    world.clock.advance(1_000);
    while declined(world.ask(GET, json!({})).await).code() != "too_many_attempts" {}
    let row = world.ledger.book().decisions.last().cloned().unwrap();
    assert_eq!(
        (row.code.as_str(), row.stage),
        ("too_many_attempts", Stage::RateLimit)
    );
    assert!(
        row.reason.contains("one a second is written down, and "),
        "{}",
        row.reason
    );
}

#[tokio::test]
async fn nobody_has_fewer_attempts_than_the_floor() {
    let world = World::with("[rates]\nread = 1\nwrite = 1\ndestructive = 1");
    let at = first_refused(&world, GET, |_| json!({})).await;
    assert!(at >= 150, "{at}");
}
