//! Webhooks that speak Slack's and GitHub's formats, and invites for a few.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::rest_judged::{Tour, id};
use crate::support::answer;

async fn webhook(tour: &mut Tour) -> String {
    let path = format!("/channels/{}/webhooks", tour.channel());
    let made = tour.post(&path, json!({"name": "relay"})).await;
    format!(
        "/webhooks/{}/{}",
        id(&made),
        made["token"].as_str().expect("a token")
    )
}

async fn last(tour: &mut Tour) -> Value {
    let path = format!("/channels/{}/messages?limit=1", tour.channel());
    tour.get(&path).await[0].clone()
}

#[tokio::test]
async fn what_is_written_for_slack_becomes_embeds() {
    let mut tour = Tour::start().await;
    let path = format!("{}/slack", webhook(&mut tour).await);
    let body = json!({
        "text": "deployed", "username": "deployer", "attachments": [{
            "title": "Build 7", "title_link": "https://example.test/7", "text": "all green",
            "color": "#0f0", "ts": 1_767_225_600, "author_name": "ci",
            "footer": "end", "fields": [{"name": "took", "value": "3 s", "inline": true}],
        }],
    });
    assert_eq!(tour.open(Method::POST, &path, body, 200).await, json!("ok"));
    let message = last(&mut tour).await;
    assert_eq!(
        (&message["content"], &message["author"]["username"]),
        (&json!("deployed"), &json!("deployer"))
    );
    let embed = &message["embeds"][0];
    assert_eq!(
        (&embed["title"], &embed["color"]),
        (&json!("Build 7"), &json!(0x00_ff00))
    );
    assert_eq!(embed["fields"][0]["value"], "3 s");
    let refused = tour.open(Method::POST, &path, json!({}), 400).await;
    assert_eq!(refused["code"], 50_006);
}

#[tokio::test]
async fn githubs_events_are_told_and_others_taken_in_silence() {
    let mut tour = Tour::start().await;
    let path = format!("{}/github", webhook(&mut tour).await);
    let user = json!({
        "id": 1, "login": "octo", "html_url": "https://example.test/octo",
        "avatar_url": "https://example.test/octo.png",
    });
    let repository = json!({
        "id": 2, "name": "hall", "full_name": "guild/hall", "html_url": "https://example.test/hall",
    });
    let issue = json!({
        "id": 3, "number": 4, "html_url": "https://example.test/4", "user": user,
        "title": "Kettle is cold", "body": "It is.",
    });
    let commit = json!({
        "id": "0123456789", "url": "https://example.test/c", "message": "heat\n\nmore",
        "author": {"name": "ada"},
    });
    for (event, extra, title) in [
        (
            "issues",
            json!({"action": "opened", "issue": issue}),
            "[guild/hall] Issue opened: #4: Kettle is cold",
        ),
        (
            "push",
            json!({"ref": "refs/heads/main", "commits": [commit]}),
            "[hall:main] 1 new commit",
        ),
        (
            "watch",
            json!({"action": "started"}),
            "[guild/hall] New star added",
        ),
        (
            "marketplace_purchase",
            json!({"action": "bought"}),
            "[guild/hall] New star added",
        ),
    ] {
        let mut body = json!({"sender": user, "repository": repository});
        for (key, value) in extra.as_object().expect("fields") {
            body[key] = value.clone();
        }
        let request = tour
            .app
            .nobody(Method::POST, &path)
            .header("x-github-event", event);
        let (status, refused) = answer(request.json(&body).send().await.expect("an answer")).await;
        assert_eq!(status.as_u16(), 204, "{refused}");
        assert_eq!(last(&mut tour).await["embeds"][0]["title"], title);
    }
    let refused = tour
        .open(Method::POST, &path, json!({"action": "opened"}), 400)
        .await;
    assert!(refused["errors"]["sender"].is_object());
}

#[tokio::test]
async fn an_invite_for_a_few_lets_nobody_else_in() {
    let mut tour = Tour::start().await;
    let path = format!("/channels/{}/invites", tour.channel());
    let invite = tour.post(&path, json!({})).await;
    let code = invite["code"].as_str().expect("a code").to_owned();
    let path = format!("/invites/{code}/target-users");
    assert_eq!(
        tour.bot(Method::GET, &path, Value::Null, 404).await["code"],
        10_129
    );
    let job = format!("{path}/job-status");
    assert_eq!(
        tour.bot(Method::GET, &job, Value::Null, 404).await["code"],
        10_124
    );
    let mut people = Vec::new();
    for name in ["guest", "stranger"] {
        let made = tour
            .app
            .control(Method::POST, "/users", json!({"username": name}))
            .await;
        people.push(id(&made));
    }
    for (list, status) in [
        ("user_id\nnobody\n".to_owned(), 400),
        (people[0].clone(), 204),
    ] {
        let file = Part::bytes(list.into_bytes()).file_name("users.csv");
        let form = Form::new().part("target_users_file", file);
        let request = tour.app.bot(Method::PUT, &path).multipart(form);
        let (got, body) = answer(request.send().await.expect("an answer")).await;
        assert_eq!(got.as_u16(), status, "{body}");
    }
    assert_eq!(tour.get(&job).await["status"], 2);
    let csv = tour
        .app
        .bot(Method::GET, &path)
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        csv.text().await.expect("text"),
        format!("user_id\n{}\n", people[0])
    );
    let accept = format!("/invites/{code}");
    let (status, _) = tour
        .app
        .ask(Method::POST, &accept, json!({"as": people[1]}))
        .await;
    assert_eq!(status.as_u16(), 404);
    tour.app
        .control(Method::POST, &accept, json!({"as": people[0]}))
        .await;
}
