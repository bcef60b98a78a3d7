//! Soundboards: sounds of a guild within its limits, and playing them where one is connected.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::rest_judged::Tour;
use crate::support::answer;

/// GUILDS, GUILD_MODERATION, GUILD_EXPRESSIONS, GUILD_VOICE_STATES.
const SOUNDS: u64 = 1 | 1 << 2 | 1 << 3 | 1 << 7;

fn path(tour: &Tour) -> String {
    format!("/guilds/{}/soundboard-sounds", tour.guild())
}

/// An Ogg file that plays so many milliseconds.
fn ogg(ms: u64) -> String {
    let mut file = b"OggS\x00\x00".to_vec();
    file.extend((ms * 48).to_le_bytes());
    file.extend(b"OpusHead");
    format!("data:audio/ogg;base64,{}", STANDARD.encode(file))
}

async fn enters(tour: &Tour, who: &str, channel: &str) {
    let (guild, user) = (tour.guild(), tour.app.user(who));
    let path = format!("/guilds/{guild}/members/{user}/voice");
    let body = json!({ "channel_id": channel });
    tour.app.control(Method::PUT, &path, body).await;
}

#[tokio::test]
async fn a_sound_is_made_changed_read_and_deleted_as_documented() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(SOUNDS).await;
    let path = path(&tour);
    let defaults = tour.get("/soundboard-default-sounds").await;
    assert_eq!(defaults[0]["name"], "quack");
    let body = json!({"name": "Bell", "sound": ogg(900), "volume": 0.5, "emoji_name": "🔔"});
    let sound = tour.create(&path, body).await;
    assert_eq!(sound["volume"], 0.5);
    assert_eq!(sound["user"]["username"], "guildhall");
    assert_eq!(socket.until("GUILD_SOUNDBOARD_SOUND_CREATE").await, sound);
    let entry = socket.until("GUILD_AUDIT_LOG_ENTRY_CREATE").await;
    assert_eq!(entry["action_type"], 130);
    let one = format!("{path}/{}", sound["sound_id"].as_str().expect("an id"));
    let changed = tour
        .patch(&one, json!({"volume": null, "emoji_name": null}))
        .await;
    assert_eq!(
        (&changed["volume"], &changed["emoji_name"]),
        (&json!(1.0), &Value::Null)
    );
    assert_eq!(socket.until("GUILD_SOUNDBOARD_SOUND_UPDATE").await, changed);
    assert_eq!(tour.get(&one).await, changed);
    assert_eq!(tour.get(&path).await["items"], json!([changed]));
    let ask = json!({"op": 31, "d": {"guild_ids": [tour.guild(), "5"]}});
    socket.send(ask).await;
    let told = socket.until("SOUNDBOARD_SOUNDS").await;
    assert_eq!(told["soundboard_sounds"], json!([changed]));
    let mut second = tour.app.gateway("/?v=10&encoding=json").await;
    second.identify(&tour.app.info.bot_token, SOUNDS).await;
    let guild = second.until("GUILD_CREATE").await;
    assert_eq!(guild["soundboard_sounds"], json!([changed]));
    let link = tour
        .app
        .info
        .api_url
        .replace("/api/v10", "/soundboard-sounds/");
    let link = link + sound["sound_id"].as_str().expect("an id");
    let file = reqwest::get(link).await.expect("an answer");
    assert_eq!(file.headers()["content-type"], "audio/ogg");
    tour.done(Method::DELETE, &one, Value::Null).await;
    let gone = socket.until("GUILD_SOUNDBOARD_SOUND_DELETE").await;
    assert_eq!(gone["sound_id"], sound["sound_id"]);
    let refused = tour.bot(Method::GET, &one, Value::Null, 404).await;
    assert_eq!(refused["code"], 10_097);
}

#[tokio::test]
async fn files_names_and_numbers_of_sounds_are_limited() {
    let mut tour = Tour::start().await;
    let path = path(&tour);
    let large = format!(
        "data:audio/ogg;base64,{}",
        STANDARD.encode(vec![0; 600_000])
    );
    for (body, code) in [
        (json!({"name": "x", "sound": ogg(1)}), 50_035),
        (json!({"name": "Bell"}), 50_035),
        (json!({"name": "Bell", "sound": "bell.ogg"}), 50_035),
        (json!({"name": "Bell", "sound": large}), 50_035),
        (
            json!({"name": "Bell", "sound": ogg(1), "volume": 1.5}),
            50_035,
        ),
        (
            json!({"name": "Bell", "sound": "data:audio/ogg;base64,aGVsbG8="}),
            50_123,
        ),
        (json!({"name": "Bell", "sound": ogg(5_300)}), 50_124),
    ] {
        let refused = tour.bot(Method::POST, &path, body, 400).await;
        assert_eq!(refused["code"], code, "{refused}");
    }
    let body = json!({"name": "Bell", "sound": ogg(1), "emoji_id": "5"});
    let refused = tour.bot(Method::POST, &path, body, 404).await;
    assert_eq!(refused["code"], 10_014);
    let body = json!({"name": "Bell", "sound": ogg(1)});
    for _ in 0..8 {
        tour.create(&path, body.clone()).await;
    }
    let refused = tour.bot(Method::POST, &path, body.clone(), 400).await;
    assert_eq!(refused["code"], 30_045);
    let mut body = body;
    body["as"] = json!(tour.app.user("artist"));
    let (status, refused) = tour.app.ask(Method::POST, &path, body).await;
    assert_eq!((status.as_u16(), &refused["code"]), (403, &json!(50_013)));
}

#[tokio::test]
async fn sounds_lose_an_emoji_that_is_deleted() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(SOUNDS).await;
    let emojis = format!("/guilds/{}/emojis", tour.guild());
    let image = "data:image/png;base64,iVBORw0KGgo=";
    let emoji = tour
        .create(&emojis, json!({"name": "bell", "image": image}))
        .await;
    let body = json!({"name": "Bell", "sound": ogg(1), "emoji_id": emoji["id"]});
    let sound = tour.create(&path(&tour), body).await;
    assert_eq!(sound["emoji_id"], emoji["id"]);
    let gone = format!("{emojis}/{}", emoji["id"].as_str().expect("an id"));
    tour.done(Method::DELETE, &gone, Value::Null).await;
    let told = socket.until("GUILD_SOUNDBOARD_SOUNDS_UPDATE").await;
    assert_eq!(told["soundboard_sounds"][0]["emoji_id"], Value::Null);
}

#[tokio::test]
async fn a_sound_is_played_where_one_is_heard() {
    let mut tour = Tour::start().await;
    let hearth = tour.app.channel("hearth").await;
    let (mut socket, _) = tour.app.identified(SOUNDS).await;
    let body = json!({"name": "Bell", "sound": ogg(1), "volume": 0.25, "emoji_name": "🔔"});
    let sound = tour.create(&path(&tour), body).await;
    let play = format!("/channels/{hearth}/send-soundboard-sound");
    let bell = json!({"sound_id": sound["sound_id"]});
    let refused = tour.bot(Method::POST, &play, bell.clone(), 400).await;
    assert_eq!(refused["code"], 40_032);
    let enter = json!({"guild_id": tour.guild(), "channel_id": hearth});
    socket.send(json!({"op": 4, "d": enter})).await;
    socket.until("VOICE_SERVER_UPDATE").await;
    tour.done(Method::POST, &play, bell.clone()).await;
    let effect = socket.until("VOICE_CHANNEL_EFFECT_SEND").await;
    assert_eq!(effect["sound_id"], sound["sound_id"]);
    assert_eq!(effect["sound_volume"], 0.25);
    assert_eq!(effect["emoji"]["name"], "🔔");
    let quack = json!({"sound_id": "1"});
    tour.done(Method::POST, &play, quack.clone()).await;
    assert_eq!(
        socket.until("VOICE_CHANNEL_EFFECT_SEND").await["sound_id"],
        1
    );
    let refused = tour
        .bot(Method::POST, &play, json!({"sound_id": "5"}), 404)
        .await;
    assert_eq!(refused["code"], 10_097);
    // A person who lacks USE_SOUNDBOARD, then has it, then is muted.
    enters(&tour, "artist", &hearth).await;
    let artist = tour.app.user("artist");
    let mut body = quack.clone();
    body["as"] = json!(artist);
    let (status, _) = tour.app.ask(Method::POST, &play, body.clone()).await;
    assert_eq!(status, 403);
    let grant = format!("/channels/{hearth}/permissions/{artist}");
    let allowed = json!({"type": 1, "allow": (1_u64 << 42).to_string(), "deny": "0"});
    tour.done(Method::PUT, &grant, allowed).await;
    tour.app.control(Method::POST, &play, body.clone()).await;
    let effect = socket.until("VOICE_CHANNEL_EFFECT_SEND").await;
    assert_eq!(effect["user_id"], artist);
    let member = format!("/guilds/{}/members/{artist}", tour.guild());
    tour.patch(&member, json!({"mute": true})).await;
    let (status, refused) = tour.app.ask(Method::POST, &play, body).await;
    assert_eq!((status.as_u16(), &refused["code"]), (400, &json!(50_167)));
    let text = format!("/channels/{}/send-soundboard-sound", tour.channel());
    let response = tour.app.bot(Method::POST, &text).json(&quack).send().await;
    let (_, refused) = answer(response.expect("an answer")).await;
    assert_eq!(refused["code"], 50_024);
}
