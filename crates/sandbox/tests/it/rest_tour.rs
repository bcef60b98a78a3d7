//! A tour through every route: each answer has the documented status and fits Discord's schema.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use sandbox::Snowflake;
use serde_json::{Value, json};

use crate::rest_judged::{Tour, id};
use crate::support::answer;

#[tokio::test]
async fn users_and_applications_are_as_documented() {
    let mut tour = Tour::start().await;
    let me = tour.get("/users/@me").await;
    let ada = tour.app.user("ada");
    assert_eq!(me["bot"], true);
    tour.get(&format!("/users/{ada}")).await;
    tour.get("/users/@me/guilds?with_counts=true").await;
    tour.get("/gateway").await;
    tour.get("/gateway/bot").await;
    tour.get("/applications/@me").await;
    tour.get("/oauth2/applications/@me").await;
    tour.get("/voice/regions").await;
    let dm = tour
        .post("/users/@me/channels", json!({"recipient_id": ada}))
        .await;
    let path = format!("/channels/{}/messages", id(&dm));
    tour.post(&path, json!({"content": "hello"})).await;
    tour.get(&path).await;
    tour.get(&format!("/channels/{}", id(&dm))).await;
}

#[tokio::test]
async fn guilds_channels_and_overwrites_are_as_documented() {
    let mut tour = Tour::start().await;
    let guild = tour.guild();
    tour.get(&format!("/guilds/{guild}?with_counts=true")).await;
    tour.get(&format!("/guilds/{guild}/preview")).await;
    tour.get(&format!("/guilds/{guild}/regions")).await;
    tour.get(&format!("/users/@me/guilds/{guild}/member")).await;
    let body = json!({"description": "a quiet place", "verification_level": 1});
    let changed = tour.patch(&format!("/guilds/{guild}"), body).await;
    assert_eq!(changed["description"], "a quiet place");
    let path = format!("/guilds/{guild}/channels");
    tour.get(&path).await;
    let category = tour
        .create(&path, json!({"name": "Projects", "type": 4}))
        .await;
    let mut made = Vec::new();
    for kind in [0, 2, 5, 13, 15, 16] {
        let body = json!({
            "name": "New Place", "type": kind, "parent_id": category["id"], "topic": "t",
            "available_tags": [{"name": "bug", "emoji_name": "🐛"}],
        });
        let channel = tour.create(&path, body).await;
        tour.get(&format!("/channels/{}", id(&channel))).await;
        made.push(channel);
    }
    assert_eq!(made[0]["name"], "new-place");
    assert_eq!(made[4]["available_tags"][0]["name"], "bug");
    let text = id(&made[0]);
    let body = json!({"topic": null, "rate_limit_per_user": 10, "nsfw": true});
    let changed = tour.patch(&format!("/channels/{text}"), body).await;
    assert_eq!(changed["rate_limit_per_user"], 10);
    let moves = json!([{"id": text, "position": 3}, {"id": made[1]["id"], "parent_id": null}]);
    tour.done(Method::PATCH, &path, moves).await;
    let overwrite = format!("/channels/{text}/permissions/{guild}");
    let body = json!({"type": 0, "deny": "2048", "allow": "0"});
    tour.done(Method::PUT, &overwrite, body).await;
    let channel = tour.get(&format!("/channels/{text}")).await;
    assert_eq!(channel["permission_overwrites"][0]["deny"], "2048");
    tour.done(Method::DELETE, &overwrite, Value::Null).await;
    tour.done(
        Method::POST,
        &format!("/channels/{text}/typing"),
        Value::Null,
    )
    .await;
    tour.post(
        &format!("/channels/{}/followers", id(&made[2])),
        json!({"webhook_channel_id": text}),
    )
    .await;
    let gone = tour
        .bot(
            Method::DELETE,
            &format!("/channels/{text}"),
            Value::Null,
            200,
        )
        .await;
    assert_eq!(id(&gone), text);
    let refused = tour
        .bot(Method::GET, &format!("/channels/{text}"), Value::Null, 404)
        .await;
    assert_eq!(refused["code"], 10_003);
}

#[tokio::test]
async fn messages_reactions_and_pins_are_as_documented() {
    let mut tour = Tour::start().await;
    let (channel, ada) = (tour.channel(), tour.app.user("ada"));
    let path = format!("/channels/{channel}/messages");
    let body = json!({
        "content": format!("<@{ada}> look"), "nonce": "n1", "enforce_nonce": true,
        "embeds": [{
            "title": "Release", "description": "Out now", "color": 5, "url": "https://example.test",
            "timestamp": "2026-01-01T00:00:00Z", "footer": {"text": "end"},
            "author": {"name": "ada"}, "fields": [{"name": "a", "value": "b"}],
            "image": {"url": "https://example.test/a.png"},
        }],
        "components": [{"type": 1, "components": [
            {"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"},
            {"type": 2, "style": 5, "label": "Link", "url": "https://example.test"},
        ]}, {"type": 1, "components": [{
            "type": 3, "custom_id": "pick", "options": [{"label": "One", "value": "1"}],
        }]}],
    });
    let first = tour.post(&path, body.clone()).await;
    let again = tour.post(&path, body).await;
    assert_eq!(
        first["id"], again["id"],
        "an enforced nonce makes one message"
    );
    assert_eq!(first["mentions"][0]["id"], json!(ada));
    let message = format!("{path}/{}", id(&first));
    tour.get(&message).await;
    let reply = json!({"content": "indeed", "message_reference": {"message_id": first["id"]}});
    let reply = tour.post(&path, reply).await;
    assert_eq!(reply["type"], 19);
    assert_eq!(reply["referenced_message"]["id"], first["id"]);
    let forward = json!({"message_reference": {
        "type": 1, "message_id": first["id"], "channel_id": channel,
    }});
    let forward = tour.post(&path, forward).await;
    assert_eq!(
        forward["message_snapshots"][0]["message"]["embeds"][0]["title"],
        "Release"
    );
    let body = json!({"content": "changed", "embeds": [], "components": []});
    let edited = tour.patch(&message, body).await;
    assert!(edited["edited_timestamp"].is_string());
    let v2 = json!({"flags": 1 << 15, "components": [{"type": 17, "components": [
        {"type": 10, "content": "# Title"},
        {"type": 9, "components": [{"type": 10, "content": "text"}],
         "accessory": {"type": 2, "style": 2, "label": "Go", "custom_id": "go"}},
        {"type": 12, "items": [{"media": {"url": "https://example.test/a.png"}}]},
        {"type": 14},
    ]}]});
    tour.post(&path, v2).await;
    for query in [
        "limit=2",
        &format!("before={}", id(&reply)),
        &format!("after={}", id(&first)),
        &format!("around={}&limit=3", id(&reply)),
    ] {
        let page = tour.get(&format!("{path}?{query}")).await;
        assert!(!page.as_array().expect("a page").is_empty(), "{query}");
    }
    let reaction = format!("{message}/reactions/%F0%9F%94%A5");
    tour.done(Method::PUT, &format!("{reaction}/@me"), Value::Null)
        .await;
    let shown = tour.get(&message).await;
    assert_eq!(shown["reactions"][0]["me"], true);
    tour.get(&reaction).await;
    tour.done(Method::DELETE, &format!("{reaction}/@me"), Value::Null)
        .await;
    tour.done(Method::DELETE, &format!("{reaction}/{ada}"), Value::Null)
        .await;
    tour.done(Method::DELETE, &reaction, Value::Null).await;
    tour.done(Method::DELETE, &format!("{message}/reactions"), Value::Null)
        .await;
    let pin = format!("{path}/pins/{}", id(&first));
    tour.done(Method::PUT, &pin, Value::Null).await;
    let pins = tour.get(&format!("{path}/pins")).await;
    assert_eq!(pins["items"][0]["message"]["id"], first["id"]);
    tour.get(&format!("/channels/{channel}/pins")).await;
    tour.done(Method::DELETE, &pin, Value::Null).await;
    let old = format!("/channels/{channel}/pins/{}", id(&reply));
    tour.done(Method::PUT, &old, Value::Null).await;
    tour.done(Method::DELETE, &old, Value::Null).await;
    let both = json!({"messages": [reply["id"], forward["id"]]});
    tour.done(Method::POST, &format!("{path}/bulk-delete"), both)
        .await;
    tour.done(Method::DELETE, &message, Value::Null).await;
}

#[tokio::test]
async fn a_search_finds_what_the_searcher_may_read() {
    let mut tour = Tour::start().await;
    let (guild, staff) = (tour.guild(), tour.app.channel("moderators").await);
    let said = json!({"content": "the Kettle is on https://example.test"});
    tour.post(&format!("/channels/{staff}/messages"), said)
        .await;
    let path = format!("/guilds/{guild}/messages/search?content=kettle%20on&has=link");
    let found = tour.get(&path).await;
    assert_eq!(found["total_results"], 1);
    assert_eq!(found["messages"][0][0]["channel_id"], json!(staff));
    let newcomer = tour
        .app
        .sandbox
        .person("newcomer")
        .expect("the person exists");
    let hidden = newcomer
        .does(Method::GET, &path, &Value::Null)
        .await
        .expect("a page");
    assert_eq!(hidden["total_results"], 0);
}

#[tokio::test]
async fn files_go_up_and_come_down_again() {
    let mut tour = Tour::start().await;
    let path = format!("/channels/{}/messages", tour.channel());
    let payload = json!({
        "content": "see", "attachments": [{"id": "0", "description": "a note"}],
        "embeds": [{"image": {"url": "attachment://note.txt"}}],
    });
    let part = Part::bytes(b"hello".to_vec()).file_name("note.txt");
    let part = part.mime_str("text/plain").expect("a type");
    let form = Form::new()
        .text("payload_json", payload.to_string())
        .part("files[0]", part);
    let request = tour.app.bot(Method::POST, &path).multipart(form);
    let (status, message) = answer(request.send().await.expect("an answer")).await;
    assert_eq!(status.as_u16(), 200, "{message}");
    tour.judged(&Method::POST, &path, 200, &message);
    let file = &message["attachments"][0];
    assert_eq!(file["description"], "a note");
    let url = file["url"].as_str().expect("a link");
    assert!(url.contains("?ex=") && url.contains("&is=") && url.contains("&hm="));
    assert_eq!(message["embeds"][0]["image"]["url"], url);
    let bytes = reqwest::get(url)
        .await
        .expect("a download")
        .bytes()
        .await
        .expect("a body");
    assert_eq!(&bytes[..], b"hello");
    let forged = url.replace("&hm=", "&hm=1");
    assert_eq!(
        reqwest::get(forged)
            .await
            .expect("an answer")
            .status()
            .as_u16(),
        404
    );
}

#[tokio::test]
async fn threads_are_as_documented() {
    let mut tour = Tour::start().await;
    let (guild, channel) = (tour.guild(), tour.channel());
    let (ada, newcomer) = (tour.app.user("ada"), tour.app.user("newcomer"));
    let path = format!("/channels/{channel}/messages");
    let message = tour.post(&path, json!({"content": "start"})).await;
    let from = format!("{path}/{}/threads", id(&message));
    let thread = tour.create(&from, json!({"name": "Talk"})).await;
    assert_eq!(thread["id"], message["id"]);
    let refused = tour
        .bot(Method::POST, &from, json!({"name": "Again"}), 400)
        .await;
    assert_eq!(refused["code"], 160_004);
    let shown = tour.get(&format!("{path}/{}", id(&message))).await;
    assert_eq!(shown["thread"]["name"], "Talk");
    let threads = format!("/channels/{channel}/threads");
    let private = tour
        .create(&threads, json!({"name": "Quiet", "type": 12}))
        .await;
    tour.create(&threads, json!({"name": "Loud", "type": 11}))
        .await;
    let forum = tour.app.channel("ideas").await;
    let post = json!({"name": "Idea", "message": {"content": "why not"}});
    let post = tour
        .create(&format!("/channels/{forum}/threads"), post)
        .await;
    assert_eq!(post["message"]["id"], post["id"]);
    tour.get(&format!("/guilds/{guild}/threads/active")).await;
    let here = format!("/channels/{}", id(&thread));
    let members = format!("{here}/thread-members");
    tour.done(Method::DELETE, &format!("{members}/@me"), Value::Null)
        .await;
    tour.done(Method::PUT, &format!("{members}/@me"), Value::Null)
        .await;
    tour.done(Method::PUT, &format!("{members}/{ada}"), Value::Null)
        .await;
    tour.get(&members).await;
    tour.get(&format!("{members}?with_member=true&limit=1"))
        .await;
    tour.get(&format!("{members}/{ada}?with_member=true")).await;
    tour.done(Method::DELETE, &format!("{members}/{ada}"), Value::Null)
        .await;
    let missing = tour
        .bot(
            Method::GET,
            &format!("{members}/{newcomer}"),
            Value::Null,
            404,
        )
        .await;
    assert_eq!(missing["code"], 10_007);
    let archived = tour
        .patch(&here, json!({"archived": true, "locked": true}))
        .await;
    assert_eq!(archived["thread_metadata"]["locked"], true);
    tour.patch(
        &format!("/channels/{}", id(&private)),
        json!({"archived": true}),
    )
    .await;
    let public = tour.get(&format!("{threads}/archived/public")).await;
    assert_eq!(public["threads"][0]["id"], thread["id"]);
    tour.get(&format!("{threads}/archived/private")).await;
    tour.get(&format!(
        "/channels/{channel}/users/@me/threads/archived/private"
    ))
    .await;
    tour.bot(Method::DELETE, &here, Value::Null, 200).await;
}

#[tokio::test]
async fn roles_and_members_are_as_documented() {
    let mut tour = Tour::start().await;
    let (guild, newcomer) = (tour.guild(), tour.app.user("newcomer"));
    let roles = format!("/guilds/{guild}/roles");
    let role = tour
        .post(
            &roles,
            json!({"name": "painters", "color": 255, "hoist": true}),
        )
        .await;
    let one = format!("{roles}/{}", id(&role));
    tour.get(&roles).await;
    tour.get(&one).await;
    tour.get(&format!("{roles}/member-counts")).await;
    let changed = tour
        .patch(&one, json!({"name": "artists", "permissions": "2048"}))
        .await;
    assert_eq!(changed["permissions"], "2048");
    tour.patch(&roles, json!([{"id": role["id"], "position": 2}]))
        .await;
    let members = format!("/guilds/{guild}/members");
    tour.get(&format!("{members}?limit=10")).await;
    tour.get(&format!("{members}/search?query=new&limit=5"))
        .await;
    let member = format!("{members}/{newcomer}");
    tour.get(&member).await;
    let body = json!({"nick": "Newt", "communication_disabled_until": "2026-01-02T00:00:00Z"});
    let changed = tour.patch(&member, body).await;
    assert_eq!(changed["nick"], "Newt");
    tour.patch(&format!("{members}/@me"), json!({"nick": "Hall"}))
        .await;
    let has = format!("{member}/roles/{}", id(&role));
    tour.done(Method::PUT, &has, Value::Null).await;
    let counts = tour.get(&format!("{roles}/member-counts")).await;
    assert_eq!(counts[id(&role)], 1);
    tour.done(Method::DELETE, &has, Value::Null).await;
    tour.done(Method::DELETE, &one, Value::Null).await;
    tour.done(Method::DELETE, &member, Value::Null).await;
    let gone = tour.bot(Method::GET, &member, Value::Null, 404).await;
    assert_eq!(gone["code"], 10_007);
}

#[tokio::test]
async fn bans_prunes_and_the_audit_log_are_as_documented() {
    let mut tour = Tour::start().await;
    let guild = tour.guild();
    let (newcomer, artist) = (tour.app.user("newcomer"), tour.app.user("artist"));
    let bans = format!("/guilds/{guild}/bans");
    let ban = format!("{bans}/{newcomer}");
    let request = tour
        .app
        .bot(Method::PUT, &ban)
        .json(&json!({"delete_message_seconds": 60}));
    let request = request.header("x-audit-log-reason", "spam%20%F0%9F%8D%9E");
    assert_eq!(
        request.send().await.expect("an answer").status().as_u16(),
        204
    );
    tour.get(&bans).await;
    let found = tour.get(&ban).await;
    assert_eq!(found["reason"], "spam 🍞");
    tour.done(Method::DELETE, &ban, Value::Null).await;
    let missing = tour.bot(Method::GET, &ban, Value::Null, 404).await;
    assert_eq!(missing["code"], 10_026);
    let body = json!({"user_ids": [artist, tour.app.user("ada")]});
    let bulk = tour.post(&format!("/guilds/{guild}/bulk-ban"), body).await;
    assert_eq!(bulk["banned_users"], json!([artist]));
    tour.get(&format!("/guilds/{guild}/prune?days=7")).await;
    tour.post(&format!("/guilds/{guild}/prune"), json!({"days": 7}))
        .await;
    let log = tour
        .get(&format!("/guilds/{guild}/audit-logs?limit=100"))
        .await;
    let entries = log["audit_log_entries"]
        .as_array()
        .expect("entries")
        .clone();
    let ban = entries.iter().find(|entry| entry["action_type"] == 22);
    assert!(
        entries.iter().any(|entry| entry["reason"] == "spam 🍞"),
        "{ban:?}"
    );
    let only = tour
        .get(&format!("/guilds/{guild}/audit-logs?action_type=23"))
        .await;
    assert_eq!(
        only["audit_log_entries"].as_array().expect("entries").len(),
        1
    );
}

#[tokio::test]
async fn webhooks_invites_emojis_and_polls_are_as_documented() {
    let mut tour = Tour::start().await;
    let (guild, channel) = (tour.guild(), tour.channel());
    let hooks = format!("/channels/{channel}/webhooks");
    let hook = tour.post(&hooks, json!({"name": "Herald"})).await;
    tour.get(&hooks).await;
    tour.get(&format!("/guilds/{guild}/webhooks")).await;
    let one = format!("/webhooks/{}", id(&hook));
    tour.get(&one).await;
    tour.patch(&one, json!({"name": "Crier"})).await;
    let token = format!("{one}/{}", hook["token"].as_str().expect("a token"));
    tour.open(Method::GET, &token, json!({}), 200).await;
    tour.open(Method::PATCH, &token, json!({"name": "Bell"}), 200)
        .await;
    let body = json!({"content": "hear", "username": "Town crier"});
    let sent = tour
        .open(
            Method::POST,
            &format!("{token}?wait=true"),
            body.clone(),
            200,
        )
        .await;
    assert_eq!(sent["author"]["username"], "Town crier");
    tour.open(Method::POST, &token, body, 204).await;
    let message = format!("{token}/messages/{}", id(&sent));
    tour.open(Method::GET, &message, json!({}), 200).await;
    tour.open(Method::PATCH, &message, json!({"content": "hear ye"}), 200)
        .await;
    tour.open(Method::DELETE, &message, json!({}), 204).await;
    tour.open(Method::DELETE, &token, json!({}), 204).await;
    let invites = format!("/channels/{channel}/invites");
    let invite = tour
        .post(&invites, json!({"max_age": 3600, "unique": true}))
        .await;
    let code = invite["code"].as_str().expect("a code").to_owned();
    tour.get(&invites).await;
    tour.get(&format!("/guilds/{guild}/invites")).await;
    tour.get(&format!("/invites/{code}?with_counts=true")).await;
    tour.bot(
        Method::DELETE,
        &format!("/invites/{code}"),
        Value::Null,
        200,
    )
    .await;
    let emojis = format!("/guilds/{guild}/emojis");
    let body = json!({"name": "hall", "image": "data:image/png;base64,iVBORw0KGgo="});
    let emoji = tour.create(&emojis, body).await;
    tour.get(&emojis).await;
    tour.patch(
        &format!("{emojis}/{}", id(&emoji)),
        json!({"name": "hall2"}),
    )
    .await;
    tour.get(&format!("{emojis}/{}", id(&emoji))).await;
    let path = format!("/channels/{channel}/messages");
    let poll = tour
        .post(&path, json!({"poll": {
            "question": {"text": "Tea?"}, "duration": 1,
            "answers": [{"poll_media": {"text": "Yes"}}, {"poll_media": {"text": "No", "emoji": {"name": "🙅"}}}],
        }}))
        .await;
    let react = format!("{path}/{}/reactions/hall2:{}/@me", id(&poll), id(&emoji));
    tour.done(Method::PUT, &react, Value::Null).await;
    tour.done(
        Method::DELETE,
        &format!("{emojis}/{}", id(&emoji)),
        Value::Null,
    )
    .await;
    let (channel_id, poll_id): (Snowflake, Snowflake) = (
        channel.parse().expect("an id"),
        id(&poll).parse().expect("an id"),
    );
    let ada: Snowflake = tour.app.user("ada").parse().expect("an id");
    tour.app
        .sandbox
        .world()
        .write(|world| world.vote(&ada.into(), channel_id, poll_id, 1, true))
        .expect("a vote");
    let polls = format!("/channels/{channel}/polls/{}", id(&poll));
    let voters = tour.get(&format!("{polls}/answers/1")).await;
    assert_eq!(voters["users"][0]["username"], "ada");
    let ended = tour.post(&format!("{polls}/expire"), Value::Null).await;
    assert_eq!(ended["poll"]["results"]["is_finalized"], true);
    tour.get(&format!("/guilds/{guild}/stickers")).await;
}
