//! Applications: how they present themselves, what they sell, where they are installed, and the
//! routes that take no bot's token.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::rest_judged::{Tour, id};
use crate::support::{TALK, answer};

const PICTURE: &str = "data:image/png;base64,iVBORw0KGgo=";

#[tokio::test]
async fn a_bot_changes_its_application_and_itself() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK | 1 << 1).await;
    let me = tour.get("/applications/@me").await;
    tour.get(&format!("/applications/{}", id(&me))).await;
    let body = json!({
        "description": "Helps", "tags": ["help"], "icon": PICTURE, "flags": 1 << 19,
        "interactions_endpoint_url": null, "custom_install_url": "https://example.test/add",
        "install_params": {"scopes": ["bot"], "permissions": "0"},
        "integration_types_config": {"0": {}},
    });
    let changed = tour.patch("/applications/@me", body).await;
    assert_eq!(
        (&changed["description"], &changed["tags"]),
        (&json!("Helps"), &json!(["help"]))
    );
    assert_eq!(
        changed["flags"],
        1 << 19,
        "the other privileged intents are off now"
    );
    let refused = tour
        .bot(
            Method::PATCH,
            "/applications/@me",
            json!({"tags": ["x".repeat(21)]}),
            400,
        )
        .await;
    assert!(refused["errors"]["tags"]["0"].is_object());
    let ada = tour.app.user("ada");
    let foreign = tour
        .bot(
            Method::GET,
            &format!("/applications/{ada}"),
            Value::Null,
            404,
        )
        .await;
    assert_eq!(foreign["code"], 10_002);
    let body = json!({"username": "steward", "avatar": PICTURE, "banner": PICTURE});
    let user = tour.patch("/users/@me", body).await;
    assert_eq!(user["username"], "steward");
    assert_eq!(socket.until("USER_UPDATE").await["avatar"], user["avatar"]);
    let told = socket.until("GUILD_MEMBER_UPDATE").await;
    assert_eq!(told["user"]["username"], "steward");
    let refused = tour
        .bot(
            Method::PATCH,
            "/users/@me",
            json!({"username": "everyone"}),
            400,
        )
        .await;
    assert!(refused["errors"]["username"].is_object());
}

#[tokio::test]
async fn fields_for_linked_roles_are_replaced_together() {
    let mut tour = Tour::start().await;
    let application = id(&tour.get("/applications/@me").await);
    let path = format!("/applications/{application}/role-connections/metadata");
    assert_eq!(tour.get(&path).await, json!([]));
    let record = json!({"type": 2, "key": "level", "name": "Level", "description": "How far"});
    let kept = tour.bot(Method::PUT, &path, json!([record]), 200).await;
    assert_eq!(tour.get(&path).await, kept);
    let refused = tour
        .bot(Method::PUT, &path, json!([record, record]), 400)
        .await;
    assert!(refused["errors"]["1"]["key"].is_object());
    let refused = tour
        .bot(Method::PUT, &path, json!([{"type": 9}]), 400)
        .await;
    assert!(refused["errors"]["0"]["type"].is_object());
}

#[tokio::test]
async fn what_is_sold_is_bought_used_up_and_told() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK).await;
    let application = id(&tour.get("/applications/@me").await);
    let mut sell = Vec::new();
    for (name, kind) in [("Potion", 3), ("Club", 5)] {
        let body = json!({"application_id": application, "name": name, "type": kind});
        sell.push(id(&tour.app.control(Method::POST, "/skus", body).await));
    }
    let (potion, club) = (&sell[0], &sell[1]);
    let skus = tour
        .app
        .bot(Method::GET, &format!("/applications/{application}/skus"));
    let (_, skus) = answer(skus.send().await.expect("an answer")).await;
    assert_eq!(
        skus.as_array().expect("a list").len(),
        3,
        "a subscription has a group"
    );
    let ada = tour.app.user("ada");
    let entitlements = format!("/applications/{application}/entitlements");
    let test = json!({"sku_id": potion, "owner_id": ada, "owner_type": 2});
    let made = tour.post(&entitlements, test).await;
    assert_eq!(socket.until("ENTITLEMENT_CREATE").await["id"], made["id"]);
    let one = format!("{entitlements}/{}", id(&made));
    tour.get(&one).await;
    tour.done(Method::POST, &format!("{one}/consume"), Value::Null)
        .await;
    assert_eq!(socket.until("ENTITLEMENT_UPDATE").await["consumed"], true);
    tour.done(Method::DELETE, &one, Value::Null).await;
    assert_eq!(socket.until("ENTITLEMENT_DELETE").await["deleted"], true);
    assert_eq!(
        tour.bot(Method::GET, &one, Value::Null, 404).await["code"],
        10_029
    );
    let unknown = json!({"sku_id": "1", "owner_id": ada, "owner_type": 2});
    assert_eq!(
        tour.bot(Method::POST, &entitlements, unknown, 404).await["code"],
        10_027
    );
    let buy = format!("/skus/{club}/purchases");
    tour.app
        .control(Method::POST, &buy, json!({"as": ada}))
        .await;
    assert_eq!(
        socket.until("SUBSCRIPTION_CREATE").await["sku_ids"],
        json!([club])
    );
    let of_ada = tour
        .get(&format!("{entitlements}?user_id={ada}&sku_ids={club}"))
        .await;
    assert_eq!(of_ada[0]["type"], 8);
    let subscriptions = format!("/skus/{club}/subscriptions");
    let all = tour.get(&format!("{subscriptions}?user_id={ada}")).await;
    tour.get(&format!("{subscriptions}/{}?user_id={ada}", id(&all[0])))
        .await;
    let body = json!({"name": "perk", "description": "d"});
    tour.create(&format!("/applications/{application}/commands"), body)
        .await;
    let person = tour.app.sandbox.person("ada").expect("ada");
    person
        .runs(tour.app.info.channel_id, "perk", &json!({}))
        .await
        .expect("a run");
    let event = socket.until("INTERACTION_CREATE").await;
    assert_eq!(event["entitlements"][0]["sku_id"], json!(club));
    let month = json!({"ms": 31_u64 * 24 * 60 * 60 * 1_000});
    tour.app
        .control(Method::POST, "/clock/advance", month)
        .await;
    let ended = tour
        .get(&format!("{entitlements}?exclude_ended=true"))
        .await;
    assert_eq!(ended, json!([]));
}

#[tokio::test]
async fn an_integration_is_a_bot_and_goes_with_it() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(1 | 1 << 4).await;
    let bot = tour.app.control(
        Method::POST,
        "/users",
        json!({"username": "second", "bot": true}),
    );
    let bot = id(&bot.await);
    let members = format!("/guilds/{}/members", tour.guild());
    tour.app
        .control(Method::POST, &members, json!({"user_id": bot}))
        .await;
    assert_eq!(
        socket.until("INTEGRATION_CREATE").await["application"]["id"],
        json!(bot)
    );
    let path = format!("/guilds/{}/integrations", tour.guild());
    let all = tour.get(&path).await;
    let names: Vec<_> = all
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert!(names.contains(&&json!("second")), "{names:?}");
    tour.done(Method::DELETE, &format!("{path}/{bot}"), Value::Null)
        .await;
    assert_eq!(socket.until("INTEGRATION_DELETE").await["id"], json!(bot));
    socket.until("GUILD_INTEGRATIONS_UPDATE").await;
    let member = format!("{members}/{bot}");
    assert_eq!(
        tour.bot(Method::GET, &member, Value::Null, 404).await["code"],
        10_007
    );
    let gone = tour
        .bot(Method::DELETE, &format!("{path}/{bot}"), Value::Null, 404)
        .await;
    assert_eq!(gone["code"], 10_005);
}

#[tokio::test]
async fn lobbies_are_made_filled_and_emptied() {
    let mut tour = Tour::start().await;
    let (ada, artist) = (tour.app.user("ada"), tour.app.user("artist"));
    let body = json!({"metadata": {"map": "hall"}, "members": [{"id": ada, "metadata": null}]});
    let lobby = tour.create("/lobbies", body).await;
    let path = format!("/lobbies/{}", id(&lobby));
    tour.get(&path).await;
    tour.patch(&path, json!({"metadata": null})).await;
    let member = format!("{path}/members/{artist}");
    tour.bot(Method::PUT, &member, json!({"flags": 1}), 200)
        .await;
    let bulk = json!([{"id": artist, "remove_member": true}, {"id": ada, "metadata": {"x": "y"}}]);
    tour.post(&format!("{path}/members/bulk"), bulk).await;
    let gone = tour.bot(Method::DELETE, &member, Value::Null, 404).await;
    assert_eq!(gone["code"], 10_007);
    let secret = json!({"secret": "hush", "lobby_metadata": {"a": "b"}});
    let entered = tour.bot(Method::PUT, "/lobbies", secret.clone(), 200).await;
    let again = tour.bot(Method::PUT, "/lobbies", secret, 200).await;
    assert_eq!(entered["id"], again["id"]);
    tour.done(
        Method::DELETE,
        &format!("/lobbies/{}/members/@me", id(&entered)),
        Value::Null,
    )
    .await;
    let long = json!({"metadata": {"k": "x".repeat(1025)}});
    tour.bot(Method::POST, "/lobbies", long, 400).await;
    tour.done(Method::DELETE, &path, Value::Null).await;
    assert_eq!(
        tour.bot(Method::GET, &path, Value::Null, 404).await["code"],
        10_031
    );
}

#[tokio::test]
async fn files_of_activities_are_kept_and_what_takes_other_tokens_says_so() {
    let mut tour = Tour::start().await;
    let application = id(&tour.get("/applications/@me").await);
    let path = format!("/applications/{application}/attachment");
    let form = Form::new().part("file", Part::bytes(b"hi".to_vec()).file_name("hi.txt"));
    let request = tour.app.bot(Method::POST, &path).multipart(form);
    let (status, body) = answer(request.send().await.expect("an answer")).await;
    assert_eq!(
        (status.as_u16(), &body["attachment"]["filename"]),
        (200, &json!("hi.txt"))
    );
    let path = format!("/applications/{application}/activity-instances/i-1-gc-1-1");
    tour.bot(Method::GET, &path, Value::Null, 404).await;
    tour.open(Method::GET, "/oauth2/keys", json!({}), 200).await;
    for path in ["/oauth2/@me", "/oauth2/userinfo"] {
        assert_eq!(
            tour.bot(Method::GET, path, Value::Null, 401).await["code"],
            50_025
        );
    }
    let role = format!("/users/@me/applications/{application}/role-connection");
    for path in ["/users/@me/connections", &role] {
        assert_eq!(
            tour.bot(Method::GET, path, Value::Null, 403).await["code"],
            20_001
        );
    }
}
