//! The plug is pulled while people decide, on both engines: after the restart people are asked about
//! nothing twice in one place, what they agreed to happens once, and what nobody knows is said so.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use http::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{look, points::WITH_PEOPLE, schema, show};
use crate::{
    approvals::{Court, POLICY, serve},
    postgres,
};

const WORDS: &str = "agreed to, whatever happens";
const AT_ONCE: usize = 4;
/// Looks until something has to have happened, 100 ms apart.
const LOOKS: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_while_people_decide_asks_and_does_nothing_twice_on_sqlite() {
    pull_every_plug("sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_while_people_decide_asks_and_does_nothing_twice_on_postgresql() {
    if let Err(reason) = postgres::shared() {
        eprintln!("SKIPPED: no PostgreSQL can be had: {reason}");
        return;
    }
    pull_every_plug("postgresql").await;
}

async fn pull_every_plug(engine: &'static str) {
    let server = (engine == "postgresql").then(|| postgres::shared().unwrap());
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let scenes: Vec<_> = WITH_PEOPLE
        .iter()
        .map(|(what, moment, times)| {
            let room = Arc::clone(&room);
            let base = server.as_ref().map(|server| server.url());
            tokio::spawn(async move {
                let _room = room.acquire().await.unwrap();
                let plug = format!("{what} {moment} {times}");
                let wrong = pull(&plug, base).await;
                let named = wrong.into_iter();
                named
                    .map(|it| format!("{engine}, {plug}: {it}"))
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    let mut wrong = Vec::new();
    for scene in scenes {
        wrong.extend(scene.await.unwrap());
    }
    show(&json!({
        "name": format!("G1 crash points while people decide, on {engine}"),
        "value": wrong.len(), "limit": 0, "scenes": WITH_PEOPLE.len(),
    }));
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// One scene to its end; gives what was wrong.
async fn pull(plug: &str, base: Option<String>) -> Vec<String> {
    let database = base.map(|base| schema(&base));
    let url = database.as_deref().map(|url| ("DATABASE_URL", url));
    let mut more: Vec<(&str, &str)> = url.into_iter().collect();
    more.push(("GUILDHALL_APPROVAL_WAIT_SECONDS", "0"));
    let armed = [&more[..], &[("CRASH_AT", plug)]].concat();
    let mut court = Court::with(POLICY, &armed).await;
    let mut looks = 0;
    while court.hall.lives() {
        looks += 1;
        if looks > LOOKS {
            return vec!["the point was never reached".to_owned()];
        }
        let _may_break = ask(&court).await;
        agree(&court).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    court.hall = serve(&court.scene, &more).await;
    let mut wrong = Vec::new();
    let end = the_end(&court).await;
    let said = court.said(WORDS).await;
    match end.as_str() {
        "done" if said == 1 => {}
        "unknown" if said <= 1 => {}
        _ => wrong.push(format!("it ended as {end}, and was said {said} times")),
    }
    if !questions_show_their_end(&court).await {
        wrong.push("a question can still be answered after its end".to_owned());
    }
    // Each question is another one: none was posted twice.
    let questions = court.messages(&court.bench).await;
    let codes: BTreeSet<&str> = questions.iter().filter_map(code).collect();
    if codes.len() != questions.len() {
        wrong.push(format!(
            "{} questions of {} approvals",
            questions.len(),
            codes.len()
        ));
    }
    let Court { scene, hall, .. } = court;
    hall.terminate();
    let verified = scene
        .command(&["audit", "verify"])
        .envs(more.iter().copied())
        .output()
        .unwrap();
    if !verified.status.success() {
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        wrong.push(format!("the audit is not whole: {said}"));
    }
    let file = scene.folder.path().join("guildhall.db");
    let url = database.unwrap_or_else(|| format!("sqlite:{}", file.display()));
    look::at_the_outbox(&url, &mut wrong).await;
    wrong
}

/// Asks, and has people agree, until the call has an end.
async fn the_end(court: &Court) -> String {
    for _ in 0..LOOKS {
        let result = ask(court).await;
        let content = &result["structuredContent"];
        if content["id"].is_string() {
            return "done".to_owned();
        }
        match content["error"]["code"].as_str() {
            Some("outcome_unknown") => return "unknown".to_owned(),
            None | Some("approval_not_posted" | "service_starting" | "not_ready") => {}
            Some(other) => return other.to_owned(),
        }
        agree(court).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    "nothing".to_owned()
}

/// Waits for the last edits, so that nothing is on its way to Discord any more.
async fn questions_show_their_end(court: &Court) -> bool {
    for _ in 0..LOOKS {
        let questions = court.messages(&court.bench).await;
        if questions.iter().all(|it| it["components"] == json!([])) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

/// Null where the connection broke.
async fn ask(court: &Court) -> Value {
    let message = json!({ "channel_id": court.square, "content": WORDS });
    let answer = court.client().call("discord_send_message", message).await;
    answer.map_or(Value::Null, |mut it| it["result"].take())
}

/// A moderator presses Approve wherever it still can be pressed.
async fn agree(court: &Court) {
    for question in court.messages(&court.bench).await {
        let button = &question["components"][0]["components"][0]["custom_id"];
        if !button.is_string() {
            continue;
        }
        let body = json!({
            "type": 3,
            "channel_id": question["channel_id"],
            "message_id": question["id"],
            "data": { "component_type": 2, "custom_id": button },
        });
        let moderator = court.person("moderator");
        let _may_be_gone = moderator.does(Method::POST, "/interactions", &body).await;
    }
}

fn code(question: &Value) -> Option<&str> {
    let footer = question["embeds"][0]["footer"]["text"].as_str()?;
    footer.split_whitespace().next()
}
