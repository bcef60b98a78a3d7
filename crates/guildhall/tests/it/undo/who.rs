//! Who may undo what, what the shell says of it, and what is forgotten.

use serde_json::{Value, json};

use super::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_whoever_made_a_call_or_manages_the_workspace_takes_it_back() {
    let stage = Stage::new().await;
    let key = |name: &str| {
        let made = stage.scene.run(&["key", "create", name, "--json"]);
        let made: Value = serde_json::from_str(&made.1).unwrap();
        let mut client = stage.hall.client();
        client.key = Some(
            made["key"]
                .as_str()
                .or(made["secret"].as_str())
                .unwrap()
                .to_owned(),
        );
        client
    };
    let (one, other) = (key("one"), key("other"));
    let send = json!({"channel_id": stage.channel, "content": "mine", "dry_run": false});
    let sent = one.call("discord_send_message", send).await.unwrap();
    let call_id = sent["result"]["_meta"]["call_id"].clone();
    let refused = other
        .declined("discord_undo", json!({"call_id": call_id}))
        .await;
    // Not even whether there is such a call.
    assert_eq!(refused["code"], "nothing_to_undo");
    let made_up = json!({"call_id": "0198f1d2-7c3b-7aaa-8bbb-1234567890ab"});
    let unknown = other.declined("discord_undo", made_up).await;
    assert_eq!(unknown["message"], refused["message"]);
    let none = other.declined("discord_undo", json!({"last": true})).await;
    assert_eq!(none["code"], "nothing_to_undo");
    let plan = one
        .done(
            "discord_undo",
            json!({"last": true, "guild_id": stage.guild}),
        )
        .await;
    assert_eq!(plan["plan"]["taking_back"]["call_id"], call_id);
    assert_eq!(plan["plan"]["steps"][0]["tool"], "discord_delete_message");

    // The operator of the machine manages the workspace.
    let listed = stage.scene.run(&["undo", "--list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.1).unwrap();
    assert_eq!(listed[0]["call_id"], call_id);
    let call_id = call_id.as_str().unwrap();
    let (code, plan, _) = stage.scene.run(&["undo", call_id]);
    assert!(code == 0 && plan.contains("\"planned\""), "{plan}");
    let path = format!("/channels/{}/messages", stage.channel);
    assert!(stage.get(&path).await.to_string().contains("mine"));
    let (code, done, log) = stage.scene.run(&["undo", call_id, "--yes", "--json"]);
    assert_eq!(code, 0, "{done} {log}");
    assert!(!stage.get(&path).await.to_string().contains("mine"));
    let (code, again, _) = stage.scene.run(&["undo", call_id, "--yes", "--json"]);
    assert!(code == 2 && again.contains("undone_already"), "{again}");
    assert_eq!(
        stage.scene.run(&["undo", "--list"]).1.trim(),
        "nothing can be undone"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erasing_a_principal_forgets_what_was_kept_of_its_calls() {
    let stage = Stage::new().await;
    let send = json!({"channel_id": stage.channel, "content": "kept words"});
    stage.carry("discord_send_message", &send).await;
    assert!(
        stage
            .scene
            .run(&["undo", "--list"])
            .1
            .contains("discord_send_message")
    );
    let (code, _, log) = stage.scene.run(&["audit", "erase", "loopback", "--yes"]);
    assert_eq!(code, 0, "{log}");
    assert!(!stage.scene.run(&["undo", "--list"]).1.contains("loopback"));
}
