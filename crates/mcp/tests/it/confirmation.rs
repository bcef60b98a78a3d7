//! A person is asked in place, in each way that a client may declare.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::{
    hall::{Guild, guild, modern},
    stdio::{Client, call},
};

const DELETE: &str = "discord_delete_channel";

fn deletions(guild: &Guild) -> usize {
    guild.hall.deletions.load(Ordering::SeqCst)
}

fn forms() -> Value {
    json!({"elicitation": {"form": {}}})
}

#[tokio::test]
async fn a_client_that_cannot_ask_gets_the_plan_with_its_token() {
    let guild = guild();
    let mut client = Client::legacy(&guild, &json!({})).await;
    let answer = client
        .ask(&call(1, DELETE, &json!({"channel_id": "2"})))
        .await;
    let plan = &answer["result"]["structuredContent"]["plan"];
    assert_eq!(plan["confirm"]["token"], "token-1");
    assert_eq!(deletions(&guild), 0);
}

#[tokio::test]
async fn a_dry_run_is_never_a_question() {
    let guild = guild();
    let mut client = Client::legacy(&guild, &forms()).await;
    for arguments in [
        json!({"dry_run": true}),
        json!({"arguments": {"dry_run": true}}),
    ] {
        let answer = client.ask(&call(1, DELETE, &arguments)).await;
        assert_eq!(answer["result"]["structuredContent"]["outcome"], "planned");
        // Where a person can be asked, the model holds nothing with which to answer for them.
        let plan = &answer["result"]["structuredContent"]["plan"];
        assert_eq!(plan["confirm"], Value::Null);
        assert!(!answer.to_string().contains("token-"), "{answer}");
    }
}

#[tokio::test]
async fn within_a_session_the_question_comes_before_the_answer() {
    for (response, code, done) in [
        (
            json!({"action": "accept", "content": {"confirm": true}}),
            None,
            1,
        ),
        (
            json!({"action": "accept", "content": {"confirm": false}}),
            Some("confirmation_declined"),
            0,
        ),
        (
            json!({"action": "accept"}),
            Some("confirmation_declined"),
            0,
        ),
        (
            json!({"action": "decline"}),
            Some("confirmation_declined"),
            0,
        ),
        (
            json!({"action": "cancel"}),
            Some("confirmation_declined"),
            0,
        ),
    ] {
        let guild = guild();
        let mut client = Client::legacy(&guild, &forms()).await;
        let question = client
            .ask(&call(1, DELETE, &json!({"channel_id": "2"})))
            .await;
        assert_eq!(question["method"], "elicitation/create");
        let message = question["params"]["message"].as_str().unwrap();
        assert!(message.contains("DELETE /channels/2") && message.contains("\n[begin "));
        let answer = client
            .ask(&json!({"jsonrpc": "2.0", "id": question["id"], "result": response}))
            .await;
        assert_eq!(answer["id"], 1);
        let error = &answer["result"]["structuredContent"]["error"]["code"];
        assert_eq!(error.as_str(), code, "{answer}");
        assert_eq!(deletions(&guild), done);
    }
}

/// A stateless call; `more` holds what a second round adds.
fn stateless(id: i64, arguments: &Value, more: &Value) -> Value {
    let mut message = call(id, DELETE, arguments);
    message["params"]["_meta"] = modern(&forms());
    for (name, value) in more.as_object().unwrap() {
        message["params"][name] = value.clone();
    }
    message
}

fn second_round(state: &Value, confirm: bool) -> Value {
    json!({"requestState": state, "inputResponses": {
        "confirm": {"action": "accept", "content": {"confirm": confirm}}}})
}

#[tokio::test]
async fn between_rounds_the_state_is_sealed_bound_and_used_once() {
    let guild = guild();
    let mut client = Client::start(&guild);
    let arguments = json!({"channel_id": "2"});
    let first = client.ask(&stateless(1, &arguments, &json!({}))).await;
    assert_eq!(first["result"]["resultType"], "input_required");
    let question = &first["result"]["inputRequests"]["confirm"];
    assert_eq!(question["method"], "elicitation/create");
    let state = &first["result"]["requestState"];
    assert!(!state.as_str().unwrap().contains("token-1"));

    // Other arguments, other text: not ours.
    let other = client
        .ask(&stateless(
            2,
            &json!({"channel_id": "3"}),
            &second_round(state, true),
        ))
        .await;
    assert_eq!(other["error"]["code"], -32602);
    let tampered = json!(format!("{}x", state.as_str().unwrap()));
    let refused = client
        .ask(&stateless(3, &arguments, &second_round(&tampered, true)))
        .await;
    assert_eq!(refused["error"]["code"], -32602);
    assert_eq!(deletions(&guild), 0);

    // No answer yet: asked again.
    let again = client
        .ask(&stateless(4, &arguments, &json!({"requestState": state})))
        .await;
    assert_eq!(again["result"]["inputRequests"]["confirm"], *question);

    // An answer does not turn a dry run into the act, and is not used up by one.
    let dry = json!({"channel_id": "2", "dry_run": true});
    let planned = client
        .ask(&stateless(7, &dry, &second_round(state, true)))
        .await;
    assert_eq!(planned["result"]["structuredContent"]["outcome"], "planned");
    assert_eq!(deletions(&guild), 0);

    let done = client
        .ask(&stateless(5, &arguments, &second_round(state, true)))
        .await;
    assert_eq!(done["result"]["structuredContent"]["deleted"], true);
    assert_eq!(deletions(&guild), 1);
    let replayed = client
        .ask(&stateless(6, &arguments, &second_round(state, true)))
        .await;
    assert_eq!(replayed["error"]["code"], -32602);
    assert_eq!(deletions(&guild), 1);
}

#[tokio::test]
async fn a_state_grows_too_old_and_a_no_stays_a_no() {
    let guild = guild();
    let mut client = Client::start(&guild);
    let arguments = json!({"channel_id": "2"});
    let first = client.ask(&stateless(1, &arguments, &json!({}))).await;
    let state = &first["result"]["requestState"];
    let declined = client
        .ask(&stateless(2, &arguments, &second_round(state, false)))
        .await;
    let error = &declined["result"]["structuredContent"]["error"]["code"];
    assert_eq!(error, "confirmation_declined");
    let retried = client
        .ask(&stateless(3, &arguments, &second_round(state, true)))
        .await;
    assert_eq!(retried["error"]["code"], -32602);

    let second = client.ask(&stateless(4, &arguments, &json!({}))).await;
    guild.clock.advance(301_000);
    let late = client
        .ask(&stateless(
            5,
            &arguments,
            &second_round(&second["result"]["requestState"], true),
        ))
        .await;
    assert_eq!(late["error"]["code"], -32602);
    assert_eq!(deletions(&guild), 0);
}
