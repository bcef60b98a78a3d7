//! The control API: the world is shaped and looked at, and bad input gets a sentence.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::App;

/// GUILDS, GUILD_MEMBERS, GUILD_MESSAGES, reactions, typing, MESSAGE_CONTENT.
const EVERYTHING: u64 = 1 | 1 << 1 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 15;

#[tokio::test]
async fn the_owner_shapes_the_guild() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(EVERYTHING).await;
    let guild = app.info.guild_id;
    let channel = json!({ "name": "workshop", "type": 0 });
    let channel = app
        .control(Method::POST, &format!("/guilds/{guild}/channels"), channel)
        .await;
    assert_eq!(socket.until("CHANNEL_CREATE").await["name"], "workshop");
    let roles = format!("/guilds/{guild}/roles");
    let role = app
        .control(Method::POST, &roles, json!({ "name": "smiths" }))
        .await;
    assert_eq!(
        socket.until("GUILD_ROLE_CREATE").await["role"]["id"],
        role["id"]
    );

    let (channel, role) = (
        channel["id"].as_str().expect("an id"),
        role["id"].as_str().expect("an id"),
    );
    let hidden = json!({ "type": 0, "allow": "0", "deny": "1024" });
    app.control(
        Method::PUT,
        &format!("/channels/{channel}/permissions/{role}"),
        hidden,
    )
    .await;
    assert_eq!(socket.until("CHANNEL_UPDATE").await["id"], channel);
    let artist = app.user("artist");
    app.control(
        Method::PUT,
        &format!("/guilds/{guild}/members/{artist}/roles/{role}"),
        Value::Null,
    )
    .await;
    assert_eq!(
        socket.until("GUILD_MEMBER_UPDATE").await["roles"],
        json!([role])
    );
}

#[tokio::test]
async fn a_second_guild_with_a_bot_of_its_own_is_told_to_bots_that_are_in_it() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(EVERYTHING).await;
    let guild = json!({
        "name": "The Annex",
        "owner": "ada",
        "bots": [
            { "username": "guildhall", "permissions": 8 },
            { "username": "porter", "permissions": 0 },
        ],
        "channels": [{ "name": "lobby" }],
    });
    let created = app.control(Method::POST, "/guilds", guild).await;
    let told = socket.until("GUILD_CREATE").await;
    assert_eq!(
        (&told["id"], &told["name"]),
        (&created["id"], &json!("The Annex"))
    );
    assert_eq!(told["channels"][0]["name"], "lobby");

    let state = app.control(Method::GET, "/state", Value::Null).await;
    let users = state["users"].as_array().expect("users");
    let porter = users
        .iter()
        .find(|user| user["username"] == "porter")
        .expect("porter");
    let mut porter_socket = app.gateway("").await;
    porter_socket
        .identify(porter["token"].as_str().expect("a token"), 1)
        .await;
    let ready = porter_socket.until("READY").await;
    assert_eq!(ready["guilds"].as_array().expect("guilds").len(), 1);
}

#[tokio::test]
async fn requests_of_bots_are_remembered_with_their_actor_and_reason() {
    let app = App::start().await;
    app.bot(Method::GET, "/users/@me?x=1")
        .send()
        .await
        .expect("an answer");
    app.nobody(Method::GET, "/users/@me")
        .header("x-audit-log-reason", "why%20not")
        .send()
        .await
        .expect("an answer");
    let mut seen = app.control(Method::GET, "/requests", Value::Null).await;
    // What was sent and answered, and how long it took, are for people who look.
    for request in seen["requests"].as_array_mut().expect("a list") {
        let request = request.as_object_mut().expect("an object");
        let answer = request.remove("answer").unwrap_or_default();
        assert!(answer.as_str().is_some_and(|text| text.starts_with('{')));
        assert!(request.remove("took_us").is_some_and(|took| took.is_u64()));
        assert_eq!(request.remove("body"), Some(Value::Null));
    }
    let expected = json!([
        {
            "method": "GET", "path": "/api/v10/users/@me", "query": "x=1", "status": 200,
            "actor": app.user("guildhall"), "reason": null, "at": crate::support::NEW_YEAR_MS,
        },
        {
            "method": "GET", "path": "/api/v10/users/@me", "query": null, "status": 401,
            "actor": null, "reason": "why%20not", "at": crate::support::NEW_YEAR_MS,
        },
    ]);
    assert_eq!(seen["requests"], expected);
    app.control(Method::DELETE, "/requests", Value::Null).await;
    let seen = app.control(Method::GET, "/requests", Value::Null).await;
    assert_eq!(seen["requests"], json!([]));
}

#[tokio::test]
async fn bad_input_is_answered_with_a_sentence() {
    let app = App::start().await;
    let channel = app.info.channel_id;
    let cases = [
        (
            Method::POST,
            "/users".to_owned(),
            json!({ "username": "x" }),
            400,
        ),
        (
            Method::POST,
            "/users".to_owned(),
            json!({ "username": "ada" }),
            400,
        ),
        (
            Method::POST,
            "/users".to_owned(),
            json!({ "name": "ada" }),
            400,
        ),
        (
            Method::POST,
            "/guilds".to_owned(),
            json!({ "name": "No owner" }),
            400,
        ),
        (
            Method::POST,
            "/channels/general/messages".to_owned(),
            json!({}),
            400,
        ),
        (
            Method::POST,
            "/channels/1/messages".to_owned(),
            json!({ "content": "x" }),
            404,
        ),
        (
            Method::POST,
            format!("/channels/{channel}/messages"),
            json!({ "as": "ada" }),
            400,
        ),
        (
            Method::POST,
            "/clock/advance".to_owned(),
            json!({ "ms": -1 }),
            400,
        ),
        (
            Method::POST,
            "/gateway/explode".to_owned(),
            Value::Null,
            404,
        ),
        (
            Method::POST,
            "/gateway/disconnect".to_owned(),
            json!({ "code": 1006 }),
            400,
        ),
        (Method::GET, "/nowhere".to_owned(), Value::Null, 404),
    ];
    for (method, path, body, expected) in cases {
        let (status, answer) = app.ask(method, &path, body.clone()).await;
        assert_eq!(status.as_u16(), expected, "{path} {body} {answer}");
        assert!(answer["message"].is_string(), "{path} {answer}");
    }
}
