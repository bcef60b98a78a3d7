//! Messages of every kind: recordings, forwards, published copies, polls, replies.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::acts::{bot, done, id, made, passes, permit, person, person_refused, refused, seen};
use crate::support::{App, answer};

/// GUILDS, GUILD_MESSAGES, MESSAGE_CONTENT.
const TALK: u64 = 1 | 1 << 9 | 1 << 15;

fn messages(app: &App) -> String {
    format!("/channels/{}/messages", app.info.channel_id)
}

async fn uploaded(app: &App, body: &Value, kind: &str) -> (u16, Value) {
    let part = Part::bytes(b"OggS".to_vec())
        .file_name("voice.ogg")
        .mime_str(kind)
        .expect("a content type");
    let form = Form::new()
        .text("payload_json", body.to_string())
        .part("files[0]", part);
    let request = app.bot(Method::POST, &messages(app)).multipart(form);
    let (status, body) = answer(request.send().await.expect("an answer")).await;
    (status.as_u16(), body)
}

#[tokio::test]
async fn a_voice_message_is_one_recording_with_its_waveform() {
    let app = App::start().await;
    let about = json!([{"id": 0, "duration_secs": 1.5, "waveform": "AAEC"}]);
    let voice = json!({"flags": 8192, "attachments": about});
    let (status, sent) = uploaded(&app, &voice, "audio/ogg").await;
    assert_eq!(status, 200, "{sent}");
    assert_eq!(sent["flags"], 8192);
    assert_eq!(sent["attachments"][0]["duration_secs"], 1.5);
    assert_eq!(sent["attachments"][0]["waveform"], "AAEC");
    let mut wordy = voice.clone();
    wordy["content"] = json!("listen");
    assert_eq!(uploaded(&app, &wordy, "audio/ogg").await.1["code"], 50_159);
    assert_eq!(uploaded(&app, &voice, "image/png").await.1["code"], 50_160);
    let bare = json!({"flags": 8192});
    assert_eq!(uploaded(&app, &bare, "audio/ogg").await.1["code"], 50_161);
    let path = format!("{}/{}", messages(&app), id(&sent));
    let edit = json!({"content": "x"});
    assert_eq!(
        refused(&app, Method::PATCH, &path, edit).await,
        (400, 50_162)
    );
    let (_, ready) = app.identified(TALK).await;
    let me = ready["user"]["id"].as_str().expect("an id").to_owned();
    permit(&app, &me, 1, 0, 1 << 46).await;
    let refused = uploaded(&app, &voice, "audio/ogg").await;
    assert_eq!((refused.0, &refused.1["code"]), (403, &json!(50_173)));
}

#[tokio::test]
async fn a_published_message_is_copied_to_followers_and_its_copies_follow_it() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(TALK).await;
    let news = app.channel("announcements").await;
    let (_, ready) = app.identified(TALK).await;
    let me = ready["user"]["id"].as_str().expect("an id");
    let path = format!("/channels/{news}/permissions/{me}");
    let allow = json!({"type": 1, "allow": "2048"});
    assert_eq!(person(&app, "ada", Method::PUT, &path, allow).await.0, 204);
    let body = json!({"webhook_channel_id": app.info.channel_id});
    let followed = made(&app, &format!("/channels/{news}/followers"), body).await;
    let told = socket.until("MESSAGE_CREATE").await;
    assert_eq!(told["type"], 12);
    assert_eq!(told["message_reference"]["channel_id"], news);

    let say = format!("/channels/{news}/messages");
    let said = id(&made(&app, &say, json!({"content": "news!"})).await);
    let here = format!("{say}/{said}");
    let published = made(&app, &format!("{here}/crosspost"), Value::Null).await;
    assert_eq!(published["flags"], 1);
    assert_eq!(
        refused(
            &app,
            Method::POST,
            &format!("{here}/crosspost"),
            Value::Null
        )
        .await,
        (400, 40_033)
    );
    let copy = loop {
        let message = socket.until("MESSAGE_CREATE").await;
        if message["channel_id"] == json!(app.info.channel_id) {
            break message;
        }
    };
    assert_eq!(copy["content"], "news!");
    assert_eq!(copy["flags"], 2);
    assert_eq!(copy["webhook_id"], followed["webhook_id"]);
    assert_eq!(copy["message_reference"]["message_id"], said);
    assert_eq!(
        copy["author"]["username"],
        "Guildhall Square #announcements"
    );

    let copy = format!("{}/{}", messages(&app), id(&copy));
    done(
        &app,
        Method::PATCH,
        &here,
        json!({"content": "better news"}),
    )
    .await;
    assert_eq!(seen(&app, &copy).await["content"], "better news");
    done(&app, Method::DELETE, &here, Value::Null).await;
    let orphan = seen(&app, &copy).await;
    assert_eq!(orphan["content"], "[Original Message Deleted]");
    assert_eq!(orphan["flags"], 2 | 8);
}

#[tokio::test]
async fn a_forward_keeps_what_was_said_and_needs_the_right_to_read_it() {
    let app = App::start().await;
    let from = app.channel("help").await;
    let said = app.says("newcomer", &from, "before").await;
    let forward = json!({"message_reference": {
        "type": 1, "channel_id": from, "message_id": said["id"],
    }});
    let sent = made(&app, &messages(&app), forward.clone()).await;
    assert_eq!(sent["flags"], 1 << 14);
    let path = format!("/channels/{from}/messages/{}", id(&said));
    person(
        &app,
        "newcomer",
        Method::PATCH,
        &path,
        json!({"content": "after"}),
    )
    .await;
    let kept = seen(&app, &format!("{}/{}", messages(&app), id(&sent))).await;
    assert_eq!(kept["message_snapshots"][0]["message"]["content"], "before");
    assert!(
        kept["message_snapshots"][0]["message"]
            .get("author")
            .is_none()
    );
    let vague = json!({"message_reference": {"type": 1, "message_id": said["id"]}});
    assert_eq!(
        refused(&app, Method::POST, &messages(&app), vague).await,
        (400, 50_035)
    );
    let answers = json!([{"poll_media": {"text": "yes"}}]);
    let poll = json!({"poll": {"question": {"text": "Now?"}, "answers": answers}});
    let poll = made(&app, &messages(&app), poll).await;
    let reference = json!({"type": 1, "channel_id": poll["channel_id"], "message_id": poll["id"]});
    let body = json!({"message_reference": reference});
    assert_eq!(
        refused(&app, Method::POST, &messages(&app), body).await,
        (400, 50_035)
    );
    let (_, ready) = app.identified(TALK).await;
    let me = ready["user"]["id"].as_str().expect("an id");
    let intents = json!({"privileged": 0});
    app.control(Method::PUT, &format!("/users/{me}/intents"), intents)
        .await;
    assert_eq!(
        refused(&app, Method::POST, &messages(&app), forward).await,
        (400, 160_014)
    );
}

#[tokio::test]
async fn people_vote_for_several_answers_and_change_their_minds() {
    let app = App::start().await;
    let answers: Vec<_> = ["a", "b", "c"]
        .iter()
        .map(|text| json!({"poll_media": {"text": text}}))
        .collect();
    let poll = json!({
        "question": {"text": "Which?"}, "answers": answers, "allow_multiselect": true,
    });
    let poll = id(&made(&app, &messages(&app), json!({"poll": poll})).await);
    let channel = app.info.channel_id;
    let votes = format!("/channels/{channel}/polls/{poll}/answers/@me");
    let voting = |answers: Value| json!({"answer_ids": answers});
    for (who, answers) in [("ada", json!(["1", "2"])), ("helper", json!(["2"]))] {
        let (status, _) = person(&app, who, Method::PUT, &votes, voting(answers)).await;
        assert_eq!(status, 204);
    }
    person(&app, "ada", Method::PUT, &votes, voting(json!(["3"]))).await;
    let here = format!("{}/{poll}", messages(&app));
    let counts = seen(&app, &here).await["poll"]["results"]["answer_counts"].clone();
    assert_eq!(
        counts,
        json!([
            {"id": 2, "count": 1, "me_voted": false},
            {"id": 3, "count": 1, "me_voted": false},
        ])
    );
    let voters = seen(&app, &format!("/channels/{channel}/polls/{poll}/answers/2")).await;
    assert_eq!(voters["users"][0]["username"], "helper");
    let edit = json!({"content": "x"});
    assert_eq!(
        refused(&app, Method::PATCH, &here, edit).await,
        (400, 520_003)
    );
    passes(&app, 24 * 60).await;
    assert_eq!(
        person_refused(&app, "helper", Method::PUT, &votes, voting(json!(["1"]))).await,
        (400, 520_001)
    );
    let ended = seen(&app, &messages(&app)).await;
    assert_eq!(ended[0]["type"], 46);
    // Nobody won.
    let fields = ended[0]["embeds"][0]["fields"].as_array().expect("fields");
    assert!(
        fields
            .iter()
            .all(|field| field["name"] != "victor_answer_id")
    );
}

#[tokio::test]
async fn a_reply_outlives_what_it_answers() {
    let app = App::start().await;
    let said = app
        .says("newcomer", &app.info.channel_id.to_string(), "a")
        .await;
    let reply = json!({"content": "b", "message_reference": {"message_id": said["id"]}});
    let reply = made(&app, &messages(&app), reply).await;
    assert_eq!(reply["referenced_message"]["content"], "a");
    let gone = format!("{}/{}", messages(&app), id(&said));
    done(&app, Method::DELETE, &gone, Value::Null).await;
    let left = seen(&app, &format!("{}/{}", messages(&app), id(&reply))).await;
    assert!(left["referenced_message"].is_null());
    assert_eq!(left["message_reference"]["message_id"], said["id"]);
    let again = json!({"content": "c", "message_reference": {"message_id": said["id"]}});
    assert_eq!(
        refused(&app, Method::POST, &messages(&app), again.clone()).await,
        (400, 50_035)
    );
    let mut lenient = again;
    lenient["message_reference"]["fail_if_not_exists"] = json!(false);
    assert_eq!(made(&app, &messages(&app), lenient).await["type"], 0);
}

#[tokio::test]
async fn bulk_deletion_takes_each_young_message_once() {
    let app = App::start().await;
    let path = format!("{}/bulk-delete", messages(&app));
    let first = id(&made(&app, &messages(&app), json!({"content": "a"})).await);
    let twice = json!({"messages": [first, first]});
    assert_eq!(
        refused(&app, Method::POST, &path, twice).await,
        (400, 50_035)
    );
    passes(&app, 14 * 24 * 60 + 1).await;
    let second = id(&made(&app, &messages(&app), json!({"content": "b"})).await);
    let old = json!({"messages": [first, second]});
    assert_eq!(refused(&app, Method::POST, &path, old).await, (400, 50_034));
    let unknown =
        json!({"messages": [second, (second.parse::<u64>().expect("a number") + 1).to_string()]});
    let (status, _) = bot(&app, Method::POST, &path, unknown).await;
    assert_eq!(status, 204);
}

#[tokio::test]
async fn a_moderator_takes_only_the_embeds_from_others_messages() {
    let app = App::start().await;
    let body = json!({"embeds": [{"title": "t"}], "content": "  spaced  "});
    let said = made(&app, &messages(&app), body).await;
    assert_eq!(said["content"], "spaced");
    let here = format!("{}/{}", messages(&app), id(&said));
    let (status, quiet) =
        person(&app, "moderator", Method::PATCH, &here, json!({"flags": 4})).await;
    assert_eq!((status, &quiet["embeds"]), (200, &json!([])));
    assert!(quiet["edited_timestamp"].is_null());
    let more = json!({"flags": 4, "attachments": []});
    assert_eq!(
        person_refused(&app, "moderator", Method::PATCH, &here, more).await,
        (403, 50_005)
    );
    assert_eq!(
        person_refused(&app, "newcomer", Method::PATCH, &here, json!({"flags": 0})).await,
        (403, 50_013)
    );
}
