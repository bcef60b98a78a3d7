//! A call that came from a thread in Discord is asked about in that thread, and not decided by
//! whoever asked for it there.

use http::Method;
use serde_json::{Value, json};

use super::{APPROVE, Court, POLICY};

/// Asks where the call came from, and on the bench where it came from nowhere in Discord.
fn in_its_thread() -> String {
    let policy = POLICY.replace("\"channel\"", "\"thread_of_origin\"");
    policy.replace(
        "roles = [\"ROLE\"]",
        "roles = [\"ROLE\"]\nusers = [\"ADA\"]",
    )
}

/// A message to the square, for this member, who asked in that channel.
fn asked_by(court: &Court, who: &str, channel: &str) -> tokio::task::JoinHandle<Value> {
    let client = court.client();
    let params = json!({
        "name": "discord_send_message",
        "arguments": { "channel_id": court.square, "content": "from the thread" },
        "_meta": { "guildhall/asked_by": {
            "user_id": court.person(who).id().to_string(),
            "channel_id": channel,
        } },
    });
    tokio::spawn(async move {
        let answer = client.request("tools/call", params).await;
        answer.unwrap()["result"].take()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_thread_that_a_call_came_from_is_where_people_are_asked() {
    let court = Court::of(&in_its_thread()).await;
    let moderator = court.person("moderator");
    let path = format!("/channels/{}/threads", court.square);
    let opening = json!({ "name": "a wish", "type": 11 });
    let thread = moderator.does(Method::POST, &path, &opening).await.unwrap();
    let thread = thread["id"].as_str().unwrap().to_owned();

    let call = asked_by(&court, "moderator", &thread);
    let question = court.question(&thread, "Approval needed").await;
    for elsewhere in [&court.bench, &court.square] {
        let all = court.messages(elsewhere).await;
        let asked = all
            .iter()
            .any(|it| it["embeds"][0]["title"] == "Approval needed");
        assert!(!asked, "asked elsewhere too: {all:#?}");
    }
    let whisper = court.press("moderator", &question, APPROVE).await;
    assert!(whisper.contains("asked for this yourself"), "{whisper}");
    assert_eq!(court.said("from the thread").await, 0);
    let whisper = court.press("ada", &question, APPROVE).await;
    assert!(whisper.starts_with("Approved."), "{whisper}");
    let result = call.await.unwrap();
    assert_ne!(result["isError"], true, "{result}");
    assert_eq!(court.said("from the thread").await, 1);
    court.question(&thread, "Approved and carried out").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_came_from_nowhere_in_discord_is_asked_about_in_the_policy_s_channel() {
    let court = Court::of(&in_its_thread()).await;
    let call = court.sends("from nowhere");
    let question = court.asked().await;
    court.press("ada", &question, APPROVE).await;
    assert_ne!(call.await.unwrap()["isError"], true);
    assert_eq!(court.said("from nowhere").await, 1);
}
