//! The rules of the house that can be checked by reading: which room may lean on which, where
//! heavy libraries stop, and how files look.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Which rooms a room may use, as in ARCHITECTURE.md.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("policy", &["model"]),
    ("cedar", &["model", "policy"]),
    ("catalogue", &["model"]),
    ("gate", &["model", "catalogue", "policy"]),
    ("discord", &["model"]),
    ("store", &["model"]),
    ("team", &["model", "gate", "catalogue"]),
    ("assistant", &["model", "gate", "catalogue"]),
    ("mcp", &["model", "gate", "catalogue"]),
    ("web", &["model", "gate"]),
    ("sandbox", &["model"]),
    (
        "guildhall",
        &[
            "assistant",
            "catalogue",
            "cedar",
            "discord",
            "gate",
            "mcp",
            "model",
            "policy",
            "sandbox",
            "store",
            "team",
            "web",
        ],
    ),
];

/// Libraries that stop at certain rooms.
const STOPS_AT: &[(&str, &[&str])] = &[
    ("rmcp", &["mcp"]),
    ("sqlx", &["store"]),
    ("redis", &["store"]),
    ("axum", &["web", "sandbox"]),
    ("twilight-gateway", &["discord"]),
    ("twilight-model", &["discord"]),
    ("clap", &["guildhall"]),
    ("cedar-policy", &["cedar"]),
];

/// More lines than this need a reason.
const MAX_LINES: usize = 600;

/// Files that may be longer, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn dependencies(room: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("crates").join(room).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let table = manifest.get("dependencies").and_then(toml::Value::as_table);
    table
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default()
}

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }
    let root = root();
    let mut paths = Vec::new();
    for (room, _) in ARROWS {
        walk(&root.join("crates").join(room).join("src"), &mut paths);
    }
    let relative = |path: &Path| {
        path.strip_prefix(&root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    paths
        .iter()
        .map(|path| (relative(path), fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn every_crate_is_a_room_of_the_picture() {
    let found: BTreeSet<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let drawn: BTreeSet<String> = ARROWS.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(found, drawn);
}

#[test]
fn dependencies_point_one_way() {
    let rooms: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    for (room, allowed) in ARROWS {
        for dependency in dependencies(room) {
            if rooms.contains(dependency.as_str()) {
                assert!(
                    allowed.contains(&dependency.as_str()),
                    "{room} must not depend on {dependency}"
                );
            }
        }
    }
}

#[test]
fn heavy_libraries_stop_at_their_room() {
    for (library, rooms) in STOPS_AT {
        for (room, _) in ARROWS {
            assert!(
                rooms.contains(room) || !dependencies(room).contains(*library),
                "{room} must not depend on {library}: it stops at {rooms:?}"
            );
        }
    }
}

#[test]
fn hands_are_built_for_the_gates_permit_and_in_one_place() {
    let builders: Vec<String> = sources()
        .into_iter()
        .filter(|(path, text)| !path.starts_with("crates/discord/") && text.contains("Rest::<"))
        .map(|(path, text)| {
            let built = text.matches("Rest::<").count();
            let for_permits = text.matches("Rest::<gate::Permit>").count();
            assert_eq!(built, for_permits, "{path} builds hands for another permit");
            path
        })
        .collect();
    assert_eq!(builders, ["crates/guildhall/src/wiring.rs"]);
}

#[test]
fn every_file_says_what_it_is_for() {
    for (path, text) in sources() {
        assert!(
            text.starts_with("//! "),
            "{path} does not open with a `//!` sentence"
        );
    }
}

#[test]
fn no_file_holds_two_ideas() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        let excused = LONG_FILES.iter().any(|(file, _)| *file == path);
        assert!(excused || lines <= MAX_LINES, "{path} has {lines} lines");
    }
}

#[test]
fn no_file_is_a_drawer_for_odds_and_ends() {
    for (path, _) in sources() {
        let name = Path::new(&path).file_stem().unwrap().to_str().unwrap();
        assert!(
            ![
                "utils", "util", "common", "helpers", "misc", "prelude", "manager"
            ]
            .contains(&name),
            "{path} needs a name that says what is in it"
        );
    }
}
