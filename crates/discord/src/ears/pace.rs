//! How fast ears may try: a jittered wait between any two connections, and how long silence is
//! borne. The library below reconnects at once, which a broken server turns into thousands of
//! connections a second and Discord into a ban.

use std::time::Duration;

/// The waits. [`Pace::default`] is the one for Discord; tests quicken it.
#[derive(Debug, Clone)]
pub struct Pace {
    /// The least wait between two connections.
    pub shortest: Duration,
    /// What repeated failures let the wait grow to; a connection that lasted as long clears them.
    pub longest: Duration,
    /// From the attempt to connect until HELLO.
    pub hello: Duration,
    /// From HELLO, or from IDENTIFY, until READY or RESUMED. Large bots wait long.
    pub settle: Duration,
    /// Between two IDENTIFYs. Source: Discord documentation, *Gateway › Rate Limiting*:
    /// one for each 5 seconds.
    pub identify: Duration,
    /// How long to wait when the day's IDENTIFYs are used up.
    pub exhausted: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            shortest: Duration::from_secs(1),
            longest: Duration::from_mins(1),
            hello: Duration::from_secs(20),
            settle: Duration::from_mins(1),
            identify: Duration::from_secs(5),
            exhausted: Duration::from_hours(1),
        }
    }
}

/// Counts failures in a row and says how long to wait.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait before the next connection; `lasted` is how long the last one was of use, and
    /// `jitter` a number from 0 to 1.
    pub(super) fn wait(&mut self, pace: &Pace, lasted: Duration, jitter: f64) -> Duration {
        if lasted >= pace.longest {
            self.failures = 0;
        }
        let doubled = 2_u32.saturating_pow(self.failures.saturating_add(1));
        self.failures = self.failures.saturating_add(1);
        let upper = pace.shortest.saturating_mul(doubled).min(pace.longest);
        upper / 2 + (upper / 2).mul_f64(jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_one_second_to_a_minute_and_a_lasting_connection_clears_them() {
        let (pace, mut backoff) = (Pace::default(), Backoff::default());
        let waits: Vec<u64> = (0..8)
            .map(|_| backoff.wait(&pace, Duration::ZERO, 0.0).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(backoff.wait(&pace, Duration::ZERO, 1.0), pace.longest);
        let cleared = backoff.wait(&pace, Duration::from_hours(1), 0.0);
        assert_eq!(cleared, pace.shortest);
    }

    #[test]
    fn an_hour_of_failures_makes_few_connections() {
        let (pace, mut backoff) = (Pace::default(), Backoff::default());
        let (mut passed, mut connections) = (Duration::ZERO, 0);
        while passed < Duration::from_hours(1) {
            passed += backoff.wait(&pace, Duration::ZERO, 0.5);
            connections += 1;
        }
        assert!(connections < 100, "{connections}");
    }
}
