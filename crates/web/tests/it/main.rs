//! The server over real connections: who gets in, and what happens to those who misbehave.
#![expect(clippy::unwrap_used, reason = "a broken test says where by its panic")]

use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use axum::{body::Body, extract::Request, response::Response};
use model::{
    ManualClock, Principal,
    ledger::{ApiKey, Decision, Keys, StoreError},
    principal::Scope,
};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tower::service_fn;
use web::{Config, Error, Health, HealthReport, Hosts, Routes, mount};

#[derive(Default)]
struct Process {
    reasons: Mutex<Vec<String>>,
}

#[async_trait]
impl Health for Process {
    async fn health(&self) -> HealthReport {
        let more = json!({"version": "1.2.3"});
        HealthReport {
            discord_connected: true,
            active_sessions: 3,
            more: more.as_object().unwrap().clone(),
        }
    }

    async fn not_ready(&self) -> Vec<String> {
        self.reasons.lock().unwrap().clone()
    }
}

struct Ring(HashMap<[u8; 32], Principal>);

#[async_trait]
impl Keys for Ring {
    async fn create(
        &self,
        _key: ApiKey,
        _digest: [u8; 32],
        _record: Decision,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }
    async fn find(&self, digest: [u8; 32], _now: i64) -> Result<Option<Principal>, StoreError> {
        Ok(self.0.get(&digest).cloned())
    }
    async fn list(&self) -> Result<Vec<ApiKey>, StoreError> {
        Ok(Vec::new())
    }
    async fn revoke(&self, _name: &str, _now: i64, _record: Decision) -> Result<bool, StoreError> {
        Ok(false)
    }
}

fn key() -> String {
    format!("gh_{}", "k".repeat(43))
}

/// Says whose request came, breaks, or streams a large answer.
async fn door(request: Request) -> Result<Response, Infallible> {
    let who = request.extensions().get::<Principal>().unwrap().id.clone();
    let body = match request
        .headers()
        .get("x-do")
        .and_then(|it| it.to_str().ok())
    {
        Some("break") => panic!("on purpose"),
        Some("large") => "large ".repeat(10_000),
        Some("read") => match axum::body::to_bytes(request.into_body(), usize::MAX).await {
            Ok(bytes) => bytes.len().to_string(),
            Err(error) => error.to_string(),
        },
        _ => who,
    };
    Ok(Response::new(Body::from(body)))
}

struct Server {
    address: SocketAddr,
    process: Arc<Process>,
    shutdown: CancellationToken,
    served: JoinHandle<Result<(), Error>>,
    client: Client,
}

impl Server {
    async fn start(config: Config) -> Self {
        Self::on("127.0.0.1:0", config).await
    }

    async fn on(address: &str, config: Config) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let process = Arc::new(Process::default());
        let served = tokio::spawn(web::serve(
            listener,
            config,
            routes(process.clone()),
            shutdown.clone(),
        ));
        Self {
            address,
            process,
            shutdown,
            served,
            client: client(),
        }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://{}{path}", self.address))
    }

    async fn status(&self, request: RequestBuilder) -> StatusCode {
        request.send().await.unwrap().status()
    }
}

fn client() -> Client {
    // Nothing here is encrypted, but a client wants to know how it would be.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .build()
        .unwrap()
}

fn routes(process: Arc<Process>) -> Routes {
    let digest = Sha256::digest(key()).into();
    let principal = Principal::api_key("monitor", vec![Scope::Read]);
    Routes {
        mcp: mount(service_fn(door)),
        api: None,
        health: process,
        keys: Some(Arc::new(Ring(HashMap::from([(digest, principal)])))),
        clock: Arc::new(ManualClock::at(0)),
    }
}

fn locked() -> Config {
    Config {
        require_keys: true,
        ..Config::default()
    }
}

#[tokio::test]
async fn health_readiness_and_landing_need_no_key() {
    let server = Server::start(locked()).await;
    let health: Value = server
        .get("/health")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        health,
        json!({"status": "healthy", "discord_connected": true, "active_sessions": 3, "version": "1.2.3"})
    );
    assert_eq!(server.status(server.get("/ready")).await, StatusCode::OK);
    server
        .process
        .reasons
        .lock()
        .unwrap()
        .push("recovering".into());
    let response = server.get("/ready").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let ready: Value = response.json().await.unwrap();
    assert_eq!(ready, json!({"ready": false, "reasons": ["recovering"]}));
    let page = server
        .get("/")
        .header("accept", "text/html")
        .send()
        .await
        .unwrap();
    assert!(page.text().await.unwrap().contains("<h1>Guildhall</h1>"));
    let text = server.get("/").send().await.unwrap().text().await.unwrap();
    assert!(text.contains("/mcp"));
}

#[tokio::test]
async fn a_door_opens_to_a_key_and_to_guests_only_where_none_is_required() {
    let server = Server::start(locked()).await;
    let refused = server.get("/mcp").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
    assert_eq!(
        refused.headers()["content-type"],
        "application/problem+json"
    );
    assert!(refused.headers().contains_key("x-request-id"));
    let with = |key: &str| server.get("/mcp").bearer_auth(key);
    assert_eq!(
        with(&key()).send().await.unwrap().text().await.unwrap(),
        "key:monitor"
    );
    let unknown = format!("gh_{}", "x".repeat(43));
    assert_eq!(
        server.status(with(&unknown)).await,
        StatusCode::UNAUTHORIZED
    );

    let open = Server::start(Config::default()).await;
    let guest = open.get("/mcp").send().await.unwrap();
    assert_eq!(guest.text().await.unwrap(), "loopback");
    let wrong = open.get("/mcp").bearer_auth(&unknown);
    assert_eq!(open.status(wrong).await, StatusCode::UNAUTHORIZED);
    let through_a_proxy = open.get("/mcp").header("x-forwarded-for", "203.0.113.7");
    assert_eq!(open.status(through_a_proxy).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_shows_too_many_wrong_keys_waits_and_a_right_one_still_passes() {
    let server = Server::start(locked()).await;
    let mut last = StatusCode::OK;
    for _ in 0..31 {
        last = server.status(server.get("/mcp").bearer_auth("wrong")).await;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let right = server.get("/mcp").bearer_auth(key());
    assert_eq!(server.status(right).await, StatusCode::OK);
}

#[tokio::test]
async fn foreign_names_and_pages_are_refused_everywhere() {
    let server = Server::start(Config {
        hosts: Hosts {
            names: vec!["bot.example".into()],
            origins: vec![],
        },
        ..Config::default()
    })
    .await;
    for path in ["/", "/health", "/mcp", "/nowhere"] {
        let rebound = server.get(path).header("host", "evil.example");
        assert_eq!(
            server.status(rebound).await,
            StatusCode::FORBIDDEN,
            "{path}"
        );
        let page = server.get(path).header("origin", "https://evil.example");
        assert_eq!(server.status(page).await, StatusCode::FORBIDDEN, "{path}");
    }
    let named = server.get("/health").header("host", "bot.example");
    assert_eq!(server.status(named).await, StatusCode::OK);
}

#[tokio::test]
async fn errors_are_problem_documents() {
    let server = Server::start(Config::default()).await;
    let missing = server.get("/nowhere").send().await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    let document: Value = missing.json().await.unwrap();
    assert_eq!(document["code"], "not_found");
    let url = format!("http://{}/health", server.address);
    let posted = server.client.post(url).send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
    let broken = server
        .get("/mcp")
        .header("x-do", "break")
        .send()
        .await
        .unwrap();
    assert_eq!(broken.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let document: Value = broken.json().await.unwrap();
    assert_eq!(document["code"], "internal_error");
    assert_eq!(server.status(server.get("/mcp")).await, StatusCode::OK);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_announced_or_not() {
    let server = Server::start(Config::default()).await;
    let limit = 4 * 1024 * 1024;
    let post = |body: reqwest::Body| {
        let url = format!("http://{}/mcp", server.address);
        server.client.post(url).header("x-do", "read").body(body)
    };
    let announced = post(vec![0; limit + 1].into());
    assert_eq!(
        server.status(announced).await,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let chunks = vec![Ok::<_, Infallible>(vec![0; limit]), Ok(vec![0; 1])];
    let streamed = post(reqwest::Body::wrap_stream(futures_util::stream::iter(
        chunks,
    )));
    let answer = streamed.send().await.unwrap().text().await.unwrap();
    assert!(answer.contains("length limit"), "{answer}");
    let allowed = post(vec![0; limit].into()).send().await.unwrap();
    assert_eq!(allowed.text().await.unwrap(), limit.to_string());
}

#[tokio::test]
async fn large_answers_are_compressed_for_who_can_read_them() {
    let server = Server::start(Config::default()).await;
    let large = server
        .get("/mcp")
        .header("x-do", "large")
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(large.headers()["content-encoding"], "gzip");
    let small = server
        .get("/mcp")
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert!(!small.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn connections_over_the_cap_wait_for_room() {
    let server = Server::start(Config {
        max_connections: 1,
        ..Config::default()
    })
    .await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    let ask = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
    first.write_all(ask).await.unwrap();
    let mut buffer = [0; 12];
    first.read_exact(&mut buffer).await.unwrap();
    assert_eq!(&buffer, b"HTTP/1.1 200");
    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(ask).await.unwrap();
    drop(first);
    second.read_exact(&mut buffer).await.unwrap();
    assert_eq!(&buffer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn the_end_closes_connections_and_the_listener() {
    let server = Server::start(Config::default()).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut buffer = [0; 12];
    idle.read_exact(&mut buffer).await.unwrap();
    server.shutdown.cancel();
    server.served.await.unwrap().unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_listener_for_all_addresses_answers_to_the_one_that_was_called() {
    let config = Config {
        hosts: Hosts {
            names: vec!["bot.example".into()],
            origins: vec![],
        },
        ..locked()
    };
    let server = Server::on("0.0.0.0:0", config).await;
    let port = server.address.port();
    // Another address of this machine than the usual one; all of 127.0.0.0/8 is its own.
    let status = async |host: &str| {
        let mut stream = TcpStream::connect(("127.0.0.9", port)).await.unwrap();
        let head = format!("GET /health HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer[9..12].to_owned()
    };
    for (host, expected) in [
        (format!("127.0.0.9:{port}"), "200"),
        (format!("bot.example:{port}"), "200"),
        (format!("0.0.0.0:{port}"), "403"),
        (format!("203.0.113.5:{port}"), "403"),
        ("evil.example".to_owned(), "403"),
    ] {
        assert_eq!(status(&host).await, expected, "{host}");
    }
}

#[tokio::test]
async fn who_sends_too_much_hears_so_before_the_connection_ends() {
    let server = Server::start(Config::default()).await;
    for _ in 0..10 {
        let large = server.get("/mcp").body("y".repeat(5 << 20));
        assert_eq!(server.status(large).await, StatusCode::PAYLOAD_TOO_LARGE);
    }
}

#[tokio::test]
async fn guests_are_not_served_to_the_network_by_accident() {
    let serve = async |config: Config| {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let ended = CancellationToken::new();
        ended.cancel();
        web::serve(listener, config, routes(Arc::default()), ended).await
    };
    let refused = serve(Config::default()).await;
    assert!(matches!(refused, Err(Error::OpenToTheNetwork { .. })));
    assert!(serve(locked()).await.is_ok());
    let trusting = Config {
        trust_network: true,
        ..Config::default()
    };
    assert!(serve(trusting).await.is_ok());
}
