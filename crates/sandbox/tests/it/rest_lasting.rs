//! What applications, AutoMod and people decided is saved with a world, and goes with what it
//! names.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::rest_judged::{Tour, id};

const PICTURE: &str = "data:image/png;base64,iVBORw0KGgo=";

#[tokio::test]
async fn all_of_it_comes_back_from_a_snapshot() {
    let mut tour = Tour::start().await;
    let (guild, channel) = (tour.guild(), tour.channel());
    let application = id(&tour.get("/applications/@me").await);
    let ada = tour.app.user("ada");
    let rule = json!({
        "name": "words", "event_type": 1, "trigger_type": 1, "enabled": true,
        "trigger_metadata": {"keyword_filter": ["1767225600000000000"], "regex_patterns": ["a+"]},
        "actions": [{"type": 2, "metadata": {"channel_id": channel}}],
        "exempt_roles": [guild], "exempt_channels": [channel],
    });
    tour.post(&format!("/guilds/{guild}/auto-moderation/rules"), rule)
        .await;
    let commands = format!("/applications/{application}/guilds/{guild}/commands");
    let command = tour
        .create(&commands, json!({"name": "ask", "description": "d"}))
        .await;
    let permissions = format!("{commands}/{}/permissions", id(&command));
    let body = json!({"as": ada, "permissions": [{"id": ada, "type": 2, "permission": true}]});
    tour.app.control(Method::PUT, &permissions, body).await;
    let sku = json!({"application_id": application, "name": "Club", "type": 5});
    let sku = id(&tour.app.control(Method::POST, "/skus", sku).await);
    let buy = format!("/skus/{sku}/purchases");
    tour.app
        .control(Method::POST, &buy, json!({"as": ada}))
        .await;
    tour.create("/lobbies", json!({"members": [{"id": ada}]}))
        .await;
    let emojis = format!("/applications/{application}/emojis");
    tour.create(&emojis, json!({"name": "tick", "image": PICTURE}))
        .await;
    tour.patch(
        "/applications/@me",
        json!({"icon": PICTURE, "tags": ["help"]}),
    )
    .await;
    let records = format!("/applications/{application}/role-connections/metadata");
    let record = json!({"type": 2, "key": "level", "name": "Level", "description": "How far"});
    tour.bot(Method::PUT, &records, json!([record]), 200).await;
    let invite = tour
        .post(&format!("/channels/{channel}/invites"), json!({}))
        .await;
    let code = invite["code"].as_str().expect("a code");
    let file = Part::bytes(b"1767225600000000000".to_vec()).file_name("users.csv");
    let form = Form::new().part("target_users_file", file);
    let targets = format!("/invites/{code}/target-users");
    let sent = tour
        .app
        .bot(Method::PUT, &targets)
        .multipart(form)
        .send()
        .await;
    assert_eq!(sent.expect("an answer").status().as_u16(), 204);
    let person = tour.app.sandbox.person("ada").expect("ada");
    person
        .runs(tour.app.info.channel_id, "ask", &json!({}))
        .await
        .expect("a run");
    let saved = tour
        .app
        .control(Method::GET, "/snapshot", Value::Null)
        .await;
    tour.app.control(Method::PUT, "/snapshot", saved).await;
    let rules = tour
        .get(&format!("/guilds/{guild}/auto-moderation/rules"))
        .await;
    assert_eq!(
        rules[0]["trigger_metadata"]["regex_patterns"],
        json!(["a+"])
    );
    assert_eq!(
        tour.get(&permissions).await["permissions"][0]["id"],
        json!(ada)
    );
    assert_eq!(tour.get(&emojis).await["items"][0]["name"], "tick");
    let bought = format!("/applications/{application}/entitlements");
    assert_eq!(tour.get(&bought).await[0]["sku_id"], json!(sku));
    assert_eq!(
        tour.get(&format!("{targets}/job-status")).await["total_users"],
        1
    );
}

#[tokio::test]
async fn rules_and_permissions_let_go_of_what_is_deleted() {
    let mut tour = Tour::start().await;
    let guild = tour.guild();
    let application = id(&tour.get("/applications/@me").await);
    let role = tour
        .post(&format!("/guilds/{guild}/roles"), json!({"name": "quiet"}))
        .await;
    let body = json!({"name": "log", "type": 0});
    let log = tour
        .create(&format!("/guilds/{guild}/channels"), body)
        .await;
    let rules = format!("/guilds/{guild}/auto-moderation/rules");
    let rule = json!({
        "name": "words", "event_type": 1, "trigger_type": 1,
        "actions": [{"type": 1}, {"type": 2, "metadata": {"channel_id": log["id"]}}],
        "exempt_roles": [role["id"]], "exempt_channels": [log["id"]],
    });
    tour.post(&rules, rule).await;
    let commands = format!("/applications/{application}/guilds/{guild}/commands");
    let command = tour
        .create(&commands, json!({"name": "ask", "description": "d"}))
        .await;
    let permissions = format!("{commands}/{}/permissions", id(&command));
    let entries = json!([{"id": role["id"], "type": 1, "permission": true}]);
    let body = json!({"as": tour.app.user("ada"), "permissions": entries});
    tour.app.control(Method::PUT, &permissions, body).await;
    tour.done(
        Method::DELETE,
        &format!("/guilds/{guild}/roles/{}", id(&role)),
        Value::Null,
    )
    .await;
    tour.bot(
        Method::DELETE,
        &format!("/channels/{}", id(&log)),
        Value::Null,
        200,
    )
    .await;
    let rule = tour.get(&rules).await[0].clone();
    assert_eq!(rule["exempt_roles"], json!([]));
    assert_eq!(rule["exempt_channels"], json!([]));
    assert_eq!(rule["actions"].as_array().expect("actions").len(), 1);
    assert_eq!(
        tour.bot(Method::GET, &permissions, Value::Null, 404).await["code"],
        10_066
    );
    let saved = tour
        .app
        .control(Method::GET, "/snapshot", Value::Null)
        .await;
    tour.app.control(Method::PUT, "/snapshot", saved).await;
}

#[tokio::test]
async fn two_hundred_new_commands_are_a_days_work() {
    let mut tour = Tour::start().await;
    let application = id(&tour.get("/applications/@me").await);
    let path = format!("/applications/{application}/commands");
    for round in ["a", "b"] {
        let named = |at: usize| json!({"name": format!("{round}{at}"), "description": "d"});
        let bulk: Vec<_> = (0..100).map(named).collect();
        tour.bot(Method::PUT, &path, json!(bulk), 200).await;
        tour.bot(Method::PUT, &path, json!(bulk), 200).await;
    }
    tour.bot(Method::PUT, &path, json!([]), 200).await;
    let one = json!({"name": "more", "description": "d"});
    let refused = tour.bot(Method::POST, &path, one.clone(), 400).await;
    assert_eq!(refused["code"], 30_034);
    let day = json!({"ms": 24 * 60 * 60 * 1_000});
    tour.app.control(Method::POST, "/clock/advance", day).await;
    tour.create(&path, one).await;
}
