//! AutoMod: rules are made within their limits, and people who trip them meet the effects.

use reqwest::Method;
use serde_json::{Value, json};

use crate::rest_judged::{Tour, id};
use crate::support::TALK;

/// AUTO_MODERATION_CONFIGURATION and AUTO_MODERATION_EXECUTION.
const AUTOMOD: u64 = 1 << 20 | 1 << 21;

fn rules(tour: &Tour) -> String {
    format!("/guilds/{}/auto-moderation/rules", tour.guild())
}

fn keyword(words: &Value, actions: &Value) -> Value {
    json!({
        "name": "words", "event_type": 1, "trigger_type": 1, "enabled": true,
        "trigger_metadata": {"keyword_filter": words}, "actions": actions,
    })
}

async fn says(tour: &Tour, who: &str, channel: &str, content: &str) -> (u16, Value) {
    let body = json!({"as": tour.app.user(who), "content": content});
    let path = format!("/channels/{channel}/messages");
    let (status, body) = tour.app.ask(Method::POST, &path, body).await;
    (status.as_u16(), body)
}

#[tokio::test]
async fn rules_of_every_trigger_are_as_documented() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK | AUTOMOD).await;
    let (path, channel) = (rules(&tour), tour.channel());
    let alert = json!({"type": 2, "metadata": {"channel_id": channel}});
    let block = json!({"type": 1});
    for (trigger, event, metadata, actions) in [
        (
            1,
            1,
            json!({"regex_patterns": ["^a+$"], "allow_list": ["aa"]}),
            json!([block, alert]),
        ),
        (3, 1, json!({}), json!([alert])),
        (
            4,
            1,
            json!({"presets": [1, 3], "allow_list": ["shitake"]}),
            json!([block]),
        ),
        (
            5,
            1,
            json!({"mention_total_limit": 4, "mention_raid_protection_enabled": true}),
            json!([block, {"type": 3, "metadata": {"duration_seconds": 60}}]),
        ),
        (
            6,
            2,
            json!({"keyword_filter": ["*admin*"]}),
            json!([{"type": 4}, alert]),
        ),
    ] {
        let body = json!({
            "name": "rule", "trigger_type": trigger, "event_type": event,
            "trigger_metadata": metadata, "actions": actions,
            "exempt_channels": [channel], "exempt_roles": ["1"],
        });
        let rule = tour.post(&path, body).await;
        assert_eq!(rule["enabled"], false, "rules begin switched off");
        assert_eq!(
            rule["exempt_roles"],
            json!([]),
            "a role that nobody knows is left out"
        );
        let told = socket.until("AUTO_MODERATION_RULE_CREATE").await;
        assert_eq!(told, rule);
    }
    let all = tour.get(&path).await;
    assert_eq!(all.as_array().expect("a list").len(), 5);
    let one = format!("{path}/{}", id(&all[0]));
    tour.get(&one).await;
    let body = json!({"enabled": true, "trigger_metadata": {"keyword_filter": ["dog"]}});
    let changed = tour.patch(&one, body).await;
    assert_eq!(
        changed["trigger_metadata"]["keyword_filter"],
        json!(["dog"])
    );
    assert_eq!(
        changed["trigger_metadata"]["regex_patterns"],
        json!(["^a+$"])
    );
    assert_eq!(socket.until("AUTO_MODERATION_RULE_UPDATE").await, changed);
    tour.done(Method::DELETE, &one, Value::Null).await;
    assert_eq!(
        id(&socket.until("AUTO_MODERATION_RULE_DELETE").await),
        id(&changed)
    );
    tour.bot(Method::GET, &one, Value::Null, 404).await;
    let log = format!("/guilds/{}/audit-logs?limit=3", tour.guild());
    let log = tour.get(&log).await;
    let kinds: Vec<_> = log["audit_log_entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| entry["action_type"].as_u64().expect("a number"))
        .collect();
    assert_eq!(kinds, [142, 141, 140]);
    assert_eq!(
        log["auto_moderation_rules"]
            .as_array()
            .expect("rules")
            .len(),
        1
    );
}

#[tokio::test]
async fn a_rule_that_does_not_fit_is_refused_at_its_place() {
    let mut tour = Tour::start().await;
    let path = rules(&tour);
    let block = json!([{"type": 1}]);
    let good = keyword(&json!(["cat"]), &block);
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    for (body, place) in [
        (with("name", json!("")), "name"),
        (with("trigger_type", json!(2)), "trigger_type"),
        (with("event_type", json!(2)), "event_type"),
        (with("actions", json!([])), "actions"),
        (with("actions", json!([{"type": 4}])), "actions"),
        (
            with(
                "actions",
                json!([{"type": 2, "metadata": {"channel_id": "1"}}]),
            ),
            "actions",
        ),
        (
            with("trigger_metadata", json!({"regex_patterns": ["("]})),
            "trigger_metadata",
        ),
        (
            with(
                "trigger_metadata",
                json!({"keyword_filter": ["x".repeat(61)]}),
            ),
            "trigger_metadata",
        ),
    ] {
        let refused = tour.bot(Method::POST, &path, body, 400).await;
        assert_eq!(refused["code"], 50_035);
        assert!(refused["errors"][place].is_object(), "{place}: {refused}");
    }
    for _ in 0..6 {
        tour.post(&path, good.clone()).await;
    }
    let refused = tour.bot(Method::POST, &path, good, 400).await;
    assert!(refused["errors"]["trigger_type"].is_object(), "{refused}");
    let newcomer = tour.app.sandbox.person("newcomer").expect("a newcomer");
    let refused = newcomer
        .does(Method::GET, &path, &Value::Null)
        .await
        .expect_err("only managers see rules");
    assert_eq!(refused.code, 50_013);
}

#[tokio::test]
async fn a_blocked_message_is_refused_flagged_and_told() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK | AUTOMOD).await;
    let (mut deaf, _) = tour.app.identified(1 | AUTOMOD).await;
    let (path, channel) = (rules(&tour), tour.channel());
    let staff = tour.app.channel("moderators").await;
    let actions = json!([
        {"type": 1, "metadata": {"custom_message": "Not here."}},
        {"type": 2, "metadata": {"channel_id": staff}},
        {"type": 3, "metadata": {"duration_seconds": 60}},
    ]);
    let rule = tour
        .post(&path, keyword(&json!(["free n*"]), &actions))
        .await;
    let (status, refused) = says(&tour, "newcomer", &channel, "FREE Nitro here").await;
    assert_eq!((status, &refused["code"]), (400, &json!(200_000)));
    assert_eq!(
        refused["errors"]["content"]["_errors"][0]["message"],
        "Not here."
    );
    let told = socket.until("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!(
        (&told["rule_id"], &told["action"]["type"]),
        (&rule["id"], &json!(1))
    );
    assert_eq!(told["matched_keyword"], "free n*");
    assert_eq!(told["content"], "FREE Nitro here");
    assert!(told.get("message_id").is_none());
    let withheld = deaf.until("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!(
        (&withheld["content"], &withheld["matched_content"]),
        (&json!(""), &json!(""))
    );
    let alert = socket.until("MESSAGE_CREATE").await;
    assert_eq!(
        (&alert["type"], &alert["channel_id"]),
        (&json!(24), &json!(staff))
    );
    assert_eq!(alert["embeds"][0]["type"], "auto_moderation_message");
    let told = socket.until("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!(told["alert_system_message_id"], alert["id"]);
    let log = tour
        .get(&format!("/guilds/{}/audit-logs?limit=3", tour.guild()))
        .await;
    let entries = log["audit_log_entries"].as_array().expect("entries");
    let kinds: Vec<_> = entries
        .iter()
        .map(|entry| entry["action_type"].clone())
        .collect();
    assert_eq!(kinds, [145, 144, 143]);
    assert_eq!(entries[0]["options"]["auto_moderation_rule_name"], "words");
    let (status, refused) = says(&tour, "newcomer", &channel, "hello").await;
    assert_eq!(
        (status, &refused["code"]),
        (403, &json!(50_013)),
        "in timeout"
    );
    tour.get(&format!("/channels/{staff}/messages/{}", id(&alert)))
        .await;
}

#[tokio::test]
async fn edits_and_titles_are_screened_and_managers_are_not() {
    let mut tour = Tour::start().await;
    let (path, channel) = (rules(&tour), tour.channel());
    tour.post(&path, keyword(&json!(["secret"]), &json!([{"type": 1}])))
        .await;
    let (status, said) = says(&tour, "newcomer", &channel, "a public thing").await;
    assert_eq!(status, 200);
    let body = json!({"as": tour.app.user("newcomer"), "content": "a secret thing"});
    let edit = format!("/channels/{channel}/messages/{}", id(&said));
    let (_, refused) = tour.app.ask(Method::PATCH, &edit, body).await;
    assert_eq!(refused["code"], 200_000);
    let body = json!({"as": tour.app.user("newcomer"), "name": "a secret", "type": 11});
    let threads = format!("/channels/{channel}/threads");
    let (_, refused) = tour.app.ask(Method::POST, &threads, body).await;
    assert_eq!(refused["code"], 200_001);
    let messages = format!("/channels/{channel}/messages");
    tour.post(&messages, json!({"content": "a secret of a bot"}))
        .await;
    let (status, _) = says(&tour, "ada", &channel, "the owner's secret").await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn spam_mentions_and_presets_are_caught() {
    let mut tour = Tour::start().await;
    let (path, channel) = (rules(&tour), tour.channel());
    let rule = |trigger: u64, metadata: Value| {
        json!({
            "name": "r", "event_type": 1, "trigger_type": trigger, "enabled": true,
            "trigger_metadata": metadata, "actions": [{"type": 1}],
        })
    };
    tour.post(&path, rule(3, json!({}))).await;
    tour.post(&path, rule(4, json!({"presets": [1]}))).await;
    tour.post(&path, rule(5, json!({"mention_total_limit": 1})))
        .await;
    for _ in 0..3 {
        assert_eq!(says(&tour, "newcomer", &channel, "buy now").await.0, 200);
    }
    assert_eq!(
        says(&tour, "newcomer", &channel, "buy now").await.1["code"],
        200_000
    );
    assert_eq!(
        says(&tour, "newcomer", &channel, "bullshit").await.1["code"],
        200_000
    );
    let two = format!("<@{}> <@{}>", tour.app.user("ada"), tour.app.user("artist"));
    assert_eq!(
        says(&tour, "newcomer", &channel, &two).await.1["code"],
        200_000
    );
    let one = format!("<@{0}> <@{0}>", tour.app.user("ada"));
    assert_eq!(says(&tour, "newcomer", &channel, &one).await.0, 200);
}

#[tokio::test]
async fn a_member_with_a_forbidden_name_may_only_look_on() {
    let mut tour = Tour::start().await;
    let (mut socket, _) = tour.app.identified(TALK | AUTOMOD | 1 << 1).await;
    let (path, channel) = (rules(&tour), tour.channel());
    let body = json!({
        "name": "names", "event_type": 2, "trigger_type": 6, "enabled": true,
        "trigger_metadata": {"keyword_filter": ["*admin*"]}, "actions": [{"type": 4}],
    });
    tour.post(&path, body).await;
    let newcomer = tour.app.sandbox.person("newcomer").expect("a newcomer");
    let own = format!("/guilds/{}/members/@me", tour.guild());
    let named = |nick: &str| json!({ "nick": nick });
    newcomer
        .does(Method::PATCH, &own, &named("Admin of all"))
        .await
        .expect("a nickname");
    let told = socket.until("AUTO_MODERATION_ACTION_EXECUTION").await;
    assert_eq!(
        (&told["action"]["type"], &told["content"]),
        (&json!(4), &json!("Admin of all"))
    );
    let (status, refused) = says(&tour, "newcomer", &channel, "hello").await;
    assert_eq!((status, &refused["code"]), (403, &json!(50_013)));
    let member = format!("/guilds/{}/members/{}", tour.guild(), newcomer.id());
    assert_eq!(tour.get(&member).await["flags"], 1 << 7);
    tour.patch(&member, named("quiet")).await;
    assert_eq!(says(&tour, "newcomer", &channel, "hello").await.0, 200);
}
