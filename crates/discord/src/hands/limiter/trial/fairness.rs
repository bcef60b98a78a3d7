//! No agent gets less than 80 % of its equal share, whatever the others do.

use std::time::Duration;

use super::{
    Agent, CHANNELS, Dice, FIVE, Operation, SEED, Weather, World, everything, part, stopwatch, tell,
};
use crate::hands::limiter::state::MAX_WAITING_OF_LANE;

const LEAST: f64 = 0.8;

const NAMES: [&str; 8] = [
    "key:a/1", "key:a/2", "key:a/3", "key:a/4", "key:a/5", "key:a/6", "key:a/7", "key:a/8",
];

/// An agent with always so many requests in line, for channels of this range.
fn sender(lane: &'static str, at_once: usize, channels: std::ops::Range<usize>) -> Agent {
    Agent {
        lane,
        at_once,
        wants: usize::MAX,
        want: Box::new(move |dice: &mut Dice| {
            let channel = channels.start + dice.below(channels.len());
            (Operation::Send, channel)
        }),
    }
}

fn run(agents: Vec<Agent>, time: Duration) -> World {
    let mut world = World::new(agents, Weather::default(), SEED);
    world.run(time);
    world
}

/// The smallest part of its equal share that any of these agents got.
fn least_share(world: &World, agents: &[usize]) -> f64 {
    let served: Vec<usize> = agents
        .iter()
        .map(|agent| world.served(*agent, world.now))
        .collect();
    let all: usize = served.iter().sum();
    let least = served.iter().min().copied().unwrap_or_default();
    part(least * agents.len(), all)
}

const ALL: [usize; 5] = [0, 1, 2, 3, 4];
/// How long agents stand against each other; longer in the full run.
fn while_they_compete() -> Duration {
    Duration::from_secs(if super::is_full() { 180 } else { 12 })
}

#[test]
fn equals_get_equal_shares() {
    let began = stopwatch();
    let agents = FIVE.map(|lane| Agent {
        want: Box::new(everything),
        ..sender(lane, 60, 0..1)
    });
    let least = least_share(&run(agents.into(), while_they_compete()), &ALL);
    tell("least_share_of_equals", least, ">= 0.8", began);
    assert!(least >= LEAST, "{least}");
}

#[test]
fn a_flood_of_one_channel_takes_nothing_from_the_others() {
    let began = stopwatch();
    // In the flooded channel itself,
    let mut agents = vec![sender(FIVE[0], 1_000, 0..1)];
    agents.extend(FIVE[1..].iter().map(|lane| sender(lane, 10, 0..1)));
    let there = least_share(&run(agents, 2 * while_they_compete()), &ALL);
    // and everywhere, where the flood is not in everybody's way.
    let mut agents = vec![sender(FIVE[0], 1_000, 0..1)];
    agents.extend(FIVE[1..].iter().map(|lane| sender(lane, 60, 0..CHANNELS)));
    let elsewhere = least_share(&run(agents, while_they_compete()), &ALL[1..]);
    tell("least_share_in_a_flooded_channel", there, ">= 0.8", began);
    tell(
        "least_share_beside_a_flooded_channel",
        elsewhere,
        ">= 0.8",
        began,
    );
    assert!(there >= LEAST && elsewhere >= LEAST, "{there} {elsewhere}");
}

#[test]
fn a_flood_of_many_channels_takes_nothing_from_the_others() {
    let began = stopwatch();
    let mut agents = vec![sender(FIVE[0], MAX_WAITING_OF_LANE, 0..CHANNELS)];
    agents.extend(FIVE[1..].iter().map(|lane| sender(lane, 40, 0..CHANNELS)));
    let many = least_share(&run(agents, while_they_compete()), &ALL);
    // Each of the others in channels of its own, all of them flooded as well.
    let mut agents = vec![sender(FIVE[0], MAX_WAITING_OF_LANE, 0..CHANNELS)];
    let others = FIVE[1..].iter().enumerate();
    agents.extend(others.map(|(nth, lane)| sender(lane, 40, nth * 50..nth * 50 + 50)));
    let own = least_share(&run(agents, while_they_compete()), &ALL);
    tell("least_share_beside_a_flood", many, ">= 0.8", began);
    tell("least_share_each_in_its_channels", own, ">= 0.8", began);
    assert!(many >= LEAST && own >= LEAST, "{many} {own}");
}

#[test]
fn bursts_do_not_hold_up_those_who_come_steadily() {
    let began = stopwatch();
    // Each burst is a thousand requests; the steady ones have one under way at a time.
    let mut agents = vec![sender(FIVE[0], 1_000, 0..CHANNELS)];
    agents.extend(FIVE[1..].iter().map(|lane| sender(lane, 1, 0..CHANNELS)));
    let world = run(agents, while_they_compete());
    // A turn of each; one in some channels also waits for the window to open.
    let steady = world.wishes.iter().filter(|wish| wish.agent > 0);
    let mut waits: Vec<Duration> = steady
        .filter_map(|wish| Some(wish.sent? - wish.born))
        .collect();
    waits.sort_unstable();
    let p99 = waits[waits.len() * 99 / 100].as_secs_f64() * 1_000.0;
    tell("wait_beside_a_burst_p99_ms", p99, "<= 1000", began);
    assert!(p99 <= 1_000.0, "{p99} ms");
}

#[test]
fn a_thousand_in_line_do_not_hold_up_those_with_one_each() {
    let began = stopwatch();
    let mut agents = vec![sender(FIVE[0], 1_000, 0..CHANNELS)];
    agents.extend(FIVE[1..].iter().map(|lane| Agent {
        wants: 1,
        ..sender(lane, 1, 0..1)
    }));
    let world = run(agents, Duration::from_secs(20));
    let singles = world.wishes.iter().filter(|wish| wish.agent > 0);
    let longest = singles.map(|wish| wish.sent.unwrap() - wish.born).max();
    let longest = longest.unwrap().as_secs_f64() * 1_000.0;
    tell("wait_of_one_beside_a_thousand_ms", longest, "<= 500", began);
    assert!(longest <= 500.0, "{longest} ms");
}

#[test]
fn a_principal_gains_nothing_by_inventing_agents() {
    let began = stopwatch();
    let mut agents: Vec<Agent> = NAMES.map(|lane| sender(lane, 60, 0..CHANNELS)).into();
    agents.push(sender("key:b", 60, 0..CHANNELS));
    let world = run(agents, while_they_compete());
    let many: usize = (0..8).map(|agent| world.served(agent, world.now)).sum();
    let one = world.served(8, world.now);
    let share = part(2 * one, one + many);
    tell(
        "share_of_one_agent_against_eight_names",
        share,
        ">= 0.8",
        began,
    );
    assert!(share >= LEAST, "{share}");
    let least = least_share(&world, &[0, 1, 2, 3, 4, 5, 6, 7]);
    assert!(least >= LEAST, "within the principal: {least}");
}

#[test]
fn whoever_fills_its_line_is_turned_away_and_nobody_else() {
    let began = stopwatch();
    let mut agents: Vec<Agent> = ["key:a/1", "key:a/2", "key:a/3"]
        .map(|lane| sender(lane, 3_000, 0..CHANNELS))
        .into();
    agents.push(sender("key:b", 10, 0..CHANNELS));
    let world = run(agents, Duration::from_secs(10));
    assert!(world.line_full > 0);
    let steady = world.served(3, world.now);
    tell(
        "served_beside_full_lines_a_second",
        part(steady, 10),
        ">= 18",
        began,
    );
    assert!(steady >= 180, "{steady}");
}
