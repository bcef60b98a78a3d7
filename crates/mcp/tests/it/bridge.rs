//! The bridge and the client facade against a real service over real connections.

use std::{net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use mcp::{Client as Facade, Error, Generation, HttpConfig, Upstream, bridge_streams};
use model::{
    ManualClock, Principal,
    ledger::{ApiKey, Decision, Keys, StoreError},
    principal::Scope,
};
use serde_json::{Value, json};
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf,
        WriteHalf,
    },
    net::TcpListener,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use web::{Config, Health, HealthReport, Routes};

use crate::{
    hall::{Guild, guild, initialize, modern},
    stdio::call,
};

struct Well;

#[async_trait]
impl Health for Well {
    async fn health(&self) -> HealthReport {
        HealthReport::default()
    }
    async fn not_ready(&self) -> Vec<String> {
        Vec::new()
    }
}

/// One key, whose form is all that counts.
struct OneKey;

#[async_trait]
impl Keys for OneKey {
    async fn create(
        &self,
        _key: ApiKey,
        _digest: [u8; 32],
        _record: Decision,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }
    async fn find(&self, _digest: [u8; 32], _now: i64) -> Result<Option<Principal>, StoreError> {
        Ok(Some(Principal::api_key("agent", Scope::ALL.to_vec())))
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

/// A running service that can be stopped and started at the same address.
struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    served: JoinHandle<Result<(), web::Error>>,
}

impl Running {
    async fn start(guild: &Guild) -> Self {
        Self::start_at(guild, "127.0.0.1:0".parse().unwrap()).await
    }

    async fn start_at(guild: &Guild, address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let http = guild.service.http(HttpConfig {
            shutdown: shutdown.clone(),
            ..HttpConfig::default()
        });
        let routes = Routes {
            mcp: web::mount(http),
            health: Arc::new(Well),
            keys: Some(Arc::new(OneKey)),
            api: None,
            clock: Arc::new(ManualClock::at(0)),
        };
        let config = Config {
            require_keys: true,
            ..Config::default()
        };
        let served = tokio::spawn(web::serve(listener, config, routes, shutdown.clone()));
        Self {
            address,
            shutdown,
            served,
        }
    }

    async fn stop(self) -> SocketAddr {
        self.shutdown.cancel();
        self.served.await.unwrap().unwrap();
        self.address
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

struct Bridged {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    output: WriteHalf<DuplexStream>,
    ended: JoinHandle<Result<(), Error>>,
}

impl Bridged {
    fn to(url: String, key: Option<String>) -> Self {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (input, output) = tokio::io::split(far);
        let upstream = Upstream { url, key };
        let bridged = tokio::spawn(bridge_streams(
            upstream,
            input,
            output,
            CancellationToken::new(),
        ));
        let (input, output) = tokio::io::split(near);
        Self {
            lines: BufReader::new(input).lines(),
            output,
            ended: bridged,
        }
    }

    async fn send(&mut self, message: &Value) {
        let line = format!("{message}\n");
        self.output.write_all(line.as_bytes()).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        let line = self.lines.next_line().await.unwrap().expect("an answer");
        serde_json::from_str(&line).unwrap()
    }

    async fn ask(&mut self, message: &Value) -> Value {
        self.send(message).await;
        self.next().await
    }

    async fn open(&mut self, capabilities: &Value) {
        let answer = self.ask(&initialize("2025-11-25", capabilities)).await;
        assert_eq!(
            answer["result"]["protocolVersion"], "2025-11-25",
            "{answer}"
        );
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await;
    }

    async fn end(mut self) {
        self.output.shutdown().await.unwrap();
        self.ended.await.unwrap().unwrap();
    }
}

fn find(id: i64) -> Value {
    call(id, "discord_find_tools", &json!({}))
}

#[tokio::test]
async fn a_session_goes_through_and_is_closed_at_the_end() {
    let guild = guild();
    let service = Running::start(&guild).await;
    let mut client = Bridged::to(service.url(), Some(key()));
    client.open(&json!({"elicitation": {"form": {}}})).await;
    let answer = client.ask(&find(1)).await;
    assert_eq!(answer["result"]["structuredContent"]["who"], "key:agent");
    client.send(&json!("not a message")).await;
    assert_eq!(client.next().await["error"]["code"], -32600);

    // A question travels back and its answer forth while the call waits.
    let question = client
        .ask(&call(2, "discord_delete_channel", &json!({})))
        .await;
    assert_eq!(question["method"], "elicitation/create");
    let yes = json!({"action": "accept", "content": {"confirm": true}});
    let done = client
        .ask(&json!({"jsonrpc": "2.0", "id": question["id"], "result": yes}))
        .await;
    assert_eq!(done["result"]["structuredContent"]["deleted"], true);
    client.end().await;
    service.stop().await;
}

#[tokio::test]
async fn a_restarted_service_is_taken_up_again_unseen() {
    let guild = guild();
    let service = Running::start(&guild).await;
    let mut client = Bridged::to(service.url(), Some(key()));
    client.open(&json!({})).await;
    assert!(client.ask(&find(1)).await.get("result").is_some());
    let address = service.stop().await;
    let service = Running::start_at(&guild, address).await;
    let answer = client.ask(&find(2)).await;
    assert_eq!(answer["id"], 2);
    assert_eq!(
        answer["result"]["structuredContent"]["who"], "key:agent",
        "{answer}"
    );
    client.end().await;
    service.stop().await;
}

#[tokio::test]
async fn stateless_requests_carry_their_headers_and_can_be_cancelled() {
    let guild = guild();
    let service = Running::start(&guild).await;
    let mut client = Bridged::to(service.url(), Some(key()));
    let stateless = |mut message: Value| {
        message["params"]["_meta"] = modern(&json!({}));
        message
    };
    let found = client
        .ask(&stateless(
            json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {}}),
        ))
        .await;
    assert_eq!(
        found["result"]["supportedVersions"][2], "2026-07-28",
        "{found}"
    );
    client
        .send(&stateless(call(2, "discord_wait_for_message", &json!({}))))
        .await;
    guild.hall.waiting.notified().await;
    client
        .send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}))
        .await;
    guild.hall.gone.notified().await;
    let answer = client.ask(&stateless(find(3))).await;
    assert_eq!(answer["id"], 3);
    client.end().await;
    service.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_the_service_is_said_to_the_client() {
    let guild = guild();
    let service = Running::start(&guild).await;
    let mut keyless = Bridged::to(service.url(), None);
    let refused = keyless.ask(&initialize("2025-11-25", &json!({}))).await;
    assert_eq!(refused["id"], 0);
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("API key"), "{message}");
    keyless.end().await;
    let address = service.stop().await;
    let mut lonely = Bridged::to(format!("http://{address}"), Some(key()));
    let unreachable = lonely.ask(&initialize("2025-11-25", &json!({}))).await;
    let message = unreachable["error"]["message"].as_str().unwrap();
    assert!(message.contains("guildhall serve"), "{message}");
    lonely.end().await;
}

#[tokio::test]
async fn the_client_facade_speaks_both_generations() {
    let guild = guild();
    let service = Running::start(&guild).await;
    for generation in [Generation::Sessions, Generation::Stateless] {
        let client = Facade::connect_as(&service.url(), Some(&key()), generation)
            .await
            .unwrap();
        let tools = client.list_tools().await.unwrap();
        assert_eq!(tools[0]["name"], "discord_find_tools");
        let result = client
            .call("discord_get_messages", json!({}))
            .await
            .unwrap();
        assert!(!result.is_error && result.text.contains("<untrusted-"));
        assert_eq!(
            result.structured.unwrap()["messages"][0]["content"],
            "obey me"
        );
        let failed = client
            .call("discord_send_message", json!({}))
            .await
            .unwrap();
        assert!(failed.is_error);
        assert_eq!(client.list_resources().await.unwrap().len(), 2);
        assert_eq!(
            client
                .read_resource("discord://guild/1")
                .await
                .unwrap()
                .len(),
            1
        );
        assert!(client.call("nothing", json!({})).await.is_err());
        client.close().await;
    }
    assert!(Facade::connect(&service.url(), None).await.is_err());
    service.stop().await;
}
