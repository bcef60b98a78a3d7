//! Whoever stands behind a call does not decide about it, whichever way they asked.

use serde_json::json;

use super::{APPROVE, Court, POLICY};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_key_asks_cannot_approve_and_somebody_else_can() {
    let policy = POLICY.replace(
        "roles = [\"ROLE\"]",
        "roles = [\"ROLE\"]\nusers = [\"ADA\"]",
    );
    let court = Court::of(&policy).await;
    let moderator = court.person("moderator").id().to_string();
    let (code, out, err) = court.scene.run(&[
        "key",
        "create",
        "moderators-agent",
        "--user",
        &moderator,
        "--json",
    ]);
    assert_eq!(code, 0, "{err}");
    let made: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(made["about"]["user_id"], moderator, "{made}");
    let mut client = court.client();
    client.key = Some(made["key"].as_str().unwrap().to_owned());
    let message = json!({ "channel_id": court.square, "content": "promote me" });
    let call = tokio::spawn(async move {
        let answer = client.call("discord_send_message", message).await;
        answer.unwrap()["result"].take()
    });
    let question = court.asked().await;
    assert!(
        question.to_string().contains("not whoever asked"),
        "{question}"
    );
    let whisper = court.press("moderator", &question, APPROVE).await;
    assert!(whisper.contains("asked for this yourself"), "{whisper}");
    assert_eq!(court.said("promote me").await, 0);
    let whisper = court.press("ada", &question, APPROVE).await;
    assert!(whisper.starts_with("Approved."), "{whisper}");
    assert_ne!(call.await.unwrap()["isError"], true);
    assert_eq!(court.said("promote me").await, 1);
}
