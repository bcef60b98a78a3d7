//! Counts invalid requests: 401, 403, and 429 other than of a shared resource. Discord's proxy bans an
//! address that makes 10,000 of them within ten minutes (Topics › Rate Limits).

use std::collections::VecDeque;

use http::{HeaderMap, StatusCode};

use super::answer::is_shared;

/// How long an invalid request counts, in milliseconds.
pub(crate) const INVALID_WINDOW_MS: u64 = 10 * 60 * 1_000;
/// Moments kept: Discord's own threshold, and the highest that can be set.
pub(super) const MAX_KEPT: usize = 10_000;

/// After how many of them an address is banned, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ban {
    pub(crate) after: u32,
    pub(crate) for_ms: u64,
}

/// The moments of invalid requests within the window.
#[derive(Debug, Default)]
pub(crate) struct InvalidRequests {
    moments: VecDeque<u64>,
    banned_until_ms: u64,
}

/// Whether an answer is one of those that count.
pub(crate) fn is_invalid(status: StatusCode, headers: &HeaderMap) -> bool {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => true,
        StatusCode::TOO_MANY_REQUESTS => !is_shared(headers),
        _ => false,
    }
}

impl InvalidRequests {
    /// Counts one more, which may be the one that brings the ban.
    pub(crate) fn count_one(&mut self, now_ms: u64, ban: Option<Ban>) {
        if self.moments.len() == MAX_KEPT {
            self.moments.pop_front();
        }
        self.moments.push_back(now_ms);
        let Some(ban) = ban else { return };
        if self.count(now_ms) >= ban.after as usize {
            self.banned_until_ms = now_ms.saturating_add(ban.for_ms);
            self.moments.clear();
        }
    }

    /// How many count now.
    pub(crate) fn count(&mut self, now_ms: u64) -> usize {
        while self
            .moments
            .front()
            .is_some_and(|moment| moment + INVALID_WINDOW_MS <= now_ms)
        {
            self.moments.pop_front();
        }
        self.moments.len()
    }

    /// How many milliseconds the ban still lasts.
    pub(crate) fn banned_ms(&self, now_ms: u64) -> Option<u64> {
        self.banned_until_ms
            .checked_sub(now_ms)
            .filter(|left| *left > 0)
    }

    /// Ends the ban.
    pub(crate) fn forgive(&mut self) {
        self.banned_until_ms = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_request_counts_for_ten_minutes() {
        let mut invalid = InvalidRequests::default();
        invalid.count_one(0, None);
        invalid.count_one(1_000, None);
        assert_eq!(invalid.count(1_000), 2);
        assert_eq!(invalid.count(INVALID_WINDOW_MS), 1);
    }

    #[test]
    fn only_refusals_of_the_asker_are_invalid() {
        let headers = HeaderMap::new();
        assert!(is_invalid(StatusCode::UNAUTHORIZED, &headers));
        assert!(is_invalid(StatusCode::TOO_MANY_REQUESTS, &headers));
        assert!(!is_invalid(StatusCode::NOT_FOUND, &headers));
    }

    #[test]
    fn too_many_bring_a_ban_that_ends() {
        let mut invalid = InvalidRequests::default();
        let ban = Some(Ban {
            after: 3,
            for_ms: 500,
        });
        for _ in 0..2 {
            invalid.count_one(0, ban);
        }
        assert_eq!(invalid.banned_ms(0), None);
        invalid.count_one(0, ban);
        assert_eq!(invalid.banned_ms(100), Some(400));
        assert_eq!(invalid.banned_ms(500), None);
        assert_eq!(invalid.count(500), 0);
    }
}
