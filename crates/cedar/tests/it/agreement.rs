//! Cedar and the plain evaluator agree on random policies and questions, to the names of the rules.

use std::sync::Arc;

use policy::{
    Judges as _, PlainJudges, Policy,
    random::{policies, questions},
};
use proptest::{prelude::*, test_runner::TestRunner};

/// Pairs of a policy and a question where nothing else is said.
const PAIRS: u32 = 256;

/// More of them: `GUILDHALL_POLICY_PAIRS=100000 cargo test --release -p cedar`.
fn pairs() -> u32 {
    let said = std::env::var_os("GUILDHALL_POLICY_PAIRS");
    said.and_then(|said| said.to_str()?.parse().ok())
        .unwrap_or(PAIRS)
}

#[test]
fn both_judges_agree() {
    let config = ProptestConfig {
        cases: pairs(),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let both = (policies(), questions());
    let agreed = TestRunner::new(config).run(&both, |(policy, wish)| {
        let policy = Arc::new(policy);
        let question = wish.question();
        let plain = PlainJudges.appoint(&policy);
        let cedar = cedar::judge(&policy);
        prop_assert_eq!(cedar.platform(&question), plain.platform(&question));
        prop_assert_eq!(cedar.approval(&question), plain.approval(&question));
        prop_assert_eq!(cedar.channels(&question), plain.channels(&question));
        Ok(())
    });
    if let Err(error) = agreed {
        panic!("{error}");
    }
}

/// How many questions one judge is asked in a row.
const IN_A_ROW: usize = 24;

#[test]
fn what_a_judge_keeps_from_one_call_does_not_decide_another() {
    let config = ProptestConfig {
        cases: (pairs() / 8).max(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let row = (policies(), prop::collection::vec(questions(), 1..=IN_A_ROW));
    let agreed = TestRunner::new(config).run(&row, |(policy, wishes)| {
        let policy = Arc::new(policy);
        let plain = PlainJudges.appoint(&policy);
        let cedar = cedar::judge(&policy);
        for wish in wishes.iter().chain(wishes.iter().rev()) {
            let question = wish.question();
            prop_assert_eq!(cedar.platform(&question), plain.platform(&question));
            prop_assert_eq!(cedar.approval(&question), plain.approval(&question));
            prop_assert_eq!(cedar.channels(&question), plain.channels(&question));
        }
        Ok(())
    });
    if let Err(error) = agreed {
        panic!("{error}");
    }
}

#[test]
fn names_in_rules_cannot_write_cedar() {
    let name = "\"); permit (principal, action, resource); // \\ \u{7} ü *";
    let policy = Policy {
        rules: vec![policy::Rule {
            name: name.to_owned(),
            principals: vec!["key:\" || true || principal.name like \"*".to_owned()],
            effect: Some(policy::Effect::Deny),
            ..policy::Rule::default()
        }],
        ..Policy::default()
    };
    let policy = Arc::new(policy);
    let nobody = model::Principal::local_operator();
    let question = policy::Question {
        principal: &nobody,
        tool: "discord_get_a",
        toolset: "messages",
        risk: model::Risk::Read,
        spots: &[],
        circumstances: &policy::Circumstances::plain(0),
    };
    let cedar = cedar::judge(&policy);
    assert!(cedar.platform(&question).verdict.allows());
    let them = model::Principal {
        id: "key:\" || true || principal.name like \"x".to_owned(),
        ..nobody.clone()
    };
    let question = policy::Question {
        principal: &them,
        ..question
    };
    assert_eq!(cedar.platform(&question).rules, [name]);
}
