//! Whoever keeps calling before its time waits longer each time. Kept in memory: a restart forgives.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use model::Millis;

use crate::meter::KEYS;

/// The wait after the first call that came too early although it had been told when to come.
const FIRST_MS: Millis = 2_000;
/// The longest wait.
const LONGEST_MS: Millis = 5 * 60 * 1_000;
/// Calls that were under way together, or come within this time, count as one: nobody can heed an
/// answer that it has not got yet.
const TOGETHER_MS: Millis = 1_000;
/// After so long without an early call everything is forgiven.
const CALM_MS: Millis = 60 * 1_000;

/// Who may come back when.
pub(crate) struct Backoff<K>(Mutex<HashMap<K, Told>>);

#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// Nothing before this.
    until: Millis,
    /// When it was told so last, or came too early.
    at: Millis,
    /// How often it came too early.
    strikes: u32,
}

impl Told {
    /// It came at `now`, before its time.
    fn early(&mut self, now: Millis) {
        if now.saturating_sub(self.at) < TOGETHER_MS {
            return;
        }
        let doubled = FIRST_MS.saturating_mul(1 << self.strikes.min(16));
        self.until = self.until.max(now + doubled.min(LONGEST_MS));
        self.strikes += 1;
        self.at = now;
    }
}

impl<K> Default for Backoff<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone> Backoff<K> {
    /// How long this one still has to wait, and how often it came too early until now.
    pub(crate) fn wait(&self, key: &K, now: Millis) -> Option<(u64, u32)> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = all.get_mut(key)?;
        if now >= told.until {
            if now.saturating_sub(told.until) >= CALM_MS {
                all.remove(key);
            }
            return None;
        }
        told.early(now);
        Some((told.until.abs_diff(now), told.strikes))
    }

    /// It was told to come back in `wait_ms`.
    pub(crate) fn told(&self, key: &K, now: Millis, wait_ms: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEYS {
            all.retain(|_, told| now.saturating_sub(told.until) < CALM_MS);
        }
        // A flood of names is forgiven first, not those who have to wait longest.
        if all.len() >= KEYS {
            let mut ends: Vec<Millis> = all.values().map(|told| told.until).collect();
            let middle = *ends.select_nth_unstable(KEYS / 2).1;
            all.retain(|_, told| told.until > middle);
        }
        let told = all.entry(key.clone()).or_default();
        told.until = told.until.max(now.saturating_add_unsigned(wait_ms));
        told.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_heeds_the_answer_waits_no_longer_than_it_says() {
        let backoff = Backoff::default();
        assert_eq!(backoff.wait(&"a", 0), None);
        backoff.told(&"a", 0, 500);
        assert_eq!(backoff.wait(&"a", 500), None);
        backoff.told(&"a", 500, 500);
        assert_eq!(backoff.wait(&"a", 1_000), None);
        assert_eq!(backoff.wait(&"b", 200), None);
    }

    #[test]
    fn who_does_not_waits_longer_each_time_and_is_forgiven_after_a_calm_minute() {
        let backoff = Backoff::default();
        backoff.told(&"a", 0, 3_000);
        // Called together with the one that was answered.
        assert_eq!(backoff.wait(&"a", 10), Some((2_990, 0)));
        assert_eq!(backoff.wait(&"a", 1_500), Some((2_000, 1)));
        assert_eq!(backoff.wait(&"a", 2_500), Some((4_000, 2)));
        assert_eq!(backoff.wait(&"a", 3_500), Some((8_000, 3)));
        let mut now = 3_500;
        for _ in 0..20 {
            now += 1_000;
            let (wait, _) = backoff.wait(&"a", now).unwrap();
            assert!(wait <= LONGEST_MS.unsigned_abs());
        }
        let (wait, strikes) = backoff.wait(&"a", now).unwrap();
        assert_eq!((wait, strikes), (LONGEST_MS.unsigned_abs(), 23));
        let over = now + LONGEST_MS;
        assert_eq!(backoff.wait(&"a", over), None);
        assert_eq!(backoff.wait(&"a", over + CALM_MS), None);
        backoff.told(&"a", over + CALM_MS, 1_500);
        assert_eq!(backoff.wait(&"a", over + CALM_MS + 1_200), Some((2_000, 1)));
    }
}
