//! Discord's 64-bit ids: milliseconds since 2015 in the upper 42 bits, rendered as decimal strings.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The first millisecond of 2015, Discord's epoch.
pub const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

/// How many ids one millisecond can hold (12 bits).
const INCREMENTS: u64 = 1 << 12;

/// An id of anything in Discord. JSON carries it as a decimal string.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Snowflake(pub u64);

impl Snowflake {
    /// When the thing was made, in milliseconds since 1970.
    pub fn timestamp_ms(self) -> u64 {
        (self.0 >> 22) + DISCORD_EPOCH_MS
    }

    /// The smallest id of a moment, for pages by time.
    pub fn at_ms(ms: u64) -> Self {
        Self(ms.saturating_sub(DISCORD_EPOCH_MS) << 22)
    }
}

impl fmt::Display for Snowflake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for Snowflake {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Snowflake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Snowflake {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Id;
        impl Visitor<'_> for Id {
            type Value = Snowflake;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a snowflake: a decimal string or an unsigned integer")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Snowflake, E> {
                Ok(Snowflake(value))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Snowflake, E> {
                value.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Id)
    }
}

/// Makes ids that only grow, even when the clock stands still.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct SnowflakeGenerator {
    last: u64,
}

impl SnowflakeGenerator {
    /// The next id at `now_ms`; more than 4,096 within one millisecond borrow from the next ones.
    pub(crate) fn next(&mut self, now_ms: u64) -> Snowflake {
        let moment = now_ms.saturating_sub(DISCORD_EPOCH_MS).max(1) << 22;
        let last_moment = self.last & !(INCREMENTS - 1);
        self.last = if moment > self.last {
            moment
        } else if self.last & (INCREMENTS - 1) == INCREMENTS - 1 {
            (last_moment >> 22 << 22) + (1 << 22)
        } else {
            self.last + 1
        };
        Snowflake(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_while_the_clock_stands_still() {
        let mut generator = SnowflakeGenerator::default();
        let mut last = Snowflake(0);
        for _ in 0..10_000 {
            let next = generator.next(1_767_225_600_000);
            assert!(next > last);
            last = next;
        }
    }

    #[test]
    fn an_id_tells_its_moment_and_reads_back_from_a_string() {
        let id = SnowflakeGenerator::default().next(1_767_225_600_123);
        assert_eq!(id.timestamp_ms(), 1_767_225_600_123);
        let text = serde_json::to_string(&id).unwrap();
        assert_eq!(text, format!("\"{}\"", id.0));
        assert_eq!(serde_json::from_str::<Snowflake>(&text).unwrap(), id);
    }
}
