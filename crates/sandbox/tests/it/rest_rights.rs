//! What rights change in a conversation: pins, pings, foreign emojis, timeouts, what may be read.

use reqwest::Method;
use serde_json::{Value, json};

use crate::acts::{done, id, made, passes, permit, person, person_refused, refused, seen};
use crate::support::App;

/// GUILDS, GUILD_MESSAGES, MESSAGE_CONTENT.
const TALK: u64 = 1 | 1 << 9 | 1 << 15;

fn messages(app: &App) -> String {
    format!("/channels/{}/messages", app.info.channel_id)
}

#[tokio::test]
async fn pinning_needs_its_own_permission_and_reading_pins_the_history() {
    let app = App::start().await;
    let general = app.info.channel_id.to_string();
    let said = id(&app.says("newcomer", &general, "keep this").await);
    let pin = format!("/channels/{general}/messages/pins/{said}");
    let helper = app.user("helper");
    // MANAGE_MESSAGES alone does not pin.
    permit(&app, &helper, 1, 1 << 13, 0).await;
    assert_eq!(
        person_refused(&app, "helper", Method::PUT, &pin, json!({})).await,
        (403, 50_013)
    );
    assert_eq!(
        person(&app, "moderator", Method::PUT, &pin, json!({}))
            .await
            .0,
        204
    );
    let pins = seen(&app, &format!("/channels/{general}/messages/pins")).await;
    assert_eq!(pins["items"][0]["message"]["id"], said);
    let (_, ready) = app.identified(TALK).await;
    let me = ready["user"]["id"].as_str().expect("an id");
    permit(&app, me, 1, 0, 1 << 16).await;
    let pins = seen(&app, &format!("/channels/{general}/messages/pins")).await;
    assert_eq!(pins["items"], json!([]));
}

#[tokio::test]
async fn only_the_right_roles_and_hands_ping() {
    let app = App::start().await;
    let roles = seen(&app, &format!("/guilds/{}/roles", app.info.guild_id)).await;
    let role = |name: &str| {
        let roles = roles.as_array().expect("roles");
        id(roles
            .iter()
            .find(|role| role["name"] == name)
            .expect("the role"))
    };
    let text = format!(
        "@everyone <@&{}> <@&{}>",
        role("newcomers"),
        role("helpers")
    );
    let everyone = app.info.guild_id.to_string();
    permit(&app, &everyone, 0, 0, 1 << 17).await;
    let said = app
        .says("newcomer", &app.info.channel_id.to_string(), &text)
        .await;
    assert_eq!(said["mention_everyone"], false);
    assert_eq!(said["mention_roles"], json!([role("helpers")]));
    let said = app
        .says("moderator", &app.info.channel_id.to_string(), &text)
        .await;
    assert_eq!(
        said["mention_everyone"], false,
        "the channel denies everyone"
    );
    let said = app
        .says("ada", &app.info.channel_id.to_string(), &text)
        .await;
    assert_eq!(said["mention_everyone"], true);
    assert_eq!(said["mention_roles"].as_array().expect("roles").len(), 2);
}

#[tokio::test]
async fn a_search_goes_by_authors_things_and_replies() {
    let app = App::start().await;
    let general = app.info.channel_id.to_string();
    let said = app
        .says("newcomer", &general, "needle https://example.org/x")
        .await;
    let reply = json!({"content": "needle too", "message_reference": {"message_id": said["id"]}});
    let reply = made(&app, &messages(&app), reply).await;
    let search = |query: &str| {
        format!(
            "/guilds/{}/messages/search?content=needle&{query}",
            app.info.guild_id
        )
    };
    for (query, wanted) in [
        ("author_type=bot", vec![&reply]),
        ("author_type=-bot", vec![&said]),
        ("has=link", vec![&said]),
        ("has=-link", vec![&reply]),
        ("link_hostname=example.org", vec![&said]),
        (
            &format!("replied_to_message_id={}", id(&said)),
            vec![&reply],
        ),
        (
            &format!("replied_to_user_id={}", app.user("newcomer")),
            vec![&reply],
        ),
        ("sort_order=asc", vec![&said, &reply]),
        ("attachment_extension=png", vec![]),
    ] {
        let found = seen(&app, &search(query)).await;
        assert_eq!(found["total_results"], json!(wanted.len()), "{query}");
        for (at, message) in wanted.iter().enumerate() {
            assert_eq!(found["messages"][at][0]["id"], message["id"], "{query}");
        }
    }
    assert_eq!(
        refused(&app, Method::GET, &search("offset=9976"), Value::Null).await,
        (400, 50_035)
    );
}

#[tokio::test]
async fn emojis_of_other_guilds_need_a_permission() {
    let app = App::start().await;
    let guild = json!({"name": "Elsewhere", "owner": "ada", "members": [{"username": "newcomer"}]});
    let other = app.control(Method::POST, "/guilds", guild).await;
    let other = other["id"].as_str().expect("an id").to_owned();
    // The smallest PNG that anybody takes for one.
    let image = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk\
                 +M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let body = json!({"name": "party", "image": image});
    let path = format!("/guilds/{other}/emojis");
    let (status, emoji) = person(&app, "ada", Method::POST, &path, body).await;
    assert_eq!(status, 201, "{emoji}");
    let emoji = id(&emoji);
    let text = format!("<:party:{emoji}> <:unknown:5>");
    let general = app.info.channel_id.to_string();
    let said = app.says("newcomer", &general, &text).await;
    assert_eq!(said["content"], json!(text));
    permit(&app, &app.user("newcomer"), 1, 0, 1 << 18).await;
    let said = app.says("newcomer", &general, &text).await;
    assert_eq!(said["content"], ":party: <:unknown:5>");
    let reaction = format!("{}/{}/reactions/party:{emoji}", messages(&app), id(&said));
    assert_eq!(
        person_refused(&app, "newcomer", Method::PUT, &reaction, json!({})).await,
        (403, 50_013)
    );
    assert_eq!(
        person(&app, "ada", Method::PUT, &reaction, json!({}))
            .await
            .0,
        204
    );
}

#[tokio::test]
async fn a_timeout_leaves_reading_only() {
    let app = App::start().await;
    let answers = json!([{"poll_media": {"text": "yes"}}, {"poll_media": {"text": "no"}}]);
    let poll = json!({"poll": {"question": {"text": "Now?"}, "answers": answers}});
    let poll = id(&made(&app, &messages(&app), poll).await);
    let votes = format!("/channels/{}/polls/{poll}/answers/@me", app.info.channel_id);
    let both = json!({"answer_ids": ["1", "2"]});
    assert_eq!(
        person_refused(&app, "newcomer", Method::PUT, &votes, both).await,
        (400, 50_035)
    );
    let heart = format!("{}/{poll}/reactions/❤", messages(&app));
    assert_eq!(
        person(&app, "ada", Method::PUT, &heart, json!({})).await.0,
        204
    );
    let member = format!(
        "/guilds/{}/members/{}",
        app.info.guild_id,
        app.user("newcomer")
    );
    let until = json!({"communication_disabled_until": "2026-01-01T01:00:00Z"});
    done(&app, Method::PATCH, &member, until).await;
    let hello = json!({"content": "hello"});
    for (method, path, body, code) in [
        (Method::POST, messages(&app), hello.clone(), 50_013),
        (Method::PUT, heart, json!({}), 50_013),
        (
            Method::PUT,
            votes.clone(),
            json!({"answer_ids": ["1"]}),
            520_000,
        ),
    ] {
        let refusal = person_refused(&app, "newcomer", method, &path, body).await;
        assert_eq!(refusal, (403, code), "{path}");
    }
    passes(&app, 61).await;
    assert_eq!(
        person(&app, "newcomer", Method::POST, &messages(&app), hello)
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn a_bot_without_the_content_intent_reads_only_what_is_meant_for_it() {
    let app = App::start().await;
    let general = app.info.channel_id.to_string();
    let (_, ready) = app.identified(TALK).await;
    let me = ready["user"]["id"].as_str().expect("an id");
    let stranger = app.says("newcomer", &general, "between us").await;
    let meant = app
        .says("newcomer", &general, &format!("hey <@{me}>"))
        .await;
    let own = made(&app, &messages(&app), json!({"content": "mine"})).await;
    let intents = json!({"privileged": 0});
    app.control(Method::PUT, &format!("/users/{me}/intents"), intents)
        .await;
    let content = async |message: &Value| {
        let path = format!("{}/{}", messages(&app), id(message));
        seen(&app, &path).await["content"].clone()
    };
    assert_eq!(content(&stranger).await, "");
    assert_eq!(content(&meant).await, json!(format!("hey <@{me}>")));
    assert_eq!(content(&own).await, "mine");
    let search = format!("/guilds/{}/messages/search?content=us", app.info.guild_id);
    assert_eq!(
        refused(&app, Method::GET, &search, Value::Null).await,
        (403, 50_001)
    );
    // People read on.
    let path = format!("{}/{}", messages(&app), id(&stranger));
    let (_, seen) = person(&app, "helper", Method::GET, &path, json!({})).await;
    assert_eq!(seen["content"], "between us");
}
