//! Drafting an automation, through the gate.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its world is not as it set it up"
)]

mod ports;

use std::sync::Arc;

use gate::{Answer, Declined, Gate, Parts};
use model::{Call, ManualClock, Mode, Origin, Principal};
use ports::{Book, Drawer, Facts, NoHands};
use serde_json::{Value, json};

fn gate(drawer: &Arc<Drawer>) -> Gate {
    let clock = Arc::new(ManualClock::at(1_800_000_000_000));
    Gate::new(Parts {
        policy: Arc::new(policy::Policy::default()),
        hands: Arc::new(NoHands),
        surroundings: Arc::new(Facts),
        ledger: Arc::new(Book::default()),
        tenants: Arc::new(model::workspaces::OneWorkspace),
        clock: clock.clone(),
        flows: assistant::flows(drawer.clone(), clock),
        seal_key: [7; 32],
    })
}

async fn draft(drawer: &Arc<Drawer>, arguments: Value) -> Result<Answer, Declined> {
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object")
    };
    let call = Call {
        principal: Principal::local_operator(),
        tool: "discord_draft_automation".to_owned(),
        arguments,
        mode: Mode::Default,
        idempotency_key: None,
        agent: None,
        session: None,
        origin: Origin::Stdio,
    };
    gate(drawer).call(call).await
}

fn welcome() -> Value {
    json!({
        "guild_id": "1",
        "name": "welcome",
        "trigger": "somebody joins",
        "action": "greet them in #general",
    })
}

#[tokio::test]
async fn a_draft_is_kept_and_never_enabled() {
    let drawer = Arc::new(Drawer::default());
    let Ok(Answer::Done(done)) = draft(&drawer, welcome()).await else {
        panic!("it is carried out")
    };
    let kept = drawer.drafts.lock().unwrap()[0].clone();
    assert_eq!(done.view.value["draft_id"], kept.id);
    assert_eq!(done.view.value["enabled"], false);
    assert_eq!(kept.trigger, "somebody joins");
    assert_eq!(kept.drafted_by, "local");
}

#[tokio::test]
async fn a_draft_that_cannot_be_kept_is_a_failure() {
    let drawer = Arc::new(Drawer::default());
    *drawer.full.lock().unwrap() = true;
    let failed = draft(&drawer, welcome()).await.unwrap_err();
    assert_eq!(failed.code(), "not_saved");
}

#[tokio::test]
async fn a_draft_for_a_guild_without_the_bot_is_refused() {
    let drawer = Arc::new(Drawer::default());
    let mut arguments = welcome();
    arguments["guild_id"] = json!("2");
    let refused = draft(&drawer, arguments).await.unwrap_err();
    assert_eq!(refused.code(), "not_installed");
    assert!(drawer.drafts.lock().unwrap().is_empty());
}
