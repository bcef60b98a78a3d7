//! Application commands: registered within Discord's limits, offered to those who may use them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::rest_judged::{Tour, id};
use crate::support::TALK;

async fn scopes(tour: &mut Tour) -> (String, String) {
    let me = tour.get("/applications/@me").await;
    let application = id(&me);
    let global = format!("/applications/{application}/commands");
    let guild = format!(
        "/applications/{application}/guilds/{}/commands",
        tour.guild()
    );
    (global, guild)
}

#[tokio::test]
async fn every_kind_of_command_and_option_is_as_documented() {
    let mut tour = Tour::start().await;
    let (global, guild) = scopes(&mut tour).await;
    let values: Vec<Value> = (3..=11)
        .map(|kind| json!({"type": kind, "name": format!("o{kind}"), "description": "d"}))
        .collect();
    let full = json!({
        "name": "ask", "description": "Ask", "name_localizations": {"de": "frage"},
        "description_localizations": {"de": "Frage"}, "default_member_permissions": "32",
        "nsfw": false, "contexts": [0, 1], "integration_types": [0],
        "options": [{
            "type": 2, "name": "group", "description": "d", "options": [
                {"type": 1, "name": "one", "description": "d", "options": values},
            ],
        }],
    });
    let made = tour.create(&global, full.clone()).await;
    assert_eq!(made["dm_permission"], true);
    let again = tour.post(&global, full).await;
    assert_eq!(
        (&again["id"], &again["version"]),
        (&made["id"], &made["version"])
    );
    let listed = tour.get(&global).await;
    assert!(listed[0].get("name_localizations").is_none());
    let listed = tour.get(&format!("{global}?with_localizations=true")).await;
    assert_eq!(listed[0]["name_localizations"]["de"], "frage");
    let entry = json!({"type": 4, "name": "Launch", "handler": 2});
    tour.create(&global, entry).await;
    let one = format!("{global}/{}", id(&made));
    let changed = tour.patch(&one, json!({"description": "Ask us"})).await;
    assert_eq!(changed["description"], "Ask us");
    assert_eq!(changed["options"], made["options"]);
    assert_ne!(changed["version"], made["version"]);
    tour.get(&one).await;
    tour.done(Method::DELETE, &one, Value::Null).await;
    let gone = tour.bot(Method::GET, &one, Value::Null, 404).await;
    assert_eq!(gone["code"], 10_063);
    let ask = json!({"name": "ask", "description": "d"});
    let bulk = json!([ask, {"type": 2, "name": "Greet Them"}, {"type": 3, "name": "Keep"}]);
    let before = tour.bot(Method::PUT, &guild, bulk, 200).await;
    let bulk = json!([{"type": 2, "name": "Greet Them"}, {"name": "new", "description": "d"}]);
    let after = tour.bot(Method::PUT, &guild, bulk, 200).await;
    assert_eq!(after.as_array().expect("a list").len(), 2);
    assert_eq!(
        after[0]["id"], before[1]["id"],
        "the same name and type keep their id"
    );
}

#[tokio::test]
async fn a_command_beyond_the_limits_is_refused_where_it_errs() {
    let mut tour = Tour::start().await;
    let (global, guild) = scopes(&mut tour).await;
    let option = |extra: Value| {
        let mut option = json!({"type": 3, "name": "o", "description": "d"});
        for (key, value) in extra.as_object().expect("fields") {
            option[key] = value.clone();
        }
        json!({"name": "ok", "description": "d", "options": [option]})
    };
    let many: Vec<_> = (0..26)
        .map(|i| json!({"name": format!("{i}"), "value": "v"}))
        .collect();
    let sub = json!({"type": 1, "name": "s", "description": "d"});
    let value = json!({"type": 3, "name": "v", "description": "d"});
    let required = json!({"type": 3, "name": "r", "description": "d", "required": true});
    for (body, pointer) in [
        (json!({"name": "Upper", "description": "d"}), "/name"),
        (json!({"name": "two words", "description": "d"}), "/name"),
        (json!({"name": "ok", "description": ""}), "/description"),
        (
            json!({"name": "ok", "description": "d", "name_localizations": {"xx": "n"}}),
            "/name_localizations/xx",
        ),
        (
            json!({"type": 2, "name": "Ok", "description": "no"}),
            "/description",
        ),
        (
            json!({"name": "ok", "description": "d", "contexts": [7]}),
            "/contexts/0",
        ),
        (option(json!({"choices": many})), "/options/0/choices"),
        (
            option(json!({"choices": [{"name": "n", "value": 5}]})),
            "/options/0/choices/0/value",
        ),
        (
            option(json!({"autocomplete": true, "choices": [{"name": "n", "value": "v"}]})),
            "/options/0/choices",
        ),
        (
            option(json!({"type": 4, "min_value": 0.5})),
            "/options/0/min_value",
        ),
        (option(json!({"max_length": 6001})), "/options/0/max_length"),
        (
            json!({"name": "ok", "description": "d", "options": [sub, value]}),
            "/options/1/type",
        ),
        (
            json!({"name": "ok", "description": "d", "options": [value, value]}),
            "/options/1/name",
        ),
        (
            json!({"name": "ok", "description": "d", "options": [value, required]}),
            "/options/1",
        ),
    ] {
        let refused = tour.bot(Method::POST, &global, body.clone(), 400).await;
        assert_eq!(refused["code"], 50_035);
        let errors = refused["errors"].pointer(pointer);
        assert!(
            errors.is_some_and(|at| at["_errors"].is_array()),
            "{pointer}: {refused}"
        );
        let refused = tour.bot(Method::PUT, &guild, json!([body]), 400).await;
        let errors = refused["errors"].pointer(&format!("/0{pointer}"));
        assert!(
            errors.is_some_and(|at| at["_errors"].is_array()),
            "{pointer}: {refused}"
        );
    }
    let ask = json!({"name": "ask", "description": "d"});
    let refused = tour.bot(Method::PUT, &global, json!([ask, ask]), 400).await;
    assert!(refused["errors"]["1"]["name"].is_object());
    for at in 0..15 {
        tour.create(&guild, json!({"type": 2, "name": format!("U{at}")}))
            .await;
    }
    let refused = tour
        .bot(
            Method::POST,
            &guild,
            json!({"type": 2, "name": "more"}),
            400,
        )
        .await;
    assert_eq!(refused["code"], 30_032);
    let foreign = format!("/applications/{}/commands", tour.app.user("ada"));
    assert_eq!(
        tour.bot(Method::GET, &foreign, Value::Null, 404).await["code"],
        10_002
    );
    let elsewhere = global.replace("/commands", "/guilds/1/commands");
    assert_eq!(
        tour.bot(Method::GET, &elsewhere, Value::Null, 403).await["code"],
        50_001
    );
}

#[tokio::test]
async fn people_decide_who_may_use_a_command() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK).await;
    let (_, guild) = scopes(&mut tour).await;
    let body = json!({"name": "ban-hammer", "description": "d", "default_member_permissions": "4"});
    let command = tour.create(&guild, body).await;
    let newcomer = tour.app.sandbox.person("newcomer").expect("a newcomer");
    let channel = tour.app.info.channel_id;
    let refused = newcomer.runs(channel, "ban-hammer", &json!({})).await;
    assert_eq!(refused.expect_err("not for newcomers").code, 50_013);
    let index = format!(
        "/channels/{channel}/application-command-index?as={}",
        newcomer.id()
    );
    let offered = tour.app.control(Method::GET, &index, Value::Null).await;
    assert_eq!(offered["application_commands"], json!([]));
    let all = format!("{guild}/permissions");
    assert_eq!(tour.get(&all).await, json!([]));
    let one = format!("{guild}/{}/permissions", id(&command));
    assert_eq!(
        tour.bot(Method::GET, &one, Value::Null, 404).await["code"],
        10_066
    );
    let allow = |kind: u64, id: &str, may: bool| json!({"id": id, "type": kind, "permission": may});
    let own = newcomer.id().to_string();
    let body = json!({"permissions": [allow(2, &own, true)]});
    assert_eq!(
        tour.bot(Method::PUT, &one, body.clone(), 403).await["code"],
        20_001
    );
    let owner = tour.app.user("ada");
    let by_owner = |body: &Value| {
        let mut body = body.clone();
        body["as"] = json!(owner);
        body
    };
    tour.app.control(Method::PUT, &one, by_owner(&body)).await;
    let told = socket.until("APPLICATION_COMMAND_PERMISSIONS_UPDATE").await;
    assert_eq!(told["permissions"][0]["id"], own);
    tour.get(&one).await;
    newcomer
        .runs(channel, "ban-hammer", &json!({}))
        .await
        .expect("now allowed");
    socket.until("INTERACTION_CREATE").await;
    let body = json!({"permissions": [
        allow(2, &own, true), allow(3, &channel.to_string(), false),
    ]});
    tour.app.control(Method::PUT, &one, by_owner(&body)).await;
    let refused = newcomer.runs(channel, "ban-hammer", &json!({})).await;
    assert_eq!(refused.expect_err("not in this channel").code, 50_013);
    let log = tour
        .get(&format!(
            "/guilds/{}/audit-logs?action_type=121",
            tour.guild()
        ))
        .await;
    assert_eq!(
        log["audit_log_entries"].as_array().expect("entries").len(),
        2
    );
    let named = &log["application_commands"][0]["name"];
    assert_eq!(
        named, "ban-hammer",
        "the log shows the commands that it names"
    );
}
