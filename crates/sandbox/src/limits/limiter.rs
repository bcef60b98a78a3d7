//! Decides whether a request fits its buckets and the global limit. Pure: time is a parameter.

use std::collections::HashMap;

use super::bucket::{Bucket, Count, Scoped};
use super::invalid::Ban;
use super::route::Route;
use super::settings::Limits;
use crate::snowflake::Snowflake;

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
    /// What the request touches has had enough, whoever asked; its own bucket is told as it is.
    SharedEmpty {
        /// Milliseconds until it may be touched again.
        retry_after_ms: u64,
        /// The asker's bucket.
        state: BucketState,
    },
    /// The bot spent its requests of this second.
    GlobalEmpty {
        /// Milliseconds until the second ends.
        retry_after_ms: u64,
    },
}

/// What else the limiter has to know of a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Circumstances {
    /// The channel of the webhook that is executed.
    pub(crate) webhook_channel: Option<Snowflake>,
    /// Whether the body names a channel's name or topic.
    pub(crate) renames: bool,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    ends_at_ms: u64,
    used: u32,
}

/// Fixed windows that open with their first request, one for each actor, route and major resource.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    limits: Limits,
    buckets: HashMap<Bucket, Window>,
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

    /// When the proxy before Discord bans an address.
    pub(crate) fn ban(&self) -> Option<Ban> {
        let after = self.limits.invalid_per_10_minutes?;
        Some(Ban {
            after,
            for_ms: self.limits.ban_ms,
        })
    }

    /// Takes new limits into use; every window starts anew.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        *self = Self::new(limits);
    }

    /// Counts a request of `actor` at `now_ms`. `None` when limits are off.
    pub(crate) fn check(
        &mut self,
        now_ms: u64,
        actor: &str,
        route: &Route,
        circumstances: Circumstances,
    ) -> Option<Verdict> {
        if !self.limits.enabled {
            return None;
        }
        self.forget_old(now_ms);
        if !route.by_path_token
            && let Some(retry_after_ms) = self.global_wait(now_ms, actor)
        {
            return Some(Verdict::GlobalEmpty { retry_after_ms });
        }
        let Scoped { own, shared } = Scoped::of(&self.limits, now_ms, actor, route, circumstances);
        let hash = own.bucket.hash();
        let (limit, mut own_window) = (own.allowance.limit, self.window(&own, now_ms));
        let fits = own_window.used < limit;
        let mut shared_wait = None;
        if fits && let Some(shared) = &shared {
            let window = self.window(shared, now_ms);
            if window.used >= shared.allowance.limit {
                shared_wait = Some(window.ends_at_ms - now_ms);
            }
        }
        if fits && shared_wait.is_none() {
            own_window.used += 1;
            self.keep(own.bucket, own_window);
            if let Some(shared) = shared {
                let mut window = self.window(&shared, now_ms);
                window.used += 1;
                self.keep(shared.bucket, window);
            }
            self.count_globally(now_ms, actor, route);
        }
        let state = BucketState {
            limit,
            remaining: limit.saturating_sub(own_window.used),
            reset_after_ms: own_window.ends_at_ms - now_ms,
            reset_at_ms: own_window.ends_at_ms,
            hash,
        };
        Some(match shared_wait {
            Some(retry_after_ms) => Verdict::SharedEmpty {
                retry_after_ms,
                state,
            },
            None if fits => Verdict::Pass(state),
            None => Verdict::BucketEmpty(state),
        })
    }

    /// The window of a bucket as it is now: a fresh one where the last has ended.
    fn window(&self, count: &Count, now_ms: u64) -> Window {
        let known = self.buckets.get(&count.bucket).copied();
        let open = known.filter(|window| window.ends_at_ms > now_ms);
        open.unwrap_or(Window {
            ends_at_ms: now_ms + count.allowance.per_ms,
            used: 0,
        })
    }

    fn keep(&mut self, bucket: Bucket, window: Window) {
        self.buckets.insert(bucket, window);
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

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::limits::Allowance;
    use crate::snowflake::Snowflake;

    fn sending(channel: u64) -> Route {
        Route::of(
            &Method::POST,
            &format!("/api/v10/channels/{channel}/messages"),
        )
    }

    fn check(limiter: &mut Limiter, now_ms: u64, route: &Route) -> Option<Verdict> {
        limiter.check(now_ms, "bot", route, Circumstances::default())
    }

    fn remaining(verdict: Option<Verdict>) -> Result<u32, u64> {
        match verdict.expect("limits are on") {
            Verdict::Pass(state) => Ok(state.remaining),
            Verdict::BucketEmpty(state) => Err(state.reset_after_ms),
            Verdict::GlobalEmpty { retry_after_ms }
            | Verdict::SharedEmpty { retry_after_ms, .. } => Err(retry_after_ms),
        }
    }

    #[test]
    fn the_sixth_message_within_five_seconds_waits_for_the_window() {
        let mut limiter = Limiter::new(Limits::default());
        for expected in (0..5).rev() {
            assert_eq!(
                remaining(check(&mut limiter, 1_000, &sending(1))),
                Ok(expected)
            );
        }
        assert_eq!(
            remaining(check(&mut limiter, 2_000, &sending(1))),
            Err(4_000)
        );
        assert_eq!(remaining(check(&mut limiter, 2_000, &sending(2))), Ok(4));
        assert_eq!(
            remaining(limiter.check(2_000, "other", &sending(1), Circumstances::default())),
            Ok(4)
        );
        assert_eq!(remaining(check(&mut limiter, 6_000, &sending(1))), Ok(4));
    }

    #[test]
    fn the_global_limit_counts_over_all_routes_and_spares_webhook_tokens() {
        let limits = Limits {
            global_per_second: 3,
            ..Limits::default()
        };
        let mut limiter = Limiter::new(limits);
        for channel in 0..3 {
            assert!(remaining(check(&mut limiter, 0, &sending(channel))).is_ok());
        }
        assert_eq!(
            check(&mut limiter, 400, &sending(9)),
            Some(Verdict::GlobalEmpty {
                retry_after_ms: 600
            })
        );
        let webhook = Route::of(&Method::POST, "/api/v10/webhooks/1/token");
        assert!(remaining(check(&mut limiter, 400, &webhook)).is_ok());
        assert!(remaining(check(&mut limiter, 1_000, &sending(9))).is_ok());
    }

    #[test]
    fn a_limit_of_one_route_wins() {
        let mut limits = Limits::default();
        limits.routes.push(crate::limits::RouteLimit {
            method: Some("get".into()),
            route: "/users/@me".into(),
            allowance: Allowance::new(1, 10),
        });
        let mut limiter = Limiter::new(limits);
        let me = Route::of(&Method::GET, "/api/v10/users/@me");
        assert_eq!(remaining(check(&mut limiter, 0, &me)), Ok(0));
        assert_eq!(remaining(check(&mut limiter, 1, &me)), Err(9));
    }

    #[test]
    fn deleting_counts_by_the_age_of_the_message() {
        let now_ms = 1_767_225_600_000;
        let mut limiter = Limiter::new(Limits::default());
        let left = |limiter: &mut Limiter, age_ms: u64| {
            let message = Snowflake::at_ms(now_ms - age_ms);
            let path = format!("/api/v10/channels/1/messages/{message}");
            remaining(check(limiter, now_ms, &Route::of(&Method::DELETE, &path)))
        };
        assert_eq!(left(&mut limiter, 5_000), Ok(2));
        assert_eq!(left(&mut limiter, 60_000), Ok(4));
        assert_eq!(left(&mut limiter, 15 * 24 * 3_600_000), Ok(29));
        assert_eq!(left(&mut limiter, 6_000), Ok(1));
    }

    #[test]
    fn the_emojis_of_a_guild_have_a_limit_that_no_header_tells() {
        let limits = Limits {
            emojis: Allowance::new(2, 10_000),
            ..Limits::default()
        };
        let mut limiter = Limiter::new(limits);
        let none = Circumstances::default();
        let emojis = Route::of(&Method::GET, "/api/v10/guilds/7/emojis");
        let emoji = Route::of(&Method::DELETE, "/api/v10/guilds/7/emojis/8");
        assert_eq!(remaining(limiter.check(0, "bot", &emojis, none)), Ok(49));
        assert_eq!(remaining(limiter.check(0, "other", &emoji, none)), Ok(49));
        let Some(Verdict::SharedEmpty {
            retry_after_ms,
            state,
        }) = limiter.check(0, "bot", &emojis, none)
        else {
            panic!("the guild's limit is spent");
        };
        assert_eq!((retry_after_ms, state.remaining), (10_000, 49));
    }

    #[test]
    fn the_webhooks_of_a_channel_share_a_limit() {
        let mut limiter = Limiter::new(Limits::default());
        let here = Circumstances {
            webhook_channel: Some(Snowflake(3)),
            renames: false,
        };
        for number in 0..30 {
            let route = Route::of(&Method::POST, &format!("/api/v10/webhooks/{number}/token"));
            assert!(remaining(limiter.check(0, "", &route, here)).is_ok());
        }
        let route = Route::of(&Method::POST, "/api/v10/webhooks/99/token");
        assert_eq!(remaining(limiter.check(0, "", &route, here)), Err(60_000));
    }

    #[test]
    fn a_channel_is_renamed_twice_in_ten_minutes() {
        let mut limiter = Limiter::new(Limits::default());
        let route = Route::of(&Method::PATCH, "/api/v10/channels/3");
        let renames = Circumstances {
            renames: true,
            ..Circumstances::default()
        };
        for who in ["bot", "other"] {
            assert!(remaining(limiter.check(0, who, &route, renames)).is_ok());
        }
        assert_eq!(
            remaining(limiter.check(1, "bot", &route, renames)),
            Err(599_999)
        );
        assert!(remaining(check(&mut limiter, 1, &route)).is_ok());
    }

    #[test]
    fn the_table_of_buckets_stays_bounded() {
        let mut limiter = Limiter::new(Limits {
            global_per_second: u32::MAX,
            ..Limits::default()
        });
        for channel in 0..2 * MAX_BUCKETS as u64 {
            check(&mut limiter, 0, &sending(channel));
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
                match check(&mut limiter, now_ms, &sending(1)) {
                    Some(Verdict::Pass(state)) => passed.push(state.reset_at_ms),
                    Some(Verdict::BucketEmpty(state)) => {
                        let told = now_ms + state.reset_after_ms;
                        assert!(remaining(check(&mut limiter, told, &sending(1))).is_ok());
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
