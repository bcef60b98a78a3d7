//! The policies of `docs/policy.md` can be used, and decide the cases below them as they say.

use super::cases;
use crate::policy_file;

/// The fenced blocks of a page: what stands after the fence, and the text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut parts = page.split("\n```");
    let _before_the_first = parts.next();
    let fenced: Vec<&str> = parts.collect();
    fenced
        .chunks(2)
        .filter_map(|pair| pair.first()?.split_once('\n'))
        .collect()
}

#[test]
fn every_policy_of_the_page_does_what_its_cases_say() {
    let page = include_str!("../../../../../docs/policy.md");
    let blocks = blocks(page);
    let mut tested = 0;
    for pair in blocks.windows(2) {
        let [("toml", policy), (kind, text)] = pair else {
            continue;
        };
        assert_eq!(*kind, "toml cases", "no cases below: {policy}");
        let policy = policy_file::read(policy, None).unwrap();
        for case in cases::verified(text, policy).unwrap() {
            assert_eq!(case.fault, None, "{}", case.name);
            tested += 1;
        }
    }
    assert!(tested > 15, "only {tested} cases were found");
}
