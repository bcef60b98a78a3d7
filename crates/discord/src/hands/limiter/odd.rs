//! A limit inside the one that headers tell, as emojis have. It is learnt from its refusals: how many
//! passed since the one before, and how long that took. From then on nobody runs into it.
//! Source: Discord documentation, *Rate Limits*: "the quota returned by our APIs may be inaccurate".

use std::time::Duration;

use tokio::time::Instant;

/// What was learnt counts for so long; then it may have changed, and one more refusal tells.
const BELIEVED: Duration = Duration::from_hours(1);
/// The next window opens this much later than expected: journeys vary.
const MARGIN: Duration = Duration::from_millis(150);

#[derive(Default)]
pub(super) struct Odd {
    /// First answer of the window under way, once a refusal told where one began.
    opened: Option<Instant>,
    used: u32,
    learnt: Option<Learnt>,
    refused_before: bool,
}

#[derive(Clone, Copy)]
struct Learnt {
    quota: u32,
    period: Duration,
    at: Instant,
}

impl Odd {
    /// One passed. Gives until when the next ones wait, where the quota is used up.
    pub(super) fn passed(&mut self, now: Instant) -> Option<Instant> {
        self.learnt = self.learnt.filter(|it| now - it.at < BELIEVED);
        let over = |opened: Instant| {
            let known = self.learnt;
            known.is_some_and(|it| opened + it.period <= now)
        };
        let opened = self
            .opened
            .filter(|opened| !over(*opened))
            .unwrap_or_else(|| {
                self.used = 0;
                now
            });
        self.opened = Some(opened);
        self.used += 1;
        let learnt = self.learnt.filter(|it| self.used >= it.quota)?;
        self.opened = None;
        Some(opened + learnt.period + MARGIN)
    }

    /// One was refused until then.
    pub(super) fn refused(&mut self, until: Instant, now: Instant) {
        if let Some(opened) = self.opened.take().filter(|_| self.refused_before) {
            self.learnt = Some(Learnt {
                quota: self.used.max(1),
                period: until.saturating_duration_since(opened),
                at: now,
            });
        }
        // Only what began after a refusal began with a window.
        self.refused_before = true;
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_refusals_teach_it_and_there_is_no_third() {
        let start = Instant::now();
        let at = |second: u64| start + Duration::from_secs(second);
        let mut odd = Odd::default();
        for second in 0..7 {
            assert_eq!(odd.passed(at(second)), None);
        }
        odd.refused(at(30), at(8));
        for second in 30..33 {
            assert_eq!(odd.passed(at(second)), None);
        }
        odd.refused(at(60), at(33));
        assert_eq!((odd.passed(at(61)), odd.passed(at(62))), (None, None));
        assert_eq!(odd.passed(at(63)), Some(at(91) + MARGIN));
    }
}
