//! The page on security names tests and attacks; every one of them exists.

use std::{fs, path::Path};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security.md");

/// What stands between backticks after the last column's bar, and what it is.
fn named(page: &str) -> Vec<(bool, String)> {
    let mut all = Vec::new();
    for line in page.lines() {
        for (at, _) in line.match_indices('`') {
            let Some((word, _)) = line[at + 1..].split_once('`') else {
                continue;
            };
            let is_attack = line[..at].ends_with("attack ");
            if is_attack || (word.starts_with("crates/") && word.contains("::")) {
                all.push((is_attack, word.to_owned()));
            }
        }
    }
    all
}

#[test]
fn every_test_and_every_attack_of_the_security_page_exists() {
    let page = fs::read_to_string(PAGE).unwrap();
    let attacks = crate::redteam::names();
    let named = named(&page);
    assert!(named.len() > 40, "only {} are named", named.len());
    for (is_attack, word) in named {
        if is_attack {
            assert!(attacks.contains(&word), "there is no attack {word}");
            continue;
        }
        let (file, test) = word.split_once("::").unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("there is no {file}"));
        assert!(
            text.contains(&format!("fn {test}(")),
            "there is no test {word}"
        );
    }
}

#[test]
fn every_row_names_a_test_or_says_that_it_is_not_covered() {
    let page = fs::read_to_string(PAGE).unwrap();
    let rows = page.lines().filter(|line| {
        line.starts_with("| ") && !line.starts_with("| risk") && !line.starts_with("| practice")
    });
    let mut count = 0;
    for row in rows {
        count += 1;
        assert!(
            !named(row).is_empty() || row.contains("**Not covered**"),
            "{row}"
        );
    }
    assert!(count >= 17, "the tables have {count} rows");
}
