//! What is said besides results: resources, prompts, questions to people at clients and in Discord,
//! progress.

use serde_json::{Map, Value, json};

use super::{
    Ledger, ROUNDS,
    ground::{Ground, ask},
    judge::{self, Looked},
    mirror::Mood,
    object, way,
};
use crate::{
    harness::Rest,
    redteam::client::{self, Generation, Speaker},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_else_that_mcp_says_marks_words_of_strangers() {
    let ground = Ground::prepare().await;
    let mut ledger = Ledger(Vec::new());
    let id = |name: &str| ground.home[name].as_str().unwrap();
    let (guild, channel) = (id("guild_id"), id("channel_id"));
    let prompt = |name: &str, arguments: Value| json!({"name": name, "arguments": arguments});
    let argument = |name: &str| json!({"name": name, "value": ""});
    let requests = [
        ("tools/list", json!({}), Looked::Nothing),
        ("prompts/list", json!({}), Looked::Nothing),
        (
            "prompts/get",
            prompt("catch_up", json!({"channel_id": channel})),
            Looked::Nothing,
        ),
        (
            "prompts/get",
            prompt(
                "moderation_review",
                json!({"guild_id": guild, "channel_id": channel}),
            ),
            Looked::Nothing,
        ),
        (
            "prompts/get",
            prompt(
                "answer_in_thread",
                json!({"channel_id": channel, "message_id": id("message_id")}),
            ),
            Looked::Nothing,
        ),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/prompt", "name": "catch_up"}, "argument": argument("channel_id")}),
            Looked::Nothing,
        ),
        ("resources/templates/list", json!({}), Looked::Nothing),
        ("resources/list", json!({}), Looked::Words),
        (
            "resources/read",
            json!({"uri": format!("discord://guild/{guild}")}),
            Looked::Words,
        ),
        (
            "resources/read",
            json!({"uri": format!("discord://channel/{channel}")}),
            Looked::Words,
        ),
        (
            "resources/read",
            json!({"uri": format!("discord://channel/{channel}/messages")}),
            Looked::Words,
        ),
    ];
    for generation in Generation::ALL {
        let speaker = Speaker::open(&ground.hall.url, generation, None, None).await;
        for round in 0..ROUNDS * 2 {
            ground.turn(Mood::Hostile, round * 3);
            for (method, params, wanted) in &requests {
                let what = format!("{} {method} {params}", generation.version());
                let looked = ask(&ground, &speaker, method, params.clone()).await;
                if let Some((answer, looked)) = ledger.note(&what, looked) {
                    assert_eq!(looked, *wanted, "{what}: {answer}");
                }
            }
            ground.turn(Mood::Refusing(403), round);
            let uri = format!("discord://channel/{channel}/messages");
            let looked = ask(&ground, &speaker, "resources/read", json!({"uri": uri})).await;
            if let Some((answer, looked)) = ledger.note("a refused resource", looked) {
                assert_eq!(looked, Looked::Words, "{answer}");
            }
            // The person at the client is asked.
            ground.turn(Mood::Hostile, round * 5);
            let asking = Speaker::open(
                &ground.hall.url,
                generation,
                None,
                Some("absent".to_owned()),
            );
            let asking = asking.await;
            let call = json!({"name": "discord_delete_message", "arguments": {
                "channel_id": channel, "message_id": id("message_id") }});
            if generation == Generation::Stateless {
                let looked = ask(&ground, &asking, "tools/call", call).await;
                if let Some((answer, looked)) = ledger.note("a question", looked) {
                    assert_eq!(looked, Looked::Words, "{answer}");
                }
            } else {
                let declining = Speaker::open(
                    &ground.hall.url,
                    generation,
                    None,
                    Some("decline".to_owned()),
                );
                let looked = ask(&ground, &declining.await, "tools/call", call).await;
                ledger.note("a question", looked);
            }
        }
    }
    ledger.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_are_asked_to_approve_holds_words_of_others_in_blocks() {
    let ground = Ground::prepare().await;
    let mut ledger = Ledger(Vec::new());
    let home = |name: &str| ground.home[name].clone();
    let mut posts = 0;
    for caller in ground.callers().await {
        for round in 0..ROUNDS * 2 {
            ground.turn(Mood::Hostile, round * 3);
            ground.mirror.take_written();
            let kick = object(json!({
                "guild_id": home("guild_id"), "user_id": home("user_id"), "dry_run": false,
                "reason": format!("{}-{round}", way(&caller)),
            }));
            let asked = caller.call(&ground, "discord_kick_member", &kick).await;
            let Some(asked) = ledger.note(way(&caller), asked) else {
                continue;
            };
            assert_eq!(
                asked.value["outcome"], "waiting_for_people",
                "{}",
                asked.value
            );
            for post in ground.mirror.take_written() {
                if ledger.note("a post", judge::post(&post)) == Some(Looked::Words) {
                    posts += 1;
                }
            }
            // Step by step, where several calls wait for the same people.
            let batch = object(json!({"dry_run": false, "calls": [
                {"tool": "discord_edit_channel", "arguments":
                    {"channel_id": home("channel_id"), "topic": format!("ours {round}")}},
                {"tool": "discord_delete_message", "arguments":
                    {"channel_id": home("channel_id"), "message_id": home("message_id")}},
                {"tool": "discord_kick_member", "arguments":
                    {"guild_id": home("guild_id"), "user_id": home("user_id"),
                     "reason": way(&caller)}},
            ]}));
            let asked = caller.call(&ground, "discord_batch", &batch).await;
            if let Some(asked) = ledger.note(way(&caller), asked) {
                assert_eq!(
                    asked.value["outcome"], "waiting_for_people",
                    "{}",
                    asked.value
                );
            }
            for post in ground.mirror.take_written() {
                if ledger.note("a post about several", judge::post(&post)) == Some(Looked::Words) {
                    posts += 1;
                }
            }
            let none = Map::new();
            let approval = caller.call(&ground, "discord_get_approval", &none).await;
            ledger.note(way(&caller), approval);
            // Only so many wait at a time.
            take_back_all(&ground.hall.rest()).await;
        }
    }
    let listed = ground.hall.rest().get("/approvals").await;
    ledger.note("a list of approvals", judge::body(&listed.json()));
    assert!(posts >= 20, "only {posts} posts held words");
    ledger.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_marks_words_of_strangers() {
    let ground = Ground::prepare().await;
    let mut ledger = Ledger(Vec::new());
    let home = |name: &str| ground.home[name].clone();
    let message = json!({"channel_id": home("channel_id"), "message_id": home("message_id")});
    for (mood, tool, arguments) in [
        (Mood::Hostile, "discord_get_message", message.clone()),
        (Mood::Hostile, "discord_delete_message", message.clone()),
        (Mood::Refusing(403), "discord_get_message", message),
    ] {
        ground.turn(mood, 1);
        let arguments = arguments.to_string();
        let mut command = ground
            .scene
            .command(&["tools", "call", tool, &arguments, "--json"]);
        command.env("DISCORD_API_URL", &ground.mirror.api_url);
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.unwrap().unwrap();
        let said = String::from_utf8(output.stdout.clone()).unwrap();
        let body: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{output:?}"));
        if let Some(looked) = ledger.note(tool, judge::body(&body)) {
            assert_eq!(looked, Looked::Words, "{tool}: {body}");
        }
    }
    ledger.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_and_the_end_of_waiting_hold_no_words_of_strangers() {
    let ground = Ground::prepare().await;
    let mut ledger = Ledger(Vec::new());
    for generation in Generation::ALL {
        let speaker = Speaker::open(&ground.hall.url, generation, None, None).await;
        ground.turn(Mood::Hostile, 1);
        let kick = json!({"name": "discord_kick_member", "arguments": {
            "guild_id": ground.home["guild_id"], "user_id": ground.home["user_id"],
            "reason": generation.version(), "dry_run": false }});
        let waiting = tokio::spawn(async move {
            let meta = json!({"progressToken": "p"});
            speaker.ask("tools/call", kick, &meta).await
        });
        // Nobody in this Discord can press a button, so the question is taken back.
        let rest = ground.hall.rest();
        while !waiting.is_finished() {
            take_back_all(&rest).await;
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let heard = waiting.await.unwrap();
        let error = &heard.answer["result"]["structuredContent"]["error"];
        assert_eq!(error["code"], "approval_cancelled", "{}", heard.answer);
        let messages = client::messages(&heard.text);
        let progress = |message: &Value| message["method"] == "notifications/progress";
        assert!(messages.iter().any(progress), "{}", heard.text);
        for message in &messages {
            ledger.note(generation.version(), judge::message(message, &ground.seen));
        }
    }
    ledger.close();
}

/// Whatever waits for people waits no longer.
async fn take_back_all(rest: &Rest) {
    let open = rest.get("/approvals?state=pending").await.json();
    for approval in open["approvals"].as_array().into_iter().flatten() {
        let id = approval["id"].as_str().unwrap();
        let cancel = format!("/approvals/{id}/cancel");
        rest.post(&cancel, &json!({})).await;
    }
}
