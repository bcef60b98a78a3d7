//! Counts refused requests. Discord bans an address for an hour or more when 10,000 of its requests within
//! ten minutes were answered 401, 403 or 429; this stops long before.
//! Source: Discord documentation, *Rate Limits › Invalid Request Limit*.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// How long a refused request counts.
const WINDOW: Duration = Duration::from_mins(10);
/// So many within the window pause everything; a tenth of what Discord bans for.
pub(super) const MOST_INVALID: usize = 1_000;

/// The moments of refused requests, at most [`MOST_INVALID`] of them.
#[derive(Default)]
pub(super) struct Invalid {
    moments: VecDeque<Instant>,
}

impl Invalid {
    /// Note a refused request. True when this one is the one too many.
    pub(super) fn count(&mut self, now: Instant) -> bool {
        self.forget(now);
        if self.moments.len() == MOST_INVALID {
            self.moments.pop_front();
            self.moments.push_back(now);
            return false;
        }
        self.moments.push_back(now);
        self.moments.len() == MOST_INVALID
    }

    /// Until when nothing may be sent, if there were too many.
    pub(super) fn paused_until(&mut self, now: Instant) -> Option<Instant> {
        self.forget(now);
        let oldest = self.moments.front()?;
        (self.moments.len() >= MOST_INVALID).then(|| *oldest + WINDOW)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_refusals_in_ten_minutes_pause_until_the_oldest_is_forgotten() {
        let start = Instant::now();
        let mut invalid = Invalid::default();
        for nth in 1..MOST_INVALID {
            assert!(!invalid.count(start), "{nth}");
        }
        assert_eq!(invalid.paused_until(start), None);
        let later = start + Duration::from_secs(9);
        assert!(invalid.count(later));
        assert_eq!(invalid.paused_until(later), Some(start + WINDOW));
        assert_eq!(invalid.paused_until(start + WINDOW), None);
    }
}
