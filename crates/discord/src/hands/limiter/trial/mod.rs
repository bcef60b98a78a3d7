//! The limiter on trial: a simulated Discord with all its kinds of limits, and agents that want more
//! than it gives, in virtual time. Says each figure as JSON (`--nocapture` shows them).
//!
//! `GUILDHALL_TRIAL_REQUESTS` sets how many requests the long run makes; `50000` is the full one.

mod dice;
mod discord;
mod fairness;
mod forecast;
mod world;

use std::{
    io::{self, Write as _},
    time::Duration,
};

use serde_json::json;
use tokio::time::Instant;

use crate::hands::GLOBAL_PER_SECOND;
use dice::Dice;
use discord::{Operation, Weather};
use world::{Agent, World};

const SEED: u64 = 20_261_130;
/// Requests of the long run where nobody says how many.
const SHORT: usize = 1_500;
const CHANNELS: usize = 200;
const GUILDS: usize = 4;
const LONG: Duration = Duration::from_hours(10);

/// One figure, for people and programs that compare runs.
fn tell(name: &str, value: f64, limit: &str, began: std::time::Instant) {
    let line = json!({
        "name": name, "value": (value * 10_000.0).round() / 10_000.0, "limit": limit, "seed": SEED,
        "runtime_s": (began.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0,
    });
    writeln!(io::stdout(), "{line}").unwrap();
}

fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no configuration but its environment"
)]
fn requests() -> usize {
    std::env::var("GUILDHALL_TRIAL_REQUESTS")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(SHORT)
}

fn is_full() -> bool {
    requests() > SHORT
}

/// A bit of everything, over all channels and guilds.
fn everything(dice: &mut Dice) -> (Operation, usize) {
    // Half of everything is about a tenth of the channels, so that their windows fill.
    let busy = if dice.below(2) == 0 {
        CHANNELS / 10
    } else {
        CHANNELS
    };
    let channel = dice.below(busy);
    match dice.below(200) {
        0..80 => (Operation::Send, channel),
        80..100 => (Operation::Edit, channel),
        100..150 => (Operation::Read, channel),
        150..160 => (Operation::React, channel),
        160..170 => (Operation::Unreact, channel),
        170..180 => (Operation::Pin, channel),
        180..190 => (Operation::Emoji, dice.below(GUILDS)),
        _ => (Operation::Webhook, channel),
    }
}

const FIVE: [&str; 5] = ["key:a", "key:b", "key:c", "key:d", "key:e"];

fn five(wants: usize, at_once: usize) -> Vec<Agent> {
    FIVE.map(|lane| Agent {
        lane,
        at_once,
        wants: wants / 5,
        want: Box::new(everything),
    })
    .into()
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests")]
fn part(of: usize, all: usize) -> f64 {
    of as f64 / all as f64
}

#[test]
fn five_agents_over_two_hundred_channels_keep_to_every_limit() {
    let began = stopwatch();
    let all = requests();
    let weather = Weather {
        limits_change: true,
        shared_every: 500,
        forbidden_every: 2_000,
        cloudflare_every: Some(Duration::from_mins(6)),
        revoked_after: None,
    };
    let mut world = World::new(five(all, 60), weather, SEED);
    world.run(LONG);
    let tally = &world.discord.tally;
    let done = world.wishes.iter().filter(|wish| wish.done.is_some());
    assert_eq!(done.count(), all / 5 * 5);
    tell("requests", part(all, 1), "", began);
    tell("global_429", part(tally.global, 1), "0", began);
    let own = part(tally.own, tally.received);
    tell("own_429_share", own, "<= 0.001", began);
    assert!(tally.own > 0 || !is_full(), "no limit was put to the test");
    let invalid = tally.worst_ten_minutes();
    tell("invalid_in_ten_minutes", part(invalid, 1), "<= 100", began);
    tell("cloudflare_429", part(tally.edge, 1), "", began);
    tell("own_429", part(tally.own, 1), "", began);
    tell("shared_429", part(tally.shared, 1), "", began);
    assert_eq!(tally.global, 0);
    assert!(own <= 0.001, "{tally:?}");
    assert!(invalid <= 100, "{invalid} invalid within ten minutes");
}

#[test]
fn what_the_global_limit_and_the_buckets_allow_is_used() {
    let began = stopwatch();
    let all = requests();
    // Over all channels alike the global pace bounds.
    let agents = FIVE.map(|lane| Agent {
        lane,
        at_once: 100,
        wants: all / 5,
        want: Box::new(|dice| (Operation::Send, dice.below(CHANNELS))),
    });
    let mut world = World::new(agents.into(), Weather::default(), SEED);
    world.run(LONG);
    let bound = part(world.wishes.len(), GLOBAL_PER_SECOND as usize);
    let used = bound / world.elapsed().as_secs_f64();
    tell("share_of_the_global_pace", used, ">= 0.95", began);
    assert!(used >= 0.95, "{used}");

    // In a few channels their own windows do.
    let each = all / 10;
    let agents = FIVE.map(|lane| Agent {
        lane,
        at_once: 40,
        wants: each / 5,
        want: Box::new(|dice| (Operation::Send, dice.below(4))),
    });
    let mut world = World::new(agents.into(), Weather::default(), SEED);
    world.run(LONG);
    let busiest = (0..4).map(|place| world.wishes.iter().filter(|it| it.place == place).count());
    let windows = busiest.max().unwrap().div_ceil(5) - 1;
    let used = part(windows * 5, 1) / world.elapsed().as_secs_f64();
    tell("share_of_the_buckets", used, ">= 0.95", began);
    assert!(used >= 0.95, "{used}");
}

#[test]
fn answers_to_interactions_pass_the_line() {
    let began = stopwatch();
    let mut agents = five(1_000, 100);
    let mut nth = 0;
    agents.push(Agent {
        lane: "key:f",
        at_once: 1,
        wants: 30,
        want: Box::new(move |_| {
            nth += 1;
            (Operation::Answer, nth)
        }),
    });
    let mut world = World::new(agents, Weather::default(), SEED);
    world.run(LONG);
    let waits = world.wishes.iter().filter(|wish| wish.agent == 5);
    let longest = waits.map(|wish| wish.sent.unwrap() - wish.born).max();
    tell(
        "interaction_wait_ms",
        longest.unwrap().as_secs_f64() * 1_000.0,
        "0",
        began,
    );
    assert_eq!(longest, Some(Duration::ZERO));
}

#[test]
fn nothing_is_sent_after_the_first_401() {
    let began = stopwatch();
    let weather = Weather {
        revoked_after: Some(Duration::from_secs(20)),
        ..Weather::default()
    };
    let mut world = World::new(five(2_500, 60), weather, SEED);
    world.run(LONG);
    let refused_at = world.start + Duration::from_secs(20);
    // The first answer that says so is on its way for 60 ms at most but for stragglers.
    let told = refused_at + Duration::from_millis(700);
    let after = world
        .wishes
        .iter()
        .filter(|wish| wish.sent.is_some_and(|sent| sent > told));
    let after = after.count();
    tell("sent_after_401", part(after, 1), "0", began);
    assert_eq!(after, 0);
    assert!(
        world.discord.tally.unauthorized < 60,
        "{}",
        world.discord.tally.unauthorized
    );
}

/// Whatever is asked for, the bot may not do it.
fn forbidden(lanes: &[&'static str]) -> World {
    let agents = lanes.iter().map(|lane| Agent {
        lane,
        at_once: 50,
        wants: usize::MAX,
        want: Box::new(everything),
    });
    let weather = Weather {
        forbidden_every: 1,
        ..Weather::default()
    };
    let mut world = World::new(agents.collect(), weather, SEED);
    world.run(Duration::from_mins(40));
    world
}

#[test]
fn whoever_is_refused_all_the_time_is_stopped_long_before_discord_does() {
    let began = stopwatch();
    let one = forbidden(&["key:bad/1", "key:bad/2"])
        .discord
        .tally
        .worst_ten_minutes();
    tell("invalid_of_one_principal", part(one, 1), "<= 250", began);
    assert!(one <= 250, "{one}");
    let all = forbidden(&FIVE).discord.tally.worst_ten_minutes();
    tell("invalid_of_five_principals", part(all, 1), "<= 1000", began);
    assert!(all <= 1_000, "{all}");
}

#[test]
fn a_pause_of_one_principal_is_nobody_elses() {
    let agents = vec![
        Agent {
            lane: "key:bad",
            at_once: 50,
            wants: 2_000,
            want: Box::new(|dice| (Operation::Pin, dice.below(CHANNELS))),
        },
        Agent {
            lane: "key:good",
            at_once: 5,
            wants: 500,
            want: Box::new(|dice| (Operation::Send, dice.below(CHANNELS))),
        },
    ];
    let mut world = World::new(agents, Weather::default(), SEED);
    world.discord.forbid(Operation::Pin);
    world.run(LONG.min(Duration::from_mins(5)));
    let end: Instant = world.now;
    assert!(world.served(0, end) < 200);
    assert_eq!(world.served(1, end), 500);
}
