//! Approvals under everything at once: clicks, second clicks, replies, time, restarts, cancellation,
//! changes of policy, escalation, a channel that closes, answers that get lost; two instances on one
//! database. Each run is random and has to end by the laws.
//!
//! `GUILDHALL_RACES` says how many runs; a failure names its seed, and `GUILDHALL_RACE_SEED` plays it
//! again alone.

mod discord;
mod run;
mod world;

use std::{collections::BTreeMap, sync::atomic::Ordering};

use model::approval::State;

use self::{
    run::Run,
    world::{World, policy},
};
use crate::{fixtures::runtime, postgres};

#[expect(
    clippy::disallowed_methods,
    reason = "a test's only way to be told how many"
)]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Few, so that everybody runs them; the whole number is for whoever changes approvals.
const USUAL: u64 = 60;

async fn race(url: String) {
    let runs = number("GUILDHALL_RACES").unwrap_or(USUAL);
    let only = number("GUILDHALL_RACE_SEED");
    let mut world = World::new(url).await;
    let mut ends: BTreeMap<State, usize> = BTreeMap::new();
    for seed in 0..runs {
        if only.is_some_and(|only| only != seed) {
            continue;
        }
        world.set_policy(policy(1 + u32::from(seed % 3 == 0), "ask"), true);
        world.discord.closed.store(false, Ordering::SeqCst);
        world.discord.silenced.store(false, Ordering::SeqCst);
        world.discord.loses_answer.store(false, Ordering::SeqCst);
        let mut run = Run::new(seed, seed);
        run.story.push(format!("GUILDHALL_RACE_SEED={seed}"));
        run.play(&mut world).await;
        for approval in world.approvals(&run).await {
            *ends.entry(approval.state).or_default() += 1;
        }
        world.discord.forget();
    }
    if only.is_none() {
        // Every end was reached, or this says nothing.
        for state in State::ALL.into_iter().filter(|state| !state.is_open()) {
            assert!(
                ends.contains_key(&state),
                "no run ended {}: {ends:?}",
                state.as_str()
            );
        }
    }
    show(&format!("{runs} runs ended {ends:?}"));
    for instance in world.instances {
        instance.store.close().await;
    }
}

#[test]
fn every_interleaving_ends_by_the_laws_on_sqlite() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        race(format!(
            "sqlite:{}",
            folder.path().join("race.db").display()
        ))
        .await;
    });
}

#[test]
fn every_interleaving_ends_by_the_laws_on_postgresql() {
    runtime().block_on(async {
        let Some(database) = postgres::database().await else {
            return;
        };
        race(database.url.clone()).await;
        database.forget().await;
    });
}

/// For `--nocapture`.
#[expect(
    clippy::print_stdout,
    reason = "figures are for whoever runs the test by hand"
)]
fn show(figure: &str) {
    println!("{figure}");
}
