//! What stories of several modules do: the bot asks, people ask, both are refused.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Socket, answer};

/// The bot's request.
pub(crate) async fn bot(app: &App, method: Method, path: &str, body: Value) -> (u16, Value) {
    let mut request = app.bot(method, path);
    if !body.is_null() {
        request = request.json(&body);
    }
    let (status, body) = answer(request.send().await.expect("an answer")).await;
    (status.as_u16(), body)
}

/// The bot's request that must succeed.
pub(crate) async fn done(app: &App, method: Method, path: &str, body: Value) -> Value {
    let (status, answer) = bot(app, method.clone(), path, body).await;
    assert!(status < 300, "{method} {path}: {status} {answer}");
    answer
}

/// What the bot makes.
pub(crate) async fn made(app: &App, path: &str, body: Value) -> Value {
    done(app, Method::POST, path, body).await
}

/// What the bot sees.
pub(crate) async fn seen(app: &App, path: &str) -> Value {
    done(app, Method::GET, path, Value::Null).await
}

/// The status and code with which the bot is refused.
pub(crate) async fn refused(app: &App, method: Method, path: &str, body: Value) -> (u16, u64) {
    let (status, body) = bot(app, method, path, body).await;
    assert!(status >= 400, "{path}: {body}");
    (status, body["code"].as_u64().expect("a code"))
}

/// A person's request through the control API.
pub(crate) async fn person(
    app: &App,
    who: &str,
    method: Method,
    path: &str,
    mut body: Value,
) -> (u16, Value) {
    body["as"] = json!(app.user(who));
    let (status, body) = app.ask(method, path, body).await;
    (status.as_u16(), body)
}

/// The status and code with which a person is refused.
pub(crate) async fn person_refused(
    app: &App,
    who: &str,
    method: Method,
    path: &str,
    body: Value,
) -> (u16, u64) {
    let (status, body) = person(app, who, method, path, body).await;
    (status, body["code"].as_u64().unwrap_or_default())
}

/// The id of an answer.
pub(crate) fn id(value: &Value) -> String {
    let id = value["id"].as_str();
    id.unwrap_or_else(|| panic!("no id in {value}")).to_owned()
}

/// Lets time pass.
pub(crate) async fn passes(app: &App, minutes: u64) {
    let body = json!({"ms": minutes * 60_000});
    app.control(Method::POST, "/clock/advance", body).await;
}

/// The kinds of all dispatches that came until a heartbeat is answered.
pub(crate) async fn kinds_until_now(socket: &mut Socket) -> Vec<String> {
    socket.send(json!({ "op": 1, "d": null })).await;
    let mut kinds = Vec::new();
    loop {
        let frame = socket.next().await;
        if frame["op"] == 11 {
            return kinds;
        }
        if let Some(kind) = frame["t"].as_str() {
            kinds.push(kind.to_owned());
        }
    }
}

/// The owner sets an overwrite in the first channel.
pub(crate) async fn permit(app: &App, role_or_user: &str, kind: u8, allow: u64, deny: u64) {
    let path = format!(
        "/channels/{}/permissions/{role_or_user}",
        app.info.channel_id
    );
    let body = json!({"type": kind, "allow": allow.to_string(), "deny": deny.to_string()});
    let (status, body) = person(app, "ada", Method::PUT, &path, body).await;
    assert_eq!(status, 204, "{body}");
}
