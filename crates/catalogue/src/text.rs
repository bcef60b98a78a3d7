//! Texts that stand in paths or headers, checked so that they can be nothing else.

use std::borrow::Cow;

use model::{
    id::{Id, kind},
    request::Segment,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::limits;

/// An emoji as Discord's paths write it: `👍`, or `name:id` for a custom one. `<:name:id>` is
/// understood too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Emoji(String);

impl Emoji {
    fn parse(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str =
            "an emoji is one like \"👍\", or \"name:id\" for a custom one of a guild";
        let inner = text
            .strip_prefix("<a:")
            .or_else(|| text.strip_prefix("<:"))
            .and_then(|rest| rest.strip_suffix('>'))
            .unwrap_or(text);
        if let Some((name, id)) = inner.split_once(':') {
            let named = (2..=32).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            return if named && id.parse::<Id<kind::Emoji>>().is_ok() {
                Ok(Self(inner.to_owned()))
            } else {
                Err(WRONG)
            };
        }
        let plain = !inner.is_ascii()
            && inner.chars().count() <= limits::EMOJI
            && !inner.chars().any(|c| c.is_control() || c.is_whitespace())
            && !inner.contains(['/', '\\', '.', '?', '%', '<', '>']);
        if plain {
            Ok(Self(inner.to_owned()))
        } else {
            Err(WRONG)
        }
    }

    /// As a component of a body: `{"id", "name"}`.
    pub(crate) fn object(&self) -> serde_json::Value {
        match self.0.split_once(':') {
            Some((name, id)) => serde_json::json!({"id": id, "name": name}),
            None => serde_json::json!({"name": self.0}),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Segment for Emoji {
    fn segment(&self) -> String {
        self.0.clone()
    }
}

impl<'de> Deserialize<'de> for Emoji {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl JsonSchema for Emoji {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Emoji".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "maxLength": limits::EMOJI, "examples": ["👍", "ok_hand:175928847299117063"]})
    }
}

/// The code of an invite; a whole link is understood too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InviteCode(String);

impl InviteCode {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let code = [
            "https://discord.gg/",
            "https://discord.com/invite/",
            "discord.gg/",
        ]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text);
        let good = (2..=limits::INVITE_CODE).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if good {
            Ok(Self(code.to_owned()))
        } else {
            Err("an invite code is made of letters, digits and hyphens, such as \"hTKzmak\"")
        }
    }
}

impl Segment for InviteCode {
    fn segment(&self) -> String {
        self.0.clone()
    }
}

impl<'de> Deserialize<'de> for InviteCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl JsonSchema for InviteCode {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "InviteCode".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 2, "examples": ["hTKzmak", "https://discord.gg/a-b", "Zy9"]})
    }
}

/// Why something is done, for Discord's audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason(pub(crate) String);

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Reason {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Reason".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "maxLength": limits::REASON})
    }
}

/// Adds a reason to a request.
pub(crate) trait Because {
    fn because(self, reason: Option<&Reason>) -> Self;
}

impl Because for model::Request {
    fn because(self, reason: Option<&Reason>) -> Self {
        let text = reason.map(|reason| reason.0.clone());
        self.reason(text.as_ref())
    }
}

/// Whether a text is a point in time as Discord takes it (RFC 3339, `2026-01-31T12:00:00Z`).
pub(crate) fn is_timestamp(text: &str) -> bool {
    OffsetDateTime::parse(text, &Rfc3339).is_ok()
}

/// A time as Discord writes it, in Unix milliseconds; `None` if it is none.
pub(crate) fn milliseconds(text: &str) -> Option<model::Millis> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
}

/// Unix milliseconds as Discord writes times; `None` beyond the year 9999.
pub(crate) fn timestamp(ms: model::Millis) -> Option<String> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()?
        .format(&Rfc3339)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_is_never_a_way_out_of_its_segment() {
        for bad in [
            "", ".", "..", "a", "👍/..", "name:", ":1", "a b:1", "👍 ", "%F0", "<:x>",
        ] {
            assert!(Emoji::parse(bad).is_err(), "{bad}");
        }
        for (good, path) in [("👍", "👍"), ("<:ok_hand:12>", "ok_hand:12"), ("#️⃣", "#️⃣")]
        {
            assert_eq!(Emoji::parse(good).unwrap().as_str(), path);
        }
    }

    #[test]
    fn an_invite_code_is_never_a_way_out_of_its_segment() {
        for bad in ["", ".", "..", "a/b", "a?b", "x".repeat(65).as_str()] {
            assert!(InviteCode::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            InviteCode::parse("https://discord.gg/hTKzmak").unwrap().0,
            "hTKzmak"
        );
    }

    #[test]
    fn milliseconds_become_dates() {
        assert_eq!(timestamp(0).unwrap(), "1970-01-01T00:00:00Z");
        assert_eq!(
            timestamp(1_709_210_096_789).unwrap(),
            "2024-02-29T12:34:56.789Z"
        );
        assert!(is_timestamp(&timestamp(1_709_210_096_789).unwrap()));
        assert!(!is_timestamp("tomorrow"));
        assert!(!is_timestamp("2024-02-29T12:34:56"));
    }
}
