//! How often each bot asks for all members of each guild (Discord: Gateway Events › Rate Limited).

use std::collections::HashMap;

use crate::limits::Allowance;
use crate::snowflake::Snowflake;

/// Windows kept at once; beyond this, those that ended are forgotten first.
const MAX_WINDOWS: usize = 10_000;

/// When the window of a bot and a guild ends, and how often it asked within.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    windows: HashMap<(Snowflake, Snowflake), (u64, u32)>,
}

impl Asked {
    /// Counts a request; answers how many milliseconds it comes too early.
    pub(crate) fn count(
        &mut self,
        who: (Snowflake, Snowflake),
        allowance: Allowance,
        now_ms: u64,
    ) -> Option<u64> {
        if self.windows.len() >= MAX_WINDOWS {
            self.windows.retain(|_, (ends_ms, _)| *ends_ms > now_ms);
        }
        if self.windows.len() >= MAX_WINDOWS {
            self.windows.clear();
        }
        let window = self.windows.entry(who).or_default();
        if window.0 <= now_ms {
            *window = (now_ms + allowance.per_ms, 0);
        }
        if window.1 >= allowance.limit {
            return Some(window.0 - now_ms);
        }
        window.1 += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_request_within_half_a_minute_is_told_when_to_come_back() {
        let mut asked = Asked::default();
        let (who, once) = ((Snowflake(1), Snowflake(2)), Allowance::new(1, 30_000));
        assert_eq!(asked.count(who, once, 1_000), None);
        assert_eq!(asked.count(who, once, 11_000), Some(20_000));
        assert_eq!(
            asked.count((Snowflake(1), Snowflake(3)), once, 11_000),
            None
        );
        assert_eq!(asked.count(who, once, 31_000), None);
    }
}
