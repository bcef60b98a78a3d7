//! Secrets are looked for wherever something is kept or said: a busy service with everything on,
//! its log at its loudest, errors included, and then every byte of the database, the log, the
//! mirrors, the answers and what was sent to Discord's channels.

use std::{fs, process::Command, time::Duration};

use http::Method;
use serde_json::{Value, json};

use crate::{
    harness::{Hall, Scene, http_client, send},
    postgres,
};

/// Looks at something that has to come, 25 ms apart.
const PATIENCE: usize = 800;

/// Everything that must not be found: what it is, and the secret.
type Secrets = Vec<(String, String)>;

const POLICY: &str = r#"
[policy.approvals.moderators]
post_to = "channel"
channel = "BENCH"
roles = ["ROLE"]

[[policy.rules]]
name = "people decide"
tools = ["discord_edit_channel"]
effect = "ask"
dry_run_by_default = false

[[policy.rules]]
name = "easy"
risks = ["write"]
dry_run_by_default = false
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_kept_or_said_on_sqlite() {
    let scene = Scene::without_limits().await;
    let secrets = busy(&scene, None).await;
    let mut kept = Vec::new();
    for entry in fs::read_dir(scene.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            kept.push((name, text));
        }
    }
    assert!(kept.iter().any(|(name, _)| name == "guildhall.db"));
    assert!(
        kept.iter()
            .any(|(name, text)| name == "mirror.jsonl" && !text.is_empty())
    );
    // At its loudest the log says something.
    assert!(scene.log().len() > 1_000, "{}", scene.log());
    none_of(&secrets, &kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_kept_or_said_on_postgresql() {
    let server = match postgres::shared() {
        Ok(server) => server,
        Err(reason) => {
            eprintln!("SKIPPED: no PostgreSQL can be had: {reason}");
            return;
        }
    };
    let programs = postgres::programs().unwrap();
    let base = server.url();
    let made = Command::new(programs.join("psql"))
        .args(["-q", "-c", "CREATE DATABASE secrets", &base])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let url = base.replace("/postgres?", "/secrets?");
    let url = match url.strip_suffix("/postgres") {
        Some(server) => format!("{server}/secrets"),
        None => url,
    };
    let scene = Scene::without_limits().await;
    let secrets = busy(&scene, Some(&url)).await;
    let dump = Command::new(programs.join("pg_dump"))
        .args(["--inserts", &url])
        .output()
        .unwrap();
    assert!(dump.status.success(), "{dump:?}");
    let dump = String::from_utf8_lossy(&dump.stdout).into_owned();
    assert!(dump.contains("discord_execute_webhook"), "{dump}");
    none_of(&secrets, &[("the dump".to_owned(), dump)]);
    none_of(&secrets, &[("the log".to_owned(), scene.log())]);
}

/// Fails where any of these is in any of those.
fn none_of(secrets: &Secrets, places: &[(String, String)]) {
    for (place, text) in places {
        for (what, secret) in secrets {
            assert!(!text.contains(secret.as_str()), "{what} is in {place}");
        }
    }
}

/// A busy hour in a minute. Gives the secrets; what was answered and told is looked at already.
async fn busy(scene: &Scene, database: Option<&str>) -> Secrets {
    let info = scene.sandbox.info();
    let ada = scene.sandbox.person("ada").unwrap();
    let get = async |path: String| ada.does(Method::GET, &path, &Value::Null).await.unwrap();
    let guild = info.guild_id;
    let channels = get(format!("/guilds/{guild}/channels")).await;
    let named = |list: &Value, name: &str| {
        let mut all = list.as_array().unwrap().iter();
        let found = all.find(|it| it["name"] == name && it["type"].as_u64().unwrap_or(0) == 0);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (square, bench) = (named(&channels, "general"), named(&channels, "moderators"));
    let roles = get(format!("/guilds/{guild}/roles")).await;
    let role = named(&roles, "moderators");
    let policy = POLICY.replace("BENCH", &bench).replace("ROLE", &role);
    fs::write(scene.folder.path().join("guildhall.toml"), policy).unwrap();
    // Where decisions are told; nobody but the bot writes there.
    let body = json!({ "name": "board", "type": 0 });
    let path = format!("/guilds/{guild}/channels");
    let board = ada.does(Method::POST, &path, &body).await.unwrap();
    let board = board["id"].as_str().unwrap().to_owned();

    let mirror = scene.folder.path().join("mirror.jsonl");
    let mut environment = vec![
        ("GUILDHALL_LOG", "trace"),
        ("GUILDHALL_AUDIT_MIRROR", mirror.to_str().unwrap()),
        ("GUILDHALL_AUDIT_CHANNEL", board.as_str()),
        ("GUILDHALL_AUDIT_CHANNEL_ROWS", "all"),
        ("GUILDHALL_APPROVAL_WAIT_SECONDS", "12"),
    ];
    if let Some(url) = database {
        environment.push(("DATABASE_URL", url));
    }
    let mut secrets = vec![("the bot's token".to_owned(), info.bot_token.clone())];
    for (name, scopes) in [("busy", "read,write,destructive"), ("gone", "read")] {
        let mut create = scene.command(&["key", "create", name, "--scopes", scopes, "--json"]);
        let made = create.envs(environment.iter().copied()).output().unwrap();
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        secrets.push((
            format!("key {name}"),
            made["key"].as_str().unwrap().to_owned(),
        ));
    }
    let hall = scene.serve_with(&["--gateway", "--require-key"], &environment);
    ready(&hall).await;

    let mut heard = String::new();
    let key = secrets[1].1.clone();
    works(
        scene,
        &hall,
        &key,
        [&square, &bench],
        (&mut heard, &mut secrets),
    )
    .await;
    errs(&hall, &key, &square, &mut heard).await;
    // What people said and pressed had tokens of Discord's.
    for event in scene.sandbox.events(0) {
        if event.kind == "INTERACTION_CREATE" {
            let token = event.data["token"].as_str().unwrap().to_owned();
            secrets.push(("an interaction's token".to_owned(), token));
        }
    }
    assert!(secrets.iter().any(|(what, _)| what.contains("interaction")));
    assert!(secrets.iter().any(|(what, _)| what.contains("webhook")));

    // The mirror has told of the last of it.
    let told = async || {
        let messages = get(format!("/channels/{board}/messages?limit=100")).await;
        messages.to_string()
    };
    let mut board_says = told().await;
    for _ in 0..PATIENCE {
        if board_says.contains("discord_execute_webhook") && board_says.contains("refused") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
        board_says = told().await;
    }
    assert!(
        board_says.contains("discord_execute_webhook"),
        "{board_says}"
    );
    assert_eq!(hall.terminate(), Some(0));

    let tokens_shown = |(what, _): &&(String, String)| !what.contains("confirmation");
    let shown: Secrets = secrets.iter().filter(tokens_shown).cloned().collect();
    let bench_says = get(format!("/channels/{bench}/messages?limit=100")).await;
    none_of(&shown, &[("an answer".to_owned(), heard)]);
    none_of(
        &secrets,
        &[
            ("the mirror's channel".to_owned(), board_says),
            (
                "the channel of questions".to_owned(),
                bench_says.to_string(),
            ),
        ],
    );
    secrets
}

async fn ready(hall: &Hall) {
    for _ in 0..PATIENCE {
        let answer = http_client().get(hall.page("/ready")).send().await.unwrap();
        if answer.status() == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the service never became ready");
}

/// Calls over MCP and REST, webhooks, a confirmation, and an approval by a press.
async fn works(
    scene: &Scene,
    hall: &Hall,
    key: &str,
    [square, bench]: [&String; 2],
    (heard, secrets): (&mut String, &mut Secrets),
) {
    let mut client = hall.client();
    client.key = Some(key.to_owned());
    let rest = hall.rest().with_key(key);
    let ada = scene.sandbox.person("ada").unwrap();
    let message = json!({ "channel_id": square, "content": "hello" });
    let mcp = client.call("discord_send_message", message.clone()).await;
    heard.push_str(&mcp.unwrap().to_string());
    heard.push_str(
        &rest
            .post("/tools/discord_send_message", &message)
            .await
            .text,
    );

    let hook = json!({ "channel_id": square, "name": "herald" });
    let made = client.call("discord_create_webhook", hook).await.unwrap();
    assert_ne!(made["result"]["isError"], true, "{made}");
    heard.push_str(&made.to_string());
    // The bot alone sees what belongs to it.
    let info = scene.sandbox.info();
    let url = format!("{}/guilds/{}/webhooks", info.api_url, info.guild_id);
    let asks = http_client().get(url);
    let asks = asks.header("authorization", format!("Bot {}", info.bot_token));
    let hooks: Value = asks.send().await.unwrap().json().await.unwrap();
    for hook in hooks.as_array().unwrap() {
        if let Some(token) = hook["token"].as_str() {
            secrets.push(("a webhook's token".to_owned(), token.to_owned()));
        }
    }
    let hook = made["result"]["structuredContent"]["id"].clone();
    let says = json!({ "webhook_id": hook, "content": "hear, hear" });
    for tool in ["discord_execute_webhook", "discord_get_webhook"] {
        let mut arguments = says.clone();
        if tool == "discord_get_webhook" {
            arguments.as_object_mut().unwrap().remove("content");
        }
        let said = client.call(tool, arguments).await.unwrap();
        heard.push_str(&said.to_string());
    }
    // It goes, with its plan's token, and is used again: the path of that request has the token.
    let delete = json!({ "webhook_id": hook });
    let plan = client.call("discord_delete_webhook", delete.clone()).await;
    let plan = plan.unwrap();
    let token = &plan["result"]["structuredContent"]["plan"]["confirm"]["token"];
    if let Some(token) = token.as_str() {
        secrets.push(("a confirmation".to_owned(), token.to_owned()));
        let mut confirmed = delete;
        confirmed["confirm"] = json!(token);
        let gone = client.call("discord_delete_webhook", confirmed).await;
        heard.push_str(&gone.unwrap().to_string());
    }
    heard.push_str(&plan.to_string());
    let late = client.call("discord_execute_webhook", says).await.unwrap();
    heard.push_str(&late.to_string());

    // People are asked, and press.
    let edit = json!({ "channel_id": square, "topic": "new" });
    let asks = {
        let client = client.clone();
        tokio::spawn(async move { client.call("discord_edit_channel", edit).await })
    };
    let path = format!("/channels/{bench}/messages?limit=10");
    let mut question = Value::Null;
    for _ in 0..PATIENCE {
        let all = ada.does(Method::GET, &path, &Value::Null).await.unwrap();
        let mut all = all.as_array().unwrap().iter();
        if let Some(found) = all.find(|it| it["embeds"][0]["title"] == "Approval needed") {
            question = found.clone();
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let press = json!({
        "type": 3, "channel_id": question["channel_id"], "message_id": question["id"],
        "data": {
            "component_type": 2,
            "custom_id": question["components"][0]["components"][0]["custom_id"],
        },
    });
    ada.does(Method::POST, "/interactions", &press)
        .await
        .unwrap();
    heard.push_str(&asks.await.unwrap().unwrap().to_string());
}

/// What is refused and what is broken, with secrets where they do not belong.
async fn errs(hall: &Hall, key: &str, square: &str, heard: &mut String) {
    let mut client = hall.client();
    client.key = Some(key.to_owned());
    let rest = hall.rest().with_key(key);
    let nowhere = json!({ "channel_id": "1", "content": "x" });
    let refused = client.call("discord_send_message", nowhere).await.unwrap();
    heard.push_str(&refused.to_string());
    for (path, body) in [
        (
            "/tools/discord_send_message",
            json!({ "channel_id": square }),
        ),
        ("/tools/discord_nothing", json!({})),
        ("/tools/discord_send_message", json!({ "token": 7 })),
        ("/nowhere", json!({})),
    ] {
        heard.push_str(&rest.post(path, &body).await.text);
    }
    let broken = rest
        .request("POST", "/tools/discord_send_message")
        .header("content-type", "application/json")
        .body("{");
    heard.push_str(&send(broken).await.text);
    // Half a key, and none.
    let almost = hall.rest().with_key(&key[..key.len() - 1]);
    heard.push_str(&almost.get("/tools").await.text);
    heard.push_str(&hall.rest().get("/tools").await.text);
}
