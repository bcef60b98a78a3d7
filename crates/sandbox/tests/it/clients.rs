//! The sandbox judged by clients that do not know it: bots made with discord.js and discord.py,
//! unmodified but for their base URL, each live through the same day.

use std::path::{Path, PathBuf};
use std::process::Command;

use sandbox::permissions::{SEND_MESSAGES, SEND_MESSAGES_IN_THREADS, implied};
use sandbox::{Config, Sandbox, Snowflake};
use serde_json::{Value, json};

/// Channels with random overwrites that each client makes and judges.
const ROUNDS: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_js_lives_through_a_day() {
    let Some(folder) = tools("node") else { return };
    let mut command = Command::new(folder.join("node/node_modules/.bin/node"));
    command.arg(story("story.mjs"));
    let packages = folder.join("node/package.json");
    day(command, json!({ "packages": packages })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_py_lives_through_a_day() {
    let Some(folder) = tools("python") else {
        return;
    };
    let mut command = Command::new(folder.join("python/bin/python"));
    command.arg("-B").arg(story("story.py"));
    day(command, json!({})).await;
}

/// Discord's limits and a real clock, as a bot would meet them.
async fn day(mut command: Command, mut scene: Value) {
    let sandbox = Sandbox::start(Config::default())
        .await
        .expect("a sandbox starts");
    let info = sandbox.info();
    scene["api_url"] = json!(info.api_url);
    scene["gateway_url"] = json!(info.gateway_url);
    scene["control_url"] = json!(info.control_url);
    scene["bot_token"] = json!(info.bot_token);
    scene["guild_id"] = json!(info.guild_id);
    scene["channel_id"] = json!(info.channel_id);
    scene["rounds"] = json!(ROUNDS);
    command.env("SCENE", scene.to_string());
    let output = tokio::task::spawn_blocking(move || command.output().expect("it runs"))
        .await
        .expect("it ends");
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    let told: Value = serde_json::from_str(printed.lines().last().unwrap_or_default())
        .expect("the last line is JSON");
    assert!(told["replayed"].as_u64() >= Some(1), "{told}");
    same_permissions(&sandbox, &told);
    sandbox.stop().await;
}

/// Every answer of the library's arithmetic is the sandbox's own.
fn same_permissions(sandbox: &Sandbox, told: &Value) {
    let id = |value: &Value| -> Snowflake {
        let text = value.as_str().expect("an id");
        text.parse().expect("a number")
    };
    let rows = told["permissions"].as_array().expect("a table");
    assert!(rows.len() as u64 >= ROUNDS * 5, "{} rows", rows.len());
    for row in rows {
        let theirs: u64 = row["bits"].as_str().expect("bits").parse().expect("bits");
        let (user, channel) = (id(&row["user"]), id(&row["channel"]));
        let ours = sandbox
            .world()
            .read(|world| world.permissions_in(user, channel));
        let (theirs, ours) = match told["judged"].as_u64() {
            // discord.py answers for the bits that mean something in a text channel.
            Some(bits) => (theirs & bits, ours & bits),
            // discord.js leaves it to bots to know what cannot be done unseen, or without sending.
            None if row["thread"] == true => (implied(theirs, SEND_MESSAGES_IN_THREADS), ours),
            None => (implied(theirs, SEND_MESSAGES), ours),
        };
        assert_eq!(theirs, ours, "{user} in {channel}: {:b}", theirs ^ ours);
    }
}

fn story(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name)
}

/// Where `./scripts/install-test-tools` put things, or `None` after a visible notice. With
/// `GUILDHALL_TEST_TOOLS` set, what is absent is a failure.
#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests must see what is not judged"
)]
fn tools(what: &str) -> Option<PathBuf> {
    let demanded = std::env::var_os("GUILDHALL_TEST_TOOLS").map(PathBuf::from);
    let folder = demanded
        .clone()
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools"));
    if folder.join(what).exists() {
        return Some(folder.canonicalize().expect("it exists"));
    }
    assert!(demanded.is_none(), "{what} is not in {}", folder.display());
    eprintln!("SKIPPED: {what} is not installed; run ./scripts/test");
    None
}
