//! Real clients tell the same story: the official SDKs for Python and TypeScript and the MCP
//! Inspector's command line, over stdio and HTTP, in both generations where they speak them.

use std::{path::Path, process::Command};

use serde_json::{Value, json};

use crate::harness::{MODERN, Scene, tools};

/// Client, generation, and whether a person at the client is asked.
const CASTS: [(&str, &str, bool); 8] = [
    ("python", "legacy", false),
    ("python", "legacy", true),
    ("python", MODERN, false),
    ("python", MODERN, true),
    ("typescript 1", "legacy", true),
    ("typescript 2", "legacy", false),
    ("typescript 2", MODERN, false),
    ("typescript 2", MODERN, true),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_official_client_tells_the_story_over_stdio() {
    let (Some(folder), Some(_)) = (tools("python"), tools("node")) else {
        return;
    };
    for (client, mode, asks) in CASTS {
        let scene = Scene::new().await;
        let mut command = vec![env!("CARGO_BIN_EXE_guildhall").to_owned(), "mcp".to_owned()];
        command.extend(["--toolsets".to_owned(), "default".to_owned()]);
        let environment: serde_json::Map<String, Value> = scene
            .environment()
            .into_iter()
            .map(|(name, value)| (name, json!(value)))
            .collect();
        let script = json!({ "transport": "stdio", "command": command, "env": environment });
        tell(&folder, client, mode, asks, &scene, script).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_official_client_tells_the_story_over_http_with_a_key() {
    let (Some(folder), Some(_)) = (tools("python"), tools("node")) else {
        return;
    };
    let scene = Scene::new().await;
    let (code, made, log) = scene.run(&["key", "create", "story", "--json"]);
    assert_eq!(code, 0, "{log}");
    let made: Value = serde_json::from_str(&made).unwrap();
    let hall = scene.serve(&["--require-key"]);
    for (client, mode, asks) in CASTS {
        let script = json!({ "transport": "http", "url": hall.url, "key": made["key"] });
        tell(&folder, client, mode, asks, &scene, script).await;
    }
    hall.terminate();
}

async fn tell(
    folder: &Path,
    client: &str,
    mode: &str,
    asks: bool,
    scene: &Scene,
    mut script: Value,
) {
    let words = format!("{client} in {mode}, asked: {asks} — ünïcödé 🏰");
    script["channel_id"] = json!(scene.sandbox.info().channel_id);
    script["mode"] = json!(mode);
    script["asks"] = json!(asks);
    script["words"] = json!(words);
    script["sdk"] = json!(if client == "typescript 1" { 1 } else { 2 });
    let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let mut command = if client == "python" {
        let mut command = Command::new(folder.join("python/bin/python"));
        command.arg(stories.join("story.py"));
        command
    } else {
        // Node finds packages beside the script, so the script goes beside the packages.
        let beside = folder
            .join("node")
            .join(format!("story-{}.mjs", std::process::id()));
        std::fs::copy(stories.join("story.mjs"), &beside).unwrap();
        let mut command = Command::new(folder.join("node/node_modules/.bin/node"));
        command.arg(beside);
        command
    };
    command.env("SCENE", script.to_string());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{words}\n{told}\n{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        scene.log(),
    );
    let told: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let expected = if mode == "legacy" {
        "2025-11-25"
    } else {
        MODERN
    };
    assert!(
        told["protocol"] == expected || told["protocol"] == "unknown",
        "{words}: {told}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inspector_finds_nothing_to_complain_about() {
    let Some(folder) = tools("node") else { return };
    let scene = Scene::new().await;
    let hall = scene.serve(&["--toolsets", "all"]);
    let inspect = |arguments: Vec<String>| {
        let mut command = Command::new(folder.join("node/node_modules/.bin/node"));
        command
            .arg(folder.join("node/node_modules/.bin/mcp-inspector"))
            .arg("--cli")
            .args(arguments)
            .env("HOME", scene.folder.path());
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    for era in ["legacy", "modern"] {
        let arguments = ["--protocol-era", era, "--strict", "--method", "tools/list"];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
        arguments.insert(0, hall.url.clone());
        let output = inspect(arguments).await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{era}: {errors}");
        let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(listed["tools"].as_array().unwrap().len() > 50);
    }
    let over_stdio = [
        env!("CARGO_BIN_EXE_guildhall"),
        "mcp",
        "--method",
        "tools/call",
        "--tool-name",
        "discord_find_tools",
    ];
    let mut arguments: Vec<String> = over_stdio.map(str::to_owned).to_vec();
    for (name, value) in scene.environment() {
        arguments.extend(["-e".to_owned(), format!("{name}={value}")]);
    }
    let output = inspect(arguments).await.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    hall.terminate();
}
