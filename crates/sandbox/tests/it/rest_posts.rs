//! Posts: the threads of forums, their tags and pins, and how threads are found.

use reqwest::Method;
use serde_json::{Value, json};

use crate::acts::{done, id, made, passes, person_refused, refused, seen};
use crate::support::App;

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
    let path = format!("/channels/{}/threads", app.info.channel_id);
    let plain = made(&app, &path, json!({"name": "t", "type": 11})).await;
    let plain = format!("/channels/{}", id(&plain));
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
