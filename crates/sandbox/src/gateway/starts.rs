//! How often a bot may IDENTIFY: 1,000 times a day, and, where limited, so many times within five
//! seconds (Discord: Gateway › Session Start Limit, Rate Limiting).

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::close::Close;
use super::hub::Refused;
use crate::snowflake::Snowflake;

/// IDENTIFYs of one bot within a day.
const PER_DAY: usize = 1_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// The window of `max_concurrency`, in milliseconds.
const CONCURRENCY_WINDOW_MS: u64 = 5_000;

/// When each bot identified within the last day.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct SessionStarts {
    moments: BTreeMap<Snowflake, VecDeque<u64>>,
    /// A limit of the server, not of the world.
    #[serde(skip)]
    max_concurrency: Option<u32>,
}

impl SessionStarts {
    /// Limits how many sessions a bot starts within five seconds; `None` for no limit.
    pub(crate) fn set_max_concurrency(&mut self, max_concurrency: Option<u32>) {
        self.max_concurrency = max_concurrency;
    }

    /// Takes over the limit that another list had.
    pub(crate) fn limit_as(&mut self, other: &Self) {
        self.max_concurrency = other.max_concurrency;
    }

    /// Counts an IDENTIFY, or says why it comes too soon.
    pub(super) fn admit(&mut self, bot: Snowflake, now_ms: u64) -> Result<(), Refused> {
        let moments = self.moments.entry(bot).or_default();
        while moments.front().is_some_and(|at| at + DAY_MS <= now_ms) {
            moments.pop_front();
        }
        if moments.len() >= PER_DAY {
            return Err(Close::AUTHENTICATION_FAILED.into());
        }
        if let Some(limit) = self.max_concurrency {
            let recent = moments
                .iter()
                .rev()
                .take_while(|at| **at + CONCURRENCY_WINDOW_MS > now_ms);
            if recent.count() >= limit as usize {
                return Err(Refused::InvalidSession);
            }
        }
        moments.push_back(now_ms);
        Ok(())
    }

    /// The `session_start_limit` object of `GET /gateway/bot`.
    pub(crate) fn limit_payload(&self, bot: Snowflake, now_ms: u64) -> Value {
        let moments = self.moments.get(&bot);
        let mut today = moments
            .into_iter()
            .flatten()
            .filter(|at| **at + DAY_MS > now_ms)
            .peekable();
        let reset_after = today.peek().map_or(0, |first| **first + DAY_MS - now_ms);
        json!({
            "total": PER_DAY,
            "remaining": PER_DAY.saturating_sub(today.count()),
            "reset_after": reset_after,
            "max_concurrency": self.max_concurrency.unwrap_or(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOT: Snowflake = Snowflake(1);

    #[test]
    fn a_bot_starts_a_thousand_sessions_a_day() {
        let mut starts = SessionStarts::default();
        for _ in 0..PER_DAY {
            starts.admit(BOT, 0).unwrap();
        }
        assert!(matches!(
            starts.admit(BOT, DAY_MS - 1),
            Err(Refused::Close(_))
        ));
        let told = starts.limit_payload(BOT, 1_000);
        assert_eq!(
            (&told["remaining"], &told["reset_after"]),
            (&json!(0), &json!(86_399_000))
        );
        assert!(starts.admit(Snowflake(2), 0).is_ok());
        assert!(starts.admit(BOT, DAY_MS).is_ok());
    }

    #[test]
    fn concurrency_counts_within_five_seconds() {
        let mut starts = SessionStarts::default();
        starts.set_max_concurrency(Some(1));
        starts.admit(BOT, 0).unwrap();
        assert!(matches!(
            starts.admit(BOT, 4_999),
            Err(Refused::InvalidSession)
        ));
        assert!(starts.admit(BOT, 5_000).is_ok());
    }
}
