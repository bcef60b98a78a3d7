//! The sandbox's time: the real clock, or one that only tests move.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since 1970, shared by every clone.
#[derive(Clone, Debug)]
pub struct SandboxClock {
    manual: bool,
    /// Added to real time, or the moment itself where the clock is manual.
    set_ms: Arc<AtomicU64>,
}

impl SandboxClock {
    /// Real time, plus whatever [`SandboxClock::advance`] added.
    pub fn real() -> Self {
        Self {
            manual: false,
            set_ms: Arc::default(),
        }
    }

    /// Stands still at `start_ms` until advanced.
    pub fn manual(start_ms: u64) -> Self {
        Self {
            manual: true,
            set_ms: Arc::new(AtomicU64::new(start_ms)),
        }
    }

    /// Now, in milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        let set = self.set_ms.load(Ordering::Relaxed);
        if self.manual {
            return set;
        }
        real_now_ms().saturating_add(set)
    }

    /// Whether it moves only when told.
    pub fn is_manual(&self) -> bool {
        self.manual
    }

    /// Moves the clock forward.
    pub fn advance(&self, ms: u64) {
        let step = |set: u64| Some(set.saturating_add(ms));
        // The closure always returns a value, so the update cannot fail.
        let _ = self
            .set_ms
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
    }

    /// Takes up the time of a world that was saved: a manual clock stands at that moment, a real
    /// one never runs behind it.
    pub(crate) fn take_up(&self, saved_ms: u64) {
        if self.manual {
            self.set_ms.store(saved_ms, Ordering::Relaxed);
        } else {
            self.advance(saved_ms.saturating_sub(self.now_ms()));
        }
    }
}

impl Default for SandboxClock {
    fn default() -> Self {
        Self::real()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the sandbox's one source of real time"
)]
fn real_now_ms() -> u64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// `2026-01-01T00:00:00.000000+00:00`, as Discord writes a moment.
pub fn iso8601(ms: u64) -> String {
    let nanos = i128::from(ms) * 1_000_000;
    let moment =
        OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let parts = [
        (4, '-', moment.year().unsigned_abs()),
        (2, '-', u8::from(moment.month()).into()),
        (2, 'T', moment.day().into()),
        (2, ':', moment.hour().into()),
        (2, ':', moment.minute().into()),
        (2, '.', moment.second().into()),
        (6, '+', moment.microsecond()),
    ];
    // By hand, since every message and every member of a crowd is told with one.
    let mut text = String::with_capacity("2026-01-01T00:00:00.000000+00:00".len());
    for (digits, end, number) in parts {
        for place in (0..digits).rev() {
            let digit = number / 10_u32.pow(place) % 10;
            text.extend(char::from_digit(digit, 10));
        }
        text.push(end);
    }
    text.push_str("00:00");
    text
}

/// Reads an ISO 8601 moment into milliseconds since 1970.
pub(crate) fn parse_iso8601(text: &str) -> Option<u64> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = SandboxClock::manual(1_000);
        let same = clock.clone();
        clock.advance(500);
        assert_eq!(same.now_ms(), 1_500);
    }

    #[test]
    fn a_saved_moment_sets_a_manual_clock_and_only_moves_a_real_one_forward() {
        let manual = SandboxClock::manual(1_000);
        manual.take_up(400);
        assert_eq!(manual.now_ms(), 400);
        let real = SandboxClock::real();
        let before = real.now_ms();
        real.take_up(400);
        assert!(real.now_ms() >= before);
        real.take_up(before + 1_000_000);
        assert!(real.now_ms() >= before + 1_000_000);
    }

    #[test]
    fn moments_are_written_with_microseconds_and_read_back() {
        let text = iso8601(1_767_225_600_123);
        assert_eq!(text, "2026-01-01T00:00:00.123000+00:00");
        assert_eq!(parse_iso8601(&text), Some(1_767_225_600_123));
        assert_eq!(
            parse_iso8601("2026-01-01T00:00:00Z"),
            Some(1_767_225_600_000)
        );
    }
}
