//! What is forecast is what happens, within a tolerance: the way to Discord and back varies, and
//! what others will send is not known.

use std::time::Duration;

use proptest::prelude::*;

use super::{Agent, Operation, SEED, Weather, World};

/// Requests of one caller, one after the other, while others have a line already.
fn told_and_taken(
    operation: Operation,
    count: usize,
    places: usize,
    others: usize,
) -> (Duration, Duration) {
    let mut agents = vec![
        // So that windows and journeys are known.
        Agent {
            lane: "key:before",
            at_once: 3,
            wants: 60,
            want: Box::new(move |dice| (operation, dice.below(places))),
        },
    ];
    let mut next = 0;
    let mut world = World::new(std::mem::take(&mut agents), Weather::default(), SEED);
    world.run(Duration::from_hours(1));
    for other in 0..others {
        world.hire(Agent {
            lane: if other % 2 == 0 { "key:x" } else { "key:y" },
            at_once: 1,
            wants: 1,
            want: Box::new(move |dice| (operation, dice.below(places))),
        });
    }
    world.run_until_in_line();
    let requests: Vec<_> = (0..count)
        .map(|nth| (operation.route(nth % places), operation.class()))
        .collect();
    let told = world.state.forecast(&requests, "key:me", world.now);
    let began = world.now;
    let me = world.hire(Agent {
        lane: "key:me",
        at_once: 1,
        wants: count,
        want: Box::new(move |_| {
            next += 1;
            (operation, (next - 1) % places)
        }),
    });
    world.run(Duration::from_hours(3));
    let mine = world.wishes.iter().filter(|wish| wish.agent == me);
    let end = mine.filter_map(|wish| wish.done).max().unwrap();
    (Duration::from_millis(told.milliseconds), end - began)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_forecast_is_what_happens(
        operation in prop_oneof![
            Just(Operation::Send), Just(Operation::Read), Just(Operation::Edit), Just(Operation::Pin)
        ],
        count in 1_usize..60,
        places in 1_usize..6,
        others in 0_usize..40,
    ) {
        let (told, taken) = told_and_taken(operation, count, places, others);
        let off = told.abs_diff(taken);
        // Who of several gets the last place in a window decides over one window.
        let window = match operation {
            Operation::Send | Operation::Edit => Duration::from_secs(5),
            _ => Duration::from_secs(1),
        };
        let tolerance = if others == 0 {
            taken / 8 + Duration::from_millis(900)
        } else {
            taken / 4 + Duration::from_millis(900) + window
        };
        prop_assert!(off <= tolerance, "told {told:?}, taken {taken:?}");
    }
}
