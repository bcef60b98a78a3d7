//! Approvals end to end: the real binary, a simulated Discord, people who press and write.

mod decide;
mod doors;
mod ends;
mod origin;
mod reads;
mod requester;
mod whole;

use std::time::Duration;

use http::Method;
use sandbox::Person;
use serde_json::{Value, json};

use crate::harness::{Hall, Mcp, Scene, http_client};

/// Looks at something that has to come, 25 ms apart.
const PATIENCE: usize = 800;

/// One guild, its people, and a service whose policy asks them.
pub(super) struct Court {
    pub(super) scene: Scene,
    pub(super) hall: Hall,
    pub(super) role: String,
    /// Where moderators are asked.
    pub(super) bench: String,
    /// Where things happen.
    pub(super) square: String,
}

/// Asks moderators about sending messages and about deleting channels.
pub(super) const POLICY: &str = r#"
[policy.approvals.moderators]
post_to = "channel"
channel = "BENCH"
roles = ["ROLE"]
expires_minutes = 30

[[policy.rules]]
name = "people decide"
tools = ["discord_send_message", "discord_edit_channel", "discord_delete_channel"]
effect = "ask"
dry_run_by_default = false
"#;

impl Court {
    pub(super) async fn of(policy: &str) -> Self {
        Self::with(policy, &[]).await
    }

    /// With more in its environment.
    pub(super) async fn with(policy: &str, more: &[(&str, &str)]) -> Self {
        let scene = Scene::without_limits().await;
        let guild = scene.sandbox.info().guild_id;
        let ada = scene.sandbox.person("ada").unwrap();
        let get = async |path: String| ada.does(Method::GET, &path, &Value::Null).await.unwrap();
        let named = |list: &Value, name: &str| {
            let found = list
                .as_array()
                .unwrap()
                .iter()
                .find(|it| it["name"] == name);
            found.unwrap()["id"].as_str().unwrap().to_owned()
        };
        let role = named(&get(format!("/guilds/{guild}/roles")).await, "moderators");
        let channels = get(format!("/guilds/{guild}/channels")).await;
        let text: Value = channels
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["type"] == 0)
            .cloned()
            .collect();
        let bench = named(&text, "moderators");
        let square = named(&text, "general");
        let helper = scene.sandbox.person("helper").unwrap().id().to_string();
        let policy = policy
            .replace("ROLE", &role)
            .replace("BENCH", &bench)
            .replace("SQUARE", &square)
            .replace("ADA", &ada.id().to_string())
            .replace("HELPER", &helper);
        std::fs::write(scene.folder.path().join("guildhall.toml"), policy).unwrap();
        let hall = serve(&scene, more).await;
        Self {
            scene,
            hall,
            role,
            bench,
            square,
        }
    }

    pub(super) fn person(&self, name: &str) -> Person {
        self.scene.sandbox.person(name).unwrap()
    }

    pub(super) fn client(&self) -> Mcp {
        self.hall.client()
    }

    /// An agent that sends a message, which people are asked about.
    pub(super) fn sends(&self, content: &str) -> tokio::task::JoinHandle<Value> {
        let (client, channel) = (self.client(), self.square.clone());
        let content = content.to_owned();
        tokio::spawn(async move {
            let message = json!({ "channel_id": channel, "content": content });
            client.call("discord_send_message", message).await.unwrap()["result"].take()
        })
    }

    pub(super) async fn messages(&self, channel: &str) -> Vec<Value> {
        let path = format!("/channels/{channel}/messages?limit=50");
        let ada = self.person("ada");
        let found = ada.does(Method::GET, &path, &Value::Null).await.unwrap();
        found.as_array().unwrap().clone()
    }

    /// Whether the square holds this message, and how often.
    pub(super) async fn said(&self, content: &str) -> usize {
        let messages = self.messages(&self.square).await;
        messages
            .iter()
            .filter(|it| it["content"] == content)
            .count()
    }

    /// The latest question in a channel whose title is this.
    pub(super) async fn question(&self, channel: &str, title: &str) -> Value {
        for _ in 0..PATIENCE {
            let messages = self.messages(channel).await;
            let found = messages
                .iter()
                .find(|it| it["embeds"][0]["title"].as_str() == Some(title));
            if let Some(found) = found {
                return found.clone();
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!(
            "no message says {title:?} in {:#?}\n{}",
            self.messages(channel).await,
            self.scene.log()
        );
    }

    pub(super) async fn asked(&self) -> Value {
        self.question(&self.bench, "Approval needed").await
    }

    /// Press a button, and hear what the service whispers.
    pub(super) async fn press(&self, who: &str, question: &Value, button: usize) -> String {
        let id = self.click(who, question, button).await;
        self.whispered(&id).await
    }

    /// Press a button, and hear nothing.
    pub(super) async fn click(&self, who: &str, question: &Value, button: usize) -> String {
        let row = &question["components"][0]["components"];
        let body = json!({
            "type": 3,
            "channel_id": question["channel_id"],
            "message_id": question["id"],
            "data": { "component_type": 2, "custom_id": row[button]["custom_id"] },
        });
        let person = self.person(who);
        let pressed = person.does(Method::POST, "/interactions", &body).await;
        pressed.unwrap()["id"].as_str().unwrap().to_owned()
    }

    pub(super) async fn whispered(&self, interaction: &str) -> String {
        let url = format!(
            "{}/interactions/{interaction}",
            self.scene.sandbox.info().control_url
        );
        for _ in 0..PATIENCE {
            let seen: Value = http_client()
                .get(&url)
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            assert_ne!(seen["status"], "failed", "{seen} {}", self.scene.log());
            if let Some(text) = seen["response"]["message"]["content"].as_str()
                && !text.is_empty()
            {
                assert_eq!(seen["response"]["message"]["flags"], 64, "{seen}");
                return text.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("nobody answered the press: {}", self.scene.log());
    }

    /// `kill -9`, and a new process on the same database.
    pub(super) async fn restart(self) -> Self {
        let Self {
            scene,
            hall,
            role,
            bench,
            square,
        } = self;
        hall.kill();
        let hall = serve(&scene, &[]).await;
        Self {
            scene,
            hall,
            role,
            bench,
            square,
        }
    }

    pub(super) fn approvals(&self, arguments: &[&str]) -> (i32, Value) {
        let all = [&["approvals"], arguments, &["--json"]].concat();
        let (code, out, err) = self.scene.run(&all);
        (
            code,
            serde_json::from_str(&out).unwrap_or_else(|_| json!(err)),
        )
    }
}

pub(super) async fn serve(scene: &Scene, more: &[(&str, &str)]) -> Hall {
    let usual = [("GUILDHALL_APPROVAL_WAIT_SECONDS", "12")];
    let hall = scene.serve_with(&["--gateway"], &[&usual[..], more].concat());
    for _ in 0..PATIENCE {
        let answer = http_client().get(hall.page("/ready")).send().await.unwrap();
        if answer.status() == 200 {
            return hall;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the service never became ready: {}", scene.log());
}

pub(super) const APPROVE: usize = 0;
pub(super) const DENY: usize = 1;
