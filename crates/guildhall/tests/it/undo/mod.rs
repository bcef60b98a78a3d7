//! Undo, batches and read-backs of the real binary against the sandbox, seen through Discord's API.

mod batch;
mod killed;
mod lost;
mod round_trip;
mod who;

use reqwest::StatusCode;
use sandbox::{Limits, WorldSpec};
use serde_json::{Value, json};

use crate::harness::{Hall, Mcp, Scene, http_client};

/// A service beside a sandbox, and eyes of its own on the sandbox.
pub(crate) struct Stage {
    pub(crate) scene: Scene,
    pub(crate) hall: Hall,
    pub(crate) client: Mcp,
    pub(crate) guild: String,
    pub(crate) channel: String,
    http: reqwest::Client,
}

/// What a call came to.
pub(crate) struct Done {
    pub(crate) call_id: String,
    pub(crate) result: Value,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::under("").await
    }

    /// With this configuration.
    pub(crate) async fn under(configuration: &str) -> Self {
        // A world that is older than what a read-back takes for new.
        let world = WorldSpec::ready("small-team").unwrap();
        let scene = Scene::of(sandbox::Config {
            limits: Limits::off(),
            start: world.into(),
            ..sandbox::Config::default()
        })
        .await;
        std::fs::write(scene.folder.path().join("guildhall.toml"), configuration).unwrap();
        let hall = scene.serve(&[]);
        let info = scene.sandbox.info();
        Self {
            client: hall.client(),
            guild: info.guild_id.to_string(),
            channel: info.channel_id.to_string(),
            scene,
            hall,
            http: http_client(),
        }
    }

    /// `GET` of Discord's API; null where there is nothing.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let info = self.scene.sandbox.info();
        let answer = self
            .http
            .get(format!("{}{path}", info.api_url))
            .header("authorization", format!("Bot {}", info.bot_token))
            .send()
            .await
            .unwrap();
        if answer.status() == StatusCode::NOT_FOUND {
            return Value::Null;
        }
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// A member who is a person.
    pub(crate) fn member(&self, name: &str) -> String {
        self.scene.sandbox.person(name).unwrap().id().to_string()
    }

    /// Call a tool, confirm its plan where it asks for that, and give the whole answer.
    pub(crate) async fn try_carry(&self, tool: &str, arguments: &Value) -> Value {
        let mut arguments = arguments.clone();
        arguments["dry_run"] = json!(false);
        let answer = self.client.call(tool, arguments.clone()).await.unwrap();
        let confirm = answer["result"]["structuredContent"]["plan"]["confirm"]["token"].clone();
        if !confirm.is_string() {
            return answer["result"].clone();
        }
        arguments["confirm"] = confirm;
        let answer = self.client.call(tool, arguments).await.unwrap();
        answer["result"].clone()
    }

    /// The same, for a call that must go through.
    pub(crate) async fn carry(&self, tool: &str, arguments: &Value) -> Done {
        let answer = self.try_carry(tool, arguments).await;
        assert_eq!(answer["isError"], false, "{tool} {arguments}: {answer}");
        let result = answer["structuredContent"].clone();
        assert_ne!(result["outcome"], "planned", "{tool}: {result}");
        Done {
            call_id: answer["_meta"]["call_id"].as_str().unwrap().to_owned(),
            result,
        }
    }

    pub(crate) async fn declined(&self, tool: &str, arguments: &Value) -> Value {
        let answer = self.try_carry(tool, arguments).await;
        assert_eq!(answer["isError"], true, "{tool} {arguments}: {answer}");
        answer["structuredContent"]["error"].clone()
    }

    pub(crate) async fn undo(&self, call_id: &str) -> Done {
        self.carry("discord_undo", &json!({ "call_id": call_id }))
            .await
    }
}
