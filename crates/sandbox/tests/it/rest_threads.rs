//! Threads: who is in them, what closes them, and what bots hear.

use reqwest::Method;
use serde_json::{Value, json};

use crate::acts::{
    bot, done, id, kinds_until_now, made, passes, person, person_refused, refused, seen,
};
use crate::support::App;

/// GUILDS, GUILD_MESSAGES and MESSAGE_CONTENT.
const TALK: u64 = 1 | 1 << 9 | 1 << 15;
const MEMBERS: u64 = 1 << 1;

async fn thread(app: &App, kind: u64) -> String {
    let path = format!("/channels/{}/threads", app.info.channel_id);
    id(&made(app, &path, json!({"name": "t", "type": kind})).await)
}

#[tokio::test]
async fn whoever_writes_or_is_mentioned_joins_a_thread() {
    let app = App::start().await;
    let here = format!("/channels/{}", thread(&app, 11).await);
    let say = format!("{here}/messages");
    let body = json!({"content": format!("look, <@{}>", app.user("helper"))});
    assert_eq!(
        person(&app, "newcomer", Method::POST, &say, body).await.0,
        200
    );
    let members = seen(&app, &format!("{here}/thread-members")).await;
    let inside: Vec<_> = members
        .as_array()
        .expect("members")
        .iter()
        .map(|member| member["user_id"].as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(inside.len(), 3);
    assert!(inside.contains(&app.user("newcomer")));
    assert!(inside.contains(&app.user("helper")));
    let one = format!("{here}/thread-members?with_member=true&limit=1");
    let page = seen(&app, &one).await;
    assert_eq!(page.as_array().expect("members").len(), 1);
    assert!(page[0]["member"]["joined_at"].is_string());
}

#[tokio::test]
async fn adding_and_removing_others_is_written_in_the_thread() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(TALK).await;
    let here = format!("/channels/{}", thread(&app, 11).await);
    let helper = app.user("helper");
    let member = format!("{here}/thread-members/{helper}");
    done(&app, Method::PUT, &member, Value::Null).await;
    let told = loop {
        let message = socket.until("MESSAGE_CREATE").await;
        if message["type"] == 1 {
            break message;
        }
    };
    assert_eq!(told["mentions"][0]["id"], helper);
    done(&app, Method::DELETE, &member, Value::Null).await;
    assert_eq!(socket.until("MESSAGE_CREATE").await["type"], 2);
    assert_eq!(
        refused(&app, Method::GET, &member, Value::Null).await,
        (404, 10_007)
    );
    let message = format!("{here}/messages/{}", told["id"].as_str().expect("an id"));
    assert_eq!(
        refused(&app, Method::DELETE, &message, Value::Null).await,
        (403, 50_021)
    );
}

#[tokio::test]
async fn other_peoples_coming_is_told_only_with_the_members_intent() {
    let app = App::start().await;
    let here = format!("/channels/{}", thread(&app, 11).await);
    let (mut all, _) = app.identified(TALK | MEMBERS).await;
    let (mut few, _) = app.identified(TALK).await;
    let member = format!("{here}/thread-members/{}", app.user("helper"));
    done(&app, Method::PUT, &member, Value::Null).await;
    let came = all.until("THREAD_MEMBERS_UPDATE").await;
    assert_eq!(came["added_members"][0]["user_id"], app.user("helper"));
    assert!(came["added_members"][0]["member"].is_object());
    assert!(came.get("removed_member_ids").is_none());
    let heard = kinds_until_now(&mut few).await;
    assert!(
        !heard.contains(&"THREAD_MEMBERS_UPDATE".to_owned()),
        "{heard:?}"
    );
    done(
        &app,
        Method::DELETE,
        &format!("{here}/thread-members/@me"),
        Value::Null,
    )
    .await;
    let left = few.until("THREAD_MEMBERS_UPDATE").await;
    assert_eq!(left["removed_member_ids"].as_array().expect("ids").len(), 1);
}

#[tokio::test]
async fn a_bot_in_a_thread_hears_so_when_it_is_made_and_when_it_wakes() {
    let app = App::start().await;
    let (mut socket, ready) = app.identified(TALK).await;
    let here = format!("/channels/{}", thread(&app, 11).await);
    let new = socket.until("THREAD_CREATE").await;
    assert_eq!(new["newly_created"], true);
    assert_eq!(new["member"]["user_id"], ready["user"]["id"]);
    done(&app, Method::PATCH, &here, json!({"archived": true})).await;
    let say = format!("{here}/messages");
    let body = json!({"content": "hello"});
    assert_eq!(person(&app, "ada", Method::POST, &say, body).await.0, 200);
    assert_eq!(
        socket.until("THREAD_UPDATE").await["thread_metadata"]["archived"],
        true
    );
    assert_eq!(
        socket.until("THREAD_UPDATE").await["thread_metadata"]["archived"],
        false
    );
    let own = socket.until("THREAD_MEMBER_UPDATE").await;
    assert_eq!(own["user_id"], ready["user"]["id"]);
    assert_eq!(own["guild_id"], json!(app.info.guild_id));
    let (mut again, _) = app.identified(0).await;
    again.beats().await;
}

#[tokio::test]
async fn archived_and_locked_threads_allow_what_discord_says() {
    let app = App::start().await;
    let thread = thread(&app, 11).await;
    let here = format!("/channels/{thread}");
    let say = format!("{here}/messages");
    let (_, said) = person(
        &app,
        "newcomer",
        Method::POST,
        &say,
        json!({"content": "a"}),
    )
    .await;
    let (_, other) = person(
        &app,
        "newcomer",
        Method::POST,
        &say,
        json!({"content": "b"}),
    )
    .await;
    let said = format!("{say}/{}", id(&said));
    let other = format!("{say}/{}", id(&other));
    let edit = json!({"content": "c"});
    done(&app, Method::PATCH, &here, json!({"locked": true})).await;
    assert_eq!(
        person_refused(&app, "newcomer", Method::PATCH, &said, edit.clone()).await,
        (403, 160_005)
    );
    assert_eq!(
        person_refused(&app, "newcomer", Method::POST, &say, edit.clone()).await,
        (403, 160_005)
    );
    assert_eq!(
        person(&app, "newcomer", Method::DELETE, &other, json!({}))
            .await
            .0,
        204
    );
    done(&app, Method::PATCH, &here, json!({"archived": true})).await;
    assert_eq!(
        person_refused(&app, "newcomer", Method::DELETE, &said, json!({})).await,
        (400, 50_083)
    );
    assert_eq!(
        refused(
            &app,
            Method::PUT,
            &format!("{said}/reactions/👍/@me"),
            Value::Null
        )
        .await,
        (400, 50_083)
    );
    assert_eq!(
        refused(
            &app,
            Method::PUT,
            &format!("{here}/thread-members/@me"),
            Value::Null
        )
        .await,
        (400, 50_083)
    );
    // Moderators may delete there, but nobody changes a thread that stays archived.
    done(&app, Method::DELETE, &said, Value::Null).await;
    assert_eq!(
        refused(&app, Method::PATCH, &here, json!({"name": "n"})).await,
        (400, 50_083)
    );
    let wake = json!({"archived": false});
    assert_eq!(
        person_refused(&app, "newcomer", Method::PATCH, &here, wake.clone()).await,
        (403, 50_013)
    );
    let unlocked = json!({"archived": false, "locked": false});
    done(&app, Method::PATCH, &here, unlocked).await;
    done(&app, Method::PATCH, &here, json!({"archived": true})).await;
    let woken = person(&app, "newcomer", Method::PATCH, &here, wake).await;
    assert_eq!(woken.0, 200);
}

#[tokio::test]
async fn a_new_name_is_written_in_the_thread_and_belongs_to_its_owner_to_give() {
    let app = App::start().await;
    let here = format!("/channels/{}", thread(&app, 11).await);
    done(&app, Method::PATCH, &here, json!({"name": "new name"})).await;
    let messages = seen(&app, &format!("{here}/messages")).await;
    assert_eq!(messages[0]["type"], 4);
    assert_eq!(messages[0]["content"], "new name");
    let rename = json!({"name": "mine"});
    assert_eq!(
        person_refused(&app, "newcomer", Method::PATCH, &here, rename).await,
        (403, 50_013)
    );
}

#[tokio::test]
async fn a_longer_quiet_time_begins_anew() {
    let app = App::start().await;
    let here = format!("/channels/{}", thread(&app, 11).await);
    done(
        &app,
        Method::PATCH,
        &here,
        json!({"auto_archive_duration": 60}),
    )
    .await;
    passes(&app, 50).await;
    done(
        &app,
        Method::PATCH,
        &here,
        json!({"auto_archive_duration": 1_440}),
    )
    .await;
    passes(&app, 24 * 60 - 1).await;
    assert_eq!(
        seen(&app, &here).await["thread_metadata"]["archived"],
        false
    );
    passes(&app, 1).await;
    assert_eq!(seen(&app, &here).await["thread_metadata"]["archived"], true);
}

#[tokio::test]
async fn a_bot_that_comes_to_see_a_channel_hears_its_threads() {
    let app = App::start().await;
    let (mut socket, ready) = app.identified(TALK).await;
    let here = thread(&app, 11).await;
    let me = ready["user"]["id"].as_str().expect("an id");
    let overwrite = format!("/channels/{}/permissions/{me}", app.info.channel_id);
    let hide = json!({"type": 1, "allow": "0", "deny": "1024"});
    let (status, _) = person(&app, "ada", Method::PUT, &overwrite, hide).await;
    assert_eq!(status, 204);
    // What takes the channel from its sight is all that it hears.
    let hidden = socket.until("CHANNEL_UPDATE").await;
    assert_eq!(hidden["id"], json!(app.info.channel_id));
    assert_eq!(
        refused(&app, Method::GET, &format!("/channels/{here}"), Value::Null).await,
        (403, 50_001)
    );
    person(&app, "ada", Method::DELETE, &overwrite, json!({})).await;
    socket.until("CHANNEL_UPDATE").await;
    let sync = socket.until("THREAD_LIST_SYNC").await;
    assert_eq!(sync["channel_ids"], json!([app.info.channel_id]));
    assert_eq!(sync["threads"][0]["id"], here);
    assert_eq!(sync["members"][0]["user_id"], me);
}

#[tokio::test]
async fn a_private_thread_is_for_its_members_and_moderators() {
    let app = App::start().await;
    let private = thread(&app, 12).await;
    let here = format!("/channels/{private}");
    let say = format!("{here}/messages");
    let hello = json!({"content": "hello"});
    assert_eq!(
        person_refused(&app, "newcomer", Method::POST, &say, hello.clone()).await,
        (403, 50_001)
    );
    let body = json!({"content": format!("<@{}>", app.user("newcomer"))});
    made(&app, &say, body).await;
    assert_eq!(
        person(&app, "newcomer", Method::POST, &say, hello).await.0,
        200
    );
    // Not invitable any more: its members cannot bring others.
    done(&app, Method::PATCH, &here, json!({"invitable": false})).await;
    let other = format!("{here}/thread-members/{}", app.user("artist"));
    assert_eq!(
        person_refused(&app, "newcomer", Method::PUT, &other, json!({})).await,
        (403, 50_013)
    );
    let (status, _) = bot(&app, Method::PUT, &other, Value::Null).await;
    assert_eq!(status, 204);
}

#[tokio::test]
async fn a_message_forgets_its_thread_when_the_thread_is_deleted() {
    let app = App::start().await;
    let say = format!("/channels/{}/messages", app.info.channel_id);
    let said = format!(
        "{say}/{}",
        id(&made(&app, &say, json!({"content": "x"})).await)
    );
    let begun = made(&app, &format!("{said}/threads"), json!({"name": "t"})).await;
    assert_eq!(seen(&app, &said).await["flags"], 1 << 5);
    let here = format!("/channels/{}", id(&begun));
    done(&app, Method::DELETE, &here, Value::Null).await;
    let left = seen(&app, &said).await;
    assert_eq!((&left["flags"], left.get("thread")), (&json!(0), None));
    made(&app, &format!("{said}/threads"), json!({"name": "again"})).await;
}
