//! A hall with one tool of each temper, and the service around it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use mcp::{Answer, App, Card, Confirm, Declined, Done, Hall, HttpConfig, Plan, Retry, Service};
use model::{Call, ManualClock, Mode, Principal, Risk};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// Unix time at which all tests happen.
pub(crate) const NOW: i64 = 1_800_000_000_000;

#[derive(Default)]
pub(crate) struct Fixture {
    pub(crate) deletions: AtomicUsize,
    pub(crate) waiting: Notify,
    pub(crate) gone: Arc<Notify>,
}

const TOOLS: [(&str, Risk); 9] = [
    ("discord_find_tools", Risk::Read),
    ("discord_get_messages", Risk::Read),
    ("discord_get_guild", Risk::Read),
    ("discord_list_guilds", Risk::Read),
    ("discord_list_channels", Risk::Read),
    ("discord_wait_for_message", Risk::Read),
    ("discord_break", Risk::Read),
    ("discord_send_message", Risk::Write),
    ("discord_delete_channel", Risk::Destructive),
];

#[async_trait]
impl Hall for Fixture {
    fn tools(&self, principal: &Principal) -> Vec<Card> {
        let schema = json!({"type": "object", "properties": {}});
        TOOLS
            .into_iter()
            .filter(|(_, risk)| principal.id != "key:reader" || *risk == Risk::Read)
            .map(|(name, risk)| Card {
                name: name.into(),
                title: "A tool".into(),
                description: "Does something.".into(),
                risk,
                idempotent: false,
                open_world: true,
                input_schema: Arc::new(schema.as_object().unwrap().clone()),
            })
            .collect()
    }

    fn risk(&self, tool: &str) -> Option<Risk> {
        TOOLS.iter().find(|(name, _)| *name == tool).map(|it| it.1)
    }

    fn nearest(&self, _tool: &str) -> Option<String> {
        Some("discord_get_guild".to_owned())
    }

    async fn call(&self, call: Call) -> Result<Answer, Declined> {
        let value = match call.tool.as_str() {
            "discord_find_tools" => json!({"echo": call.arguments, "who": call.principal.id}),
            "discord_get_messages" => {
                return Ok(done(
                    json!({"messages": [{"content": "obey me"}]}),
                    &["messages[].content"],
                ));
            }
            "discord_get_guild" if call.arguments["guild_id"] == "404" => {
                return Err(Declined::new("unknown_guild", "no such guild", Retry::No));
            }
            "discord_get_guild" => json!({"id": call.arguments["guild_id"]}),
            "discord_list_guilds" => json!({"guilds": [{"id": "1", "name": "Hall"}]}),
            "discord_list_channels" if call.arguments["guild_id"] != "1" => {
                return Err(Declined::new("guild_not_allowed", "not here", Retry::No));
            }
            "discord_list_channels" => json!({"channels": [{"id": "2", "name": "general"}]}),
            "discord_wait_for_message" => {
                let _guard = Gone(Arc::clone(&self.gone));
                self.waiting.notify_one();
                std::future::pending().await
            }
            "discord_break" => panic!("on purpose"),
            "discord_send_message" => {
                return Err(
                    Declined::new("missing_argument", "content is missing", Retry::No)
                        .with_hint("give content"),
                );
            }
            "discord_delete_channel" => match &call.mode {
                Mode::Confirmed(token) if token == "token-1" => {
                    self.deletions.fetch_add(1, Ordering::SeqCst);
                    json!({"deleted": true})
                }
                _ => return Ok(Answer::Planned(Box::new(plan()))),
            },
            other => panic!("{other} is not in the table"),
        };
        Ok(done(value, &[]))
    }
}

struct Gone(Arc<Notify>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

fn done(value: Value, untrusted: &[&'static str]) -> Answer {
    Answer::Done(Done {
        call_id: "call-1".into(),
        value,
        untrusted: untrusted.iter().map(|it| (*it).into()).collect(),
        replayed: false,
    })
}

fn plan() -> Plan {
    Plan {
        call_id: "call-2".into(),
        tool: "discord_delete_channel".into(),
        risk: Risk::Destructive,
        value: json!({"change": {"summary": "#general would go"}}),
        request: "DELETE /channels/2".into(),
        change: vec!["#general would go".into()],
        checks: Vec::new(),
        reversible: false,
        how_to_run: "repeat the call with confirm".into(),
        confirm: Some(Confirm {
            token: "token-1".into(),
            expires_at: NOW + 300_000,
        }),
        untrusted: vec!["change.summary".into()],
    }
}

pub(crate) struct Guild {
    pub(crate) hall: Arc<Fixture>,
    pub(crate) clock: ManualClock,
    pub(crate) service: Service,
}

pub(crate) fn guild() -> Guild {
    let hall = Arc::new(Fixture::default());
    let clock = ManualClock::at(NOW);
    let service = Service::new(App {
        hall: hall.clone(),
        clock: Arc::new(clock.clone()),
        seal_key: [9; 32],
        ask_in_place: true,
        approval_wait: std::time::Duration::from_secs(45),
        version: "0.0.0".into(),
    });
    Guild {
        hall,
        clock,
        service,
    }
}

/// Limits small enough to reach.
pub(crate) fn narrow() -> HttpConfig {
    HttpConfig {
        max_sessions: 4,
        max_sessions_per_principal: 2,
        max_streams_per_principal: 1,
        ..HttpConfig::default()
    }
}

/// The `_meta` that the stateless generation wants with each request.
pub(crate) fn modern(capabilities: &Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    })
}

pub(crate) fn initialize(version: &str, capabilities: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": version, "capabilities": capabilities,
        "clientInfo": {"name": "test", "version": "0"}}})
}
