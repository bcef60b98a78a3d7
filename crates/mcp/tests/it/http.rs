//! Streamable HTTP: whose session it is, how many there may be, what is not let in.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use mcp::{HttpConfig, HttpService};
use model::{Principal, principal::Scope};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    hall::{guild, initialize, modern, narrow},
    stdio::call,
};

fn someone(name: &str) -> Principal {
    Principal::api_key(name, Scope::ALL.to_vec())
}

struct Caller {
    service: HttpService,
    principal: Option<Principal>,
    session: Option<String>,
}

struct Reply {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Value,
}

impl Caller {
    fn new(service: &HttpService, principal: &str) -> Self {
        Self {
            service: service.clone(),
            principal: Some(someone(principal)),
            session: None,
        }
    }

    fn request(&self, method: &str) -> http::request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri("/mcp")
            .header("host", "localhost:8000")
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json");
        if let Some(session) = &self.session {
            request = request
                .header("mcp-session-id", session)
                .header("mcp-protocol-version", "2025-11-25");
        }
        match &self.principal {
            Some(principal) => request.extension(principal.clone()),
            None => request,
        }
    }

    async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Response<impl http_body::Body<Data = Bytes> + use<>> {
        self.service.clone().oneshot(request).await.unwrap()
    }

    async fn reply(&self, request: Request<Full<Bytes>>) -> Reply {
        let response = self.send(request).await;
        let (parts, body) = response.into_parts();
        let Ok(collected) = body.collect().await else {
            panic!("a body cannot fail");
        };
        let text = String::from_utf8(collected.to_bytes().to_vec()).unwrap();
        // The last event of a stream is the answer.
        let json = text
            .lines()
            .rev()
            .find_map(|line| {
                line.strip_prefix("data: ")
                    .filter(|data| data.starts_with('{'))
            })
            .unwrap_or(&text);
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_str(json).unwrap_or(Value::String(text.clone())),
        }
    }

    async fn post(&self, message: &Value) -> Reply {
        self.raw(message.to_string()).await
    }

    async fn raw(&self, body: impl Into<Bytes>) -> Reply {
        let request = self.request("POST").body(Full::new(body.into())).unwrap();
        self.reply(request).await
    }

    async fn bare(&self, method: &str) -> Reply {
        let request = self.request(method).body(Full::default()).unwrap();
        self.reply(request).await
    }

    async fn open(&mut self) -> StatusCode {
        let reply = self.post(&initialize("2025-11-25", &json!({}))).await;
        self.session = reply
            .headers
            .get("mcp-session-id")
            .map(|id| id.to_str().unwrap().to_owned());
        reply.status
    }
}

fn stateless(message: &Value, name: &str) -> (Value, String) {
    let mut message = message.clone();
    message["params"]["_meta"] = modern(&json!({}));
    (message, name.to_owned())
}

#[tokio::test]
async fn the_principal_is_the_one_of_each_request() {
    let service = guild().service.http(HttpConfig::default());
    let mut ada = Caller::new(&service, "ada");
    assert_eq!(ada.open().await, StatusCode::OK);
    let reply = ada.post(&call(1, "discord_find_tools", &json!({}))).await;
    assert_eq!(reply.body["result"]["structuredContent"]["who"], "key:ada");

    let (message, name) = stateless(
        &call(1, "discord_find_tools", &json!({})),
        "discord_find_tools",
    );
    let request = Caller::new(&service, "newcomer")
        .request("POST")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", name)
        .body(Full::new(message.to_string().into()))
        .unwrap();
    let reply = ada.reply(request).await;
    assert_eq!(
        reply.body["result"]["structuredContent"]["who"],
        "key:newcomer"
    );
    assert_eq!(reply.headers["content-type"], "application/json");

    let nobody = Caller {
        principal: None,
        ..Caller::new(&service, "")
    };
    let reply = nobody.post(&initialize("2025-11-25", &json!({}))).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_list_shows_what_its_reader_may_use() {
    let service = guild().service.http(HttpConfig::default());
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    for (name, count) in [("ada", 9), ("reader", 7)] {
        let mut caller = Caller::new(&service, name);
        caller.open().await;
        let reply = caller.post(&list).await;
        assert_eq!(
            reply.body["result"]["tools"].as_array().unwrap().len(),
            count
        );
    }
}

#[tokio::test]
async fn another_principal_cannot_use_see_or_end_a_session() {
    let service = guild().service.http(HttpConfig::default());
    let mut ada = Caller::new(&service, "ada");
    ada.open().await;
    let mut thief = Caller::new(&service, "thief");
    thief.session.clone_from(&ada.session);
    let reply = thief.post(&call(1, "discord_find_tools", &json!({}))).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(reply.body["error"]["code"], -32001);
    assert_eq!(thief.bare("GET").await.status, StatusCode::NOT_FOUND);
    assert_eq!(thief.bare("DELETE").await.status, StatusCode::NOT_FOUND);
    let reply = ada.post(&call(2, "discord_find_tools", &json!({}))).await;
    assert_eq!(reply.status, StatusCode::OK);
    let ended = ada.bare("DELETE").await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert_eq!(ended.body, "");
    let reply = ada.post(&call(3, "discord_find_tools", &json!({}))).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn sessions_are_capped_and_idle_ones_make_way_for_their_owner() {
    let service = guild().service.http(narrow());
    let mut ada: Vec<_> = (0..3).map(|_| Caller::new(&service, "ada")).collect();
    assert_eq!(ada[0].open().await, StatusCode::OK);
    assert_eq!(ada[1].open().await, StatusCode::OK);
    let full = ada[2].post(&initialize("2025-11-25", &json!({}))).await;
    assert_eq!(full.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(full.headers.contains_key("retry-after"));
    assert_eq!(service.sessions().count().await, 2);

    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    ada[1]
        .post(&call(1, "discord_find_tools", &json!({})))
        .await;
    assert_eq!(ada[2].open().await, StatusCode::OK);
    let evicted = ada[0]
        .post(&call(1, "discord_find_tools", &json!({})))
        .await;
    assert_eq!(evicted.status, StatusCode::NOT_FOUND);
    let kept = ada[1]
        .post(&call(1, "discord_find_tools", &json!({})))
        .await;
    assert_eq!(kept.status, StatusCode::OK);
}

#[tokio::test]
async fn streams_are_capped_for_each_principal() {
    let service = guild().service.http(narrow());
    let mut ada = Caller::new(&service, "ada");
    ada.open().await;
    let get = || ada.request("GET").body(Full::default()).unwrap();
    let open = ada.send(get()).await;
    assert_eq!(open.status(), StatusCode::OK);
    assert_eq!(
        ada.reply(get()).await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    drop(open);
    assert_eq!(ada.send(get()).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn streams_that_nobody_reads_hold_up_no_other_reply() {
    let service = guild().service.http(HttpConfig::default());
    let mut ada = Caller::new(&service, "ada");
    let forms = json!({"elicitation": {"form": {}}});
    let reply = ada.post(&initialize("2025-11-25", &forms)).await;
    ada.session = Some(reply.headers["mcp-session-id"].to_str().unwrap().to_owned());
    let begun = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(ada.post(&begun).await.status, StatusCode::ACCEPTED);
    let get = ada.request("GET").body(Full::default()).unwrap();
    let mut unread = vec![ada.send(get).await];
    // More questions than any queue of the session holds; nobody reads the streams they are on.
    for id in 100..150 {
        let body = call(id, "discord_delete_channel", &json!({"channel_id": "2"}));
        let body = Full::new(body.to_string().into());
        let request = ada.request("POST").body(body).unwrap();
        let response = ada.send(request).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        unread.push(response);
    }
    for id in 1..20 {
        let reply = ada.post(&call(id, "discord_find_tools", &json!({}))).await;
        assert_eq!(reply.body["id"], id);
    }
    assert_eq!(ada.bare("DELETE").await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn what_is_not_a_message_is_told_so() {
    let service = guild().service.http(HttpConfig::default());
    let ada = Caller::new(&service, "ada");
    for (body, code) in [
        ("{", -32700),
        ("", -32700),
        ("[]", -32600),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600),
    ] {
        let reply = ada.raw(body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(reply.body["error"]["code"], code, "{body}");
    }
    let large = ada.raw(vec![b' '; 4 * 1024 * 1024 + 1]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(
        large.body["error"]["message"]
            .as_str()
            .unwrap()
            .contains("larger than")
    );
}

#[tokio::test]
async fn foreign_pages_and_names_are_kept_out() {
    let service = guild().service.http(HttpConfig::default());
    let ada = Caller::new(&service, "ada");
    let body = || Full::new(initialize("2025-11-25", &json!({})).to_string().into());
    let from_page = ada
        .request("POST")
        .header("origin", "https://evil.example")
        .body(body())
        .unwrap();
    assert_eq!(ada.reply(from_page).await.status, StatusCode::FORBIDDEN);
    let mut rebound = ada.request("POST").body(body()).unwrap();
    rebound
        .headers_mut()
        .insert("host", "evil.example".parse().unwrap());
    assert_eq!(ada.reply(rebound).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_panic_in_a_tool_is_an_answer_here_too() {
    let service = guild().service.http(HttpConfig::default());
    let mut ada = Caller::new(&service, "ada");
    ada.open().await;
    let reply = ada.post(&call(1, "discord_break", &json!({}))).await;
    assert_eq!(reply.body["result"]["isError"], true);
}
