//! Faults that are switched on hit the stated requests, and then the sandbox is well again.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{App, answer};

async fn me(app: &App) -> Result<reqwest::Response, reqwest::Error> {
    app.bot(Method::GET, "/users/@me").send().await
}

#[tokio::test]
async fn a_status_is_answered_as_often_as_asked_and_only_there() {
    let app = App::start().await;
    let fault = json!({ "kind": "status", "status": 503, "route": "/users/@me", "count": 2 });
    app.control(Method::POST, "/faults", fault).await;
    let other = app
        .bot(Method::GET, "/gateway/bot")
        .send()
        .await
        .expect("an answer");
    assert_eq!(other.status(), StatusCode::OK);
    for expected in [503, 503, 200] {
        assert_eq!(
            me(&app).await.expect("an answer").status().as_u16(),
            expected
        );
    }
}

#[tokio::test]
async fn a_429_can_be_of_any_scope_or_of_the_proxy_in_front() {
    let app = App::start().await;
    let shared = json!({ "kind": "429", "scope": "shared", "retry_after_ms": 2_500 });
    app.control(Method::POST, "/faults", shared).await;
    let response = me(&app).await.expect("an answer");
    assert_eq!(response.headers()["x-ratelimit-scope"], "shared");
    assert_eq!(response.headers()["retry-after"], "3");
    assert_eq!(answer(response).await.1["retry_after"], 2.5);

    app.control(Method::POST, "/faults", json!({ "kind": "cloudflare" }))
        .await;
    let response = me(&app).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(
        response
            .headers()
            .keys()
            .all(|name| !name.as_str().starts_with("x-ratelimit"))
    );
    assert_eq!(
        response.headers()["content-type"],
        "text/html; charset=UTF-8"
    );

    // A shared limit is nobody's fault; the proxy's is.
    let limits = app.control(Method::GET, "/limits", Value::Null).await;
    assert_eq!(limits["invalid_requests"]["count"], 1);
}

#[tokio::test]
async fn a_dropped_request_has_no_answer_and_no_effect() {
    let app = App::start().await;
    app.control(Method::POST, "/faults", json!({ "kind": "drop" }))
        .await;
    assert!(me(&app).await.is_err());
    assert!(me(&app).await.expect("well again").status().is_success());
}

#[tokio::test]
async fn a_lost_answer_leaves_its_effect() {
    let app = App::start().await;
    let (mut socket, _) = app.identified(crate::support::TALK).await;
    app.control(Method::POST, "/faults", json!({ "kind": "lost" }))
        .await;
    let path = format!("/channels/{}/messages", app.info.channel_id);
    let sent = app
        .bot(Method::POST, &path)
        .json(&json!({ "content": "heard?" }))
        .send()
        .await;
    assert!(sent.is_err());
    assert_eq!(socket.until("MESSAGE_CREATE").await["content"], "heard?");
}

#[tokio::test]
async fn a_slow_answer_still_comes() {
    let app = App::start().await;
    app.control(
        Method::POST,
        "/faults",
        json!({ "kind": "latency", "latency_ms": 30 }),
    )
    .await;
    assert_eq!(me(&app).await.expect("an answer").status(), StatusCode::OK);
}

#[tokio::test]
async fn faults_are_listed_and_cleared() {
    let app = App::start().await;
    app.control(
        Method::POST,
        "/faults",
        json!({ "kind": "drop", "count": 9 }),
    )
    .await;
    let listed = app.control(Method::GET, "/faults", Value::Null).await;
    assert_eq!(listed["faults"][0]["count"], 9);
    app.control(Method::DELETE, "/faults", Value::Null).await;
    assert!(me(&app).await.is_ok());
    let (status, _) = app
        .ask(Method::POST, "/faults", json!({ "kind": "meteor" }))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn tests_in_rust_break_things_directly() {
    let app = App::start().await;
    let fault = sandbox::Fault::of(sandbox::FaultKind::Drop);
    app.sandbox.break_rest(fault).expect("a valid fault");
    assert!(me(&app).await.is_err());
    let (mut socket, _) = app.identified(1).await;
    let fault = sandbox::GatewayFault::Disconnect {
        code: 4000,
        resumable: true,
    };
    assert_eq!(app.sandbox.break_gateway(fault), 1);
    assert_eq!(socket.closed().await, 4000);
    assert_eq!(app.sandbox.requests()[0].status, 0);
}

#[tokio::test]
async fn an_answer_may_break_off_or_pause_in_the_middle() {
    let app = App::start().await;
    app.control(Method::POST, "/faults", json!({ "kind": "truncate" }))
        .await;
    let cut = me(&app).await.expect("the head of an answer");
    assert_eq!(cut.status(), StatusCode::OK);
    assert!(cut.text().await.is_err());
    let stall = json!({ "kind": "stall", "latency_ms": 20 });
    app.control(Method::POST, "/faults", stall).await;
    let (_, whole) = answer(me(&app).await.expect("an answer")).await;
    assert_eq!(whole["username"], "guildhall");
}

#[tokio::test]
async fn a_request_may_hang_until_its_socket_ends() {
    let app = App::start().await;
    let hang = json!({ "kind": "hang", "latency_ms": 20 });
    app.control(Method::POST, "/faults", hang).await;
    assert!(me(&app).await.is_err());
    assert!(me(&app).await.is_ok());
}

#[tokio::test]
async fn the_proxy_in_front_may_reach_nobody() {
    let app = App::start().await;
    let page = json!({ "kind": "cloudflare", "status": 522, "route": "/gateway/bot" });
    app.control(Method::POST, "/faults", page).await;
    let response = app.bot(Method::GET, "/gateway/bot").send().await;
    let response = response.expect("an answer");
    assert_eq!(response.status().as_u16(), 522);
    let page = response.text().await.expect("a page");
    assert!(page.contains("error code: 522"), "{page}");
}

#[tokio::test]
async fn by_chance_means_sometimes_and_always_in_the_same_places() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let app = App::start().await;
        let chance = json!({ "kind": "status", "probability": 0.5, "count": 1_000 });
        app.control(Method::POST, "/faults", chance).await;
        let mut struck = Vec::new();
        for _ in 0..32 {
            let status = me(&app).await.expect("an answer").status();
            struck.push(status.is_server_error());
        }
        assert!(struck.contains(&true) && struck.contains(&false));
        runs.push(struck);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn one_fault_can_be_removed_among_others() {
    let app = App::start().await;
    for status in [500, 503] {
        let fault = json!({ "kind": "status", "status": status, "count": 9 });
        app.control(Method::POST, "/faults", fault).await;
    }
    assert_eq!(me(&app).await.expect("an answer").status().as_u16(), 500);
    let listed = app.control(Method::GET, "/faults", Value::Null).await;
    let first = &listed["faults"][0];
    assert_eq!((&first["hits"], &first["count"]), (&json!(1), &json!(8)));
    let path = format!("/faults/{}", first["id"]);
    app.control(Method::DELETE, &path, Value::Null).await;
    assert_eq!(me(&app).await.expect("an answer").status().as_u16(), 503);
    let (status, _) = app.ask(Method::DELETE, &path, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
