//! The official conformance suite: every scenario that needs no fixture against the real service,
//! and every scenario of both revisions against the fixture server, which is made of the same
//! transport and handler layers (`crates/mcp/examples/conformance.rs`).

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use crate::harness::{MODERN, Scene, tools};

const LEGACY: &str = "2025-11-25";

/// Scenarios that ask nothing but what every server has, by revision.
const AS_IS: [(&str, &[&str]); 2] = [
    (
        LEGACY,
        &[
            "server-initialize",
            "ping",
            "completion-complete",
            "prompts-list",
            "tools-list",
            "server-sse-multiple-streams",
            "resources-list",
            "dns-rebinding-protection",
            "server-session-lifecycle",
            "server-sse-polling",
        ],
    ),
    (
        MODERN,
        &[
            "completion-complete",
            "prompts-list",
            "tools-list",
            "server-sse-multiple-streams",
            "resources-list",
            "sep-2164-resource-not-found",
            "dns-rebinding-protection",
            "caching",
            "http-header-validation",
        ],
    ),
];

fn suite(folder: &Path, url: &str, revision: &str, more: &[&str]) -> Output {
    Command::new(folder.join("node/node_modules/.bin/node"))
        .arg(folder.join("node/node_modules/.bin/conformance"))
        .args(["server", "--url", url])
        .args(more)
        .args(if more.is_empty() {
            ["--requirements", revision]
        } else {
            ["--spec-version", revision]
        })
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_passes_every_scenario_that_needs_no_fixture() {
    let Some(folder) = tools("node") else { return };
    let scene = Scene::new().await;
    let hall = scene.serve(&["--toolsets", "all"]);
    for (revision, scenarios) in AS_IS {
        for scenario in scenarios {
            let (folder, url) = (folder.clone(), hall.url.clone());
            let output = tokio::task::spawn_blocking(move || {
                suite(&folder, &url, revision, &["--scenario", scenario])
            });
            let output = output.await.unwrap();
            assert!(
                output.status.success(),
                "{revision} {scenario}:\n{}",
                said(&output)
            );
        }
    }
    hall.terminate();
}

/// The example that Cargo built beside this test.
fn fixture_server() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap();
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    folder.join("examples/conformance")
}

struct Fixtures(Child);

impl Drop for Fixtures {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_fixture_server_passes_both_revisions() {
    let Some(folder) = tools("node") else { return };
    let program = fixture_server();
    if !program.exists() {
        // `cargo test -p guildhall` alone does not build another room's example.
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--locked",
                "-p",
                "mcp",
                "--example",
                "conformance",
            ])
            .status()
            .unwrap();
        assert!(built.success());
    }
    let mut child = Command::new(program)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut url)
        .unwrap();
    let _fixtures = Fixtures(child);
    for revision in [LEGACY, MODERN] {
        let output = suite(&folder, url.trim(), revision, &[]);
        assert!(output.status.success(), "{revision}:\n{}", said(&output));
    }
}
