//! The REST API of the real binary.

mod document;
mod fuzz;
mod policy;
mod tools;
mod workspaces;

use serde_json::Value;

use crate::harness::Scene;

/// Run a command that must go well, with `--json`; gives what it printed.
#[track_caller]
pub(crate) fn told(scene: &Scene, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    let (code, out, err) = scene.run(&all);
    assert_eq!(code, 0, "{arguments:?}: {err}");
    serde_json::from_str(&out).unwrap()
}

/// Make a key with the command line.
#[track_caller]
pub(crate) fn key(scene: &Scene, name: &str, workspace: &str, role: &str) -> String {
    let made = told(
        scene,
        &[
            "key",
            "create",
            name,
            "--workspace",
            workspace,
            "--role",
            role,
        ],
    );
    made["key"].as_str().unwrap().to_owned()
}
