//! Several calls as one, about some of which the policy asks: people see every step, and say yes or
//! no to all of them at once.

use http::Method;
use serde_json::{Value, json};

use super::{APPROVE, Court, DENY};

/// Moderators are asked about messages and topics, ada about new channels.
const POLICY: &str = r#"
[policy.approvals.moderators]
post_to = "channel"
channel = "BENCH"
roles = ["ROLE"]
expires_minutes = 30

[policy.approvals.builders]
post_to = "channel"
channel = "BENCH"
users = ["ADA"]
expires_minutes = 5

[[policy.rules]]
name = "people decide about words"
tools = ["discord_send_message", "discord_edit_channel", "discord_delete_message"]
effect = "ask"
approval = "moderators"

[[policy.rules]]
name = "people decide about channels"
tools = ["discord_create_channel", "discord_delete_channel"]
effect = "ask"
approval = "builders"
"#;

impl Court {
    async fn topic(&self) -> Value {
        let path = format!("/channels/{}", self.square);
        let ada = self.person("ada");
        ada.does(Method::GET, &path, &Value::Null).await.unwrap()["topic"].take()
    }

    async fn has_channel(&self, name: &str) -> usize {
        let guild = self.scene.sandbox.info().guild_id;
        let path = format!("/guilds/{guild}/channels");
        let ada = self.person("ada");
        let all = ada.does(Method::GET, &path, &Value::Null).await.unwrap();
        let all = all.as_array().unwrap().iter();
        all.filter(|it| it["name"] == name).count()
    }

    fn carries(&self, tool: &str, mut arguments: Value) -> tokio::task::JoinHandle<Value> {
        let (client, tool) = (self.client(), tool.to_owned());
        arguments["dry_run"] = json!(false);
        tokio::spawn(async move {
            let answer = client.call(&tool, arguments).await;
            answer.map_or(Value::Null, |mut it| it["result"].take())
        })
    }

    fn topic_and_words(&self) -> Value {
        json!([
            { "tool": "discord_edit_channel", "arguments":
                { "channel_id": self.square, "topic": "spring fair", "reason": "it is spring" } },
            { "tool": "discord_send_message", "arguments":
                { "channel_id": self.square, "content": "the fair begins" } },
        ])
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_see_every_step_and_all_who_are_asked_about_one_must_agree() {
    let court = Court::of(POLICY).await;
    let guild = court.scene.sandbox.info().guild_id;
    let batch = json!({ "calls": [
        { "tool": "discord_create_channel", "arguments": { "guild_id": guild, "name": "war-room" } },
        { "tool": "discord_send_message", "arguments": { "channel_id": "$1.id", "content": "here" } },
        { "tool": "discord_edit_channel", "arguments": { "channel_id": court.square, "topic": "war" } },
    ]});
    // A dry run says who would be asked, and asks nobody.
    let mut dry = batch.clone();
    dry["dry_run"] = json!(true);
    let plan = court.client().done("discord_batch", dry).await["plan"].clone();
    assert_eq!(plan["approval"]["name"], "builders", "{plan}");
    assert_eq!(plan["approval"]["also"][0]["name"], "moderators", "{plan}");
    assert!(plan["confirm"].is_null(), "{plan}");
    assert_eq!(court.messages(&court.bench).await.len(), 0);

    let call = court.carries("discord_batch", batch.clone());
    let question = court.asked().await;
    assert_eq!(court.messages(&court.bench).await.len(), 1, "it asks once");
    let shown = question["embeds"][0].to_string();
    for part in [
        "1. discord_create_channel",
        "war-room",
        "2. discord_send_message",
        "here",
        "takes an id from step 1",
        "3. discord_edit_channel",
        "topic: Anything and everything → war",
        "Steps 1 to 3 of 3",
        "3 calls as one",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    // The earliest end of both.
    let (_, list) = court.approvals(&["list"]);
    let left = list[0]["expires_at"].as_i64().unwrap() - list[0]["created_at"].as_i64().unwrap();
    assert_eq!(left, 5 * 60_000, "{list}");

    let first = court.press("moderator", &question, APPROVE).await;
    assert_eq!(
        first,
        "Counted. Still to agree: one person of \"builders\"."
    );
    assert_eq!(court.has_channel("war-room").await, 0);
    let second = court.press("ada", &question, APPROVE).await;
    assert!(second.starts_with("Approved."), "{second}");
    let result = call.await.unwrap();
    assert_eq!(result["structuredContent"]["outcome"], "done", "{result}");
    assert_eq!(court.has_channel("war-room").await, 1);
    assert_eq!(court.topic().await, "war");
    let shown = court
        .question(&court.bench, "Approved and carried out")
        .await;
    assert_eq!(shown["id"], question["id"]);

    // Taking it back asks the same people, once, and shows what it takes back.
    let call_id = result["_meta"]["call_id"].as_str().unwrap().to_owned();
    let call = court.carries("discord_undo", json!({ "call_id": call_id }));
    let question = court.asked().await;
    let shown = question["embeds"][0].to_string();
    for part in [
        "takes back discord_batch",
        "topic: war → Anything and everything",
        "discord_delete_channel",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    court.press("ada", &question, APPROVE).await;
    assert_eq!(court.has_channel("war-room").await, 1);
    court.press("moderator", &question, APPROVE).await;
    let result = call.await.unwrap();
    assert_eq!(result["structuredContent"]["outcome"], "done", "{result}");
    assert_eq!(court.has_channel("war-room").await, 0);
    assert_eq!(court.topic().await, "Anything and everything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_waits_across_a_kill_and_is_carried_out_once() {
    let court = Court::of(POLICY).await;
    let batch = json!({ "calls": court.topic_and_words(), "idempotency_key": "fair" });
    let call = court.carries("discord_batch", batch.clone());
    let question = court.asked().await;
    let court = court.restart().await;
    let _broken = call.await;
    let whisper = court.press("moderator", &question, APPROVE).await;
    assert!(whisper.starts_with("Approved."), "{whisper}");
    court
        .question(&court.bench, "Approved and carried out")
        .await;
    // Asked again, by the same key and as often as one likes: the same answer, nothing more done.
    for _ in 0..2 {
        let result = court.carries("discord_batch", batch.clone()).await.unwrap();
        assert_eq!(result["structuredContent"]["outcome"], "done", "{result}");
    }
    assert_eq!(court.said("the fair begins").await, 1);
    assert_eq!(court.topic().await, "spring fair");
    assert_eq!(court.messages(&court.bench).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_whole_is_done_that_was_refused_or_is_no_longer_what_people_saw() {
    let court = Court::of(POLICY).await;
    let batch = json!({ "calls": court.topic_and_words() });
    let call = court.carries("discord_batch", batch.clone());
    let question = court.asked().await;
    court.press("moderator", &question, DENY).await;
    let result = call.await.unwrap();
    assert_eq!(
        result["structuredContent"]["error"]["code"], "approval_refused",
        "{result}"
    );
    // Until then the old question looks like one that waits.
    court.question(&court.bench, "Refused").await;
    // The same again bothers nobody; with another step it is another question.
    let again = court.carries("discord_batch", batch.clone()).await.unwrap();
    assert_eq!(
        again["structuredContent"]["error"]["code"],
        "approval_refused"
    );
    let mut other = batch;
    other["calls"][1]["arguments"]["content"] = json!("come to the fair");
    let call = court.carries("discord_batch", other);
    let question = court.asked().await;
    let path = format!("/channels/{}", court.square);
    let ada = court.person("ada");
    let topic = json!({ "topic": "by somebody else" });
    ada.does(Method::PATCH, &path, &topic).await.unwrap();
    court.press("moderator", &question, APPROVE).await;
    let result = call.await.unwrap();
    let error = &result["structuredContent"]["error"];
    assert_eq!(error["code"], "approval_not_carried_out", "{result}");
    let shown = court
        .question(&court.bench, "Approved, and not carried out")
        .await;
    assert!(
        shown.to_string().contains("no longer as it was shown"),
        "{shown}"
    );
    assert_eq!(court.said("the fair begins").await, 0);
    assert_eq!(court.said("come to the fair").await, 0);
    assert_eq!(court.topic().await, "by somebody else");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approved_whole_stops_or_rolls_back_as_any_other() {
    let court = Court::of(POLICY).await;
    let guild = court.scene.sandbox.info().guild_id;
    // Discord refuses a pin of a message that is not there; the plan cannot know.
    let calls = json!([
        { "tool": "discord_create_channel", "arguments": { "guild_id": guild, "name": "one" } },
        { "tool": "discord_pin_message", "arguments":
            { "channel_id": court.square, "message_id": "4242" } },
    ]);
    let batch = json!({ "calls": calls, "on_failure": "roll_back" });
    let call = court.carries("discord_batch", batch);
    let question = court.asked().await;
    assert!(
        question
            .to_string()
            .contains("takes all back where one does not go through"),
        "{question}"
    );
    court.press("ada", &question, APPROVE).await;
    let result = call.await.unwrap();
    let content = &result["structuredContent"];
    assert_eq!(content["outcome"], "rolled_back", "{result}");
    assert_eq!(court.has_channel("one").await, 0);
    let title = "Approved; a step did not go through, and all was taken back";
    let shown = court.question(&court.bench, title).await;
    assert!(
        shown.to_string().contains("step 1 done, step 2 failed"),
        "{shown}"
    );

    let call = court.carries("discord_batch", json!({ "calls": calls }));
    let question = court.asked().await;
    court.press("ada", &question, APPROVE).await;
    let result = call.await.unwrap();
    let content = &result["structuredContent"];
    assert_eq!(content["outcome"], "stopped", "{result}");
    assert_eq!(court.has_channel("one").await, 1);
    court
        .question(&court.bench, "Approved, and it stopped half-way")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_turns_out_to_need_people_stops_the_whole_where_it_stands() {
    // People decide in one channel and its threads, and where the words will go is not known before.
    let policy = POLICY.replace(
        "name = \"people decide about words\"",
        "name = \"people decide about words\"\nchannels = [\"SQUARE\"]",
    );
    let court = Court::of(&policy).await;
    let words = |to: &str| {
        json!({ "tool": "discord_send_message", "arguments":
        { "channel_id": to, "content": "in the thread" } })
    };
    let thread = json!({ "tool": "discord_create_thread", "arguments":
        { "channel_id": court.square, "name": "side talk" } });
    let batch = json!({ "calls": [thread, words("$1.id")] });
    let plan = court.client().done("discord_batch", batch.clone()).await["plan"].clone();
    let mut confirmed = batch;
    confirmed["confirm"] = plan["confirm"]["token"].clone();
    let result = court.client().done("discord_batch", confirmed).await;
    assert_eq!(result["outcome"], "stopped", "{result}");
    assert_eq!(result["steps"][0]["outcome"], "done");
    assert_eq!(
        result["steps"][1]["error"]["code"], "step_needs_approval",
        "{result}"
    );
    assert_eq!(court.messages(&court.bench).await.len(), 0);
}
