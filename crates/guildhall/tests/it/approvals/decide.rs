//! One call: people decide by buttons and words, and the asker hears of the end.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{APPROVE, Court, DENY, PATIENCE, POLICY};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_approves_and_the_waiting_call_gets_its_result() {
    let court = Court::of(POLICY).await;
    let call = court.sends("hello from the agent");
    let question = court.asked().await;
    assert_eq!(court.said("hello from the agent").await, 0);
    // Nobody is pinged but those who may decide.
    assert_eq!(question["mention_roles"], json!([court.role]), "{question}");
    assert_eq!(question["mentions"], json!([]));
    let shown = question["embeds"][0].to_string();
    for part in [
        "discord_send_message",
        "hello from the agent",
        "loopback",
        "<t:",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let whisper = court.press("moderator", &question, APPROVE).await;
    assert!(whisper.starts_with("Approved."), "{whisper}");
    let result = call.await.unwrap();
    assert_ne!(result["isError"], true, "{result}");
    assert!(result["structuredContent"]["id"].is_string(), "{result}");
    assert_eq!(court.said("hello from the agent").await, 1);
    // The message shows what is true, and its buttons are gone.
    let shown = court
        .question(&court.bench, "Approved and carried out")
        .await;
    assert_eq!(shown["id"], question["id"]);
    assert_eq!(shown["components"], json!([]));
    let moderator = court.person("moderator").id().to_string();
    assert!(
        shown["embeds"][0].to_string().contains(&moderator),
        "{shown}"
    );
    // Nothing that answers interactions is kept.
    let (_, list) = court.approvals(&["list"]);
    assert_eq!(list[0]["state"], "done", "{list}");
    let (_, audit, _) = court
        .scene
        .run(&["audit", "list", "--json", "--limit", "200"]);
    assert!(audit.contains("approved_by_person"), "{audit}");
    let Court { scene, hall, .. } = court;
    assert_eq!(hall.terminate(), Some(0));
    let mut stored = Vec::new();
    for file in std::fs::read_dir(scene.folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.to_string_lossy().contains("guildhall.db") {
            stored.extend(std::fs::read(path).unwrap());
        }
    }
    let stored = String::from_utf8_lossy(&stored);
    assert!(stored.contains("INTERACTION_CREATE"));
    assert!(
        !stored.contains("\"token\""),
        "an interaction's token is in the database"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_ends_it_and_only_those_who_are_asked_may_decide() {
    let court = Court::of(POLICY).await;
    let call = court.sends("spam");
    let question = court.asked().await;
    let newcomer = court.press("ada", &question, APPROVE).await;
    assert!(newcomer.contains("not yours to decide"), "{newcomer}");
    let whisper = court.press("moderator", &question, DENY).await;
    assert!(whisper.starts_with("Refused"), "{whisper}");
    let result = call.await.unwrap();
    assert_eq!(
        result["structuredContent"]["error"]["code"], "approval_refused",
        "{result}"
    );
    court.question(&court.bench, "Refused").await;
    // Asking again at once bothers nobody.
    let again = court.sends("spam").await.unwrap();
    assert_eq!(
        again["structuredContent"]["error"]["code"], "approval_refused",
        "{again}"
    );
    assert_eq!(court.said("spam").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_different_people_of_two_must_agree_and_a_lost_role_counts_no_more() {
    let policy = POLICY.replace("roles = [\"ROLE\"]", "roles = [\"ROLE\"]\nquorum = 2");
    let court = Court::of(&policy).await;
    let guild = court.scene.sandbox.info().guild_id;
    let ada = court.person("ada");
    let artist = court.person("artist").id();
    let path = format!("/guilds/{guild}/members/{artist}/roles/{}", court.role);
    ada.does(Method::PUT, &path, &Value::Null).await.unwrap();
    let call = court.sends("together");
    let question = court.asked().await;
    let first = court.press("moderator", &question, APPROVE).await;
    assert_eq!(first, "Counted: 1 of 2 agree so far.");
    let again = court.press("moderator", &question, APPROVE).await;
    assert_eq!(again, "Your answer is counted already.");
    // Artist loses the role before the click: the button is still in sight of whoever may see.
    ada.does(Method::DELETE, &path, &Value::Null).await.unwrap();
    let owner = court.press("ada", &question, APPROVE).await;
    assert!(owner.contains("not yours to decide"), "{owner}");
    assert_eq!(court.said("together").await, 0);
    ada.does(Method::PUT, &path, &Value::Null).await.unwrap();
    let second = court.press("artist", &question, APPROVE).await;
    assert!(second.starts_with("Approved."), "{second}");
    assert_ne!(call.await.unwrap()["isError"], true);
    assert_eq!(court.said("together").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_decide_as_buttons_do_and_a_bot_never_does() {
    let court = Court::of(POLICY).await;
    let call = court.sends("by words");
    let question = court.asked().await;
    let channel: u64 = court.bench.parse().unwrap();
    let footer = question["embeds"][0]["footer"]["text"].as_str().unwrap();
    let code = footer.split_whitespace().next().unwrap().to_owned();
    // The bot itself says so: as an agent with the right to send could make it.
    let bot = court.person("guildhall");
    let reference = json!({ "message_id": question["id"] });
    let words = json!({ "content": format!("approve {code}"), "message_reference": reference });
    let path = format!("/channels/{channel}/messages");
    bot.does(Method::POST, &path, &words).await.unwrap();
    let bot_id = court.person("guildhall").id();
    let moderator = court.person("moderator");
    let wrong = json!({ "content": format!("<@{bot_id}> approve 00000000"), "message_reference": reference });
    moderator.does(Method::POST, &path, &wrong).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(court.said("by words").await, 0);
    let right =
        json!({ "content": format!("<@{bot_id}> approve {code}"), "message_reference": reference });
    moderator.does(Method::POST, &path, &right).await.unwrap();
    assert_ne!(call.await.unwrap()["isError"], true);
    assert_eq!(court.said("by words").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buttons_work_after_a_kill_and_the_same_call_gets_the_result() {
    let court = Court::of(POLICY).await;
    let call = court.sends("across a crash");
    let question = court.asked().await;
    let court = court.restart().await;
    let _broken = call.await;
    let whisper = court.press("moderator", &question, APPROVE).await;
    assert!(whisper.starts_with("Approved."), "{whisper}");
    court
        .question(&court.bench, "Approved and carried out")
        .await;
    let result = court.sends("across a crash").await.unwrap();
    assert_ne!(result["isError"], true, "{result}");
    assert!(result["structuredContent"]["id"].is_string(), "{result}");
    assert_eq!(court.said("across a crash").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_granted_while_the_plan_no_longer_fits_is_not_done() {
    let court = Court::of(POLICY).await;
    let (client, channel) = (court.client(), court.square.clone());
    let edit = json!({ "channel_id": channel, "topic": "by the agent" });
    let call = tokio::spawn({
        let edit = edit.clone();
        async move { client.call("discord_edit_channel", edit).await.unwrap() }
    });
    let question = court.asked().await;
    let path = format!("/channels/{}", court.square);
    let other = json!({ "topic": "by somebody else" });
    court
        .person("ada")
        .does(Method::PATCH, &path, &other)
        .await
        .unwrap();
    court.press("moderator", &question, APPROVE).await;
    let shown = court
        .question(&court.bench, "Approved, and not carried out")
        .await;
    assert!(
        shown.to_string().contains("no longer as it was shown"),
        "{shown}"
    );
    let answer = call.await.unwrap();
    let error = &answer["result"]["structuredContent"]["error"];
    assert_eq!(error["code"], "approval_not_carried_out", "{answer}");
    let live = court
        .person("ada")
        .does(Method::GET, &path, &Value::Null)
        .await
        .unwrap();
    assert_eq!(live["topic"], "by somebody else");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_says_who_would_be_asked_and_asks_nobody() {
    let court = Court::of(POLICY).await;
    let arguments = json!({ "channel_id": court.square, "content": "hello", "dry_run": true });
    let planned = court.client().done("discord_send_message", arguments).await;
    let ask = &planned["plan"]["approval"];
    assert_eq!(ask["name"], "moderators", "{planned}");
    assert_eq!(ask["deciders"], json!([format!("role {}", court.role)]));
    assert_eq!(ask["posts_to"], json!([format!("channel {}", court.bench)]));
    assert!(
        planned["plan"]["how_to_run"]
            .as_str()
            .unwrap()
            .contains("must agree")
    );
    assert_eq!(court.messages(&court.bench).await.len(), 0);
    let (_, list) = court.approvals(&["list"]);
    assert_eq!(list, json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_posted_fails_and_nothing_waits() {
    let policy = POLICY.replace("BENCH", "1");
    let court = Court::of(&policy).await;
    let result = court.sends("to nobody").await.unwrap();
    let error = &result["structuredContent"]["error"];
    assert_eq!(error["code"], "approval_not_posted", "{result}");
    assert!(
        error["message"].as_str().unwrap().contains("channel 1"),
        "{error}"
    );
    let (_, list) = court.approvals(&["list", "--state", "cancelled"]);
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    assert!(
        court.scene.log().contains("approvals.moderators"),
        "{}",
        court.scene.log()
    );
    let (code, out, _) = court.scene.run(&["doctor"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("channel 1 is unknown to the bot"), "{out}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_takes_it_back_and_the_agent_sees_only_its_own() {
    let court = Court::of(POLICY).await;
    let call = court.sends("never mind");
    let question = court.asked().await;
    let mine = court.client().done("discord_get_approval", json!({})).await;
    assert_eq!(mine["approvals"][0]["state"], "pending", "{mine}");
    assert!(!mine.to_string().contains("custom_id"));
    let footer = question["embeds"][0]["footer"]["text"].as_str().unwrap();
    let code = footer.split_whitespace().next().unwrap();
    let (exit, cancelled) = court.approvals(&["cancel", code, "--reason", "wrong day"]);
    assert_eq!(
        (exit, &cancelled["state"]),
        (0, &json!("cancelled")),
        "{cancelled}"
    );
    let shown = court.question(&court.bench, "Taken back").await;
    assert!(shown.to_string().contains("wrong day"), "{shown}");
    let result = call.await.unwrap();
    assert_eq!(
        result["structuredContent"]["error"]["code"], "approval_cancelled",
        "{result}"
    );
    // The old button is dead.
    let (exit, again) = court.approvals(&["cancel", code]);
    assert_eq!(exit, 1, "{again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_direct_message_asks_whom_the_policy_names() {
    let policy = POLICY
        .replace(
            "post_to = \"channel\"\nchannel = \"BENCH\"",
            "post_to = \"direct_message\"",
        )
        .replace("roles = [\"ROLE\"]", "users = [\"HELPER\"]");
    let court = Court::of(&policy).await;
    let call = court.sends("privately");
    let helper = court.person("helper");
    let mut found = None;
    for _ in 0..PATIENCE {
        let (_, list) = court.approvals(&["list"]);
        if list[0]["state"] == "pending" {
            found = Some(list[0]["posted"][0].as_str().unwrap().to_owned());
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(
        found.unwrap(),
        format!("a direct message to user {}", helper.id())
    );
    let bot = json!({ "recipient_id": court.person("guildhall").id() });
    let direct = helper
        .does(Method::POST, "/users/@me/channels", &bot)
        .await
        .unwrap();
    let channel = direct["id"].as_str().unwrap().to_owned();
    let path = format!("/channels/{channel}/messages");
    let messages = helper.does(Method::GET, &path, &Value::Null).await.unwrap();
    let question = messages[0].clone();
    let whisper = court.press("helper", &question, APPROVE).await;
    assert!(whisper.starts_with("Approved."), "{whisper}");
    assert_ne!(call.await.unwrap()["isError"], true);
    assert_eq!(court.said("privately").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_waits_too_long_says_how_to_go_on() {
    let court = Court::of(POLICY).await;
    let waiting = court.sends("patience").await.unwrap();
    let content = &waiting["structuredContent"];
    assert_eq!(content["outcome"], "waiting_for_people", "{waiting}");
    let id = content["approval"]["approval_id"].as_str().unwrap();
    assert_eq!(content["approval"]["state"], "pending");
    let question = court.asked().await;
    court.press("moderator", &question, APPROVE).await;
    court
        .question(&court.bench, "Approved and carried out")
        .await;
    let looked = court
        .client()
        .done("discord_get_approval", json!({ "approval_id": id }))
        .await;
    assert_eq!(looked["approvals"][0]["state"], "done", "{looked}");
    // The same call gets the result, once; it is not done twice.
    let result = court.sends("patience").await.unwrap();
    assert!(result["structuredContent"]["id"].is_string(), "{result}");
    assert_eq!(court.said("patience").await, 1);
}
