//! A destructive tool runs with the token of its own plan, once.

use std::sync::Arc;

use gate::{Answer, Declined};
use model::{HandsError, Mode, Origin, Principal, principal::Scope};
use serde_json::{Value, json};

use crate::world::{World, asked, declined, done, guild, planned, user};

const DELETE: &str = "discord_delete_message";

fn message(id: &str) -> Value {
    json!({"channel_id": "10", "message_id": id})
}

fn confirmed(id: &str, token: &str) -> Value {
    json!({"channel_id": "10", "message_id": id, "confirm": token})
}

fn live(world: &World, content: &str) {
    let body = json!({"id": "500", "channel_id": "10", "content": content});
    let path = "/channels/10/messages/500".to_owned();
    world.hands.live.lock().unwrap().insert(path, Ok(body));
}

async fn token(world: &World) -> String {
    let plan = planned(world.ask(DELETE, message("500")).await);
    plan.confirm.unwrap().token
}

fn code(result: Result<Answer, Declined>) -> String {
    declined(result).code().to_owned()
}

#[tokio::test]
async fn the_token_of_the_plan_carries_it_out_once() {
    let world = World::new();
    live(&world, "words");
    let token = token(&world).await;
    done(world.ask(DELETE, confirmed("500", &token)).await);
    assert_eq!(world.sent(), 1);
    let again = world.ask(DELETE, confirmed("500", &token)).await;
    assert_eq!(code(again), "confirmation_used");
    assert_eq!(world.sent(), 1);
}

#[tokio::test]
async fn dry_run_false_alone_is_not_enough_and_dry_run_true_always_wins() {
    let world = World::new();
    live(&world, "words");
    let mut call = asked(DELETE, message("500"));
    call.mode = Mode::Execute;
    assert!(planned(world.call(call).await).confirm.is_some());
    let token = token(&world).await;
    let mut arguments = confirmed("500", &token);
    arguments["dry_run"] = json!(true);
    planned(world.ask(DELETE, arguments).await);
    assert_eq!(world.sent(), 0);
}

#[tokio::test]
async fn a_token_says_precisely_why_it_does_not_fit() {
    let world = World::new();
    live(&world, "words");
    let token = token(&world).await;
    let altered = format!("{}A", &token[..token.len() - 1]);
    let altered = if altered == token {
        format!("{}B", &token[..token.len() - 1])
    } else {
        altered
    };
    assert_eq!(
        code(world.ask(DELETE, confirmed("500", &altered)).await),
        "confirmation_invalid"
    );
    assert_eq!(
        code(world.ask(DELETE, confirmed("501", &token)).await),
        "confirmation_other_arguments"
    );
    let mut call = asked(DELETE, confirmed("500", &token));
    call.principal = Principal::api_key("other", Scope::ALL.to_vec());
    assert_eq!(code(world.call(call).await), "confirmation_other_principal");
    let other: policy::Policy = toml::from_str("direct_messages = true").unwrap();
    world.gate.replace_policy(Arc::new(other));
    assert_eq!(
        code(world.ask(DELETE, confirmed("500", &token)).await),
        "confirmation_other_policy"
    );
    world.gate.replace_policy(Arc::default());
    world.clock.advance(600_000);
    assert_eq!(
        code(world.ask(DELETE, confirmed("500", &token)).await),
        "confirmation_expired"
    );
    assert_eq!(world.sent(), 0);
}

#[tokio::test]
async fn what_changed_meanwhile_must_be_seen_first() {
    let world = World::new();
    live(&world, "words");
    let token = token(&world).await;
    live(&world, "other words");
    assert_eq!(
        code(world.ask(DELETE, confirmed("500", &token)).await),
        "plan_changed"
    );
    assert_eq!(world.sent(), 0);
    assert!(world.ledger.book().open.is_empty());
    assert_eq!(
        world.ledger.outcomes().last().unwrap(),
        "refused:plan_changed"
    );
}

#[tokio::test]
async fn a_plan_whose_live_state_cannot_be_read_is_not_made() {
    let world = World::new();
    let path = "/channels/10/messages/500".to_owned();
    let error = HandsError::Unreachable {
        detail: "refused".to_owned(),
    };
    world.hands.live.lock().unwrap().insert(path, Err(error));
    assert_eq!(
        code(world.ask(DELETE, message("500")).await),
        "discord_unreachable"
    );
}

#[tokio::test]
async fn the_operator_can_relax_confirmation_only_by_name() {
    let general = World::with(
        "[[rules]]\nname = \"easy\"\nneeds_confirmation = false\ndry_run_by_default = false",
    );
    assert!(
        planned(general.ask(DELETE, message("500")).await)
            .confirm
            .is_some()
    );
    let named = World::with(
        "[[rules]]\nname = \"easy\"\nrisks = [\"destructive\"]\nneeds_confirmation = false\ndry_run_by_default = false",
    );
    done(named.ask(DELETE, message("500")).await);
    let tight = World::with("[[rules]]\nname = \"careful\"\nneeds_confirmation = true");
    let send = json!({"channel_id": "10", "content": "x", "dry_run": false});
    let plan = planned(tight.ask("discord_send_message", send.clone()).await);
    let mut arguments = send;
    arguments["confirm"] = json!(plan.confirm.unwrap().token);
    done(tight.ask("discord_send_message", arguments).await);
}

#[tokio::test]
async fn a_plan_that_counts_from_now_can_be_confirmed_a_minute_later() {
    let world = World::new();
    let member = json!({"user": {"id": "5"}, "communication_disabled_until": null});
    let path = "/guilds/1/members/5".to_owned();
    world.hands.live.lock().unwrap().insert(path, Ok(member));
    let mut arguments = json!({"guild_id": "1", "user_id": "5", "seconds": 60});
    let plan = planned(world.ask("discord_timeout_member", arguments.clone()).await);
    world.clock.advance(60_000);
    arguments["confirm"] = json!(plan.confirm.unwrap().token);
    done(world.ask("discord_timeout_member", arguments).await);
    let sent = world.hands.writes.lock().unwrap()[0].clone();
    let body = sent.body.json().unwrap().to_string();
    assert!(body.contains("2027-01-15T08:02:00"), "{body}");
    assert!(world.facts.forgotten.lock().unwrap().contains(&guild(1)));
}

#[tokio::test]
async fn what_one_discord_user_was_shown_another_cannot_confirm() {
    let world = World::new();
    let as_user = |arguments, id| {
        let mut call = asked(DELETE, arguments);
        call.origin = Origin::Discord {
            user: user(id),
            channel: None,
        };
        world.call(call)
    };
    let plan = planned(as_user(message("500"), 5).await);
    let token = plan.confirm.unwrap().token;
    let other = as_user(confirmed("500", &token), 6).await;
    assert_eq!(code(other), "confirmation_other_principal");
    done(as_user(confirmed("500", &token), 5).await);
}

#[tokio::test]
async fn nobody_acts_on_those_above() {
    let world = World::new();
    *world.facts.outranked.lock().unwrap() = true;
    let arguments = json!({"guild_id": "1", "user_id": "5"});
    assert_eq!(
        code(world.ask("discord_kick_member", arguments).await),
        "bot_outranked"
    );
}
