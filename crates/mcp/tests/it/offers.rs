//! What people pick from a menu: prompts, and suggestions for their arguments.

use serde_json::{Value, json};

use crate::{
    hall::{guild, modern},
    stdio::Client,
};

fn request(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

fn stateless(method: &str, params: &Value) -> Value {
    let mut message = request(method, params);
    message["params"]["_meta"] = modern(&json!({}));
    message
}

#[tokio::test]
async fn prompts_are_listed_with_what_they_need() {
    let guild = guild();
    let mut client = Client::start(&guild);
    let listed = client.ask(&stateless("prompts/list", &json!({}))).await;
    let result = &listed["result"];
    assert_eq!(result["cacheScope"], "private");
    assert!(result["ttlMs"].as_u64().unwrap() > 0);
    let prompts = result["prompts"].as_array().unwrap();
    let names: Vec<_> = prompts.iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["catch_up", "answer_in_thread", "moderation_review"]);
    for prompt in prompts {
        assert!(prompt["description"].is_string() && prompt["title"].is_string());
    }
    assert_eq!(prompts[0]["arguments"][0]["required"], true);
    assert_eq!(prompts[0]["arguments"][1]["required"], false);
    let paged = client
        .ask(&stateless("prompts/list", &json!({"cursor": "x"})))
        .await;
    assert_eq!(paged["error"]["code"], -32602);
}

#[tokio::test]
async fn a_prompt_is_given_in_both_generations() {
    let guild = guild();
    let params = json!({"name": "catch_up", "arguments": {"channel_id": "2"}});
    let mut client = Client::legacy(&guild, &json!({})).await;
    let legacy = client.ask(&request("prompts/get", &params)).await;
    let text = &legacy["result"]["messages"][0]["content"]["text"];
    assert!(text.as_str().unwrap().contains("channel_id \"2\""));
    let modern = Client::start(&guild)
        .ask(&stateless("prompts/get", &params))
        .await;
    assert_eq!(modern["result"]["messages"][0]["content"]["text"], *text);
    assert_eq!(modern["result"]["resultType"], "complete");
    for bad in [
        json!({"name": "nothing"}),
        json!({"name": "catch_up", "arguments": {"channel_id": 2}}),
        json!({"name": "catch_up", "arguments": {}}),
    ] {
        let refused = client.ask(&request("prompts/get", &bad)).await;
        assert_eq!(refused["error"]["code"], -32602, "{bad}");
    }
}

#[tokio::test]
async fn suggestions_are_ids_of_what_the_caller_may_see() {
    let guild = guild();
    let mut client = Client::legacy(&guild, &json!({})).await;
    let prompt = |name: &str| json!({"type": "ref/prompt", "name": name});
    let template = |uri: &str| json!({"type": "ref/resource", "uri": uri});
    for (reference, name, start, values) in [
        (prompt("moderation_review"), "guild_id", "ha", json!(["1"])),
        (prompt("catch_up"), "channel_id", "#GEN", json!(["2"])),
        (prompt("catch_up"), "channel_id", "2", json!(["2"])),
        (prompt("catch_up"), "channel_id", "x", json!([])),
        (prompt("answer_in_thread"), "message_id", "", json!([])),
        (
            prompt("test_prompt_with_arguments"),
            "arg1",
            "par",
            json!([]),
        ),
        (template("discord://guild/{id}"), "id", "", json!(["1"])),
        (
            template("discord://channel/{id}/messages"),
            "id",
            "g",
            json!(["2"]),
        ),
        (template("https://evil.example/{id}"), "id", "", json!([])),
    ] {
        let params = json!({"ref": reference, "argument": {"name": name, "value": start}});
        let answer = client.ask(&request("completion/complete", &params)).await;
        assert_eq!(answer["result"]["completion"]["values"], values, "{params}");
    }
    let chosen = json!({"ref": prompt("moderation_review"),
        "argument": {"name": "channel_id", "value": ""},
        "context": {"arguments": {"guild_id": "3"}}});
    let answer = client.ask(&request("completion/complete", &chosen)).await;
    assert_eq!(answer["result"]["completion"]["values"], json!([]));
}
