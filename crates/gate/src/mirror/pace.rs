//! How fast a mirror tells: a bounded number of messages a minute, and longer pauses after each
//! failure. Kept in memory: a restart forgives.

use model::Millis;

/// Between two messages: at most twelve a minute. Discord lets a channel have five in five seconds.
pub(super) const SPACING_MS: Millis = 5_000;
/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE_MS: Millis = 10_000;
/// The longest pause.
const LONGEST_PAUSE_MS: Millis = 10 * 60 * 1_000;

/// One mirror's.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace {
    /// Nothing before this.
    not_before: Millis,
    /// In a row.
    failures: u32,
    /// Rows up to this number were looked at, and none after the last message is wanted.
    pub(super) looked_at: i64,
}

impl Pace {
    /// Whether it may tell something now. A clock that was set back does not silence it for long.
    pub(super) fn may(&self, now: Millis) -> bool {
        now >= self.not_before || self.not_before.saturating_sub(now) > LONGEST_PAUSE_MS
    }

    /// It told something at `now`.
    pub(super) fn told(&mut self, now: Millis) {
        self.failures = 0;
        self.not_before = now.saturating_add(SPACING_MS);
    }

    /// It could not; gives whether this is the first time in a row.
    pub(super) fn failed(&mut self, now: Millis) -> bool {
        let doubled = FIRST_PAUSE_MS.saturating_mul(1 << self.failures.min(10));
        self.not_before = now.saturating_add(doubled.min(LONGEST_PAUSE_MS));
        self.failures = self.failures.saturating_add(1);
        self.failures == 1
    }

    pub(super) fn is_in_trouble(&self) -> bool {
        self.failures > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_twelve_messages_at_most() {
        let mut pace = Pace::default();
        let mut told = 0;
        for now in (0..60_000).step_by(100) {
            if pace.may(now) {
                pace.told(now);
                told += 1;
            }
        }
        assert_eq!(told, 12);
    }

    #[test]
    fn pauses_grow_while_it_fails_and_end_with_a_success() {
        let mut pace = Pace::default();
        let (mut now, mut pauses) = (0, Vec::new());
        for attempt in 0..9 {
            assert_eq!(pace.failed(now), attempt == 0);
            let mut pause = 0;
            while !pace.may(now + pause) {
                pause += 1_000;
            }
            pauses.push(pause / 1_000);
            now += pause;
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
        assert!(pace.is_in_trouble());
        pace.told(now);
        assert!(!pace.is_in_trouble() && pace.may(now + SPACING_MS));
        assert!(pace.failed(now + SPACING_MS));
    }

    #[test]
    fn a_day_of_failures_is_a_hundred_and_fifty_attempts() {
        let mut pace = Pace::default();
        let mut attempts = 0;
        for now in (0..24 * 3_600_000).step_by(2_000) {
            if pace.may(now) {
                pace.failed(now);
                attempts += 1;
            }
        }
        assert!((100..=150).contains(&attempts), "{attempts}");
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_silence_it() {
        let mut pace = Pace::default();
        pace.told(24 * 3_600_000);
        assert!(pace.may(0));
    }
}
