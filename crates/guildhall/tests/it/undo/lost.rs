//! Answers that are lost, before the effect and after it: a look decides what Discord did, and what
//! cannot be decided is not done twice.

use std::sync::Arc;

use sandbox::{Fault, FaultKind};
use serde_json::{Value, json};

use super::Stage;

/// A write, the route that carries it, and where its effect shows.
struct Write {
    tool: &'static str,
    arguments: Value,
    route: &'static str,
    method: &'static str,
    look: String,
}

fn writes(stage: &Stage, message: &str, tester: &str) -> Vec<Write> {
    let (guild, channel) = (&stage.guild, &stage.channel);
    let write = |tool, arguments, method, route, look: String| Write {
        tool,
        arguments,
        route,
        method,
        look,
    };
    vec![
        write(
            "discord_create_channel",
            json!({"guild_id": guild, "name": "attic"}),
            "POST",
            "/guilds/{id}/channels",
            format!("/guilds/{guild}/channels"),
        ),
        write(
            "discord_create_role",
            json!({"guild_id": guild, "name": "extra"}),
            "POST",
            "/guilds/{id}/roles",
            format!("/guilds/{guild}/roles"),
        ),
        write(
            "discord_create_webhook",
            json!({"channel_id": channel, "name": "bell"}),
            "POST",
            "/channels/{id}/webhooks",
            format!("/channels/{channel}/webhooks"),
        ),
        write(
            "discord_create_invite",
            json!({"channel_id": channel, "unique": true}),
            "POST",
            "/channels/{id}/invites",
            format!("/channels/{channel}/invites"),
        ),
        write(
            "discord_create_thread",
            json!({"channel_id": channel, "name": "side"}),
            "POST",
            "/channels/{id}/threads",
            format!("/guilds/{guild}/threads/active"),
        ),
        write(
            "discord_edit_channel",
            json!({"channel_id": channel, "topic": "lost and found"}),
            "PATCH",
            "/channels/{id}",
            format!("/channels/{channel}"),
        ),
        write(
            "discord_edit_member",
            json!({"guild_id": guild, "user_id": tester, "nickname": "Countess"}),
            "PATCH",
            "/guilds/{id}/members/{id}",
            format!("/guilds/{guild}/members/{tester}"),
        ),
        write(
            "discord_edit_message",
            json!({"channel_id": channel, "message_id": message, "content": "other"}),
            "PATCH",
            "/channels/{id}/messages/{id}",
            format!("/channels/{channel}/messages/{message}"),
        ),
    ]
}

/// How many there are, or the thing without what tells of traffic.
async fn seen(stage: &Stage, look: &str) -> Value {
    let mut seen = stage.get(look).await;
    if let Some(list) = seen.as_array().or(seen["threads"].as_array()) {
        return json!(list.len());
    }
    if let Some(fields) = seen.as_object_mut() {
        fields.remove("last_message_id");
        fields.remove("edited_timestamp");
    }
    seen
}

/// The next request of this write goes wrong.
fn fault(stage: &Stage, write: &Write, kind: FaultKind) {
    let fault = Fault {
        route: Some(write.route.to_owned()),
        method: Some(write.method.to_owned()),
        ..Fault::of(kind)
    };
    stage.scene.sandbox.break_rest(fault).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_decides_what_a_lost_answer_did() {
    let stage = Arc::new(Stage::new().await);
    let tester = stage.member("tester");
    let send = json!({"channel_id": stage.channel, "content": "first"});
    let message = stage.carry("discord_send_message", &send).await.result;
    let message = message["id"].as_str().unwrap();
    // Each has a route of its own, so they may go on side by side.
    let told: Vec<_> = writes(&stage, message, &tester)
        .into_iter()
        .map(|write| tokio::spawn(tell(Arc::clone(&stage), write)))
        .collect();
    for told in told {
        told.await.unwrap();
    }
}

async fn tell(stage: Arc<Stage>, write: Write) {
    let before = seen(&stage, &write.look).await;
    for kind in [FaultKind::Drop, FaultKind::Status] {
        fault(&stage, &write, kind);
        let error = stage.declined(write.tool, &write.arguments).await;
        assert_eq!(error["code"], "did_not_happen", "{}: {error}", write.tool);
        assert_eq!(error["retry"], "after");
        assert_eq!(seen(&stage, &write.look).await, before, "{}", write.tool);
    }
    for kind in [FaultKind::Lost, FaultKind::Truncate] {
        fault(&stage, &write, kind);
        let done = stage.carry(write.tool, &write.arguments).await;
        let after = seen(&stage, &write.look).await;
        assert_ne!(after, before, "{}", write.tool);
        // It is known well enough to be taken back.
        stage.undo(&done.call_id).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_decided_is_told_and_not_done_twice() {
    let stage = Stage::new().await;
    let hook = json!({"channel_id": stage.channel, "name": "bell"});
    let hook = stage.carry("discord_create_webhook", &hook).await.result;
    let post = json!({"webhook_id": hook["id"], "content": "ding", "idempotency_key": "once"});
    let lost = Fault {
        route: Some("/webhooks/{id}/{token}".to_owned()),
        method: Some("POST".to_owned()),
        ..Fault::of(FaultKind::Lost)
    };
    stage.scene.sandbox.break_rest(lost).unwrap();
    for _ in 0..2 {
        let error = stage.declined("discord_execute_webhook", &post).await;
        assert_eq!(error["retry"], "unknown", "{error}");
    }
    let messages = stage
        .get(&format!("/channels/{}/messages", stage.channel))
        .await;
    let dings = messages
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["content"] == "ding");
    assert_eq!(dings.count(), 1);
}
