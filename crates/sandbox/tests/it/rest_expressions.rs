//! Stickers and emojis: limits, formats, who may, and what is told of it.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::rest_judged::{Tour, id};
use crate::support::answer;

/// GUILDS and GUILD_EXPRESSIONS.
const EXPRESSIONS: u64 = 1 | 1 << 3;

fn png(side: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(side.to_be_bytes());
    bytes.extend(side.to_be_bytes());
    bytes
}

fn data_uri(kind: &str, bytes: &[u8]) -> String {
    use base64::Engine as _;
    let data = base64::engine::general_purpose::STANDARD.encode(bytes);
    format!("data:{kind};base64,{data}")
}

async fn uploads(tour: &Tour, name: &str, file: Vec<u8>) -> (u16, Value) {
    let form = Form::new()
        .text("name", name.to_owned())
        .text("description", "")
        .text("tags", "wave")
        .part("file", Part::bytes(file).file_name("sticker.png"));
    let path = format!("/guilds/{}/stickers", tour.guild());
    let request = tour.app.bot(Method::POST, &path).multipart(form);
    let (status, body) = answer(request.send().await.expect("an answer")).await;
    (status.as_u16(), body)
}

#[tokio::test]
async fn a_sticker_is_uploaded_changed_sent_and_deleted() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(EXPRESSIONS).await;
    let stickers = format!("/guilds/{}/stickers", tour.guild());
    let (status, sticker) = uploads(&tour, "waving", png(320)).await;
    assert_eq!(
        (status, &sticker["format_type"]),
        (201, &json!(1)),
        "{sticker}"
    );
    tour.judged(&Method::POST, &stickers, 201, &sticker);
    let told = socket.until("GUILD_STICKERS_UPDATE").await;
    assert_eq!(told["stickers"][0]["id"], sticker["id"]);
    tour.get(&stickers).await;
    let one = format!("{stickers}/{}", id(&sticker));
    tour.get(&one).await;
    tour.get(&format!("/stickers/{}", id(&sticker))).await;
    let changed = tour
        .patch(&one, json!({"description": "hello there"}))
        .await;
    assert_eq!(
        (&changed["description"], &changed["name"]),
        (&json!("hello there"), &json!("waving"))
    );
    let messages = format!("/channels/{}/messages", tour.channel());
    let sent = tour
        .post(&messages, json!({"sticker_ids": [sticker["id"]]}))
        .await;
    assert_eq!(sent["sticker_items"][0]["name"], "waving");
    tour.done(Method::DELETE, &one, Value::Null).await;
    assert_eq!(
        tour.bot(Method::GET, &one, Value::Null, 404).await["code"],
        10_060
    );
    let log = tour
        .get(&format!("/guilds/{}/audit-logs?limit=3", tour.guild()))
        .await;
    let kinds: Vec<_> = log["audit_log_entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| entry["action_type"].clone())
        .collect();
    assert_eq!(kinds, [92, 91, 90]);
}

#[tokio::test]
async fn what_is_no_sticker_is_refused() {
    let tour = Tour::start().await;
    let code = |answer: (u16, Value)| answer.1["code"].clone();
    assert_eq!(
        code(uploads(&tour, "text", b"hello".to_vec()).await),
        50_046
    );
    assert_eq!(
        code(uploads(&tour, "large", vec![0; 600 * 1024]).await),
        50_045
    );
    assert_eq!(code(uploads(&tour, "wide", png(321)).await), 50_035);
    assert_eq!(code(uploads(&tour, "x", png(10)).await), 50_035);
    for at in 0..5 {
        let (status, body) = uploads(&tour, &format!("sticker {at}"), b"GIF89a".to_vec()).await;
        assert_eq!((status, &body["format_type"]), (201, &json!(4)), "{body}");
    }
    assert_eq!(code(uploads(&tour, "too many", png(10)).await), 30_039);
}

#[tokio::test]
async fn discords_own_stickers_can_be_looked_at_and_sent() {
    let mut tour = Tour::start().await;
    let packs = tour
        .open(Method::GET, "/sticker-packs", json!({}), 200)
        .await;
    let pack = &packs["sticker_packs"][0];
    tour.get(&format!("/sticker-packs/{}", id(pack))).await;
    let unknown = tour
        .bot(Method::GET, "/sticker-packs/1", Value::Null, 404)
        .await;
    assert_eq!(unknown["code"], 10_061);
    let wave = &pack["stickers"][0];
    assert_eq!(
        tour.get(&format!("/stickers/{}", id(wave))).await["pack_id"],
        pack["id"]
    );
    let messages = format!("/channels/{}/messages", tour.channel());
    let sent = tour
        .post(&messages, json!({"sticker_ids": [wave["id"]]}))
        .await;
    assert_eq!(sent["sticker_items"][0]["format_type"], 3);
}

#[tokio::test]
async fn emojis_keep_to_their_limits() {
    let mut tour = Tour::start().await;
    let path = format!("/guilds/{}/emojis", tour.guild());
    let body = |name: &str, image: String| json!({"name": name, "image": image});
    let small = data_uri("image/png", &png(10));
    for (wrong, code) in [
        (body("two words", small.clone()), 50_035),
        (body("x", small.clone()), 50_035),
        (body("fine", "data:text/plain;base64,aGk=".into()), 50_035),
        (
            body("fine", data_uri("image/png", &vec![0; 257 * 1024])),
            50_138,
        ),
        (
            json!({"name": "fine", "image": small, "roles": ["1"]}),
            10_011,
        ),
    ] {
        let request = tour.app.bot(Method::POST, &path).json(&wrong);
        let (_, refused) = answer(request.send().await.expect("an answer")).await;
        assert_eq!(refused["code"], code, "{refused}");
    }
    let moving = data_uri("image/gif", b"GIF89a");
    for at in 0..50 {
        let made = tour
            .create(&path, body(&format!("move_{at}"), moving.clone()))
            .await;
        assert_eq!(made["animated"], true);
    }
    let refused = tour
        .bot(Method::POST, &path, body("more", moving), 400)
        .await;
    assert_eq!(refused["code"], 30_018);
    tour.create(&path, body("still", small)).await;
}

#[tokio::test]
async fn an_application_has_emojis_of_its_own() {
    let mut tour = Tour::start().await;
    let application = id(&tour.get("/applications/@me").await);
    let path = format!("/applications/{application}/emojis");
    let image = data_uri("image/png", &png(10));
    let made = tour
        .create(&path, json!({"name": "tick", "image": image}))
        .await;
    let again = tour
        .bot(
            Method::POST,
            &path,
            json!({"name": "tick", "image": image}),
            400,
        )
        .await;
    assert_eq!(again["code"], 50_035);
    assert_eq!(tour.get(&path).await["items"][0]["id"], made["id"]);
    let one = format!("{path}/{}", id(&made));
    tour.get(&one).await;
    assert_eq!(
        tour.patch(&one, json!({"name": "check"})).await["name"],
        "check"
    );
    let said = tour.app.says("ada", &tour.channel(), "good?").await;
    let reaction = format!(
        "/channels/{}/messages/{}/reactions/check:{}/@me",
        tour.channel(),
        id(&said),
        id(&made)
    );
    tour.done(Method::PUT, &reaction, Value::Null).await;
    tour.done(Method::DELETE, &one, Value::Null).await;
    assert_eq!(
        tour.bot(Method::GET, &one, Value::Null, 404).await["code"],
        10_014
    );
}
