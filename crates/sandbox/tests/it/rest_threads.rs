//! Threads and posts: who is in them, what closes them, how they are found, and what bots hear.

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

async fn forum(app: &App, kind: u64, extra: Value) -> Value {
    let mut body = json!({"name": "ideas", "type": kind});
    for (key, value) in extra.as_object().expect("an object") {
        body[key] = value.clone();
    }
    made(
        app,
        &format!("/guilds/{}/channels", app.info.guild_id),
        body,
    )
    .await
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
async fn posts_carry_the_tags_that_their_forum_has() {
    let app = App::start().await;
    let tags = json!([
        {"name": "idea"}, {"name": "done", "moderated": true, "emoji_name": "✅"},
    ]);
    let forum = forum(&app, 15, json!({"available_tags": tags, "flags": 1 << 4})).await;
    let tag = |at: usize| forum["available_tags"][at]["id"].clone();
    let path = format!("/channels/{}/threads", id(&forum));
    let post =
        |tags: Value| json!({"name": "p", "applied_tags": tags, "message": {"content": "x"}});
    assert_eq!(
        refused(&app, Method::POST, &path, post(json!([]))).await,
        (400, 40_067)
    );
    assert_eq!(
        refused(&app, Method::POST, &path, post(json!(["5"]))).await,
        (404, 10_087)
    );
    assert_eq!(
        person_refused(&app, "newcomer", Method::POST, &path, post(json!([tag(1)]))).await,
        (403, 50_013)
    );
    let made = made(&app, &path, post(json!([tag(0), tag(1)]))).await;
    assert_eq!(made["message"]["id"], made["id"]);
    assert_eq!(made["applied_tags"].as_array().expect("tags").len(), 2);
    let forum_path = format!("/channels/{}", id(&forum));
    assert_eq!(seen(&app, &forum_path).await["last_message_id"], made["id"]);

    // A tag that the forum gives up is gone from its posts.
    let kept = json!({"available_tags": [{"id": tag(0), "name": "thought"}]});
    let changed = done(&app, Method::PATCH, &forum_path, kept).await;
    assert_eq!(changed["available_tags"][0]["id"], tag(0));
    let post = format!("/channels/{}", id(&made));
    assert_eq!(seen(&app, &post).await["applied_tags"], json!([tag(0)]));
    let twins = json!({"available_tags": [{"name": "a"}, {"name": "A"}]});
    assert_eq!(
        refused(&app, Method::PATCH, &forum_path, twins).await,
        (400, 40_061)
    );
    let six: Vec<_> = (0..6).map(|number| json!(number.to_string())).collect();
    let body = json!({"applied_tags": six});
    assert_eq!(
        refused(&app, Method::PATCH, &post, body).await,
        (400, 50_035)
    );
}

#[tokio::test]
async fn one_post_is_pinned_and_does_not_fall_asleep() {
    let app = App::start().await;
    let forum = id(&forum(&app, 15, json!({})).await);
    let path = format!("/channels/{forum}/threads");
    let body = json!({
        "name": "p", "auto_archive_duration": 60, "message": {"content": "x"},
    });
    let first = format!("/channels/{}", id(&made(&app, &path, body.clone()).await));
    let second = format!("/channels/{}", id(&made(&app, &path, body).await));
    let pinned = json!({"flags": 2});
    done(&app, Method::PATCH, &first, pinned.clone()).await;
    assert_eq!(
        refused(&app, Method::PATCH, &second, pinned.clone()).await,
        (400, 30_047)
    );
    passes(&app, 61).await;
    assert_eq!(
        seen(&app, &first).await["thread_metadata"]["archived"],
        false
    );
    assert_eq!(
        seen(&app, &second).await["thread_metadata"]["archived"],
        true
    );
    let archived = done(&app, Method::PATCH, &first, json!({"archived": true})).await;
    assert_eq!(archived["flags"], 0);
    let plain = format!("/channels/{}", thread(&app, 11).await);
    assert_eq!(
        refused(&app, Method::PATCH, &plain, pinned).await,
        (400, 50_024)
    );
}

#[tokio::test]
async fn threads_are_found_by_name_tag_and_state() {
    let app = App::start().await;
    let forum = forum(&app, 16, json!({"available_tags": [{"name": "idea"}]})).await;
    let tag = forum["available_tags"][0]["id"].clone();
    let path = format!("/channels/{}/threads", id(&forum));
    let tagged = json!({"name": "Blue Door", "applied_tags": [tag], "message": {"content": "x"}});
    let tagged = made(&app, &path, tagged).await;
    let plain = json!({"name": "red door", "message": {"content": "y"}});
    let plain = made(&app, &path, plain).await;
    let all = seen(&app, &format!("{path}/search?name=door")).await;
    assert_eq!(all["total_results"], 2);
    assert_eq!(all["threads"][0]["id"], plain["id"]);
    assert_eq!(all["first_messages"][0]["content"], "y");
    let one = seen(
        &app,
        &format!("{path}/search?tag={}", tag.as_str().expect("an id")),
    )
    .await;
    assert_eq!(one["threads"][0]["id"], tagged["id"]);
    assert_eq!(one["total_results"], 1);
    done(
        &app,
        Method::PATCH,
        &format!("/channels/{}", id(&plain)),
        json!({"archived": true}),
    )
    .await;
    let open = seen(
        &app,
        &format!("{path}/search?archived=false&sort_by=creation_time"),
    )
    .await;
    assert_eq!(open["total_results"], 1);
    let page = seen(&app, &format!("{path}/search?limit=1&sort_order=asc")).await;
    assert_eq!(page["threads"][0]["id"], tagged["id"]);
    assert_eq!(page["has_more"], true);
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
