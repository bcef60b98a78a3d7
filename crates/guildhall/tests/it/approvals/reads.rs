//! Reads about which the policy asks: people agree, and whoever asked may read, once.

use http::Method;
use serde_json::{Value, json};

use super::{APPROVE, Court, DENY};

const POLICY: &str = r#"
[policy.approvals.moderators]
post_to = "channel"
channel = "BENCH"
roles = ["ROLE"]

[[policy.rules]]
name = "people decide who reads the square"
tools = ["discord_get_messages"]
channels = ["SQUARE"]
effect = "ask"
"#;

const SECRET: &str = "the door is under the mat";

impl Court {
    async fn tells_the_square(&self) {
        let path = format!("/channels/{}/messages", self.square);
        let words = json!({ "content": SECRET });
        let ada = self.person("ada");
        ada.does(Method::POST, &path, &words).await.unwrap();
    }

    fn reads(&self) -> tokio::task::JoinHandle<Value> {
        let (client, channel) = (self.client(), self.square.clone());
        tokio::spawn(async move {
            let read = json!({ "channel_id": channel });
            let answer = client.call("discord_get_messages", read).await;
            answer.map_or(Value::Null, |mut it| it["result"].take())
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_agree_and_whoever_asked_reads_once_and_nobody_else() {
    let court = Court::of(POLICY).await;
    court.tells_the_square().await;
    let call = court.reads();
    let question = court.asked().await;
    let shown = question["embeds"][0].to_string();
    assert!(shown.contains("reads, and changes nothing"), "{shown}");
    assert!(
        shown.contains(&format!("channel_id: \\\"{}", court.square)),
        "{shown}"
    );
    let whisper = court.press("moderator", &question, APPROVE).await;
    assert!(whisper.contains("may read it now"), "{whisper}");
    let result = call.await.unwrap();
    assert!(result.to_string().contains(SECRET), "{result}");
    // The end is told where it was asked, what was read is not.
    court.question(&court.bench, "Approved and read").await;
    let bench = json!(court.messages(&court.bench).await).to_string();
    assert!(!bench.contains(SECRET), "{bench}");
    // Another time is another question.
    let again = court.reads();
    let next = court.asked().await;
    assert_ne!(next["id"], question["id"]);
    court.press("moderator", &next, DENY).await;
    let refused = again.await.unwrap();
    assert_eq!(
        refused["structuredContent"]["error"]["code"], "approval_refused",
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_was_agreed_to_waits_for_its_asker_across_a_kill() {
    let court = Court::of(POLICY).await;
    court.tells_the_square().await;
    let call = court.reads();
    let question = court.asked().await;
    let court = court.restart().await;
    let _broken = call.await;
    court.press("moderator", &question, APPROVE).await;
    let title = "Approved: whoever asked may read it now";
    court.question(&court.bench, title).await;
    // Nothing was read for anybody yet, so nothing is kept.
    let (_, list) = court.approvals(&["list"]);
    assert_eq!(list[0]["state"], "granted", "{list}");
    let result = court.reads().await.unwrap();
    assert!(result.to_string().contains(SECRET), "{result}");
    court.question(&court.bench, "Approved and read").await;
    let (_, list) = court.approvals(&["list"]);
    assert_eq!(list[0]["state"], "done", "{list}");
}
