//! How fast each principal calls, by risk. Kept in memory: a restart forgives.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use model::Risk;
use policy::{Policy, Question, calls_per_minute};

use crate::stages::{Exceeded, Pace};

type Limiter = DefaultKeyedRateLimiter<(String, Risk)>;

/// Keys of one limiter beyond which those that are at rest are forgotten.
const KEYS: usize = 10_000;
/// Different rates in the policy that are kept at a time; more than any operator writes.
const QUOTAS: usize = 1_000;

/// One limiter for each rate that the policy names.
#[derive(Default)]
pub(crate) struct Pacer(Mutex<HashMap<NonZeroU32, Arc<Limiter>>>);

impl Pacer {
    /// Count this call.
    pub(crate) fn count(&self, policy: &Policy, question: &Question<'_>) -> Pace {
        let (number, rule) = calls_per_minute(policy, question);
        let exceeded = match NonZeroU32::new(number) {
            None => Some(Exceeded::ForEver),
            Some(quota) => {
                let limiter = self.limiter(quota);
                if limiter.len() > KEYS {
                    limiter.retain_recent();
                }
                let key = (question.principal.id.clone(), question.risk);
                limiter.check_key(&key).err().map(|early| {
                    let wait = early.wait_time_from(limiter.clock().now());
                    Exceeded::Wait(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1))
                })
            }
        };
        Pace {
            calls_per_minute: number,
            rule,
            exceeded,
        }
    }

    fn limiter(&self, quota: NonZeroU32) -> Arc<Limiter> {
        let mut limiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if limiters.len() > QUOTAS {
            limiters.clear();
        }
        let new = || Arc::new(RateLimiter::keyed(Quota::per_minute(quota)));
        Arc::clone(limiters.entry(quota).or_insert_with(new))
    }
}
