//! People are played by name: users, guilds, channels and roles need no ids.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{App, TALK};

#[tokio::test]
async fn names_will_do_wherever_ids_are_asked_for() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(TALK).await;
    let body = json!({ "as": "ada", "content": "by name" });
    let sent = app
        .control(Method::POST, "/channels/general/messages", body)
        .await;
    assert_eq!(
        socket.until("MESSAGE_CREATE").await["author"]["username"],
        "ada"
    );
    let id = sent["id"].as_str().expect("an id");
    let reaction = format!("/channels/%23general/messages/{id}/reactions/%F0%9F%91%8D?as=artist");
    app.control(Method::PUT, &reaction, Value::Null).await;
    let page = app
        .control(
            Method::GET,
            "/channels/general/messages?as=@helper",
            Value::Null,
        )
        .await;
    assert_eq!(page[0]["reactions"][0]["count"], 1);

    let square = "/guilds/Guildhall%20Square";
    let role = format!("{square}/members/artist/roles/helpers");
    app.control(Method::PUT, &role, json!({ "as": "ada" }))
        .await;
    let voice = format!("{square}/members/helper/voice");
    app.control(Method::PUT, &voice, json!({ "channel_id": "hearth" }))
        .await;
    app.control(
        Method::PUT,
        "/users/artist/presence",
        json!({ "status": "online" }),
    )
    .await;
    let dm = json!({ "as": "ada", "recipient_id": "helper" });
    app.control(Method::POST, "/users/@me/channels", dm).await;
    let whole = "/channels/Guildhall%20Square%23general/typing";
    app.control(Method::POST, whole, json!({ "as": "newcomer" }))
        .await;
    app.control(
        Method::DELETE,
        &format!("{square}/members/newcomer"),
        Value::Null,
    )
    .await;
}

#[tokio::test]
async fn a_name_that_leads_nowhere_or_to_two_things_is_told() {
    let app = App::start().await;
    let says = |who: &str| json!({ "as": who, "content": "x" });
    let (status, problem) = app
        .ask(Method::POST, "/channels/generl/messages", says("ada"))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let message = problem["message"].as_str().expect("a sentence");
    assert!(
        message.starts_with("no channel is called \"generl\"; there are: "),
        "{message}"
    );
    assert!(message.contains("general"), "{message}");
    let (status, problem) = app
        .ask(Method::POST, "/channels/general/messages", says("eve"))
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(
        problem["message"]
            .as_str()
            .expect("a sentence")
            .contains("no user is called \"eve\"")
    );

    let annex = json!({ "name": "The Annex", "owner": "ada", "channels": [{ "name": "general" }] });
    app.control(Method::POST, "/guilds", annex).await;
    let (status, problem) = app
        .ask(Method::POST, "/channels/general/messages", says("ada"))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let message = problem["message"].as_str().expect("a sentence");
    assert!(
        message.contains("more than one channel is called \"general\""),
        "{message}"
    );
    assert!(message.contains("in The Annex"), "{message}");
    app.control(
        Method::POST,
        "/channels/The%20Annex%23general/messages",
        says("ada"),
    )
    .await;
}
