//! Slow mode: `rate_limit_per_user` lets a person send one message and start one thread in each
//! interval (Discord: Channel). Bots, and whoever has BYPASS_SLOWMODE, are not slowed.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::permissions::BYPASS_SLOWMODE;
use crate::snowflake::Snowflake;
use crate::world::saved;
use crate::world::{Answer, Refusal, World};

/// The longest interval, in milliseconds.
const LONGEST_MS: u64 = 21_600 * 1_000;
/// Acts remembered at once; beyond this, those that can slow nobody any more go first.
const MAX_ACTS: usize = 20_000;

/// What is slowed; each has an interval of its own.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Slowed {
    Message,
    Thread,
}

/// When each person last did what is slowed, in channels with slow mode.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct SlowMode(
    #[serde(with = "saved::pairs")] HashMap<(Snowflake, Snowflake, Slowed), u64>,
);

impl World {
    /// Refuses (429, 20016) whoever acts again within the channel's interval.
    pub(crate) fn check_pace(
        &self,
        user: Snowflake,
        channel: Snowflake,
        act: Slowed,
    ) -> Answer<()> {
        let Some(interval) = self.interval_ms(user, channel) else {
            return Ok(());
        };
        let last = self.slow_mode.0.get(&(channel, user, act));
        let free_at = last.map_or(0, |last| last + interval);
        match free_at.checked_sub(self.now_ms()) {
            None | Some(0) => Ok(()),
            Some(wait_ms) => Err(Refusal::slow_mode(wait_ms)),
        }
    }

    /// The interval begins: something slowed was done.
    pub(crate) fn note_pace(&mut self, user: Snowflake, channel: Snowflake, act: Slowed) {
        if self.interval_ms(user, channel).is_none() {
            return;
        }
        let now = self.now_ms();
        let acts = &mut self.slow_mode.0;
        if acts.len() >= MAX_ACTS {
            acts.retain(|_, last| *last + LONGEST_MS > now);
        }
        if acts.len() < MAX_ACTS {
            acts.insert((channel, user, act), now);
        }
    }

    /// The interval that binds a user in a channel.
    fn interval_ms(&self, user: Snowflake, channel: Snowflake) -> Option<u64> {
        let settings = &self.channels.get(&channel)?.settings;
        let seconds = settings.get("rate_limit_per_user").and_then(Value::as_u64);
        let seconds = seconds.filter(|seconds| *seconds > 0)?;
        let free = self.applications.contains_key(&user)
            || self.permissions_in(user, channel) & BYPASS_SLOWMODE != 0;
        (!free).then_some(seconds * 1_000)
    }
}
