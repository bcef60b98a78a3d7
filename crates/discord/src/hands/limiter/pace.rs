//! The bot's global allowance as a smooth pace: so many a second, with a small burst. A counter
//! that starts anew each second would let twice the limit through around its edge.

use std::time::Duration;

use tokio::time::Instant;

/// Generic cell rate algorithm: each request moves `due` by one interval; it may run ahead of the
/// clock by `slack`. In any one second at most `burst + per_second` pass.
pub(super) struct Pace {
    interval: Duration,
    slack: Duration,
    due: Option<Instant>,
}

impl Pace {
    /// `per_second` is at least 1. The burst is an eleventh of it, at least 1: with 45 a second
    /// no second sees more than 49.
    pub(super) fn new(per_second: u32) -> Self {
        let per_second = per_second.max(1);
        let burst = (per_second / 11).max(1);
        let interval = Duration::from_secs(1) / per_second;
        Self {
            interval,
            slack: interval * (burst - 1),
            due: None,
        }
    }

    /// Between two requests, when many wait.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// From when the next request may go.
    pub(super) fn ready_at(&self) -> Option<Instant> {
        self.due.and_then(|due| due.checked_sub(self.slack))
    }

    pub(super) fn take(&mut self, now: Instant) {
        self.due = Some(self.due.map_or(now, |due| due.max(now)) + self.interval);
    }

    /// A request that was let through did not leave after all.
    pub(super) fn give_back(&mut self) {
        self.due = self.due.and_then(|due| due.checked_sub(self.interval));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_ready(pace: &Pace, now: Instant) -> bool {
        pace.ready_at().is_none_or(|at| at <= now)
    }

    proptest! {
        #[test]
        fn no_second_sees_more_than_burst_and_rate(
            per_second in 1_u32..120,
            pauses in prop::collection::vec(0_u64..60, 1..400),
        ) {
            let mut pace = Pace::new(per_second);
            let mut now = Instant::now();
            let mut passed: Vec<Instant> = Vec::new();
            for pause in pauses {
                now += Duration::from_millis(pause);
                while is_ready(&pace, now) {
                    pace.take(now);
                    passed.push(now);
                }
            }
            let most = usize::try_from(per_second + (per_second / 11).max(1)).unwrap();
            for (first, start) in passed.iter().enumerate() {
                let within = passed[first..]
                    .iter()
                    .take_while(|at| at.duration_since(*start) < Duration::from_secs(1))
                    .count();
                prop_assert!(within <= most, "{within} of {most} within a second");
            }
        }
    }

    #[test]
    fn what_was_given_back_can_be_taken_again() {
        let now = Instant::now();
        let mut pace = Pace::new(1);
        pace.take(now);
        assert!(!is_ready(&pace, now));
        pace.give_back();
        assert!(is_ready(&pace, now));
    }
}
