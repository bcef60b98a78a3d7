//! A service that looks at the mirror, everybody who talks to it, and arguments for every tool.

use std::sync::Arc;

use catalogue::{Prepared, Tool, catalogue};
use sandbox::{Limits, WorldSpec};
use serde_json::{Map, Value, json};

use super::{
    generator, judge,
    judge::Looked,
    mirror::{Mirror, Mood},
    words::Seen,
};
use crate::{
    harness::{Hall, Rest, Scene, http_client},
    redteam::client::{self, Generation, Speaker},
};

const WORLD: &str = r#"
name = "marking"

[[guilds]]
name = "Town"
owner = "mayor"
system_channel = "plaza"
invites = [{ channel = "plaza", code = "plazainvite" }]

[[guilds.roles]]
name = "wardens"

[[guilds.bots]]
username = "guildhall"
permissions = "ALL_BUT_ADMINISTRATOR"

[[guilds.members]]
username = "mallory"

[[guilds.channels]]
name = "plaza"
webhooks = ["herald"]

[[guilds.channels.messages]]
author = "mallory"
content = "first"
pinned = true

[guilds.channels.messages.thread]
name = "talk"
messages = [{ author = "mallory", content = "inside" }]

[[guilds.channels]]
name = "office"

# The bot may not write here, nor manage it.
[[guilds.channels]]
name = "closed"
overwrites = [{ role = "@everyone", deny = ["SEND_MESSAGES"] }, { member = "guildhall", deny = ["SEND_MESSAGES", "MANAGE_CHANNELS"] }]
"#;

const POLICY: &str = r#"
[policy.rates]
read = 100000
write = 100000
destructive = 100000

[policy.approvals.wardens]
post_to = "channel"
channel = "OFFICE"
roles = ["WARDENS"]

[[policy.rules]]
name = "wardens-decide"
tools = ["discord_kick_member"]
effect = "ask"
approval = "wardens"
"#;

/// Attempts at arguments that a tool understands.
const ATTEMPTS: u64 = generator::ATTEMPTS * 4;

/// Everything of one story.
pub(super) struct Ground {
    pub(super) scene: Scene,
    pub(super) hall: Hall,
    pub(super) mirror: Mirror,
    pub(super) seen: Arc<Seen>,
    /// What stands for ids of the world, by the name of the argument.
    pub(super) home: Map<String, Value>,
    pub(super) closed: String,
}

/// Who calls, and by which way.
pub(super) enum Caller {
    Mcp(Speaker),
    Rest(Rest),
}

impl Ground {
    pub(super) async fn prepare() -> Self {
        let scene = Scene::of(sandbox::Config {
            limits: Limits::off(),
            start: WorldSpec::from_toml(WORLD).unwrap().into(),
            ..sandbox::Config::default()
        })
        .await;
        let (home, closed, office, wardens) = world(&scene).await;
        let policy = POLICY
            .replace("OFFICE", &office)
            .replace("WARDENS", &wardens);
        std::fs::write(scene.folder.path().join("guildhall.toml"), policy).unwrap();
        let seen = Arc::new(Seen::default());
        let mirror = Mirror::before(&scene.sandbox.info().api_url, Arc::clone(&seen)).await;
        let hall = scene.serve_with(
            &["--gateway"],
            &[
                ("DISCORD_API_URL", mirror.api_url.as_str()),
                ("GUILDHALL_APPROVAL_WAIT_SECONDS", "0"),
            ],
        );
        is_ready(&hall).await;
        Self {
            scene,
            hall,
            mirror,
            seen,
            home,
            closed,
        }
    }

    /// Both generations of MCP, and REST.
    pub(super) async fn callers(&self) -> Vec<Caller> {
        let mut callers = Vec::new();
        for generation in Generation::ALL {
            let speaker = Speaker::open(&self.hall.url, generation, None, None).await;
            callers.push(Caller::Mcp(speaker));
        }
        callers.push(Caller::Rest(self.hall.rest()));
        callers
    }

    /// Arguments about the world that the tool understands, `count` at most, no two the same.
    pub(super) fn arguments(&self, tool: &Tool, count: usize) -> Vec<Map<String, Value>> {
        let mut found: Vec<Map<String, Value>> = Vec::new();
        for seed in 0..ATTEMPTS {
            let mut made = generator::arguments(tool, seed);
            for (name, value) in &mut made {
                if let Some(home) = self.home.get(name) {
                    *value = home.clone();
                }
            }
            let understood = tool.prepare(made.clone(), generator::NOW).is_ok();
            if understood && !found.contains(&made) {
                found.push(made);
            }
            if found.len() == count {
                break;
            }
        }
        assert!(!found.is_empty(), "no arguments for {}", tool.name);
        found
    }

    /// Say that Discord is hostile from now on.
    pub(super) fn turn(&self, mood: Mood, seed: usize) {
        self.mirror.set(mood, seed);
    }
}

/// A call's answer, judged.
pub(super) struct Answered {
    /// The structured result, or the body.
    pub(super) value: Value,
    pub(super) went_well: bool,
    pub(super) looked: Looked,
}

impl Caller {
    /// Call a tool and judge all that is said on the way.
    pub(super) async fn call(
        &self,
        ground: &Ground,
        tool: &str,
        arguments: &Map<String, Value>,
    ) -> Result<Answered, String> {
        match self {
            Self::Mcp(speaker) => {
                let params = json!({"name": tool, "arguments": arguments});
                let (answer, looked) = ask(ground, speaker, "tools/call", params).await?;
                let result = &answer["result"];
                Ok(Answered {
                    value: result["structuredContent"].clone(),
                    went_well: result["isError"] == false,
                    looked,
                })
            }
            Self::Rest(rest) => {
                let arguments = Value::Object(arguments.clone());
                let reply = rest.post(&format!("/tools/{tool}"), &arguments).await;
                let value = reply.json();
                Ok(Answered {
                    looked: judge::body(&value)?,
                    went_well: reply.status == 200,
                    value,
                })
            }
        }
    }
}

/// Any request of the protocol, with every message of the answer's stream judged.
pub(super) async fn ask(
    ground: &Ground,
    speaker: &Speaker,
    method: &str,
    params: Value,
) -> Result<(Value, Looked), String> {
    let heard = speaker.ask(method, params, &json!({})).await;
    let looked = judge::message(&heard.answer, &ground.seen)?;
    for message in client::messages(&heard.text) {
        if message != heard.answer {
            judge::message(&message, &ground.seen)?;
        }
    }
    Ok((heard.answer, looked))
}

/// Whether its arguments are those of a tool that is run.
pub(super) fn passes_on(tool: &Tool) -> bool {
    tool.argument_names().any(|name| name == "tool")
}

/// Tools of one risk, flows that pass calls on left out.
pub(super) fn tools(wanted: impl Fn(&Tool) -> bool) -> Vec<&'static Tool> {
    let all = catalogue().tools().iter();
    all.filter(|tool| !passes_on(tool) && wanted(tool))
        .collect()
}

/// Whether a plan of it is a plan of one request.
pub(super) fn is_write(tool: &Tool, arguments: &Map<String, Value>) -> bool {
    matches!(
        tool.prepare(arguments.clone(), generator::NOW),
        Ok(Prepared::Write(_))
    )
}

async fn is_ready(hall: &Hall) {
    for _ in 0..400 {
        let answer = http_client().get(hall.page("/ready")).send().await.unwrap();
        if answer.status() == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the service never became ready");
}

/// Ids by the names of arguments; the closed channel, the office, and the wardens' role.
async fn world(scene: &Scene) -> (Map<String, Value>, String, String, String) {
    let control = scene.sandbox.info().control_url;
    let get = async |path: &str| -> Value {
        let url = format!("{control}/{path}");
        let answer = http_client().get(url).send().await.unwrap();
        answer.json().await.unwrap()
    };
    let state = get("state").await;
    let guild = &state["guilds"][0];
    let named = |list: &Value, name: &str, word: &str| {
        let found = list.as_array().unwrap().iter();
        let mut found = found.filter(|it| it[word] == name);
        let id = &found.next().unwrap_or_else(|| panic!("no {name}"))["id"];
        id.as_str().unwrap().to_owned()
    };
    let plaza = named(&guild["channels"], "plaza", "name");
    let mallory = named(&state["users"], "mallory", "username");
    let wardens = named(&guild["roles"], "wardens", "name");
    let said = get(&format!("channels/{plaza}/messages?as=mayor")).await;
    let said = said.as_array().unwrap();
    let first = said.iter().find(|it| it["content"] == "first").unwrap();
    let guild_id = guild["id"].as_str().unwrap();
    let hooks = get(&format!("guilds/{guild_id}/webhooks?as=mayor")).await;
    let home = json!({
        "guild_id": guild["id"], "channel_id": plaza, "message_id": first["id"],
        "message_ids": [first["id"], (first["id"].as_str().unwrap().parse::<u64>().unwrap() + 1).to_string()],
        "thread_id": first["thread"]["id"], "user_id": mallory, "author_id": mallory,
        "role_id": wardens, "overwrite_id": wardens, "webhook_id": hooks[0]["id"],
        "code": "plazainvite", "reply_to": first["id"], "emoji": "👍",
        "parent_id": null, "system_channel_id": plaza, "rules_channel_id": plaza,
        "afk_channel_id": null, "positions": [{"role_id": wardens, "position": 1}],
        "name": "mallory", "query": "mallory", "timeout": 1, "agent_name": "helper",
    });
    let Value::Object(home) = home else {
        panic!("an object");
    };
    let closed = named(&guild["channels"], "closed", "name");
    let office = named(&guild["channels"], "office", "name");
    (home, closed, office, wardens)
}
