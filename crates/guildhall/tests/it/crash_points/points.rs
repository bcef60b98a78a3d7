//! Where the plug is pulled, and that no write of the store was forgotten.

use std::{collections::BTreeSet, fs, path::Path};

/// What is reached by agents that write, delete, lease, draft and are refused; `None` for the
/// times, which the seed says, and otherwise the only number that makes sense.
pub(super) const UNDER_LOAD: &[(&str, &str)] = &[
    ("audit::Record", "written"),
    ("audit::Record", "committed"),
    ("outbox::Begin", "written"),
    ("outbox::Begin", "committed"),
    ("hands", "sending"),
    ("hands", "answered"),
    ("outbox::End", "written"),
    ("outbox::End", "committed"),
    ("lease::Acquire", "written"),
    ("lease::Acquire", "committed"),
    ("lease::Release", "written"),
    ("lease::Release", "committed"),
    ("draft::Save", "written"),
    ("draft::Save", "committed"),
    ("policy::Put", "written"),
    ("policy::Put", "committed"),
    ("workspace::Apply", "written"),
    ("workspace::Apply", "committed"),
    ("key::Create", "written"),
    ("key::Create", "committed"),
    ("key::Revoke", "written"),
    ("key::Revoke", "committed"),
    ("instance::Sign", "committed"),
    ("prune::Prune", "written"),
];

/// What is reached by the start that finishes what the crash before it left.
pub(super) const IN_RECOVERY: &[(&str, &str)] = &[
    ("outbox::Claim", "written"),
    ("outbox::Claim", "committed"),
    ("recovery", "sending"),
    ("recovery", "answered"),
];

/// What is reached while people decide about one call, and for the how-manieth time: asking, being
/// posted, the yes, attending to it, showing its end; and how far people were listened to.
pub(super) const WITH_PEOPLE: &[(&str, &str, u64)] = &[
    ("approval::Open", "written", 1),
    ("approval::Open", "committed", 1),
    ("approval::Replace", "written", 1),
    ("approval::Replace", "committed", 1),
    ("approval::Replace", "written", 2),
    ("approval::Replace", "committed", 2),
    ("approval::Replace", "written", 3),
    ("approval::Replace", "committed", 3),
    ("approval::MoveCursor", "written", 2),
    ("approval::MoveCursor", "committed", 2),
    ("hands", "sending", 1),
    ("hands", "answered", 1),
];

/// Writes of the store that no point here stands for, each with its reason.
pub(super) const ELSEWHERE: &[(&str, &str)] = &[
    (
        "journal::Append",
        "the ears'; journeys.rs restarts under what people write",
    ),
    (
        "journal::ForgetResumePoint",
        "the ears'; a lost one costs an IDENTIFY",
    ),
    (
        "journal::NoteIdentify",
        "the ears'; gateway faults are tried in the room discord",
    ),
    (
        "audit::Reseal",
        "the operator's command, alone on the database",
    ),
    (
        "audit::Erase",
        "the operator's command, alone on the database",
    ),
    (
        "chain::checkpoint::Mark",
        "store/tests/it tries checkpoints",
    ),
    (
        "mirror::Put",
        "where a mirror stands; mirrors.rs kills it around each message",
    ),
    ("reading::Note", "one row of a memory that may be lost"),
];

#[test]
fn every_write_of_the_store_has_its_crash_points_or_a_reason() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/src");
    let mut found = BTreeSet::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let module = path.strip_prefix(&source).unwrap().with_extension("");
            let module = module.to_str().unwrap().replace('/', "::");
            let module = module.trim_end_matches("::mod").to_owned();
            for line in fs::read_to_string(&path).unwrap().lines() {
                if let Some(name) = line.strip_prefix("impl Write for ") {
                    found.insert(format!("{module}::{}", name.trim_end_matches(" {")));
                }
            }
        }
    }
    let tried = UNDER_LOAD.iter().chain(IN_RECOVERY).map(|(what, _)| *what);
    let tried: BTreeSet<&str> = tried
        .chain(WITH_PEOPLE.iter().map(|(what, ..)| *what))
        .chain(ELSEWHERE.iter().map(|(what, _)| *what))
        .collect();
    for write in &found {
        assert!(
            tried.contains(write.as_str()),
            "no crash point is tried for {write}"
        );
    }
}

#[test]
fn a_release_has_no_crash_points() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let manifest: toml::Table = fs::read_to_string(root.join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    for (name, profile) in manifest["profile"].as_table().unwrap() {
        let on = profile
            .get("debug-assertions")
            .and_then(toml::Value::as_bool);
        assert!(
            name == "dev" || name == "test" || on != Some(true),
            "{name} keeps debug assertions"
        );
    }
    let source = fs::read_to_string(root.join("crates/model/src/crash.rs")).unwrap();
    let (debug, release) = source.split_once("#[cfg(not(debug_assertions))]").unwrap();
    assert!(debug.contains("#[cfg(debug_assertions)]\npub fn point"));
    assert!(!release.contains("abort") && !release.contains("env::"));
}
