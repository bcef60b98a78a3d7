//! How often a bot may IDENTIFY: 1,000 times a day, and, where limited, so many times within five
//! seconds (Discord: Gateway › Session Start Limit, Rate Limiting).

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::snowflake::Snowflake;

/// IDENTIFYs of one bot within a day, unless the limits say otherwise.
pub(crate) const PER_DAY: u32 = 1_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// The window of `max_concurrency`, in milliseconds.
const CONCURRENCY_WINDOW_MS: u64 = 5_000;

/// When each bot identified within the last day, and with which key of the concurrency limit.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct SessionStarts {
    moments: BTreeMap<Snowflake, VecDeque<(u64, u64)>>,
    /// The server's, not the world's.
    #[serde(skip)]
    limits: StartLimits,
    /// How often each bot lost its token for starting too many sessions.
    #[serde(default)]
    resets: BTreeMap<Snowflake, u32>,
}

#[derive(Clone, Copy, Debug)]
struct StartLimits {
    max_concurrency: Option<u32>,
    per_day: u32,
}

impl Default for StartLimits {
    fn default() -> Self {
        Self {
            max_concurrency: None,
            per_day: PER_DAY,
        }
    }
}

/// Why an IDENTIFY is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TooMany {
    /// Another one of the same key came within five seconds.
    AtOnce,
    /// The day's are spent: the bot's token is replaced.
    Today,
}

impl SessionStarts {
    /// Limits how many sessions a bot starts within five seconds (`None` for no limit), and within
    /// a day.
    pub(crate) fn limit(&mut self, max_concurrency: Option<u32>, per_day: u32) {
        self.limits = StartLimits {
            max_concurrency,
            per_day,
        };
    }

    /// Takes over the limits that another list had.
    pub(crate) fn limit_as(&mut self, other: &Self) {
        self.limits = other.limits;
    }

    /// Counts the IDENTIFY of a shard, or says why it comes too soon. Of each remainder of shard
    /// and `max_concurrency`, one may come within five seconds.
    pub(super) fn admit(&mut self, bot: Snowflake, shard: u64, now_ms: u64) -> Result<(), TooMany> {
        let moments = self.moments.entry(bot).or_default();
        while moments.front().is_some_and(|(at, _)| at + DAY_MS <= now_ms) {
            moments.pop_front();
        }
        if moments.len() >= self.limits.per_day as usize {
            // The new token starts anew.
            moments.clear();
            *self.resets.entry(bot).or_default() += 1;
            return Err(TooMany::Today);
        }
        let key = shard % u64::from(self.limits.max_concurrency.unwrap_or(1).max(1));
        if self.limits.max_concurrency.is_some() {
            let mut recent = moments
                .iter()
                .rev()
                .take_while(|(at, _)| at + CONCURRENCY_WINDOW_MS > now_ms);
            if recent.any(|(_, other)| *other == key) {
                return Err(TooMany::AtOnce);
            }
        }
        moments.push_back((now_ms, key));
        Ok(())
    }

    /// How often a bot lost its token for starting too many sessions.
    pub(crate) fn resets_of(&self, bot: Snowflake) -> u32 {
        self.resets.get(&bot).copied().unwrap_or_default()
    }

    /// The `session_start_limit` object of `GET /gateway/bot`.
    pub(crate) fn limit_payload(&self, bot: Snowflake, now_ms: u64) -> Value {
        let moments = self.moments.get(&bot);
        let mut today = moments
            .into_iter()
            .flatten()
            .filter(|(at, _)| at + DAY_MS > now_ms)
            .peekable();
        let reset_after = today.peek().map_or(0, |(first, _)| first + DAY_MS - now_ms);
        json!({
            "total": self.limits.per_day,
            "remaining": (self.limits.per_day as usize).saturating_sub(today.count()),
            "reset_after": reset_after,
            "max_concurrency": self.limits.max_concurrency.unwrap_or(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOT: Snowflake = Snowflake(1);

    #[test]
    fn a_bot_starts_a_thousand_sessions_a_day_and_then_loses_its_token() {
        let mut starts = SessionStarts::default();
        for _ in 0..PER_DAY {
            starts.admit(BOT, 0, 0).unwrap();
        }
        let told = starts.limit_payload(BOT, 1_000);
        assert_eq!(
            (&told["remaining"], &told["reset_after"]),
            (&json!(0), &json!(86_399_000))
        );
        assert_eq!(starts.admit(BOT, 0, DAY_MS - 1), Err(TooMany::Today));
        assert_eq!(starts.resets_of(BOT), 1);
        assert!(starts.admit(Snowflake(2), 0, 0).is_ok());
        assert!(starts.admit(BOT, 0, DAY_MS - 1).is_ok());
    }

    #[test]
    fn what_is_a_day_old_counts_no_more() {
        let mut starts = SessionStarts::default();
        for _ in 0..PER_DAY {
            starts.admit(BOT, 0, 0).unwrap();
        }
        assert!(starts.admit(BOT, 0, DAY_MS).is_ok());
    }

    #[test]
    fn concurrency_counts_shards_of_one_key_within_five_seconds() {
        let mut starts = SessionStarts::default();
        starts.limit(Some(2), PER_DAY);
        starts.admit(BOT, 0, 0).unwrap();
        starts.admit(BOT, 1, 0).unwrap();
        assert_eq!(starts.admit(BOT, 2, 4_999), Err(TooMany::AtOnce));
        assert!(starts.admit(BOT, 2, 5_000).is_ok());
    }
}
