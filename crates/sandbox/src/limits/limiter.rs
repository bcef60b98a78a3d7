//! Decides whether a request fits its bucket and the global limit. Pure: time is a parameter.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::route::Route;
use super::settings::{Allowance, Limits};

/// Buckets kept at once; beyond this, windows that ended are forgotten first.
const MAX_BUCKETS: usize = 20_000;
/// Length of the window of the global limit, in milliseconds.
const GLOBAL_WINDOW_MS: u64 = 1_000;

/// The state of a bucket after a request, as its headers tell it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct BucketState {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Milliseconds until the window ends.
    pub(crate) reset_after_ms: u64,
    /// The same moment, in milliseconds since 1970.
    pub(crate) reset_at_ms: u64,
    /// The opaque name that routes sharing this limit have in common.
    pub(crate) hash: String,
}

/// The limiter's answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// The request may go on.
    Pass(BucketState),
    /// The bucket is empty.
    BucketEmpty(BucketState),
    /// The bot spent its requests of this second.
    GlobalEmpty {
        /// Milliseconds until the second ends.
        retry_after_ms: u64,
    },
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends_at_ms: u64,
    used: u32,
}

#[derive(Debug, Eq, Hash, PartialEq)]
struct Key {
    actor: String,
    family: String,
    major: String,
}

/// Fixed windows that open with their first request, one for each actor, route and major resource.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    limits: Limits,
    buckets: HashMap<Key, Window>,
    global: HashMap<String, Window>,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes new limits into use; every window starts anew.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        *self = Self::new(limits);
    }

    /// Counts a request of `actor` at `now_ms`. `None` when limits are off.
    pub(crate) fn check(&mut self, now_ms: u64, actor: &str, route: &Route) -> Option<Verdict> {
        if !self.limits.enabled {
            return None;
        }
        self.forget_old(now_ms);
        if !route.by_path_token
            && let Some(retry_after_ms) = self.global_wait(now_ms, actor)
        {
            return Some(Verdict::GlobalEmpty { retry_after_ms });
        }
        let family = route.family();
        let hash = bucket_hash(&family);
        let allowance = self.allowance(route);
        let key = Key {
            actor: actor.to_owned(),
            family,
            major: route.major.clone(),
        };
        let window = self.buckets.entry(key).or_insert(Window {
            ends_at_ms: 0,
            used: 0,
        });
        if window.ends_at_ms <= now_ms {
            *window = Window {
                ends_at_ms: now_ms + allowance.per_ms,
                used: 0,
            };
        }
        let fits = window.used < allowance.limit;
        window.used += u32::from(fits);
        let state = BucketState {
            limit: allowance.limit,
            remaining: allowance.limit.saturating_sub(window.used),
            reset_after_ms: window.ends_at_ms - now_ms,
            reset_at_ms: window.ends_at_ms,
            hash,
        };
        if !fits {
            return Some(Verdict::BucketEmpty(state));
        }
        self.count_globally(now_ms, actor, route);
        Some(Verdict::Pass(state))
    }

    fn allowance(&self, route: &Route) -> Allowance {
        let own = self.limits.routes.iter().find(|row| {
            row.route == route.template
                && row
                    .method
                    .as_ref()
                    .is_none_or(|m| m.eq_ignore_ascii_case(&route.method))
        });
        match own {
            Some(row) => row.allowance,
            None if route.is_message_create() => self.limits.message_create,
            None if route.is_reaction_write() => self.limits.reactions,
            None => self.limits.others,
        }
    }

    fn global_wait(&self, now_ms: u64, actor: &str) -> Option<u64> {
        let window = self
            .global
            .get(actor)
            .filter(|window| window.ends_at_ms > now_ms)?;
        (window.used >= self.limits.global_per_second).then(|| window.ends_at_ms - now_ms)
    }

    fn count_globally(&mut self, now_ms: u64, actor: &str, route: &Route) {
        if route.by_path_token {
            return;
        }
        let fresh = Window {
            ends_at_ms: now_ms + GLOBAL_WINDOW_MS,
            used: 0,
        };
        let window = self.global.entry(actor.to_owned()).or_insert(fresh);
        if window.ends_at_ms <= now_ms {
            *window = fresh;
        }
        window.used += 1;
    }

    fn forget_old(&mut self, now_ms: u64) {
        if self.buckets.len() < MAX_BUCKETS && self.global.len() < MAX_BUCKETS {
            return;
        }
        self.buckets.retain(|_, window| window.ends_at_ms > now_ms);
        self.global.retain(|_, window| window.ends_at_ms > now_ms);
        if self.buckets.len() >= MAX_BUCKETS || self.global.len() >= MAX_BUCKETS {
            self.buckets.clear();
            self.global.clear();
        }
    }
}

/// 32 hexadecimal digits, the same in every run.
fn bucket_hash(family: &str) -> String {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, family).hash(&mut hasher);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(0), half(1))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn sending(channel: u64) -> Route {
        Route::of(
            &Method::POST,
            &format!("/api/v10/channels/{channel}/messages"),
        )
    }

    fn remaining(verdict: Option<Verdict>) -> Result<u32, u64> {
        match verdict.expect("limits are on") {
            Verdict::Pass(state) => Ok(state.remaining),
            Verdict::BucketEmpty(state) => Err(state.reset_after_ms),
            Verdict::GlobalEmpty { retry_after_ms } => Err(retry_after_ms),
        }
    }

    #[test]
    fn the_sixth_message_within_five_seconds_waits_for_the_window() {
        let mut limiter = Limiter::new(Limits::default());
        for expected in (0..5).rev() {
            assert_eq!(
                remaining(limiter.check(1_000, "bot", &sending(1))),
                Ok(expected)
            );
        }
        assert_eq!(
            remaining(limiter.check(2_000, "bot", &sending(1))),
            Err(4_000)
        );
        assert_eq!(remaining(limiter.check(2_000, "bot", &sending(2))), Ok(4));
        assert_eq!(remaining(limiter.check(2_000, "other", &sending(1))), Ok(4));
        assert_eq!(remaining(limiter.check(6_000, "bot", &sending(1))), Ok(4));
    }

    #[test]
    fn the_global_limit_counts_over_all_routes_and_spares_webhook_tokens() {
        let limits = Limits {
            global_per_second: 3,
            ..Limits::default()
        };
        let mut limiter = Limiter::new(limits);
        for channel in 0..3 {
            assert!(remaining(limiter.check(0, "bot", &sending(channel))).is_ok());
        }
        assert_eq!(
            limiter.check(400, "bot", &sending(9)),
            Some(Verdict::GlobalEmpty {
                retry_after_ms: 600
            })
        );
        let webhook = Route::of(&Method::POST, "/api/v10/webhooks/1/token");
        assert!(remaining(limiter.check(400, "bot", &webhook)).is_ok());
        assert!(remaining(limiter.check(1_000, "bot", &sending(9))).is_ok());
    }

    #[test]
    fn a_limit_of_one_route_wins() {
        let mut limits = Limits::default();
        limits.routes.push(super::super::settings::RouteLimit {
            method: Some("get".into()),
            route: "/users/@me".into(),
            allowance: Allowance::new(1, 10),
        });
        let mut limiter = Limiter::new(limits);
        let me = Route::of(&Method::GET, "/api/v10/users/@me");
        assert_eq!(remaining(limiter.check(0, "bot", &me)), Ok(0));
        assert_eq!(remaining(limiter.check(1, "bot", &me)), Err(9));
    }

    #[test]
    fn the_table_of_buckets_stays_bounded() {
        let mut limiter = Limiter::new(Limits {
            global_per_second: u32::MAX,
            ..Limits::default()
        });
        for channel in 0..2 * MAX_BUCKETS as u64 {
            limiter.check(0, "bot", &sending(channel));
        }
        assert!(limiter.buckets.len() <= MAX_BUCKETS);
    }

    proptest::proptest! {
        #[test]
        fn no_window_ever_lets_more_through_than_it_allows(
            waits in proptest::collection::vec(0_u64..2_000, 1..200),
        ) {
            let mut limiter = Limiter::new(Limits::default());
            let (mut now_ms, mut passed) = (0, Vec::new());
            for wait in waits {
                now_ms += wait;
                match limiter.check(now_ms, "bot", &sending(1)) {
                    Some(Verdict::Pass(state)) => passed.push(state.reset_at_ms),
                    Some(Verdict::BucketEmpty(state)) => {
                        let told = now_ms + state.reset_after_ms;
                        assert!(remaining(limiter.check(told, "bot", &sending(1))).is_ok());
                        passed.push(told + 5_000);
                        now_ms = told;
                    }
                    other => panic!("messages are far below the global limit: {other:?}"),
                }
            }
            for window in passed.chunk_by(|a, b| a == b) {
                assert!(window.len() <= 5);
            }
        }
    }
}
