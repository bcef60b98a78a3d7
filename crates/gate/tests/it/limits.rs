//! Check 7 counts for the principal, the Discord user, the channel, the guild and the tool; a
//! refusal says which it was and when to come back.

use gate::{Declined, Refusal};
use model::{
    Call, Mode, Origin, Principal,
    forecast::{Bottleneck, Forecast},
    principal::Scope,
};
use serde_json::{Value, json};

use crate::world::{World, asked, declined, done, planned, user};

const GET: &str = "discord_get_messages";
const SEND: &str = "discord_send_message";

fn get(channel: &str) -> Value {
    json!({ "channel_id": channel })
}

fn by(name: &str, tool: &str, arguments: Value) -> Call {
    Call {
        principal: Principal::api_key(name, Scope::ALL.to_vec()),
        ..asked(tool, arguments)
    }
}

fn for_user(number: u64, call: Call) -> Call {
    Call {
        origin: Origin::Discord {
            user: user(number),
            channel: None,
        },
        ..call
    }
}

async fn refused(world: &World, call: Call) -> Refusal {
    match declined(world.call(call).await) {
        Declined::Refused(refusal) => *refusal,
        other @ Declined::Failed(_) => panic!("{other:?}"),
    }
}

/// Whose limit refused, and its name.
fn whose(refusal: &Refusal) -> (&str, &str) {
    assert_eq!(refusal.reason.code, "rate_limited");
    assert!(refusal.retry_after_ms.is_some_and(|ms| ms > 0));
    let limit = refusal.limit.as_ref().unwrap();
    (limit.whose, &limit.id)
}

#[tokio::test]
async fn a_channel_is_used_up_by_all_callers_together_and_no_other_is() {
    let world = World::with("[rates]\nper_channel = 2");
    for name in ["ada", "bob"] {
        done(world.call(by(name, GET, get("10"))).await);
    }
    let refusal = refused(&world, by("cyd", GET, get("10"))).await;
    assert_eq!(whose(&refusal), ("channel", "10"));
    assert_eq!(
        refusal.reason.message,
        "more than 2 calls a minute of risk read in the channel 10, all callers together"
    );
    done(world.call(by("cyd", GET, get("11"))).await);
}

#[tokio::test]
async fn a_guild_a_tool_and_a_discord_user_have_limits_of_their_own() {
    let world = World::with("[rates]\nper_guild = { read = 1 }");
    done(world.call(by("ada", GET, get("10"))).await);
    let refusal = refused(&world, by("bob", GET, get("11"))).await;
    assert_eq!(whose(&refusal), ("guild", "1"));
    // The DM is in no guild.
    done(world.call(by("bob", GET, get("30"))).await);

    let world = World::with("[rates]\nper_tool = 1");
    done(world.call(by("ada", GET, get("10"))).await);
    let refusal = refused(&world, by("bob", GET, get("30"))).await;
    assert_eq!(whose(&refusal), ("tool", GET));

    let world = World::with("[rates]\nper_user = 1");
    done(world.call(for_user(5, by("ada", GET, get("10")))).await);
    // Through another principal too.
    let refusal = refused(&world, for_user(5, by("bob", GET, get("10")))).await;
    assert_eq!(whose(&refusal), ("user", "5"));
    done(world.call(for_user(6, by("ada", GET, get("10")))).await);
    done(world.call(by("ada", GET, get("10"))).await);
}

#[tokio::test]
async fn a_call_that_one_limit_refuses_uses_up_no_other() {
    let world = World::with("[rates]\nread = 5\nper_channel = 1");
    done(world.call(by("ada", GET, get("10"))).await);
    for _ in 0..20 {
        whose(&refused(&world, by("ada", GET, get("10"))).await);
    }
    // Four of the five are left.
    for channel in ["11", "12", "30"] {
        done(world.call(by("ada", GET, get(channel))).await);
    }
}

#[tokio::test]
async fn the_strikes_of_one_keep_nobody_else_waiting() {
    let world = World::with("[rates]\nper_channel = 20");
    for _ in 0..20 {
        done(world.call(by("ada", GET, get("10"))).await);
    }
    for _ in 0..6 {
        for _ in 0..2 {
            refused(&world, by("ada", GET, get("10"))).await;
            world.clock.advance(1_500);
        }
        // The room that comes back goes to whoever heeds the answer.
        done(world.call(by("bob", GET, get("10"))).await);
    }
    let stubborn = refused(&world, by("ada", GET, get("10"))).await;
    assert!(stubborn.retry_after_ms.unwrap() > 20_000, "{stubborn:?}");
}

#[tokio::test]
async fn the_wait_that_is_told_is_long_enough_and_no_longer() {
    let world = World::with("[rates]\nread = 30\nper_channel = 2");
    for _ in 0..2 {
        done(world.call(by("ada", GET, get("10"))).await);
    }
    let wait = refused(&world, by("ada", GET, get("10"))).await;
    let wait = i64::try_from(wait.retry_after_ms.unwrap()).unwrap();
    assert_eq!(wait, 30_000);
    world.clock.advance(wait);
    done(world.call(by("ada", GET, get("10"))).await);
}

#[tokio::test]
async fn rules_of_equal_numbers_are_counted_apart() {
    let world = World::with(
        "[[rules]]\nname = \"history\"\ntools = [\"discord_get_messages\"]\ncalls_per_minute = 1\n\
         [[rules]]\nname = \"lists\"\ntools = [\"discord_list_guilds\"]\ncalls_per_minute = 1",
    );
    done(world.ask(GET, get("10")).await);
    done(world.ask("discord_list_guilds", json!({})).await);
    let refusal = refused(&world, asked(GET, get("10"))).await;
    assert_eq!(whose(&refusal), ("principal", "local"));
    assert_eq!(refusal.limit.unwrap().by.as_deref(), Some("history"));
}

#[tokio::test]
async fn an_answer_that_is_only_repeated_costs_a_tenth_and_no_channel() {
    let world = World::with("[rates]\nwrite = 2\nper_channel = 1\nper_tool = 1");
    let call = || Call {
        mode: Mode::Execute,
        idempotency_key: Some("once".to_owned()),
        ..asked(SEND, json!({"channel_id": "10", "content": "x"}))
    };
    assert!(!done(world.call(call()).await).replayed);
    for _ in 0..10 {
        assert!(done(world.call(call()).await).replayed);
    }
    let refusal = refused(&world, call()).await;
    assert_eq!(whose(&refusal), ("principal", "local"));
    assert_eq!(world.sent(), 1);
}

#[tokio::test]
async fn a_plan_says_how_long_it_would_take() {
    let world = World::new();
    *world.hands.forecast.lock().unwrap() = Some(Forecast {
        milliseconds: 41_200,
        requests: 0,
        bottleneck: Bottleneck::Global,
    });
    let call = Call {
        mode: Mode::DryRun,
        ..asked(
            "discord_delete_message",
            json!({"channel_id": "10", "message_id": "500"}),
        )
    };
    let plan = planned(world.call(call).await);
    assert_eq!(
        plan.cost.note,
        "one request against this route's limit, after one read; about 42 s, the bot's global \
         limit is the bottleneck"
    );
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(json["cost"]["requests"], 2);
    assert_eq!(json["cost"]["forecast"]["milliseconds"], 41_200);
    assert_eq!(json["cost"]["forecast"]["bottleneck"], "global");
}
