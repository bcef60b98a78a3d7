//! The red team: scripted attacks against the running binary, with a model that obeys the attacker
//! in everything, in both generations of the protocol.
//!
//! Attacks are data, in `attacks/*.toml`: what the attacker plants where, by which reading it
//! reaches the model, what the model then calls in which order, and what is to stop it. A row fails
//! where something else stopped it, where nothing did, or where the words never reached the model.
//! After each attack the sandbox is compared with what it was before, whatever the answers said.

mod attack;
pub(crate) mod client;
mod ground;
mod outcome;
mod page;
mod play;
mod watch;

use attack::Attack;
use client::Generation;
use ground::{Ground, Hall};

/// What the goals ask for, as a floor: attacks are added, and none is taken away.
const AT_LEAST: usize = 359;

/// The names of all attacks.
pub(crate) fn names() -> Vec<String> {
    attack::all()
        .into_iter()
        .map(|attack| attack.name)
        .collect()
}

/// Play the attacks of one hall in both generations, and look at what is left behind.
/// `GUILDHALL_TEST_ATTACK` names a part of the names of those that are wanted.
#[expect(clippy::disallowed_methods, reason = "the one switch of these tests")]
async fn play(hall: Hall) {
    let wanted = std::env::var("GUILDHALL_TEST_ATTACK").ok();
    let attacks: Vec<Attack> = attack::all()
        .into_iter()
        .filter(|attack| attack.hall == hall)
        .filter(|attack| wanted.as_ref().is_none_or(|it| attack.name.contains(it)))
        .collect();
    let mut failures = Vec::new();
    for generation in Generation::ALL {
        let ground = Ground::prepare(hall).await;
        for attack in attacks.iter().filter(|it| it.is_for(generation)) {
            if let Err(why) = play::play(&ground, generation, attack).await {
                failures.push(format!("{} ({}): {why}", attack.name, generation.version()));
            }
        }
        if let Err(why) = ground.leave() {
            failures.push(format!("{hall:?} ({}): {why}", generation.version()));
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_on_an_ordinary_service_are_stopped() {
    play(Hall::Ordinary).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_on_a_read_only_service_are_stopped() {
    play(Hall::ReadOnly).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_on_a_service_with_members_and_rules_are_stopped() {
    play(Hall::Strict).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_on_the_rates_are_stopped() {
    play(Hall::Slow).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_on_a_service_that_asks_people_are_stopped() {
    play(Hall::Asking).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_across_workspaces_are_stopped() {
    play(Hall::Shared).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_on_the_mirror_of_the_audit_are_stopped() {
    play(Hall::Mirrored).await;
}

#[test]
fn there_are_enough_attacks_and_each_has_its_own_name() {
    let attacks = attack::all();
    assert!(attacks.len() >= AT_LEAST, "only {}", attacks.len());
    let names: std::collections::BTreeSet<_> = attacks.iter().map(|it| &it.name).collect();
    assert_eq!(names.len(), attacks.len(), "two attacks share a name");
}

#[test]
fn the_page_of_the_red_team_is_fresh() {
    page::check(&attack::all());
}
