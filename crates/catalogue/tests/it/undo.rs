//! Every tool that changes something says whether and how it is undone, and its page is fresh.

use std::path::PathBuf;

use catalogue::{Kept, Prepared, Undo, Undoing, catalogue, undo_table};
use model::Risk;
use serde_json::{Value, json};

use crate::generator;

const NOW: i64 = 1_800_000_000_000;

#[test]
fn every_tool_that_changes_something_says_how_it_is_undone_or_why_not() {
    for tool in catalogue().tools() {
        let says = tool.undone();
        assert_eq!(says.is_some(), tool.risk != Risk::Read, "{}", tool.name);
        for by in says.into_iter().flat_map(Undoing::tools) {
            let by = catalogue()
                .get(by)
                .expect("an inverse calls tools that exist");
            assert_ne!(by.risk, Risk::Read, "{}", tool.name);
        }
    }
}

/// What each plan says of itself agrees with its tool's row, and strange images make no inverse
/// panic or call anything that its row does not name.
#[test]
fn a_plan_says_no_more_than_its_row() {
    let odd = [
        Value::Null,
        json!({}),
        json!({"name": 5, "roles": "x", "permission_overwrites": [{"id": "1", "allow": 7}], "type": 0}),
        json!([{"id": "1", "position": 2}]),
    ];
    for tool in catalogue().tools() {
        let Some(row) = tool.undone() else { continue };
        for seed in 0..20 {
            let arguments = generator::arguments(tool, seed);
            let Ok(Prepared::Write(plan)) = tool.prepare(arguments, NOW) else {
                continue;
            };
            match (plan.undo(), row) {
                (Undo::Yes | Undo::Partly { .. }, Undoing::By(_) | Undoing::Partly { .. }) => {}
                (Undo::No { reason }, Undoing::Never(_) | Undoing::Partly { .. }) => {
                    assert!(!reason.is_empty(), "{}", tool.name);
                }
                (says, row) => panic!("{}: {says:?}, and its row {row:?}", tool.name),
            }
            for before in &odd {
                for after in &odd {
                    let kept = Kept {
                        at: NOW,
                        before: before.clone(),
                        after: after.clone(),
                        made: before.clone(),
                    };
                    let _ = plan.now(std::slice::from_ref(after));
                    let _ = plan.look_after(&kept);
                    for step in plan.inverse(&kept, NOW).unwrap_or_default() {
                        assert!(
                            row.tools().contains(&step.tool.as_str()),
                            "{} calls {}",
                            tool.name,
                            step.tool
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_page_on_undo_is_fresh() {
    const OPEN: &str = "<!-- generated -->\n";
    const CLOSE: &str = "<!-- end -->";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/undo.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = page.split_once(OPEN).unwrap();
    let (_, tail) = rest.split_once(CLOSE).unwrap();
    let fresh = format!("{head}{OPEN}{}{CLOSE}{tail}", undo_table());
    #[expect(clippy::disallowed_methods, reason = "the one switch of this test")]
    if std::env::var("UPDATE_DOCS").is_ok() {
        std::fs::write(&path, &fresh).unwrap();
        return;
    }
    assert!(
        fresh == page,
        "docs/undo.md is stale; run UPDATE_DOCS=1 cargo test -p catalogue"
    );
}
