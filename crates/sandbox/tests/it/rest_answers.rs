//! Interactions in full: options and what they resolve to, completion, selects, modals, answers
//! and their time limits.

use reqwest::Method;
use sandbox::Snowflake;
use serde_json::{Value, json};

use crate::rest_judged::{Tour, id};
use crate::support::{Socket, TALK};

fn callback(event: &Value) -> String {
    let part = |key: &str| event[key].as_str().expect("a part of the path").to_owned();
    format!(
        "/interactions/{}/{}/callback?with_response=true",
        part("id"),
        part("token")
    )
}

fn webhook(event: &Value) -> String {
    let part = |key: &str| event[key].as_str().expect("a part of the path").to_owned();
    format!("/webhooks/{}/{}", part("application_id"), part("token"))
}

async fn register(tour: &mut Tour, command: Value) -> Value {
    let application = id(&tour.get("/applications/@me").await);
    let path = format!(
        "/applications/{application}/guilds/{}/commands",
        tour.guild()
    );
    tour.create(&path, command).await
}

async fn heard(socket: &mut Socket) -> Value {
    socket.until("INTERACTION_CREATE").await
}

async fn seen(tour: &Tour, interaction: &Value) -> Value {
    let path = format!("/interactions/{}", id(interaction));
    tour.app.control(Method::GET, &path, Value::Null).await
}

fn number(value: &Value) -> Snowflake {
    value["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a number")
}

#[tokio::test]
async fn options_arrive_nested_checked_and_resolved() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK).await;
    register(
        &mut tour,
        json!({
            "name": "role", "description": "d", "options": [{
                "type": 1, "name": "give", "description": "d", "options": [
                    {"type": 6, "name": "who", "description": "d", "required": true},
                    {"type": 8, "name": "what", "description": "d"},
                    {"type": 7, "name": "where", "description": "d", "channel_types": [0]},
                    {"type": 4, "name": "days", "description": "d", "min_value": 1, "max_value": 7},
                    {"type": 3, "name": "why", "description": "d",
                     "choices": [{"name": "Merit", "value": "m"}]},
                    {"type": 5, "name": "loud", "description": "d"},
                ],
            }],
        }),
    )
    .await;
    let channel = tour.app.info.channel_id;
    let moderator = tour.app.sandbox.person("moderator").expect("a moderator");
    let (ada, guild) = (tour.app.user("ada"), tour.guild());
    let options = json!({
        "who": ada, "what": guild, "where": channel, "days": "3", "why": "Merit", "loud": true,
    });
    moderator
        .runs(channel, "role give", &options)
        .await
        .expect("a run");
    let event = heard(&mut socket).await;
    let sub = &event["data"]["options"][0];
    assert_eq!((&sub["name"], &sub["type"]), (&json!("give"), &json!(1)));
    let value = |name: &str| {
        let options = sub["options"].as_array().expect("options");
        options
            .iter()
            .find(|it| it["name"] == name)
            .expect("the option")["value"]
            .clone()
    };
    assert_eq!(
        (value("days"), value("why"), value("loud")),
        (json!(3), json!("m"), json!(true))
    );
    let resolved = &event["data"]["resolved"];
    assert_eq!(resolved["users"][&ada]["username"], "ada");
    assert!(resolved["members"][&ada]["permissions"].is_string());
    assert_eq!(resolved["roles"][&guild]["name"], "@everyone");
    assert_eq!(resolved["channels"][channel.to_string()]["type"], 0);
    assert_eq!(event["context"], 0);
    assert_eq!(event["authorizing_integration_owners"], json!({"0": guild}));
    for (options, wrong) in [
        (json!({}), "who"),
        (json!({"who": "1"}), "who"),
        (json!({"who": ada, "days": 8}), "days"),
        (json!({"who": ada, "why": "because"}), "why"),
        (json!({"who": ada, "loud": "perhaps"}), "loud"),
        (json!({"who": ada, "unknown": 1}), "unknown"),
    ] {
        let refused = moderator.runs(channel, "role give", &options).await;
        let errors = refused
            .expect_err("it does not fit")
            .errors
            .expect("errors");
        assert!(
            errors["data"]["options"][wrong].is_object(),
            "{wrong}: {errors}"
        );
    }
    moderator
        .runs(channel, "role", &json!({}))
        .await
        .expect_err("a subcommand is missing");
    moderator
        .runs(channel, "nothing", &json!({}))
        .await
        .expect_err("no such command");
}

#[tokio::test]
async fn an_option_is_completed_while_it_is_typed() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK).await;
    register(
        &mut tour,
        json!({"name": "find", "description": "d", "options": [
            {"type": 3, "name": "what", "description": "d", "required": true, "autocomplete": true},
            {"type": 4, "name": "page", "description": "d", "required": true},
        ]}),
    )
    .await;
    let newcomer = tour.app.sandbox.person("newcomer").expect("a newcomer");
    let channel = tour.app.info.channel_id;
    let typed = json!({"what": "ket"});
    let begun = newcomer.completes(channel, "find", &typed, "what").await;
    let begun = begun.expect("it may be completed");
    newcomer
        .completes(channel, "find", &json!({"page": "1"}), "page")
        .await
        .expect_err("that option has no autocomplete");
    let event = heard(&mut socket).await;
    assert_eq!(event["type"], 4);
    assert_eq!(event["data"]["options"][0]["focused"], true);
    let answer = |choices: Value| json!({"type": 8, "data": {"choices": choices}});
    let path = callback(&event);
    tour.open(
        Method::POST,
        &path,
        json!({"type": 4, "data": {"content": "no"}}),
        400,
    )
    .await;
    let wrong = answer(json!([{"name": "Kettle", "value": 5}]));
    let refused = tour.open(Method::POST, &path, wrong, 400).await;
    assert!(
        refused["errors"]["data"]["choices"]["0"]["value"].is_object(),
        "{refused}"
    );
    let right = answer(json!([{"name": "Kettle", "value": "kettle"}]));
    tour.open(Method::POST, &path, right, 200).await;
    let shown = seen(&tour, &begun).await;
    assert_eq!(shown["response"]["choices"][0]["value"], "kettle");
}

#[tokio::test]
async fn context_menus_carry_their_target() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK).await;
    register(&mut tour, json!({"type": 2, "name": "Greet Them"})).await;
    register(&mut tour, json!({"type": 3, "name": "Keep"})).await;
    let said = tour.app.says("ada", &tour.channel(), "keep me").await;
    let (moderator, channel) = (tour.app.user("moderator"), tour.channel());
    let run = |name: &str, target: &str| {
        json!({
            "as": moderator, "type": 2, "channel_id": channel,
            "data": {"name": name, "target_id": target},
        })
    };
    let ada = tour.app.user("ada");
    tour.app
        .control(Method::POST, "/interactions", run("Greet Them", &ada))
        .await;
    let event = heard(&mut socket).await;
    assert_eq!(event["data"]["resolved"]["users"][&ada]["username"], "ada");
    tour.app
        .control(Method::POST, "/interactions", run("Keep", &id(&said)))
        .await;
    let event = heard(&mut socket).await;
    assert_eq!(
        event["data"]["resolved"]["messages"][id(&said)]["content"],
        "keep me"
    );
    let body = json!({"type": 4, "data": {"content": "kept"}});
    let answer = tour.open(Method::POST, &callback(&event), body, 200).await;
    let message = &answer["resource"]["message"];
    assert_eq!(message["type"], 23);
    assert_eq!(
        message["interaction_metadata"]["target_message_id"],
        said["id"]
    );
    let (status, _) = tour
        .app
        .ask(Method::POST, "/interactions", run("Keep", "1"))
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn selects_take_what_they_offer_within_their_bounds() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK).await;
    let row = |select: Value| json!({"type": 1, "components": [select]});
    let body = json!({"content": "pick", "components": [
        row(json!({"type": 3, "custom_id": "words", "min_values": 1, "max_values": 2, "options": [
            {"label": "A", "value": "a"}, {"label": "B", "value": "b"}, {"label": "C", "value": "c"},
        ]})),
        row(json!({"type": 5, "custom_id": "users"})),
        row(json!({"type": 6, "custom_id": "roles"})),
        row(json!({"type": 7, "custom_id": "either", "max_values": 2})),
        row(json!({"type": 8, "custom_id": "places", "channel_types": [0]})),
    ]});
    let message = tour
        .post(&format!("/channels/{}/messages", tour.channel()), body)
        .await;
    let message = number(&message);
    let (channel, guild, ada) = (tour.app.info.channel_id, tour.guild(), tour.app.user("ada"));
    let moderator = tour.app.sandbox.person("moderator").expect("a moderator");
    let place = channel.to_string();
    for (custom_id, values, family) in [
        ("words", vec!["a", "c"], ""),
        ("users", vec![ada.as_str()], "users"),
        ("roles", vec![guild.as_str()], "roles"),
        ("either", vec![ada.as_str(), guild.as_str()], "users"),
        ("places", vec![place.as_str()], "channels"),
    ] {
        moderator
            .picks(channel, message, custom_id, &values)
            .await
            .expect("a pick");
        let event = heard(&mut socket).await;
        assert_eq!(event["data"]["values"], json!(values));
        if !family.is_empty() {
            assert!(event["data"]["resolved"][family].is_object(), "{event}");
        }
    }
    for (custom_id, values) in [
        ("words", vec![]),
        ("words", vec!["a", "b", "c"]),
        ("words", vec!["z"]),
        ("words", vec!["a", "a"]),
        ("users", vec!["1"]),
        ("places", vec![ada.as_str()]),
        ("nowhere", vec!["a"]),
    ] {
        let refused = moderator.picks(channel, message, custom_id, &values).await;
        assert_eq!(
            refused.expect_err("it does not fit").code,
            50_035,
            "{custom_id}"
        );
    }
}

#[tokio::test]
async fn a_modal_with_every_field_is_filled_in() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK).await;
    register(&mut tour, json!({"name": "apply", "description": "d"})).await;
    let channel = tour.app.info.channel_id;
    let newcomer = tour.app.sandbox.person("newcomer").expect("a newcomer");
    let begun = newcomer
        .runs(channel, "apply", &json!({}))
        .await
        .expect("a run");
    let event = heard(&mut socket).await;
    let options = json!([{"label": "One", "value": "1"}, {"label": "Two", "value": "2"}]);
    let label = |component: Value| json!({"type": 18, "label": "L", "component": component});
    let first = json!([
        label(json!({"type": 4, "style": 2, "custom_id": "text", "min_length": 3})),
        label(json!({"type": 21, "custom_id": "radio", "options": options})),
        label(json!({"type": 22, "custom_id": "boxes", "options": options, "min_values": 0})),
        label(json!({"type": 23, "custom_id": "box"})),
        label(json!({"type": 5, "custom_id": "who"})),
    ]);
    let modal = |components: Value| {
        json!({
            "type": 9, "data": {"custom_id": "form", "title": "Apply", "components": components},
        })
    };
    let path = callback(&event);
    let twice = json!([first[0], first[0]]);
    for wrong in [modal(json!([])), modal(twice), modal(json!([{"type": 2}]))] {
        let refused = tour.open(Method::POST, &path, wrong, 400).await;
        assert!(
            refused["errors"]["data"]["components"].is_object(),
            "{refused}"
        );
    }
    tour.open(Method::POST, &path, modal(first), 200).await;
    let shown = seen(&tour, &begun).await;
    assert_eq!(shown["response"]["modal"]["title"], "Apply");
    let ada = tour.app.user("ada");
    let good = json!({"text": "hello", "radio": "2", "boxes": ["1", "2"], "box": true, "who": ada});
    let source = number(&begun);
    for (key, value) in [
        ("text", json!("hi")),
        ("text", json!("")),
        ("radio", json!("9")),
        ("boxes", json!(["3"])),
        ("box", json!("maybe")),
        ("who", json!([])),
        ("other", json!("x")),
    ] {
        let mut fields = good.clone();
        fields[key] = value;
        let refused = newcomer.fills(channel, source, &fields).await;
        let errors = refused
            .expect_err("it does not fit")
            .errors
            .expect("errors");
        assert!(
            errors["data"]["components"][key].is_object(),
            "{key}: {errors}"
        );
    }
    newcomer
        .fills(channel, source, &good)
        .await
        .expect("a filled form");
    let event = heard(&mut socket).await;
    let values: Vec<_> = event["data"]["components"]
        .as_array()
        .expect("components")
        .iter()
        .map(|label| {
            let field = &label["component"];
            field
                .get("value")
                .or(field.get("values"))
                .expect("a value")
                .clone()
        })
        .collect();
    assert_eq!(
        values,
        [
            json!("hello"),
            json!("2"),
            json!(["1", "2"]),
            json!(true),
            json!([ada])
        ]
    );
    let body = json!({"type": 4, "data": {"content": "thanks", "flags": 64}});
    let answer = tour.open(Method::POST, &callback(&event), body, 200).await;
    let metadata = &answer["resource"]["message"]["interaction_metadata"];
    assert_eq!(metadata["triggering_interaction_metadata"]["type"], 2);
}

#[tokio::test]
async fn a_bot_that_thinks_fills_its_answer_later() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK).await;
    register(&mut tour, json!({"name": "think", "description": "d"})).await;
    let channel = tour.app.info.channel_id;
    let newcomer = tour.app.sandbox.person("newcomer").expect("a newcomer");
    let begun = newcomer
        .runs(channel, "think", &json!({}))
        .await
        .expect("a run");
    assert_eq!(seen(&tour, &begun).await["status"], "waiting");
    let event = heard(&mut socket).await;
    let thinking = tour
        .open(Method::POST, &callback(&event), json!({"type": 5}), 200)
        .await;
    assert_eq!(thinking["interaction"]["response_message_loading"], true);
    let shown = socket.until("MESSAGE_CREATE").await;
    assert_eq!((&shown["flags"], &shown["type"]), (&json!(128), &json!(20)));
    let followup = webhook(&event);
    let filled = tour
        .open(Method::POST, &followup, json!({"content": "so"}), 200)
        .await;
    assert_eq!((&filled["id"], &filled["flags"]), (&shown["id"], &json!(0)));
    assert_eq!(filled["edited_timestamp"], Value::Null);
    let body = json!({"content": "psst", "flags": 64});
    let more = tour.open(Method::POST, &followup, body, 200).await;
    assert_eq!((&more["type"], &more["flags"]), (&json!(19), &json!(64)));
    let metadata = &more["interaction_metadata"];
    assert_eq!(metadata["original_response_message_id"], filled["id"]);
    let shown = seen(&tour, &begun).await;
    assert_eq!(shown["response"]["message"]["content"], "so");
    assert_eq!(shown["followups"][0]["content"], "psst");
    let message = format!("{followup}/messages/{}", id(&more));
    tour.open(Method::PATCH, &message, json!({"content": "oh"}), 200)
        .await;
    tour.open(Method::GET, &message, Value::Null, 200).await;
    tour.open(Method::DELETE, &message, Value::Null, 204).await;
    tour.open(Method::GET, &message, Value::Null, 404).await;
    tour.app
        .control(Method::POST, "/clock/advance", json!({"ms": 900_000}))
        .await;
    let late = tour
        .open(Method::POST, &followup, json!({"content": "late"}), 401)
        .await;
    assert_eq!(late["code"], 50_027);
    let unknown = format!(
        "/webhooks/{}/nothing",
        event["application_id"].as_str().expect("an id")
    );
    let refused = tour
        .open(Method::POST, &unknown, json!({"content": "x"}), 404)
        .await;
    assert_eq!(refused["code"], 10_015);
}

#[tokio::test]
async fn in_a_direct_message_the_person_comes_as_a_user() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK | 1 << 12).await;
    let application = id(&tour.get("/applications/@me").await);
    let commands = format!("/applications/{application}/commands");
    tour.create(&commands, json!({"name": "ping", "description": "d"}))
        .await;
    let only_guilds = json!({"name": "guilds-only", "description": "d", "contexts": [0]});
    tour.create(&commands, only_guilds).await;
    let body = json!({"as": tour.app.user("ada"), "recipient_id": application});
    let dm = tour
        .app
        .control(Method::POST, "/users/@me/channels", body)
        .await;
    let ada = tour.app.sandbox.person("ada").expect("ada");
    ada.runs(number(&dm), "guilds-only", &json!({}))
        .await
        .expect_err("not in a DM");
    ada.runs(number(&dm), "ping", &json!({}))
        .await
        .expect("a run");
    let event = heard(&mut socket).await;
    assert_eq!(
        (&event["context"], &event["user"]["username"]),
        (&json!(1), &json!("ada"))
    );
    assert!(event.get("member").is_none() && event.get("guild_id").is_none());
    assert_eq!(event["authorizing_integration_owners"], json!({"0": "0"}));
    let body = json!({"type": 4, "data": {"content": "pong"}});
    let answer = tour.open(Method::POST, &callback(&event), body, 200).await;
    assert_eq!(answer["resource"]["message"]["content"], "pong");
}
