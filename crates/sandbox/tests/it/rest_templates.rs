//! Templates: what a guild looks like, kept under a code, synced by hand, and started anew.

use reqwest::Method;
use serde_json::{Value, json};

use crate::rest_judged::Tour;

#[tokio::test]
async fn a_template_is_made_read_synced_changed_and_deleted_as_documented() {
    let mut tour = Tour::start().await;
    let path = format!("/guilds/{}/templates", tour.guild());
    assert_eq!(tour.get(&path).await, json!([]));
    let refused = tour
        .bot(Method::POST, &path, json!({"name": ""}), 400)
        .await;
    assert_eq!(refused["code"], 50_035);
    let body = json!({"name": "Square", "description": "A place to meet"});
    let template = tour.post(&path, body.clone()).await;
    let refused = tour.bot(Method::POST, &path, body, 400).await;
    assert_eq!(refused["code"], 30_031);
    let code = template["code"].as_str().expect("a code").to_owned();
    let open = format!("/guilds/templates/{code}");
    let read = tour.open(Method::GET, &open, Value::Null, 200).await;
    assert_eq!(read, template);
    assert_eq!(read["is_dirty"], Value::Null);
    let guild = &read["serialized_source_guild"];
    assert_eq!(guild["roles"][0]["name"], "@everyone");
    assert_eq!(guild["roles"][0]["id"], 0);
    let channels = guild["channels"].as_array().expect("channels");
    let hearth = channels.iter().find(|it| it["name"] == "hearth");
    let parent = hearth.expect("a channel")["parent_id"].clone();
    let category = channels
        .iter()
        .find(|it| json!(it["id"].to_string()) == parent);
    assert_eq!(category.expect("a category")["name"], "Voices");
    let bots_role = guild["roles"].as_array().expect("roles");
    assert!(!bots_role.iter().any(|role| role["name"] == "guildhall"));
    let channels = format!("/guilds/{}/channels", tour.guild());
    tour.create(&channels, json!({"name": "attic"})).await;
    let read = tour.open(Method::GET, &open, Value::Null, 200).await;
    assert_eq!(read["is_dirty"], true);
    let one = format!("{path}/{code}");
    let synced = tour.bot(Method::PUT, &one, Value::Null, 200).await;
    assert_eq!(synced["is_dirty"], Value::Null);
    let changed = tour.patch(&one, json!({"description": null})).await;
    assert_eq!(changed["description"], Value::Null);
    assert_eq!(tour.get(&path).await, json!([changed]));
    tour.bot(Method::DELETE, &one, Value::Null, 200).await;
    let refused = tour.open(Method::GET, &open, Value::Null, 404).await;
    assert_eq!(refused["code"], 10_057);
}

#[tokio::test]
async fn a_person_starts_a_guild_from_a_template() {
    let mut tour = Tour::start().await;
    let path = format!("/guilds/{}/templates", tour.guild());
    let template = tour.post(&path, json!({"name": "Square"})).await;
    let code = template["code"].as_str().expect("a code");
    let start = format!("/guilds/templates/{code}");
    let body = json!({"as": tour.app.user("artist"), "name": "Copy"});
    let guild = tour.app.control(Method::POST, &start, body).await;
    assert_eq!(guild["owner_id"], tour.app.user("artist"));
    let state = tour.app.control(Method::GET, "/state", Value::Null).await;
    let guilds = state["guilds"].as_array().expect("guilds");
    let copy = guilds.iter().find(|it| it["id"] == guild["id"]);
    let copy = copy.expect("the new guild");
    let original = &guilds[0];
    let names = |guild: &Value| -> Vec<Value> {
        let channels = guild["channels"].as_array().expect("channels").iter();
        let mut names: Vec<_> = channels.map(|it| it["name"].clone()).collect();
        names.sort_by_key(Value::to_string);
        names
    };
    assert_eq!(names(copy), names(original));
    let roles = |guild: &Value| guild["roles"].as_array().expect("roles").len();
    assert_eq!(roles(copy) + 1, roles(original), "all but the bot's own");
    let used = tour.get(&path).await;
    assert_eq!(used[0]["usage_count"], 1);
}
