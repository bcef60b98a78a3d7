//! Flows and the operator's ceremony.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use catalogue::View;
use gate::{Declined, Flow, FlowContext, Gate};
use model::Mode;
use serde_json::{Value, json};

use crate::world::{World, asked, declined, done, planned};

const LOCK: &str = "discord_acquire_thread";

/// Counts how often it ran.
#[derive(Default)]
struct Counting(AtomicU32);

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

fn world(rule: &str) -> (World, Arc<Counting>) {
    let flow = Arc::new(Counting::default());
    let flows: Vec<(&'static str, Arc<dyn Flow>)> = vec![(LOCK, flow.clone())];
    let policy = match rule {
        "" => String::new(),
        rule => format!("[[rules]]\nname = \"careful\"\nrisks = [\"write\"]\n{rule}"),
    };
    let world = World::built(toml::from_str(&policy).unwrap(), flows, Arc::default());
    (world, flow)
}

fn lock(more: &Value) -> Value {
    let mut arguments = json!({"thread_id": "11", "agent_name": "scribe"});
    for (name, value) in more.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    arguments
}

#[tokio::test]
async fn a_rule_can_ask_for_a_dry_run() {
    let (free, flow) = world("");
    done(free.ask(LOCK, lock(&json!({}))).await);
    assert_eq!(flow.0.load(Ordering::SeqCst), 1);

    let (careful, flow) = world("dry_run_by_default = true");
    let plan = planned(careful.ask(LOCK, lock(&json!({}))).await);
    assert!(plan.request.is_none() && plan.confirm.is_none());
    assert_eq!(plan.checks.len(), 8);
    let row = careful.ledger.book().decisions.last().cloned().unwrap();
    assert_eq!(row.rules, ["careful"]);
    assert_eq!(flow.0.load(Ordering::SeqCst), 0);
    done(careful.ask(LOCK, lock(&json!({"dry_run": false}))).await);
    assert_eq!(flow.0.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_rule_can_ask_for_a_confirmation() {
    let (world, flow) = world("needs_confirmation = true");
    for said in [json!({}), json!({"dry_run": false})] {
        let plan = planned(world.ask(LOCK, lock(&said)).await);
        assert!(plan.how_to_run.contains("`confirm`"));
    }
    let plan = planned(world.ask(LOCK, lock(&json!({}))).await);
    let token = plan.confirm.unwrap().token;
    let other = world
        .ask(LOCK, lock(&json!({"agent_name": "ada", "confirm": token})))
        .await;
    assert_eq!(declined(other).code(), "confirmation_other_arguments");
    assert_eq!(flow.0.load(Ordering::SeqCst), 0);
    done(world.ask(LOCK, lock(&json!({"confirm": token}))).await);
    let again = world.ask(LOCK, lock(&json!({"confirm": token}))).await;
    assert_eq!(declined(again).code(), "confirmation_used");
    assert_eq!(flow.0.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_key_that_has_its_answer_does_not_pass_by_the_confirmation() {
    let (free, _) = world("");
    let keyed = lock(&json!({"idempotency_key": "k"}));
    done(free.ask(LOCK, keyed.clone()).await);
    assert!(done(free.ask(LOCK, keyed.clone()).await).replayed);
    let rule = "[[rules]]\nname = \"careful\"\nneeds_confirmation = true";
    let policy = toml::from_str(rule).unwrap();
    free.gate.replace_policy(Arc::new(policy));
    planned(free.ask(LOCK, keyed).await);
}

#[tokio::test]
async fn a_confirmation_that_is_none_is_not_ignored() {
    let (world, flow) = world("");
    let made_up = world.ask(LOCK, lock(&json!({"confirm": "yes"}))).await;
    assert_eq!(declined(made_up).code(), "confirmation_invalid");
    let mut call = asked(LOCK, lock(&json!({})));
    call.mode = Mode::Confirmed("yes".to_owned());
    assert_eq!(
        declined(world.call(call).await).code(),
        "confirmation_invalid"
    );
    assert_eq!(flow.0.load(Ordering::SeqCst), 0);
}
