//! Discord's ids: 64-bit snowflakes that travel as strings and never mix with one another.

use std::{fmt, marker::PhantomData, num::NonZeroU64, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Milliseconds between the Unix epoch and Discord's epoch (2015-01-01).
/// Source: Discord documentation, *Reference › Snowflakes*.
pub const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;

/// What an [`Id`] names. The types have no values; they only keep ids apart.
pub mod kind {
    /// An application (the bot's own product).
    #[derive(Debug)]
    pub enum Application {}
    /// An attachment of a message.
    #[derive(Debug)]
    pub enum Attachment {}
    /// A channel, thread, category or DM.
    #[derive(Debug)]
    pub enum Channel {}
    /// A custom emoji.
    #[derive(Debug)]
    pub enum Emoji {}
    /// A guild (people say server).
    #[derive(Debug)]
    pub enum Guild {}
    /// A message.
    #[derive(Debug)]
    pub enum Message {}
    /// A role or a user, as the subject of a permission overwrite.
    #[derive(Debug)]
    pub enum Overwrite {}
    /// A role.
    #[derive(Debug)]
    pub enum Role {}
    /// A sticker, of a guild or of Discord's own.
    #[derive(Debug)]
    pub enum Sticker {}
    /// A user, which may be a bot.
    #[derive(Debug)]
    pub enum User {}
    /// A webhook.
    #[derive(Debug)]
    pub enum Webhook {}
}

pub type ApplicationId = Id<kind::Application>;
pub type AttachmentId = Id<kind::Attachment>;
pub type ChannelId = Id<kind::Channel>;
pub type EmojiId = Id<kind::Emoji>;
pub type GuildId = Id<kind::Guild>;
pub type MessageId = Id<kind::Message>;
pub type OverwriteId = Id<kind::Overwrite>;
pub type RoleId = Id<kind::Role>;
pub type StickerId = Id<kind::Sticker>;
pub type UserId = Id<kind::User>;
pub type WebhookId = Id<kind::Webhook>;

/// A snowflake that says what it names. In JSON it is a string of digits; a number is refused,
/// because JavaScript and most models round numbers of this size.
pub struct Id<K> {
    value: NonZeroU64,
    kind: PhantomData<fn() -> K>,
}

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is a string of 1 to 19 digits such as \"175928847299117063\"")]
pub struct NotAnId;

impl<K> Id<K> {
    /// Make an id from its number. `None` for 0 and for values above `i64::MAX`, which
    /// Discord never issues and databases cannot store.
    pub fn new(value: u64) -> Option<Self> {
        if i64::try_from(value).is_err() {
            return None;
        }
        NonZeroU64::new(value).map(|value| Self {
            value,
            kind: PhantomData,
        })
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.value.get()
    }

    /// The number as databases store it.
    pub fn as_i64(self) -> i64 {
        i64::try_from(self.value.get()).expect("the constructor refuses larger values")
    }

    /// When the thing was created, in Unix milliseconds.
    pub fn created_at_ms(self) -> i64 {
        (self.as_i64() >> 22) + DISCORD_EPOCH_MS
    }

    /// The same number under another name, for the few places where Discord reuses an id
    /// (a thread has the id of its first message, `@everyone` the id of its guild).
    pub fn cast<Other>(self) -> Id<Other> {
        Id {
            value: self.value,
            kind: PhantomData,
        }
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}
impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}
impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}

impl<K> FromStr for Id<K> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if text.is_empty() || text.len() > 19 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotAnId);
        }
        text.parse().ok().and_then(Self::new).ok_or(NotAnId)
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor(PhantomData))
    }
}

struct IdVisitor<K>(PhantomData<fn() -> K>);

impl<K> de::Visitor<'_> for IdVisitor<K> {
    type Value = Id<K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id as a string of digits")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Id<K>, E> {
        text.parse()
            .map_err(|NotAnId| E::custom(format!("{NotAnId}, not \"{}\"", clip(text))))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Id<K>, E> {
        Err(E::custom(format!(
            "ids are strings, because numbers of this size get rounded: write \"{number}\" in \
             quotes, and check its last digits"
        )))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Id<K>, E> {
        Err(E::custom(NotAnId))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Id<K>, E> {
        Err(E::custom(
            "ids are strings of digits; this number has already lost its last digits",
        ))
    }
}

/// Keeps a hostile value from filling an error message.
fn clip(text: &str) -> String {
    text.chars().take(32).collect()
}

impl<K> JsonSchema for Id<K> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^\\d{1,19}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_string_in_json() {
        let id: GuildId = serde_json::from_str("\"175928847299117063\"").unwrap();
        assert_eq!(
            serde_json::to_string(&id).unwrap(),
            "\"175928847299117063\""
        );
        assert_eq!(id.created_at_ms(), 1_462_015_105_796);
    }

    #[test]
    fn a_number_is_refused_with_the_remedy() {
        let error = serde_json::from_str::<GuildId>("175928847299117063").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("write \"175928847299117063\" in quotes"),
            "{error}"
        );
    }

    #[test]
    fn zero_signs_letters_and_too_large_values_are_refused() {
        for text in [
            "",
            "0",
            "-1",
            "+1",
            "12a",
            " 1",
            "9223372036854775808",
            "99999999999999999999",
        ] {
            assert_eq!(text.parse::<UserId>(), Err(NotAnId), "{text}");
        }
    }
}
