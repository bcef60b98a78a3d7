//! Counts calls against several limits at once: all of them or none. Time is a parameter, and what
//! is kept is bounded whatever names are thrown at it.
//!
//! The generic cell rate algorithm: each call moves what it counts against by one interval into the
//! future, which may be a minute ahead of the clock. So a minute's worth may come at once, and then
//! as many as the rate gives back.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
};

use model::Millis;

/// What is counted apart, beyond which those that owe least are forgotten. 24 bytes each.
pub(crate) const KEYS: usize = 10_000;
/// What one call weighs; weights are in tenths of a call.
pub(crate) const CALL: u32 = 10;

const MINUTE: i64 = 60_000_000_000;
const NANOS: i64 = 1_000_000;

/// What is counted, by its fingerprint: names are not kept, and nobody can look for two that agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(u64);

/// Kept in memory: a restart forgives.
#[derive(Default)]
pub(crate) struct Meter {
    fingerprints: RandomState,
    /// Until when each is in debt, in nanoseconds.
    due: Mutex<HashMap<Key, i64>>,
}

/// There is no room under one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full {
    /// Which of those asked.
    pub index: usize,
    /// From when there would be room under all of them.
    pub wait_ms: u64,
}

impl Meter {
    /// How this is known here.
    pub(crate) fn key(&self, what: impl Hash) -> Key {
        Key(self.fingerprints.hash_one(what))
    }

    /// Count one call of this weight against all of them. Where one has no room, none is charged,
    /// and the one that has to be waited for longest is told.
    pub(crate) fn count(
        &self,
        asked: &[(Key, NonZeroU32)],
        weight: u32,
        now: Millis,
    ) -> Result<(), Full> {
        let now = now.saturating_mul(NANOS);
        let mut due = self.due();
        let mut full: Option<(i64, usize)> = None;
        for (index, (key, per_minute)) in asked.iter().enumerate() {
            let cost = cost(*per_minute, weight);
            let from = due.get(key).map_or(now, |due| debt(*due, now));
            let wait = from + cost.min(MINUTE) - (now + MINUTE);
            if wait > 0 && full.is_none_or(|(longest, _)| wait > longest) {
                full = Some((wait, index));
            }
        }
        if let Some((wait, index)) = full {
            return Err(Full {
                index,
                wait_ms: wait.unsigned_abs().div_ceil(NANOS.unsigned_abs()),
            });
        }
        for (key, per_minute) in asked {
            charge(&mut due, *key, cost(*per_minute, weight), now);
        }
        Ok(())
    }

    /// Count so much, room or not, up to what one minute holds.
    pub(crate) fn charge(&self, key: Key, per_minute: NonZeroU32, weight: u32, now: Millis) {
        let now = now.saturating_mul(NANOS);
        charge(&mut self.due(), key, cost(per_minute, weight), now);
    }

    fn due(&self) -> MutexGuard<'_, HashMap<Key, i64>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(per_minute: NonZeroU32, weight: u32) -> i64 {
    MINUTE / i64::from(per_minute.get()) * i64::from(weight) / i64::from(CALL)
}

/// Nobody can owe more than a minute, unless the clock was set back: then nobody owes anything.
fn debt(due: i64, now: i64) -> i64 {
    if due > now + MINUTE {
        now
    } else {
        due.max(now)
    }
}

fn charge(all: &mut HashMap<Key, i64>, key: Key, cost: i64, now: i64) {
    if all.len() >= KEYS && !all.contains_key(&key) {
        forget(all, now);
    }
    let due = all.entry(key).or_insert(now);
    *due = (debt(*due, now) + cost).min(now + MINUTE);
}

/// First those that owe nothing; if that is not enough, the half that owes least. So whoever uses
/// up a limit is not forgiven because many others come along.
fn forget(all: &mut HashMap<Key, i64>, now: i64) {
    all.retain(|_, due| *due > now);
    if all.len() < KEYS {
        return;
    }
    let mut dues: Vec<i64> = all.values().copied().collect();
    let middle = *dues.select_nth_unstable(KEYS / 2).1;
    all.retain(|_, due| *due > middle);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_as_the_rate_gives_back() {
        let meter = Meter::default();
        let asked = [(meter.key("a"), rate(60))];
        for _ in 0..60 {
            assert_eq!(meter.count(&asked, CALL, 0), Ok(()));
        }
        let full = |wait_ms| Err(Full { index: 0, wait_ms });
        assert_eq!(meter.count(&asked, CALL, 0), full(1_000));
        assert_eq!(meter.count(&asked, CALL, 400), full(600));
        assert_eq!(meter.count(&asked, CALL, 1_000), Ok(()));
        assert_eq!(meter.count(&asked, CALL, 1_000), full(1_000));
    }

    #[test]
    fn one_a_minute_is_one_a_minute() {
        let meter = Meter::default();
        let asked = [(meter.key("a"), rate(1))];
        assert_eq!(meter.count(&asked, CALL, 0), Ok(()));
        assert!(meter.count(&asked, CALL, 59_999).is_err());
        assert_eq!(meter.count(&asked, CALL, 60_000), Ok(()));
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let meter = Meter::default();
        let asked = [(meter.key("a"), rate(2))];
        let later = 1_000_000_000;
        assert_eq!(meter.count(&asked, CALL, later), Ok(()));
        for _ in 0..2 {
            assert_eq!(meter.count(&asked, CALL, 0), Ok(()));
        }
        assert!(meter.count(&asked, CALL, 0).unwrap_err().wait_ms <= 60_000);
    }

    #[test]
    fn light_calls_weigh_a_tenth() {
        let meter = Meter::default();
        let asked = [(meter.key("a"), rate(3))];
        for _ in 0..30 {
            assert_eq!(meter.count(&asked, 1, 0), Ok(()));
        }
        assert!(meter.count(&asked, 1, 0).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_one_limit_refuses_costs_nothing_under_the_others(
            generous in 2_u32..50,
            narrow in 1_u32..50,
            tries in 1_u32..120,
        ) {
            let narrow = narrow.min(generous - 1);
            let meter = Meter::default();
            let (a, b) = (meter.key("a"), meter.key("b"));
            let both = [(a, rate(generous)), (b, rate(narrow))];
            let passed = (0..tries).filter(|_| meter.count(&both, CALL, 0).is_ok()).count();
            prop_assert_eq!(passed, tries.min(narrow) as usize);
            let alone = (0..2 * generous)
                .filter(|_| meter.count(&[(a, rate(generous))], CALL, 0).is_ok())
                .count();
            prop_assert_eq!(alone, (generous as usize) - passed);
        }

        #[test]
        fn a_flood_of_names_takes_no_memory_and_forgives_nobody(
            names in 1_usize..5 * KEYS,
            number in 2_u32..600,
        ) {
            let meter = Meter::default();
            let heavy = [(meter.key("heavy"), rate(number))];
            while meter.count(&heavy, CALL, 0).is_ok() {}
            for name in 0..names {
                let _ = meter.count(&[(meter.key(name), rate(number))], CALL, 1);
            }
            prop_assert!(meter.due().len() <= KEYS);
            prop_assert!(meter.count(&heavy, CALL, 1).is_err());
        }
    }
}
