//! Counts refused requests and breaks off long before Discord would. Discord bans an address for an
//! hour or more when 10,000 of its requests within ten minutes were answered 401, 403 or 429.
//! Source: Discord documentation, *Rate Limits › Invalid Request Limit*.
//!
//! A breaker is closed until too many were refused, then open for a while, then half open: one
//! request at a time goes as a probe. A refused probe opens it again for twice as long; some that
//! are not refused close it.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

/// How long a refused request counts.
const WINDOW: Duration = Duration::from_mins(10);
/// So many within the window pause everything; a twentieth of what Discord bans for.
pub(super) const MOST_INVALID: usize = 500;
/// So many of one principal pause that principal.
pub(super) const MOST_INVALID_OF_ONE: usize = 100;
/// The first pause; it doubles.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
/// The longest pause: by then everything is forgotten.
const LONGEST_PAUSE: Duration = WINDOW;
/// So many probes in a row that are not refused end it.
const PROBES: u32 = 3;
/// Principals that are counted apart, beyond which those with the fewest refusals are forgotten.
const PRINCIPALS: usize = 256;

/// How a request ended, as far as this counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Valid,
    Invalid,
    /// It never left, or its answer was lost.
    Unseen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    /// Half open once `until` is over.
    Open {
        until: Instant,
        pause: Duration,
        valid: u32,
        probing: bool,
    },
}

/// For everything, or for one principal.
pub(super) struct Breaker {
    most: usize,
    /// Of refused requests, at most `most` of them.
    moments: VecDeque<Instant>,
    state: State,
}

impl Breaker {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            moments: VecDeque::new(),
            state: State::Closed,
        }
    }

    /// Until when nothing may be sent.
    pub(super) fn paused_until(&self, now: Instant) -> Option<Instant> {
        match self.state {
            State::Open { until, .. } if until > now => Some(until),
            _ => None,
        }
    }

    /// Whether a request may go now.
    pub(super) fn admits(&self, now: Instant) -> bool {
        match self.state {
            State::Closed => true,
            State::Open { until, probing, .. } => until <= now && !probing,
        }
    }

    /// A request goes.
    pub(super) fn pass(&mut self) {
        if let State::Open { probing, .. } = &mut self.state {
            *probing = true;
        }
    }

    /// A request ended. True when this one is the one too many.
    pub(super) fn ended(&mut self, how: Ended, now: Instant) -> bool {
        self.forget(now);
        if how == Ended::Invalid {
            if self.moments.len() >= self.most {
                self.moments.pop_front();
            }
            self.moments.push_back(now);
        }
        match (self.state, how) {
            (State::Closed, Ended::Invalid) if self.moments.len() >= self.most => {
                self.open(FIRST_PAUSE, now);
                true
            }
            // One that was under way when it opened is no probe.
            (State::Open { until, .. }, _) if until > now => false,
            (State::Open { pause, .. }, Ended::Invalid) => {
                self.open((pause * 2).min(LONGEST_PAUSE), now);
                true
            }
            (State::Open { valid, .. }, Ended::Valid) if valid + 1 >= PROBES => {
                self.state = State::Closed;
                false
            }
            (
                State::Open {
                    until,
                    pause,
                    valid,
                    ..
                },
                _,
            ) => {
                self.state = State::Open {
                    until,
                    pause,
                    valid: valid + u32::from(how == Ended::Valid),
                    probing: false,
                };
                false
            }
            (State::Closed, _) => false,
        }
    }

    /// Refused requests that count at present.
    pub(super) fn counted(&mut self, now: Instant) -> usize {
        self.forget(now);
        self.moments.len()
    }

    fn open(&mut self, pause: Duration, now: Instant) {
        self.state = State::Open {
            until: now + pause,
            pause,
            valid: 0,
            probing: false,
        };
    }

    fn forget(&mut self, now: Instant) {
        while self
            .moments
            .front()
            .is_some_and(|moment| *moment + WINDOW <= now)
        {
            self.moments.pop_front();
        }
    }
}

/// The breakers of principals that were refused lately.
#[derive(Default)]
pub(super) struct Principals(HashMap<Arc<str>, Breaker>);

impl Principals {
    pub(super) fn get(&self, principal: &str) -> Option<&Breaker> {
        self.0.get(principal)
    }

    pub(super) fn get_mut(&mut self, principal: &str) -> Option<&mut Breaker> {
        self.0.get_mut(principal)
    }

    /// A request of this principal ended. True when it is paused from now on.
    pub(super) fn ended(&mut self, principal: &str, how: Ended, now: Instant) -> bool {
        if let Some(breaker) = self.0.get_mut(principal) {
            let opened = breaker.ended(how, now);
            if breaker.state == State::Closed && breaker.moments.is_empty() {
                self.0.remove(principal);
            }
            return opened;
        }
        if how != Ended::Invalid {
            return false;
        }
        if self.0.len() >= PRINCIPALS {
            self.0.retain(|_, breaker| breaker.counted(now) > 0);
        }
        if self.0.len() >= PRINCIPALS
            && let Some(least) = self.0.iter().min_by_key(|(_, it)| it.moments.len())
        {
            let least = Arc::clone(least.0);
            self.0.remove(&least);
        }
        let fresh = Breaker::new(MOST_INVALID_OF_ONE);
        self.0
            .entry(principal.into())
            .or_insert(fresh)
            .ended(how, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::new(3);
        assert!(!breaker.ended(Ended::Invalid, now) && !breaker.ended(Ended::Invalid, now));
        assert!(breaker.admits(now) && breaker.ended(Ended::Invalid, now));
        breaker
    }

    #[test]
    fn too_many_refusals_open_it_and_it_is_half_open_afterwards() {
        let now = Instant::now();
        let mut breaker = opened(now);
        assert_eq!(breaker.paused_until(now), Some(now + FIRST_PAUSE));
        let later = now + FIRST_PAUSE;
        assert!(breaker.paused_until(later).is_none() && breaker.admits(later));
        breaker.pass();
        assert!(!breaker.admits(later), "one at a time");
        assert!(breaker.ended(Ended::Invalid, later));
        assert_eq!(breaker.paused_until(later), Some(later + 2 * FIRST_PAUSE));
    }

    #[test]
    fn probes_that_are_not_refused_close_it() {
        let now = Instant::now();
        let mut breaker = opened(now);
        let later = now + FIRST_PAUSE;
        for how in [Ended::Valid, Ended::Unseen, Ended::Valid, Ended::Valid] {
            assert!(breaker.admits(later));
            breaker.pass();
            assert!(!breaker.ended(how, later));
        }
        breaker.pass();
        assert!(breaker.admits(later), "closed");
        // What is not forgotten yet still counts.
        assert!(breaker.ended(Ended::Invalid, later));
    }

    #[test]
    fn what_is_long_ago_does_not_count() {
        let now = Instant::now();
        let mut breaker = Breaker::new(2);
        breaker.ended(Ended::Invalid, now);
        assert!(!breaker.ended(Ended::Invalid, now + WINDOW));
        assert_eq!(breaker.counted(now + WINDOW), 1);
    }

    #[test]
    fn principals_are_counted_apart_and_no_more_than_so_many() {
        let now = Instant::now();
        let mut all = Principals::default();
        for _ in 0..MOST_INVALID_OF_ONE {
            all.ended("bad", Ended::Invalid, now);
        }
        for nth in 0..3 * PRINCIPALS {
            all.ended(&nth.to_string(), Ended::Invalid, now);
        }
        assert!(all.0.len() <= PRINCIPALS);
        assert!(!all.get("bad").unwrap().admits(now));
        assert!(all.get("0").is_none_or(|it| it.admits(now)));
    }
}
