//! Channels: made within limits, moved, synced with their category, hidden, deleted; and direct
//! messages.

use reqwest::Method;
use serde_json::{Value, json};

use crate::acts::{bot, done, id, kinds_until_now, made, person, person_refused, refused, seen};
use crate::support::App;

const GUILDS: u64 = 1;
/// GUILDS, GUILD_MESSAGES and MESSAGE_CONTENT.
const TALK: u64 = 1 | 1 << 9 | 1 << 15;
const DIRECT: u64 = 1 << 12 | 1 << 13 | 1 << 14;

fn channels(app: &App) -> String {
    format!("/guilds/{}/channels", app.info.guild_id)
}

/// A channel that only its owner sees.
async fn hidden(app: &App, name: &str) -> Value {
    let everyone = json!({"id": app.info.guild_id, "type": 0, "allow": "0", "deny": "1024"});
    let body = json!({"name": name, "permission_overwrites": [everyone]});
    let (status, made) = person(app, "ada", Method::POST, &channels(app), body).await;
    assert_eq!(status, 201, "{made}");
    made
}

#[tokio::test]
async fn a_bot_hears_of_hidden_channels_but_not_what_is_said_there() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(TALK).await;
    let secret = id(&hidden(&app, "secret").await);
    assert_eq!(socket.until("CHANNEL_CREATE").await["id"], secret);
    let here = format!("/channels/{secret}");
    assert_eq!(
        refused(&app, Method::GET, &here, Value::Null).await,
        (403, 50_001)
    );
    app.says("ada", &secret, "nobody hears").await;
    person(
        &app,
        "ada",
        Method::PATCH,
        &here,
        json!({"name": "renamed"}),
    )
    .await;
    let heard = kinds_until_now(&mut socket).await;
    assert_eq!(heard, ["CHANNEL_UPDATE"]);
    let listed = seen(&app, &channels(&app)).await;
    assert!(
        listed
            .as_array()
            .expect("channels")
            .iter()
            .any(|it| it["id"] == secret)
    );
    person(&app, "ada", Method::DELETE, &here, json!({})).await;
    assert_eq!(socket.until("CHANNEL_DELETE").await["id"], secret);
}

#[tokio::test]
async fn a_category_takes_its_synced_channels_along() {
    let app = App::start().await;
    let category = id(&made(&app, &channels(&app), json!({"name": "c", "type": 4})).await);
    let child = json!({"name": "child", "parent_id": category});
    let synced = id(&made(&app, &channels(&app), child.clone()).await);
    let apart = id(&made(&app, &channels(&app), child).await);
    let deny = |bits: &str| json!({"type": 1, "allow": "0", "deny": bits});
    let artist = app.user("artist");
    let rights = |channel: &str| format!("/channels/{channel}/permissions/{artist}");
    done(&app, Method::PUT, &rights(&apart), deny("64")).await;
    let (mut socket, _) = app.identified(GUILDS).await;
    done(&app, Method::PUT, &rights(&category), deny("2048")).await;
    assert_eq!(socket.until("CHANNEL_UPDATE").await["id"], category);
    let followed = socket.until("CHANNEL_UPDATE").await;
    assert_eq!(followed["id"], synced);
    assert_eq!(followed["permission_overwrites"][0]["deny"], "2048");
    let own = seen(&app, &format!("/channels/{apart}")).await;
    assert_eq!(own["permission_overwrites"][0]["deny"], "64");

    // Its channels stay when it goes.
    done(
        &app,
        Method::DELETE,
        &format!("/channels/{category}"),
        Value::Null,
    )
    .await;
    assert_eq!(socket.until("CHANNEL_DELETE").await["id"], category);
    assert!(socket.until("CHANNEL_UPDATE").await["parent_id"].is_null());
    assert!(seen(&app, &format!("/channels/{apart}")).await["parent_id"].is_null());
}

#[tokio::test]
async fn channels_move_one_at_a_time_between_categories() {
    let app = App::start().await;
    let category = id(&made(&app, &channels(&app), json!({"name": "c", "type": 4})).await);
    let a = id(&made(&app, &channels(&app), json!({"name": "a"})).await);
    let b = id(&made(&app, &channels(&app), json!({"name": "b"})).await);
    let both = json!([{"id": a, "parent_id": category}, {"id": b, "parent_id": category}]);
    assert_eq!(
        refused(&app, Method::PATCH, &channels(&app), both).await,
        (400, 40_009)
    );
    assert!(seen(&app, &format!("/channels/{a}")).await["parent_id"].is_null());
    let one = json!([{"id": a, "parent_id": category, "position": 0}, {"id": b, "position": 1}]);
    done(&app, Method::PATCH, &channels(&app), one).await;
    assert_eq!(
        seen(&app, &format!("/channels/{a}")).await["parent_id"],
        category
    );
    let secret = id(&hidden(&app, "secret").await);
    done(
        &app,
        Method::PATCH,
        &channels(&app),
        json!([{"id": secret, "position": 3}]),
    )
    .await;
    let moved = json!([{"id": secret, "parent_id": category}]);
    assert_eq!(
        refused(&app, Method::PATCH, &channels(&app), moved).await,
        (403, 50_001)
    );
}

#[tokio::test]
async fn a_channel_that_goes_is_named_nowhere() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(GUILDS).await;
    let general = app.info.channel_id;
    done(
        &app,
        Method::DELETE,
        &format!("/channels/{general}"),
        Value::Null,
    )
    .await;
    assert_eq!(socket.until("CHANNEL_DELETE").await["id"], json!(general));
    assert!(socket.until("GUILD_UPDATE").await["system_channel_id"].is_null());
    let guild = seen(&app, &format!("/guilds/{}", app.info.guild_id)).await;
    assert!(guild["system_channel_id"].is_null());
}

#[tokio::test]
async fn limits_of_channels_are_discords() {
    let app = App::start().await;
    let loud = json!({"name": "v", "type": 2, "bitrate": 128_000});
    assert_eq!(
        refused(&app, Method::POST, &channels(&app), loud).await,
        (400, 30_052)
    );
    let category = id(&made(&app, &channels(&app), json!({"name": "c", "type": 4})).await);
    for number in 0..50 {
        let body = json!({"name": format!("n{number}"), "parent_id": category});
        made(&app, &channels(&app), body).await;
    }
    let body = json!({"name": "one more", "parent_id": category});
    assert_eq!(
        refused(&app, Method::POST, &channels(&app), body).await,
        (400, 50_035)
    );
    let managing = json!({"id": app.info.guild_id, "type": 0, "allow": (1_u64 << 28).to_string()});
    let body = json!({"name": "x", "permission_overwrites": [managing]});
    assert_eq!(
        refused(&app, Method::POST, &channels(&app), body).await,
        (403, 50_013)
    );
    let forum = id(&made(&app, &channels(&app), json!({"name": "f", "type": 15})).await);
    let path = format!("/channels/{forum}/messages");
    assert_eq!(
        refused(&app, Method::POST, &path, json!({"content": "x"})).await,
        (400, 40_058)
    );
}

#[tokio::test]
async fn a_voice_channel_has_a_status() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(GUILDS).await;
    let hearth = app.channel("hearth").await;
    let path = format!("/channels/{hearth}/voice-status");
    done(&app, Method::PUT, &path, json!({"status": "stories"})).await;
    let told = socket.until("VOICE_CHANNEL_STATUS_UPDATE").await;
    assert_eq!(
        (&told["id"], &told["status"]),
        (&json!(hearth), &json!("stories"))
    );
    let log = seen(
        &app,
        &format!("/guilds/{}/audit-logs?action_type=192", app.info.guild_id),
    )
    .await;
    assert_eq!(log["audit_log_entries"][0]["options"]["status"], "stories");
    done(&app, Method::PUT, &path, json!({"status": null})).await;
    assert!(socket.until("VOICE_CHANNEL_STATUS_UPDATE").await["status"].is_null());
    assert_eq!(
        person_refused(&app, "newcomer", Method::PUT, &path, json!({"status": "x"})).await,
        (403, 50_013)
    );
    let long = json!({"status": "x".repeat(501)});
    assert_eq!(refused(&app, Method::PUT, &path, long).await, (400, 50_035));
    let text = format!("/channels/{}/voice-status", app.info.channel_id);
    assert_eq!(
        refused(&app, Method::PUT, &text, json!({"status": "x"})).await,
        (400, 50_024)
    );
}

#[tokio::test]
async fn direct_messages_are_two_peoples_own() {
    let app = App::start().await;
    let (mut socket, ready) = app.identified(DIRECT).await;
    let open = json!({"recipient_id": app.user("artist")});
    let dm = made(&app, "/users/@me/channels", open.clone()).await;
    assert_eq!(dm["type"], 1);
    assert_eq!(
        made(&app, "/users/@me/channels", open).await["id"],
        dm["id"]
    );
    let say = format!("/channels/{}/messages", id(&dm));
    let said = made(&app, &say, json!({"content": "hello"})).await;
    let typing = format!("/channels/{}/typing", id(&dm));
    assert_eq!(
        person(&app, "artist", Method::POST, &typing, json!({}))
            .await
            .0,
        204
    );
    let heart = format!("{say}/{}/reactions/❤", id(&said));
    assert_eq!(
        person(&app, "artist", Method::PUT, &heart, json!({}))
            .await
            .0,
        204
    );
    // No CHANNEL_CREATE: bots are not told of DMs.
    let heard = kinds_until_now(&mut socket).await;
    assert_eq!(
        heard,
        ["MESSAGE_CREATE", "TYPING_START", "MESSAGE_REACTION_ADD"]
    );
    assert_eq!(
        person_refused(
            &app,
            "newcomer",
            Method::POST,
            &say,
            json!({"content": "x"})
        )
        .await,
        (403, 50_001)
    );
    let mine = json!({"recipient_id": ready["user"]["id"]});
    assert_eq!(
        refused(&app, Method::POST, "/users/@me/channels", mine).await,
        (400, 50_033)
    );
    let path = format!("/users/{}/direct-messages", app.user("artist"));
    app.control(Method::PUT, &path, json!({"accepted": false}))
        .await;
    assert_eq!(
        refused(&app, Method::POST, &say, json!({"content": "x"})).await,
        (403, 50_007)
    );
}

#[tokio::test]
async fn a_bot_writes_to_people_whom_it_shares_a_guild_with() {
    let app = App::start().await;
    let open = json!({"recipient_id": app.user("newcomer")});
    let dm = id(&made(&app, "/users/@me/channels", open).await);
    let path = format!(
        "/guilds/{}/members/{}",
        app.info.guild_id,
        app.user("newcomer")
    );
    done(&app, Method::DELETE, &path, Value::Null).await;
    let say = format!("/channels/{dm}/messages");
    assert_eq!(
        refused(&app, Method::POST, &say, json!({"content": "x"})).await,
        (403, 50_278)
    );
}

#[tokio::test]
async fn groups_are_for_those_with_access_tokens() {
    let app = App::start().await;
    let open = json!({"recipient_id": app.user("artist")});
    let dm = id(&made(&app, "/users/@me/channels", open).await);
    let path = |channel: &str| format!("/channels/{channel}/recipients/{}", app.user("helper"));
    let body = json!({"access_token": "x", "nick": "n"});
    assert_eq!(
        refused(&app, Method::PUT, &path(&dm), body.clone()).await,
        (400, 50_025)
    );
    let general = app.info.channel_id.to_string();
    assert_eq!(
        refused(&app, Method::PUT, &path(&general), body).await,
        (400, 50_024)
    );
    assert_eq!(
        refused(&app, Method::DELETE, &path(&dm), Value::Null).await,
        (400, 50_024)
    );
    let group = json!({"access_tokens": ["x"], "nicks": {}});
    let (status, body) = bot(&app, Method::POST, "/users/@me/channels", group).await;
    assert_eq!((status, &body["code"]), (400, &json!(50_025)));
}
