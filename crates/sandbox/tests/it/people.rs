//! People act through the control API and from Rust, with their own rights and no more.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::App;

/// GUILDS, GUILD_MEMBERS, GUILD_MESSAGES, reactions, typing, MESSAGE_CONTENT.
const EVERYTHING: u64 = 1 | 1 << 1 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 15;

#[tokio::test]
async fn a_person_writes_edits_reacts_types_and_deletes() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(EVERYTHING).await;
    let channel = app.info.channel_id.to_string();
    let artist = app.user("artist");
    let message = app.says("artist", &channel, "a first draft").await;
    let path = format!(
        "/channels/{channel}/messages/{}",
        message["id"].as_str().expect("an id")
    );
    let reply = json!({ "as": app.user("helper"), "content": "nice", "reply_to": message["id"] });
    let reply = app
        .control(
            Method::POST,
            &format!("/channels/{channel}/messages"),
            reply,
        )
        .await;
    assert_eq!(reply["referenced_message"]["id"], message["id"]);
    app.control(
        Method::PATCH,
        &path,
        json!({ "as": artist, "content": "a second draft" }),
    )
    .await;
    app.control(
        Method::PUT,
        &format!("{path}/reactions/👍"),
        json!({ "as": artist }),
    )
    .await;
    app.control(
        Method::POST,
        &format!("/channels/{channel}/typing"),
        json!({ "as": artist }),
    )
    .await;
    app.control(Method::DELETE, &path, json!({ "as": artist }))
        .await;

    assert_eq!(
        socket.until("MESSAGE_CREATE").await["content"],
        "a first draft"
    );
    assert_eq!(socket.until("MESSAGE_CREATE").await["content"], "nice");
    assert_eq!(
        socket.until("MESSAGE_UPDATE").await["content"],
        "a second draft"
    );
    assert_eq!(
        socket.until("MESSAGE_REACTION_ADD").await["user_id"],
        artist
    );
    assert_eq!(socket.until("TYPING_START").await["user_id"], artist);
    assert_eq!(socket.until("MESSAGE_DELETE").await["id"], message["id"]);
}

#[tokio::test]
async fn a_person_cannot_do_more_than_their_rights_allow() {
    let app = App::start().await;
    let staff = app.channel("moderators").await;
    let body = json!({ "as": app.user("newcomer"), "content": "let me in" });
    let (status, refusal) = app
        .ask(Method::POST, &format!("/channels/{staff}/messages"), body)
        .await;
    assert_eq!(
        (status, &refusal["code"]),
        (StatusCode::FORBIDDEN, &json!(50_001))
    );
    app.says("moderator", &staff, "all quiet").await;

    let general = app.info.channel_id.to_string();
    let message = app.says("artist", &general, "mine").await;
    let path = format!(
        "/channels/{general}/messages/{}",
        message["id"].as_str().expect("an id")
    );
    let (status, refusal) = app
        .ask(Method::DELETE, &path, json!({ "as": app.user("newcomer") }))
        .await;
    assert_eq!(
        (status, &refusal["code"]),
        (StatusCode::FORBIDDEN, &json!(50_013))
    );
}

#[tokio::test]
async fn someone_new_joins_and_leaves() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(EVERYTHING).await;
    let visitor = app
        .control(Method::POST, "/users", json!({ "username": "visitor" }))
        .await;
    let members = format!("/guilds/{}/members", app.info.guild_id);
    app.control(Method::POST, &members, json!({ "user_id": visitor["id"] }))
        .await;
    assert_eq!(
        socket.until("GUILD_MEMBER_ADD").await["user"]["username"],
        "visitor"
    );
    let member = format!("{members}/{}", visitor["id"].as_str().expect("an id"));
    app.control(Method::DELETE, &member, Value::Null).await;
    assert_eq!(
        socket.until("GUILD_MEMBER_REMOVE").await["user"]["id"],
        visitor["id"]
    );
}

#[tokio::test]
async fn tests_in_rust_play_people_directly() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(EVERYTHING).await;
    let ada = app.sandbox.person("ada").expect("ada is there");
    let said = ada
        .says(app.info.channel_id, "welcome")
        .await
        .expect("the owner may write");
    assert_eq!(socket.until("MESSAGE_CREATE").await["id"], said["id"]);
    let newcomer = app
        .sandbox
        .person("newcomer")
        .expect("the newcomer is there");
    let id = said["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a snowflake");
    newcomer
        .reacts(app.info.channel_id, id, "👋")
        .await
        .expect("anyone may react");
    assert_eq!(
        socket.until("MESSAGE_REACTION_ADD").await["emoji"]["name"],
        "👋"
    );
    let refusal = newcomer
        .deletes(app.info.channel_id, id)
        .await
        .expect_err("not theirs");
    assert_eq!(refusal.code, 50_013);
    assert!(app.sandbox.person("nobody").is_none());
}

#[tokio::test]
async fn people_come_online_enter_voice_and_follow_invites() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(1 | 1 << 1 | 1 << 7 | 1 << 8).await;
    let (guild, artist) = (app.info.guild_id, app.user("artist"));
    let online = json!({ "status": "dnd", "activities": [{ "name": "sketching", "type": 0 }] });
    app.control(Method::PUT, &format!("/users/{artist}/presence"), online)
        .await;
    loop {
        let seen = socket.until("PRESENCE_UPDATE").await;
        if seen["user"]["id"] == artist {
            assert_eq!(seen["activities"][0]["name"], "sketching");
            break;
        }
    }
    let hearth = app.channel("hearth").await;
    let voice = format!("/guilds/{guild}/members/{artist}/voice");
    app.control(Method::PUT, &voice, json!({ "channel_id": hearth }))
        .await;
    assert_eq!(
        socket.until("VOICE_STATE_UPDATE").await["channel_id"],
        hearth
    );

    let path = format!("/channels/{}/invites", app.info.channel_id);
    let invite = app
        .control(Method::POST, &path, json!({ "max_age": 60 }))
        .await;
    let visitor = app
        .control(Method::POST, "/users", json!({ "username": "visitor" }))
        .await;
    let invite = format!("/invites/{}", invite["code"].as_str().expect("a code"));
    app.control(Method::POST, &invite, json!({ "as": visitor["id"] }))
        .await;
    assert_eq!(
        socket.until("GUILD_MEMBER_ADD").await["user"]["id"],
        visitor["id"]
    );
}

#[tokio::test]
async fn anything_that_discord_offers_can_be_done_as_a_person() {
    let app = App::start().await;
    let channel = app.info.channel_id.to_string();
    let message = app
        .says("moderator", &channel, "let us talk about it")
        .await;
    let message = message["id"].as_str().expect("an id");
    let thread = json!({ "as": app.user("moderator"), "name": "it" });
    let path = format!("/channels/{channel}/messages/{message}/threads");
    let thread = app.control(Method::POST, &path, thread).await;
    assert_eq!(thread["owner_id"], app.user("moderator"));
    // Without a body, `as` goes into the query, beside REST's own parameters.
    let path = format!(
        "/channels/{channel}/messages?limit=2&as={}",
        app.user("newcomer")
    );
    let page = app.control(Method::GET, &path, Value::Null).await;
    assert_eq!(page.as_array().expect("messages").len(), 2);
}

#[tokio::test]
async fn people_press_buttons_over_http_and_in_rust() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(EVERYTHING).await;
    let button = json!({ "type": 2, "style": 1, "label": "Yes", "custom_id": "yes" });
    let body = json!({ "content": "?", "components": [{ "type": 1, "components": [button] }] });
    let path = format!("/channels/{}/messages", app.info.channel_id);
    let sent = app.bot(Method::POST, &path).json(&body).send().await;
    let (_, message) = crate::support::answer(sent.expect("an answer")).await;
    let press = json!({
        "as": app.user("newcomer"), "type": 3, "channel_id": app.info.channel_id,
        "message_id": message["id"], "data": { "component_type": 2, "custom_id": "yes" },
    });
    app.control(Method::POST, "/interactions", press).await;
    let pressed = socket.until("INTERACTION_CREATE").await;
    assert_eq!(pressed["member"]["user"]["username"], "newcomer");

    let id = message["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a snowflake");
    let ada = app.sandbox.person("ada").expect("ada is there");
    ada.presses(app.info.channel_id, id, "yes")
        .await
        .expect("anyone may press");
    let pressed = socket.until("INTERACTION_CREATE").await;
    assert_eq!(pressed["member"]["user"]["username"], "ada");
}
