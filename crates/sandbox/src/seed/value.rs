//! Values of a description that may be written in more than one way: permissions by name, colours,
//! kinds of channel, moments such as `2d ago`.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::CrowdSpec;
use super::permission_names;
use crate::world::clock::{iso8601, parse_iso8601};

/// A moment, told from now or by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum When {
    /// Milliseconds before the start of the sandbox.
    Ago(u64),
    /// Milliseconds since 1970.
    At(u64),
}

/// Words for a stretch of time, longest first.
const UNITS: &[(char, u64)] = &[
    ('w', 7 * 24 * 60 * 60 * 1_000),
    ('d', 24 * 60 * 60 * 1_000),
    ('h', 60 * 60 * 1_000),
    ('m', 60 * 1_000),
    ('s', 1_000),
];

/// The oldest moment: ten years ago.
const MAX_AGO_MS: u64 = 10 * 365 * 24 * 60 * 60 * 1_000;

impl When {
    /// The moment, in milliseconds since 1970; never later than now.
    pub(crate) fn ms(self, now_ms: u64) -> u64 {
        match self {
            Self::Ago(ms) => now_ms.saturating_sub(ms),
            Self::At(ms) => ms.min(now_ms),
        }
    }

    fn read(text: &str) -> Option<Self> {
        if text == "now" {
            return Some(Self::Ago(0));
        }
        match text.strip_suffix("ago") {
            Some(ago) => length(ago).map(Self::Ago),
            None => parse_iso8601(text).map(Self::At),
        }
    }
}

/// `1h 30m` in milliseconds.
fn length(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    for part in text.split_whitespace() {
        let (number, unit) = part.split_at_checked(part.len().checked_sub(1)?)?;
        let (_, ms) = UNITS.iter().find(|(word, _)| unit.starts_with(*word))?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*ms)?)?;
    }
    (total <= MAX_AGO_MS && !text.trim().is_empty()).then_some(total)
}

/// Milliseconds from `1h 30m`, where they may be left out.
pub(super) fn some_length<'de, D>(deserializer: D) -> Result<Option<u64>, D::Error>
where
    D: Deserializer<'de>,
{
    struct Length;
    impl Visitor<'_> for Length {
        type Value = Option<u64>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a length of time such as `1h 30m`, or milliseconds")
        }

        fn visit_u64<E: de::Error>(self, ms: u64) -> Result<Self::Value, E> {
            Ok(Some(ms))
        }

        fn visit_i64<E: de::Error>(self, ms: i64) -> Result<Self::Value, E> {
            let ms = u64::try_from(ms);
            ms.map(Some)
                .map_err(|_| E::custom("a length of time is not negative"))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let ms = length(text);
            ms.map(Some)
                .ok_or_else(|| E::custom(format!("{text:?} is no length of time; write `1h 30m`")))
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    deserializer.deserialize_any(Length)
}

impl fmt::Display for When {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::At(ms) => formatter.write_str(&iso8601(ms)),
            Self::Ago(0) => formatter.write_str("now"),
            Self::Ago(mut left) => {
                for (word, ms) in UNITS.iter().filter(|(_, ms)| *ms < UNITS[0].1) {
                    if left >= *ms {
                        write!(formatter, "{}{word} ", left / ms)?;
                        left %= ms;
                    }
                }
                formatter.write_str("ago")
            }
        }
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "{text:?} is no moment; write `2d ago`, `1h 30m ago`, `now` or an ISO 8601 time"
            ))
        })
    }
}

/// Bits, as a number, a string of digits, one name, or a list of names.
pub(super) fn permissions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Bits;
    impl<'de> Visitor<'de> for Bits {
        type Value = u64;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("permissions: a list of names such as [\"KICK_MEMBERS\"], or bits")
        }

        fn visit_u64<E: de::Error>(self, bits: u64) -> Result<u64, E> {
            Ok(bits)
        }

        fn visit_i64<E: de::Error>(self, bits: i64) -> Result<u64, E> {
            u64::try_from(bits).map_err(|_| E::custom("permission bits are not negative"))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
            text.parse()
                .or_else(|_| permission_names::bits(text).map_err(E::custom))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<u64, A::Error> {
            let mut bits = 0;
            while let Some(name) = names.next_element::<String>()? {
                bits |= permission_names::bits(&name).map_err(de::Error::custom)?;
            }
            Ok(bits)
        }
    }
    deserializer.deserialize_any(Bits)
}

/// The same where they may be left out.
pub(super) fn some_permissions<'de, D>(deserializer: D) -> Result<Option<u64>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    struct Bits(#[serde(deserialize_with = "permissions")] u64);
    let bits = Option::<Bits>::deserialize(deserializer)?;
    Ok(bits.map(|Bits(bits)| bits))
}

/// `#3498db`, or a number.
pub(super) fn color<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number_or(deserializer, "a colour such as \"#3498db\"", |text| {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        u32::from_str_radix(digits, 16).ok()
    })
}

/// Words for Discord's types of channel.
pub(super) const KINDS: &[(&str, u8)] = &[
    ("text", 0),
    ("voice", 2),
    ("category", 4),
    ("announcement", 5),
    ("stage", 13),
    ("forum", 15),
    ("media", 16),
];

/// `forum`, or Discord's number.
pub(super) fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let expected = "a kind of channel: text, voice, category, announcement, stage, forum or media";
    let number = number_or(deserializer, expected, |text| {
        let known = KINDS.iter().find(|(word, _)| *word == text);
        known.map(|(_, number)| u32::from(*number))
    })?;
    u8::try_from(number).map_err(|_| de::Error::custom(format!("{number} is not {expected}")))
}

/// A number of people, or a table.
pub(super) fn crowd<'de, D>(deserializer: D) -> Result<Option<CrowdSpec>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Crowd {
        People(u32),
        Shares(CrowdSpec),
    }
    let crowd = Option::<Crowd>::deserialize(deserializer).map_err(|_| {
        de::Error::custom("a crowd is a number of people, or {people, online, idle, dnd}")
    })?;
    Ok(crowd.map(|crowd| match crowd {
        Crowd::Shares(spec) => spec,
        // About as many as a quiet evening in a large guild has.
        Crowd::People(people) => CrowdSpec {
            people,
            online: people / 20,
            idle: people / 50,
            dnd: people / 100,
        },
    }))
}

fn number_or<'de, D: Deserializer<'de>>(
    deserializer: D,
    expected: &'static str,
    read: fn(&str) -> Option<u32>,
) -> Result<u32, D::Error> {
    struct NumberOr(&'static str, fn(&str) -> Option<u32>);
    impl Visitor<'_> for NumberOr {
        type Value = u32;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(self.0)
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<u32, E> {
            u32::try_from(number).map_err(|_| E::custom(format!("{number} is not {}", self.0)))
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<u32, E> {
            u32::try_from(number).map_err(|_| E::custom(format!("{number} is not {}", self.0)))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<u32, E> {
            (self.1)(text).ok_or_else(|| E::custom(format!("{text:?} is not {}", self.0)))
        }
    }
    deserializer.deserialize_any(NumberOr(expected, read))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them_and_written_so_that_they_can_be_read() {
        let hour = 60 * 60 * 1_000;
        for (text, expected) in [
            ("2d ago", Some(When::Ago(48 * hour))),
            ("1h 30m ago", Some(When::Ago(hour + hour / 2))),
            ("now", Some(When::Ago(0))),
            ("2026-01-01T00:00:00Z", Some(When::At(1_767_225_600_000))),
            ("ago", None),
            ("2y ago", None),
            ("d ago", None),
            ("99999999999w ago", None),
            ("ü ago", None),
            ("soon", None),
        ] {
            assert_eq!(When::read(text), expected, "{text}");
            if let Some(when) = expected {
                assert_eq!(When::read(&when.to_string()), Some(when), "{text}");
            }
        }
    }
}
