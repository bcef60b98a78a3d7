//! Counts invalid requests: 401, 403, and 429 other than of a shared resource. Discord bans an
//! address that makes 10,000 of them within ten minutes (Topics › Rate Limits).

use std::collections::VecDeque;

use http::{HeaderMap, StatusCode};

use super::answer::is_shared;

/// How long an invalid request counts, in milliseconds.
pub(crate) const INVALID_WINDOW_MS: u64 = 10 * 60 * 1_000;
/// Moments kept; Discord's own threshold, beyond which the number no longer matters.
const MAX_KEPT: usize = 10_000;

/// The moments of invalid requests within the window.
#[derive(Debug, Default)]
pub(crate) struct InvalidRequests {
    moments: VecDeque<u64>,
}

impl InvalidRequests {
    /// Looks at a finished answer.
    pub(crate) fn observe(&mut self, now_ms: u64, status: StatusCode, headers: &HeaderMap) {
        let invalid = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => true,
            StatusCode::TOO_MANY_REQUESTS => !is_shared(headers),
            _ => false,
        };
        if !invalid {
            return;
        }
        if self.moments.len() == MAX_KEPT {
            self.moments.pop_front();
        }
        self.moments.push_back(now_ms);
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_request_counts_for_ten_minutes() {
        let mut invalid = InvalidRequests::default();
        let headers = HeaderMap::new();
        invalid.observe(0, StatusCode::UNAUTHORIZED, &headers);
        invalid.observe(1_000, StatusCode::FORBIDDEN, &headers);
        invalid.observe(1_000, StatusCode::NOT_FOUND, &headers);
        assert_eq!(invalid.count(1_000), 2);
        assert_eq!(invalid.count(INVALID_WINDOW_MS), 1);
    }
}
