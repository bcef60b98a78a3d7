//! A hall with one harmless tool: what the product shows first.

use std::sync::Arc;

use async_trait::async_trait;
use mcp::{Answer, Card, Declined, Done, Hall, Retry};
use model::{Call, Principal, Risk};
use serde_json::{Map, json};

const FIRST: &str = "discord_find_tools";

pub(crate) struct Empty;

#[async_trait]
impl Hall for Empty {
    fn tools(&self, _principal: &Principal) -> Vec<Card> {
        vec![Card {
            name: FIRST.into(),
            title: "Find tools".into(),
            description: "Lists toolsets.".into(),
            risk: Risk::Read,
            idempotent: true,
            open_world: false,
            input_schema: Arc::new(Map::from_iter([("type".to_owned(), json!("object"))])),
        }]
    }

    fn risk(&self, tool: &str) -> Option<Risk> {
        (tool == FIRST).then_some(Risk::Read)
    }

    fn nearest(&self, _tool: &str) -> Option<String> {
        None
    }

    async fn call(&self, call: Call) -> Result<Answer, Declined> {
        let value = match call.tool.as_str() {
            FIRST => json!({"toolsets": []}),
            "discord_list_guilds" => json!({"guilds": []}),
            _ => {
                return Err(Declined::new(
                    "not_found",
                    "there is no such thing",
                    Retry::No,
                ));
            }
        };
        Ok(Answer::Done(Done {
            call_id: "0".to_owned(),
            value,
            untrusted: Vec::new(),
            replayed: false,
        }))
    }
}
