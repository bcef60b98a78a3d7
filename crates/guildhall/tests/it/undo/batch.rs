//! Several calls as one plan, one confirmation, and a rollback.

use serde_json::{Value, json};

use super::Stage;

fn names(channels: &Value) -> Vec<&str> {
    let channels = channels.as_array().unwrap().iter();
    channels
        .filter_map(|channel| channel["name"].as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_confirmation_carries_out_all_and_one_undo_takes_all_back() {
    let stage = Stage::new().await;
    let (guild, at_channels) = (&stage.guild, format!("/guilds/{}/channels", stage.guild));
    let before = stage.get(&at_channels).await;
    let batch = json!({"calls": [
        {"tool": "discord_create_channel", "arguments": {"guild_id": guild, "name": "war-room"}},
        {"tool": "discord_set_channel_permissions", "arguments":
            {"channel_id": "$1.id", "overwrite_id": guild, "kind": "role", "deny": ["ADD_REACTIONS"]}},
        {"tool": "discord_send_message", "arguments": {"channel_id": "$1.id", "content": "here"}},
    ]});
    let plan = stage.client.done("discord_batch", batch.clone()).await["plan"].clone();
    assert_eq!(plan["risk"], "destructive");
    assert_eq!(plan["steps"][0]["request"]["method"], "POST");
    assert!(
        plan["steps"][1]["note"]
            .as_str()
            .unwrap()
            .contains("step 1")
    );
    assert_eq!(plan["undo"]["possible"], "yes");
    let done = stage.carry("discord_batch", &batch).await;
    assert_eq!(done.result["outcome"], "done", "{}", done.result);
    let made = done.result["steps"][0]["result"]["id"].as_str().unwrap();
    let messages = stage.get(&format!("/channels/{made}/messages")).await;
    assert_eq!(messages[0]["content"], "here");

    // The token is for exactly this.
    let mut other = batch.clone();
    other["calls"][2]["arguments"]["content"] = json!("there");
    other["confirm"] = plan["confirm"]["token"].clone();
    let other = stage.client.declined("discord_batch", other).await;
    assert_eq!(other["code"], "confirmation_other_arguments");
    let mut again = batch;
    again["confirm"] = plan["confirm"]["token"].clone();
    // Its own token was not used by `carry`, which took another plan.
    let again = stage.client.done("discord_batch", again).await;
    assert_eq!(again["outcome"], "done");

    let undone = stage.undo(&done.call_id).await;
    let tools: Vec<&Value> = undone.result["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["tool"])
        .collect();
    assert_eq!(
        tools,
        [
            "discord_delete_message",
            "discord_delete_channel_permissions",
            "discord_delete_channel"
        ]
    );
    assert!(stage.get(&format!("/channels/{made}")).await.is_null());
    assert_eq!(
        names(&stage.get(&at_channels).await).len(),
        names(&before).len() + 1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_is_refused_refuses_the_whole_before_anything_is_done() {
    let stage = Stage::new().await;
    let at_channels = format!("/guilds/{}/channels", stage.guild);
    let before = stage.get(&at_channels).await;
    for (second, code) in [
        (
            json!({"tool": "discord_edit_channel", "arguments": {"channel_id": "4242", "name": "x"}}),
            "channel_unknown",
        ),
        (
            json!({"tool": "discord_edit_channel", "arguments": {"channel_id": stage.channel}}),
            "invalid_arguments",
        ),
        (
            json!({"tool": "discord_batch", "arguments": {"calls": []}}),
            "invalid_arguments",
        ),
        (
            json!({"tool": "discord_wait_for_message", "arguments": {"channel_id": stage.channel}}),
            "invalid_arguments",
        ),
    ] {
        let batch = json!({"calls": [
            {"tool": "discord_create_channel", "arguments": {"guild_id": stage.guild, "name": "one"}},
            second,
        ]});
        let error = stage.declined("discord_batch", &batch).await;
        assert!(
            error["message"].as_str().unwrap().contains("step 2"),
            "{error}"
        );
        if code != "channel_unknown" {
            assert_eq!(error["code"], code, "{error}");
        }
    }
    let back = json!({"on_failure": "roll_back", "calls": [
        {"tool": "discord_trigger_typing", "arguments": {"channel_id": stage.channel}},
    ]});
    assert_eq!(
        stage.declined("discord_batch", &back).await["code"],
        "cannot_roll_back"
    );
    assert_eq!(stage.get(&at_channels).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_stops_or_rolls_back_and_says_what_became_of_each_step() {
    let stage = Stage::new().await;
    let (guild, at_channels) = (&stage.guild, format!("/guilds/{}/channels", stage.guild));
    let before = stage.get(&at_channels).await;
    // Discord refuses a pin of a message that is not there; the plan cannot know.
    let calls = json!([
        {"tool": "discord_create_channel", "arguments": {"guild_id": guild, "name": "one"}},
        {"tool": "discord_pin_message", "arguments": {"channel_id": stage.channel, "message_id": "4242"}},
        {"tool": "discord_create_channel", "arguments": {"guild_id": guild, "name": "two"}},
    ]);
    let rolled = json!({"calls": calls, "on_failure": "roll_back", "idempotency_key": "r"});
    let rolled = stage.carry("discord_batch", &rolled).await;
    assert_eq!(rolled.result["outcome"], "rolled_back", "{}", rolled.result);
    assert_eq!(stage.get(&at_channels).await, before);

    let stop = json!({"calls": calls, "idempotency_key": "s"});
    let stopped = stage.carry("discord_batch", &stop).await;
    let outcomes: Vec<&Value> = stopped.result["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["outcome"])
        .collect();
    assert_eq!(outcomes, ["done", "failed", "not_tried"]);
    // The same key is the same answer, and nothing more is done.
    let again = stage.carry("discord_batch", &stop).await;
    assert_eq!(again.result["replayed"], true);
    assert_eq!(again.result["steps"], stopped.result["steps"]);
    assert_eq!(
        names(&stage.get(&at_channels).await).len(),
        names(&before).len() + 1
    );
    stage.undo(&stopped.call_id).await;
    assert_eq!(stage.get(&at_channels).await, before);
}
