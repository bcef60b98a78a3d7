//! Ends that come without people, in the middle of a crash, and after a change of the policy.

use std::time::Duration;

use serde_json::json;

use super::{APPROVE, Court, PATIENCE, POLICY, serve};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_decides_and_that_means_no() {
    let policy = POLICY.replace("expires_minutes = 30", "expires_minutes = 1");
    let court = Court::with(&policy, &[("GUILDHALL_APPROVAL_WAIT_SECONDS", "1")]).await;
    let waiting = court.sends("too late").await.unwrap();
    let waiting = &waiting["structuredContent"];
    assert_eq!(waiting["outcome"], "waiting_for_people", "{waiting}");
    let question = court.asked().await;
    // The one minute that a policy can say at least passes for real.
    let id = waiting["approval"]["approval_id"].as_str().unwrap();
    let path = format!("/approvals/{id}?wait_seconds=20");
    let mut ended = court.hall.rest().get(&path).await.json();
    for _ in 0..5 {
        if ended["state"] == "expired" {
            break;
        }
        ended = court.hall.rest().get(&path).await.json();
    }
    assert_eq!(ended["state"], "expired", "{ended}");
    let title = "Expired: nobody decided in time, so the answer is no";
    let shown = court.question(&court.bench, title).await;
    assert_eq!(
        (&shown["id"], &shown["components"]),
        (&question["id"], &json!([]))
    );
    let again = court.sends("too late").await.unwrap();
    let error = &again["structuredContent"]["error"];
    assert_eq!(error["code"], "approval_expired", "{again}");
    assert_eq!(court.said("too late").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_granted_before_a_kill_is_carried_out_once_after_it() {
    // The first change of the approval is that its message is posted, the second the yes.
    let crash = [("CRASH_AT", "approval::Replace committed 2")];
    let mut court = Court::with(POLICY, &crash).await;
    let call = court.sends("granted, and then nothing");
    let question = court.asked().await;
    court.click("moderator", &question, APPROVE).await;
    for _ in 0..PATIENCE {
        if !court.hall.lives() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(!court.hall.lives(), "the plug was not pulled");
    let _broken = call.await;
    assert_eq!(court.said("granted, and then nothing").await, 0);
    let (_, list) = court.approvals(&["list"]);
    assert_eq!(list[0]["state"], "granted", "{list}");
    court.hall = serve(&court.scene, &[]).await;
    court
        .question(&court.bench, "Approved and carried out")
        .await;
    let result = court.sends("granted, and then nothing").await.unwrap();
    assert_ne!(result["isError"], true, "{result}");
    assert_eq!(court.said("granted, and then nothing").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_agreed_to_is_not_repeated_because_the_policy_stopped_asking() {
    let court = Court::with(POLICY, &[("GUILDHALL_APPROVAL_WAIT_SECONDS", "0")]).await;
    let waiting = court.sends("only once").await.unwrap();
    assert_eq!(
        waiting["structuredContent"]["outcome"], "waiting_for_people",
        "{waiting}"
    );
    let question = court.asked().await;
    court.press("moderator", &question, APPROVE).await;
    court
        .question(&court.bench, "Approved and carried out")
        .await;
    let free = "[[policy.rules]]\nname = \"free\"\ntools = [\"discord_send_message\"]\n\
                effect = \"allow\"\ndry_run_by_default = false\n";
    std::fs::write(court.scene.folder.path().join("guildhall.toml"), free).unwrap();
    // Other words go out without people as soon as the new policy is in force.
    for number in 0..PATIENCE {
        let result = court.sends(&format!("free {number}")).await.unwrap();
        if result["structuredContent"]["id"].is_string() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    // Its asker has not heard of the end yet: that is what it gets, and nothing is sent again.
    let result = court.sends("only once").await.unwrap();
    assert!(result["structuredContent"]["id"].is_string(), "{result}");
    assert_eq!(court.said("only once").await, 1);
    // It has heard now. The same again is another message.
    let result = court.sends("only once").await.unwrap();
    assert!(result["structuredContent"]["id"].is_string(), "{result}");
    assert_eq!(court.said("only once").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_that_a_kill_interrupts_says_what_became_of_each_step() {
    // Its second step is sent, and nobody hears the answer.
    let policy = POLICY.replace("\"discord_send_message\", ", "");
    let crash = [("CRASH_AT", "outbox::Begin committed 4")];
    let mut court = Court::with(&policy, &crash).await;
    let client = court.client();
    let words = |content: &str| {
        json!({ "tool": "discord_send_message", "arguments":
        { "channel_id": court.square, "content": content } })
    };
    let topic = json!({ "tool": "discord_edit_channel", "arguments":
        { "channel_id": court.square, "topic": "interrupted" } });
    let batch = json!({ "calls": [words("first"), topic, words("third")], "dry_run": false });
    let call = tokio::spawn({
        let (client, batch) = (client, batch.clone());
        async move { client.call("discord_batch", batch).await }
    });
    let question = court.asked().await;
    court.click("moderator", &question, APPROVE).await;
    for _ in 0..PATIENCE {
        if !court.hall.lives() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(!court.hall.lives(), "the plug was not pulled");
    let _broken = call.await;
    court.hall = serve(&court.scene, &[]).await;
    let title = "Approved; nobody knows whether it happened";
    let shown = court.question(&court.bench, title).await;
    assert!(shown.to_string().contains("between its steps"), "{shown}");
    let answer = court.client().declined("discord_batch", batch).await;
    assert_eq!(answer["code"], "outcome_unknown", "{answer}");
    assert!(
        answer["message"]
            .as_str()
            .unwrap()
            .contains("discord_send_message (call"),
        "{answer}"
    );
    // Nothing is done twice, and nothing more is done.
    assert_eq!(court.said("first").await, 1);
    assert_eq!(court.said("third").await, 0);
}
