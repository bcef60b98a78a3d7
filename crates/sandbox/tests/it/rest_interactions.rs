//! People press, run and fill in; the bot answers in time, and only once.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::rest_judged::Tour;
use crate::support::{App, TALK, answer};

/// What a person sets off.
async fn interacts(app: &App, who: &str, body: &Value) -> Value {
    let person = app.sandbox.person(who).expect("the person exists");
    person
        .does(Method::POST, "/interactions", body)
        .await
        .expect("an interaction")
}

fn callback(event: &Value) -> String {
    let part = |key: &str| event[key].as_str().expect("a part of the path").to_owned();
    format!("/interactions/{}/{}/callback", part("id"), part("token"))
}

async fn buttons(tour: &mut Tour) -> Value {
    let path = format!("/channels/{}/messages", tour.app.info.channel_id);
    let row = json!([{"type": 1, "components": [
        {"type": 2, "style": 1, "label": "Approve", "custom_id": "approve"},
    ]}]);
    tour.bot(
        Method::POST,
        &path,
        json!({"content": "ok?", "components": row}),
        200,
    )
    .await
}

async fn unauthorised(app: &App, path: &str, body: Value) -> (StatusCode, Value) {
    let request = app.nobody(Method::POST, path).json(&body);
    answer(request.send().await.expect("an answer")).await
}

#[tokio::test]
async fn a_press_reaches_the_bot_which_answers_once() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK).await;
    let message = buttons(&mut tour).await;
    let press = json!({
        "type": 3, "channel_id": message["channel_id"], "message_id": message["id"],
        "data": {"custom_id": "approve"},
    });
    interacts(&tour.app, "moderator", &press).await;
    let event = socket.until("INTERACTION_CREATE").await;
    assert_eq!(event["data"]["custom_id"], "approve");
    assert_eq!(event["data"]["component_type"], 2);
    assert_eq!(event["member"]["user"]["username"], "moderator");
    assert_eq!(event["message"]["id"], message["id"]);
    let path = format!("{}?with_response=true", callback(&event));
    let update = json!({"type": 7, "data": {"content": "approved", "components": []}});
    let done = tour.open(Method::POST, &path, update.clone(), 200).await;
    assert_eq!(done["resource"]["message"]["content"], "approved");
    let again = tour.open(Method::POST, &path, update, 400).await;
    assert_eq!(again["code"], 40_060);
    assert_eq!(socket.until("MESSAGE_UPDATE").await["content"], "approved");
}

#[tokio::test]
async fn an_answer_after_three_seconds_is_too_late() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK).await;
    let message = buttons(&mut tour).await;
    let press = json!({
        "type": 3, "channel_id": message["channel_id"], "message_id": message["id"],
        "data": {"custom_id": "approve"},
    });
    interacts(&tour.app, "moderator", &press).await;
    let event = socket.until("INTERACTION_CREATE").await;
    tour.app
        .control(Method::POST, "/clock/advance", json!({"ms": 3_001}))
        .await;
    let (status, body) = unauthorised(&tour.app, &callback(&event), json!({"type": 6})).await;
    assert_eq!((status.as_u16(), &body["code"]), (404, &json!(10_062)));
}

#[tokio::test]
async fn a_command_is_registered_run_deferred_and_answered() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK).await;
    let me = tour
        .bot(Method::GET, "/applications/@me", Value::Null, 200)
        .await;
    let application = me["id"].as_str().expect("an id").to_owned();
    let guild = tour.app.info.guild_id;
    let commands = format!("/applications/{application}/guilds/{guild}/commands");
    let command = json!({
        "name": "ask", "description": "Ask the hall",
        "options": [{"type": 3, "name": "what", "description": "About what"}],
    });
    tour.bot(Method::PUT, &commands, json!([command]), 200)
        .await;
    tour.bot(Method::GET, &commands, Value::Null, 200).await;
    let everywhere = format!("/applications/{application}/commands");
    let body = json!({"name": "Ask", "description": "x"});
    tour.bot(Method::POST, &everywhere, body, 400).await;
    let run = json!({
        "type": 2, "application_id": application, "channel_id": tour.app.info.channel_id,
        "data": {"name": "ask", "options": [{"name": "what", "type": 3, "value": "tea"}]},
    });
    interacts(&tour.app, "newcomer", &run).await;
    let event = socket.until("INTERACTION_CREATE").await;
    assert_eq!(event["data"]["options"][0]["value"], "tea");
    assert_eq!(event["data"]["guild_id"], json!(guild));
    let deferred = json!({"type": 5, "data": {"flags": 64}});
    tour.open(Method::POST, &callback(&event), deferred, 204)
        .await;
    let token = event["token"].as_str().expect("a token");
    let original = format!("/webhooks/{application}/{token}/messages/@original");
    let body = json!({"content": "only for you"});
    let sent = tour.open(Method::PATCH, &original, body, 200).await;
    assert_eq!(sent["flags"], 64);
    tour.open(Method::GET, &original, json!({}), 200).await;
    let messages = format!("/channels/{}/messages", tour.app.info.channel_id);
    let last = |page: &Value| page[0]["content"].clone();
    let person = |who: &str| tour.app.sandbox.person(who).expect("the person exists");
    let seen = person("newcomer")
        .does(Method::GET, &messages, &Value::Null)
        .await;
    assert_eq!(last(&seen.expect("a page")), "only for you");
    let unseen = person("artist")
        .does(Method::GET, &messages, &Value::Null)
        .await;
    assert_ne!(last(&unseen.expect("a page")), "only for you");
    let followup = format!("/webhooks/{application}/{token}");
    let said = tour
        .open(Method::POST, &followup, json!({"content": "for all"}), 200)
        .await;
    assert_eq!(said["interaction_metadata"]["type"], 2);
    assert_eq!(socket.until("MESSAGE_CREATE").await["content"], "for all");
    tour.open(Method::DELETE, &original, json!({}), 204).await;
}

#[tokio::test]
async fn a_modal_comes_back_filled_in() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK).await;
    let message = buttons(&mut tour).await;
    let channel = message["channel_id"].clone();
    let press = json!({
        "type": 3, "channel_id": channel, "message_id": message["id"],
        "data": {"custom_id": "approve"},
    });
    let begun = interacts(&tour.app, "moderator", &press).await;
    let event = socket.until("INTERACTION_CREATE").await;
    let reason = json!({"type": 4, "custom_id": "reason", "style": 1, "label": "Reason"});
    let modal = json!({"type": 9, "data": {
        "custom_id": "why", "title": "Why?",
        "components": [{"type": 1, "components": [reason]}],
    }});
    tour.open(Method::POST, &callback(&event), modal, 204).await;
    let submit = json!({
        "type": 5, "channel_id": channel, "interaction_id": begun["id"],
        "data": {"custom_id": "why", "components": [{"type": 1, "components": [
            {"type": 4, "custom_id": "reason", "value": "because"},
        ]}]},
    });
    interacts(&tour.app, "moderator", &submit).await;
    let event = socket.until("INTERACTION_CREATE").await;
    assert_eq!(
        (&event["type"], &event["data"]["custom_id"]),
        (&json!(5), &json!("why"))
    );
}
