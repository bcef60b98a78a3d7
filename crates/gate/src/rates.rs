//! How fast each principal calls, by risk. Kept in memory: a restart forgives.

use std::{
    collections::HashMap,
    hash::Hash,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use model::{Millis, Risk};
use policy::{Policy, Question, calls_per_minute};

use crate::{
    backoff::Backoff,
    stages::{Exceeded, Pace},
};

/// Keys of one limiter beyond which those that are at rest are forgotten.
pub(crate) const KEYS: usize = 10_000;
/// Different rates in the policy that are kept at a time; more than any operator writes.
const QUOTAS: usize = 1_000;

/// One limiter for each rate that the policy names, and longer waits for those who do not heed it.
#[derive(Default)]
pub(crate) struct Pacer {
    limiters: Limiters<(String, Risk)>,
    backoff: Backoff<(String, Risk)>,
}

impl Pacer {
    /// Count this call, made at `now`.
    pub(crate) fn count(&self, policy: &Policy, question: &Question<'_>, now: Millis) -> Pace {
        let (number, rule) = calls_per_minute(policy, question);
        let exceeded = match NonZeroU32::new(number) {
            None => Some(Exceeded::ForEver),
            Some(quota) => {
                let key = (question.principal.id.clone(), question.risk);
                self.wait(quota, &key, now)
            }
        };
        Pace {
            calls_per_minute: number,
            rule,
            exceeded,
        }
    }

    fn wait(&self, quota: NonZeroU32, key: &(String, Risk), now: Millis) -> Option<Exceeded> {
        if let Some((wait_ms, strikes)) = self.backoff.wait(key, now) {
            return Some(Exceeded::Wait { wait_ms, strikes });
        }
        let wait_ms = self.limiters.wait(quota, key)?;
        self.backoff.told(key, now, wait_ms);
        Some(Exceeded::Wait {
            wait_ms,
            strikes: 0,
        })
    }
}

type Limiter<K> = Arc<DefaultKeyedRateLimiter<K>>;

/// Limiters by calls per minute, each for any number of keys.
pub(crate) struct Limiters<K: Hash + Eq + Clone>(Mutex<HashMap<NonZeroU32, Limiter<K>>>);

impl<K: Hash + Eq + Clone> Default for Limiters<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone> Limiters<K> {
    /// Count one, or say in how many milliseconds there is room for it.
    pub(crate) fn wait(&self, per_minute: NonZeroU32, key: &K) -> Option<u64> {
        let limiter = self.limiter(per_minute);
        if limiter.len() > KEYS {
            limiter.retain_recent();
        }
        limiter.check_key(key).err().map(|early| {
            let wait = early.wait_time_from(limiter.clock().now());
            u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)
        })
    }

    fn limiter(&self, per_minute: NonZeroU32) -> Limiter<K> {
        let mut limiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if limiters.len() > QUOTAS {
            limiters.clear();
        }
        let new = || Arc::new(RateLimiter::keyed(Quota::per_minute(per_minute)));
        Arc::clone(limiters.entry(per_minute).or_insert_with(new))
    }
}
