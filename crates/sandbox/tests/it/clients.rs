//! The sandbox judged by clients that do not know it: bots made with discord.js and discord.py,
//! unmodified but for their base URL, live through stories (`tests/clients`), each in a sandbox of
//! its own with Discord's limits and a real clock.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sandbox::{Config, Sandbox};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_js_arrives_and_fills_its_cache() {
    discord_js("arrival").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_js_holds_a_conversation() {
    discord_js("conversation").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_js_sends_and_fetches_files() {
    discord_js("files").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_js_builds_places() {
    discord_js("places").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_js_talks_in_threads() {
    discord_js("threads").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_js_moderates_people() {
    discord_js("people").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_js_understands_refusals() {
    discord_js("refusals").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_js_answers_interactions() {
    discord_js("interactions").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_js_plans_events_and_opens_stages() {
    discord_js("events").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_js_makes_a_community() {
    discord_js("community").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_js_obeys_limits_and_resumes() {
    discord_js("wire").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_py_arrives_and_fills_its_cache() {
    discord_py("arrival").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_py_holds_a_conversation() {
    discord_py("conversation").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_py_sends_and_fetches_files() {
    discord_py("files").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_py_builds_places() {
    discord_py("places").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_py_talks_in_threads() {
    discord_py("threads").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_py_moderates_people() {
    discord_py("people").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_py_understands_refusals() {
    discord_py("refusals").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_py_answers_interactions() {
    discord_py("interactions").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_py_plans_events_and_opens_stages() {
    discord_py("events").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_py_makes_a_community() {
    discord_py("community").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discord_py_obeys_limits_and_resumes() {
    discord_py("wire").await;
}

/// A story that no test tells would rot.
#[test]
fn every_story_is_told() {
    for (folder, stage, teller) in [
        ("js", "stage.mjs", "discord_js"),
        ("py", "stage.py", "discord_py"),
    ] {
        let files = std::fs::read_dir(stories().join(folder)).expect("the stories are there");
        for file in files {
            let name = file.expect("a file").file_name();
            let name = name.to_string_lossy();
            let story = name.split('.').next().unwrap_or_default();
            let told = include_str!("clients.rs").contains(&format!("{teller}(\"{story}\")"));
            assert!(told || name == stage, "no test tells {folder}/{name}");
        }
    }
}

async fn discord_js(story: &str) {
    let Some(node) = node() else { return };
    let mut scene = json!({ "packages": node.packages });
    let mut command = Command::new(node.binary);
    command.arg(stories().join("js").join(format!("{story}.mjs")));
    tell(command, &mut scene).await;
}

async fn discord_py(story: &str) {
    let Some(python) = python() else { return };
    let mut command = Command::new(python);
    // Without the folder's bytecode.
    command
        .arg("-B")
        .arg(stories().join("py").join(format!("{story}.py")));
    tell(command, &mut json!({})).await;
}

/// Tells one story in a fresh sandbox. What it prints names each step, and which of them failed.
async fn tell(mut command: Command, scene: &mut Value) {
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
    command.env("SCENE", scene.to_string());
    run(command).await;
    sandbox.stop().await;
}

/// Runs a program that must succeed; shows what it printed where it does not.
pub(crate) async fn run(mut command: Command) -> Output {
    let output = tokio::task::spawn_blocking(move || command.output().expect("it runs"))
        .await
        .expect("it ends");
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    output
}

/// Where the stories are.
pub(crate) fn stories() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// Node.js, and the file from which its packages are found.
pub(crate) struct Node {
    pub(crate) binary: PathBuf,
    pub(crate) packages: PathBuf,
}

/// `None` after a visible notice.
pub(crate) fn node() -> Option<Node> {
    let folder = tools("node")?;
    Some(Node {
        binary: folder.join("node/node_modules/.bin/node"),
        packages: folder.join("node/package.json"),
    })
}

/// The interpreter that has discord.py; `None` after a visible notice.
pub(crate) fn python() -> Option<PathBuf> {
    tools("python").map(|folder| folder.join("python/bin/python"))
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
