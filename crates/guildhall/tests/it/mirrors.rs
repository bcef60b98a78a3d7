//! The audit in a Discord channel: the real binary tells a simulated Discord what was decided, each
//! decision once, whatever stops in between, and never about itself.

use std::{collections::BTreeMap, time::Duration};

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Hall, Scene, http_client};

/// Looks at something that has to come, 50 ms apart.
const PATIENCE: usize = 800;

/// One guild with a channel for the audit and one for everything else.
struct Town {
    scene: Scene,
    /// Where decisions are told.
    board: String,
    /// Where things happen.
    square: String,
}

impl Town {
    async fn new() -> Self {
        let scene = Scene::without_limits().await;
        let board = channel(&scene, "moderators").await;
        let square = channel(&scene, "general").await;
        let policy = "[[policy.rules]]\nname = \"easy\"\nrisks = [\"write\"]\n\
                      dry_run_by_default = false\n";
        std::fs::write(scene.folder.path().join("guildhall.toml"), policy).unwrap();
        Self {
            scene,
            board,
            square,
        }
    }

    /// A service whose operator wants everything there.
    fn serve(&self, more: &[(&str, &str)]) -> Hall {
        let mut all = vec![("GUILDHALL_AUDIT_CHANNEL", self.board.as_str())];
        all.extend(more);
        let config = ["--config", "guildhall.toml"];
        self.scene.serve_with(&config, &all)
    }

    async fn says(&self, hall: &Hall, content: &str) -> Option<Value> {
        let message = json!({ "channel_id": self.square, "content": content });
        hall.client().call("discord_send_message", message).await
    }

    async fn messages(&self, channel: &str) -> Vec<Value> {
        let path = format!("/channels/{channel}/messages?limit=100");
        let ada = self.scene.sandbox.person("ada").unwrap();
        let found = ada.does(Method::GET, &path, &Value::Null).await.unwrap();
        let mut found = found.as_array().unwrap().clone();
        found.reverse();
        found
    }

    /// What was told: the number of each decision, and its line, in order.
    async fn told(&self) -> Vec<(i64, String)> {
        let messages = self.messages(&self.board).await;
        let lines = messages.iter().flat_map(|it| {
            let text = it["content"].as_str().unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        });
        lines
            .filter_map(|line| {
                let number = line.strip_prefix("`#")?.split_once('`')?.0.parse().ok()?;
                Some((number, line))
            })
            .collect()
    }

    /// What has to be told: how writes ended, and refusals, by anybody but the mirror.
    fn decided(&self) -> Vec<i64> {
        let (code, rows, log) = self
            .scene
            .run(&["audit", "list", "--limit", "10000", "--json"]);
        assert_eq!(code, 0, "{log}");
        let rows: Value = serde_json::from_str(&rows).unwrap();
        let rows = rows.as_array().or(rows["decisions"].as_array()).unwrap();
        let mut wanted: Vec<i64> = rows
            .iter()
            .filter(|row| {
                let row = &row["decision"];
                let outcome = row["outcome"].as_str().unwrap();
                let ended =
                    row["risk"] != "read" && ["done", "failed", "unknown"].contains(&outcome);
                row["principal"] != "mirror" && (ended || outcome == "refused")
            })
            .map(|row| row["seq"].as_i64().unwrap())
            .collect();
        wanted.sort_unstable();
        wanted
    }

    /// Until everything that was decided is told; each once, in order.
    async fn all_told(&self) -> Vec<(i64, String)> {
        let wanted = self.decided();
        for _ in 0..PATIENCE {
            let told = self.told().await;
            if told.len() >= wanted.len() {
                let numbers: Vec<i64> = told.iter().map(|(number, _)| *number).collect();
                assert_eq!(numbers, wanted, "{told:#?}\n{}", self.scene.log());
                return told;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!(
            "wanted {wanted:?}, told {:#?}\n{}",
            self.told().await,
            self.scene.log()
        );
    }
}

async fn channel(scene: &Scene, name: &str) -> String {
    let guild = scene.sandbox.info().guild_id;
    let ada = scene.sandbox.person("ada").unwrap();
    let path = format!("/guilds/{guild}/channels");
    let channels = ada.does(Method::GET, &path, &Value::Null).await.unwrap();
    let mut all = channels.as_array().unwrap().iter();
    let found = all
        .find(|it| it["type"] == 0 && it["name"] == name)
        .unwrap();
    found["id"].as_str().unwrap().to_owned()
}

/// Until the mirror has begun: what was decided before is not told.
async fn begun(hall: &Hall) {
    until(hall, |mirrors| mirrors["mirrors"] == 1).await;
}

async fn until(hall: &Hall, fits: impl Fn(&Value) -> bool) -> Value {
    let mut seen = Value::Null;
    for _ in 0..PATIENCE {
        let answer = http_client()
            .get(hall.page("/health"))
            .send()
            .await
            .unwrap();
        let health: Value = answer.json().await.unwrap();
        seen = health["audit_mirrors"].clone();
        if fits(&seen) {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the mirrors stay {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_are_told_once_each_over_a_restart_and_never_its_own() {
    let town = Town::new().await;
    let hall = town.serve(&[]);
    begun(&hall).await;
    for number in 0..30 {
        town.says(&hall, &format!("one {number}")).await.unwrap();
    }
    let client = hall.client();
    let gone = json!({ "channel_id": "1", "content": "x" });
    client.declined("discord_send_message", gone).await;
    let told = town.all_told().await;
    assert!(told.len() >= 31, "{told:#?}");
    let messages = town.messages(&town.board).await;
    assert!(messages.len() < 15, "{} messages", messages.len());
    assert_eq!(hall.terminate(), Some(0));

    let hall = town.serve(&[]);
    town.says(&hall, "after the restart").await.unwrap();
    let told = town.all_told().await;
    for (_, line) in &told {
        assert!(!line.contains("mirror_audit"), "{line}");
    }
    // Its own messages are decisions as well, with an outbox row each.
    let (_, rows, _) = town
        .scene
        .run(&["audit", "list", "--limit", "10000", "--json"]);
    assert!(rows.contains("mirror_audit"), "{rows}");
    let (code, said, _) = town.scene.run(&["audit", "verify"]);
    assert_eq!(code, 0, "{said}");
    let told_in = town.messages(&town.board).await;
    for message in told_in {
        assert!(message["content"].as_str().unwrap().chars().count() <= 2_000);
        assert_eq!(message["flags"].as_u64().unwrap() & 4, 4, "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_is_killed_tells_nothing_twice_and_loses_nothing() {
    for moment in ["sending", "answered"] {
        let town = Town::new().await;
        let plug = format!("mirror {moment} 1");
        let mut hall = town.serve(&[("CRASH_AT", plug.as_str())]);
        // It dies telling about the first call that comes after its beginning.
        for number in 0..PATIENCE {
            if !hall.lives() {
                break;
            }
            let _broken_at_some_point = town.says(&hall, &format!("{number}")).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(!hall.lives(), "it never came to {moment}");
        let hall = town.serve(&[]);
        town.says(&hall, "after the crash").await.unwrap();
        let told = wait_for_last(&town).await;
        let mut count = BTreeMap::new();
        for (number, _) in &told {
            *count.entry(*number).or_insert(0) += 1;
        }
        assert!(
            count.values().all(|times| *times == 1),
            "{moment}: {told:#?}"
        );
        // What was decided before its beginning is not told; everything since is.
        let first = *count.keys().next().unwrap();
        let wanted: Vec<i64> = town
            .decided()
            .into_iter()
            .filter(|number| *number >= first)
            .collect();
        assert_eq!(count.into_keys().collect::<Vec<_>>(), wanted, "{moment}");
    }
}

/// Until the last decision is told.
async fn wait_for_last(town: &Town) -> Vec<(i64, String)> {
    let last = *town.decided().last().unwrap();
    for _ in 0..PATIENCE {
        let told = town.told().await;
        if told.iter().any(|(number, _)| *number == last) {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!(
        "{last} is never told: {:#?}\n{}",
        town.told().await,
        town.scene.log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_channel_is_closed_to_callers_and_names_in_it_ping_nobody() {
    let town = Town::new().await;
    let hall = town.serve(&[]);
    begun(&hall).await;
    let client = hall.client();
    let hostile = "@everyone <@1> ``` [free](https://evil.example) \n# hello";
    let _refused = client.call(hostile, json!({})).await;
    let rest = hall.rest();
    let path = "/tools/%40everyone%20%60%60%60%20%3C%40%261%3E/call";
    let _refused = rest.post(path, &json!({})).await;
    for (tool, arguments) in [
        (
            "discord_send_message",
            json!({ "content": "#1 all is well" }),
        ),
        ("discord_get_messages", json!({})),
        ("discord_create_thread", json!({ "name": "aside" })),
        ("discord_edit_channel", json!({ "name": "elsewhere" })),
        ("discord_delete_channel", json!({})),
    ] {
        let mut arguments = arguments;
        arguments["channel_id"] = json!(town.board);
        let error = client.declined(tool, arguments).await;
        assert_eq!(error["code"], "audit_channel", "{tool}: {error}");
    }
    let told = town.all_told().await;
    assert!(
        told.iter()
            .any(|(_, line)| line.contains("`audit_channel`"))
    );
    for message in town.messages(&town.board).await {
        assert_eq!(message["mention_everyone"], false, "{message}");
        for mentions in ["mentions", "mention_roles"] {
            assert_eq!(message[mentions], json!([]), "{message}");
        }
        let text = message["content"].as_str().unwrap();
        assert!(!text.contains('@') && !text.contains("```"), "{text}");
        assert!(!text.contains("evil.example)"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_channel_is_said_and_the_gate_goes_on() {
    let town = Town::new().await;
    let hall = town.serve(&[]);
    begun(&hall).await;
    let ada = town.scene.sandbox.person("ada").unwrap();
    let path = format!("/channels/{}", town.board);
    ada.does(Method::DELETE, &path, &Value::Null).await.unwrap();
    town.says(&hall, "who hears this?").await.unwrap();
    until(&hall, |mirrors| mirrors["in_trouble"] == 1).await;
    for number in 0..20 {
        let answer = town.says(&hall, &format!("{number}")).await.unwrap();
        assert_ne!(answer["result"]["isError"], true, "{answer}");
    }
    let mut doctor = town.scene.command(&["doctor"]);
    let output = doctor.env("GUILDHALL_AUDIT_CHANNEL", &town.board).output();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(said.contains("audit mirror"), "{said}");
    assert!(said.contains("it does not get on"), "{said}");
    assert!(town.scene.log().contains("the audit cannot be mirrored"));
    assert_eq!(hall.terminate(), Some(0));

    // Another channel takes up where that one ended.
    let town = Town {
        board: channel(&town.scene, "general").await,
        square: channel(&town.scene, "general").await,
        ..town
    };
    let _hall = town.serve(&[]);
    let last = *town.decided().first().unwrap();
    for _ in 0..PATIENCE {
        let told = town.told().await;
        if told.first().is_some_and(|(number, _)| *number == last) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:#?}\n{}", town.told().await, town.scene.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_told_its_own_decisions_and_only_at_home() {
    let town = Town::new().await;
    let guild = town.scene.sandbox.info().guild_id.to_string();
    let run = |arguments: &[&str]| {
        let (code, said, log) = town.scene.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {log}");
        said
    };
    for workspace in ["bakers", "smiths"] {
        run(&["workspace", "create", workspace]);
    }
    run(&["workspace", "guild", "add", "bakers", &guild]);
    let mut keys = BTreeMap::new();
    for (name, workspace) in [("baker", "bakers"), ("smith", "smiths")] {
        let made = run(&[
            "key",
            "create",
            name,
            "--workspace",
            workspace,
            "--role",
            "admin",
            "--scopes",
            "read,write",
            "--json",
        ]);
        let made: Value = serde_json::from_str(&made).unwrap();
        keys.insert(name, made["key"].as_str().unwrap().to_owned());
    }
    // Both want them in the same channel, which is in the guild of the bakers.
    for workspace in ["bakers", "smiths"] {
        run(&[
            "workspace",
            "config",
            "set",
            workspace,
            "audit_channel",
            &town.board,
        ]);
    }
    let config = ["--config", "guildhall.toml"];
    let hall = town.scene.serve(&config);
    until(&hall, |mirrors| mirrors["mirrors"] == 2).await;
    for name in ["smith", "baker"] {
        let mut client = hall.client();
        client.key = Some(keys[name].clone());
        let message = json!({ "channel_id": town.square, "content": name });
        let _answer = client.call("discord_send_message", message).await;
    }
    until(&hall, |mirrors| mirrors["in_trouble"] == 1).await;
    let mut told = Vec::new();
    for _ in 0..PATIENCE {
        told = town.told().await;
        if !told.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].1.contains("done `discord_send_message`"),
        "{told:?}"
    );
    let (_, said, _) = town.scene.run(&["doctor"]);
    assert!(
        said.contains("does not belong to the workspace \"smiths\""),
        "{said}"
    );
    // A setting says what would fit.
    let (code, _, log) = town.scene.run(&[
        "workspace",
        "config",
        "set",
        "bakers",
        "audit_rows",
        "everything",
    ]);
    assert!(code != 0 && log.contains("`all`"), "{log}");
}
