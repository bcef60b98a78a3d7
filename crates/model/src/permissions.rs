//! Discord's permission bits, kept whole: bits nobody here knows survive a round trip.
//! Source: Discord documentation, *Permissions*.

use std::{fmt, ops};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(u64);

/// Every named bit with the name that Discord's documentation uses.
const NAMED: &[(u32, &str)] = &[
    (0, "CREATE_INSTANT_INVITE"),
    (1, "KICK_MEMBERS"),
    (2, "BAN_MEMBERS"),
    (3, "ADMINISTRATOR"),
    (4, "MANAGE_CHANNELS"),
    (5, "MANAGE_GUILD"),
    (6, "ADD_REACTIONS"),
    (7, "VIEW_AUDIT_LOG"),
    (8, "PRIORITY_SPEAKER"),
    (9, "STREAM"),
    (10, "VIEW_CHANNEL"),
    (11, "SEND_MESSAGES"),
    (12, "SEND_TTS_MESSAGES"),
    (13, "MANAGE_MESSAGES"),
    (14, "EMBED_LINKS"),
    (15, "ATTACH_FILES"),
    (16, "READ_MESSAGE_HISTORY"),
    (17, "MENTION_EVERYONE"),
    (18, "USE_EXTERNAL_EMOJIS"),
    (19, "VIEW_GUILD_INSIGHTS"),
    (20, "CONNECT"),
    (21, "SPEAK"),
    (22, "MUTE_MEMBERS"),
    (23, "DEAFEN_MEMBERS"),
    (24, "MOVE_MEMBERS"),
    (25, "USE_VAD"),
    (26, "CHANGE_NICKNAME"),
    (27, "MANAGE_NICKNAMES"),
    (28, "MANAGE_ROLES"),
    (29, "MANAGE_WEBHOOKS"),
    (30, "MANAGE_GUILD_EXPRESSIONS"),
    (31, "USE_APPLICATION_COMMANDS"),
    (32, "REQUEST_TO_SPEAK"),
    (33, "MANAGE_EVENTS"),
    (34, "MANAGE_THREADS"),
    (35, "CREATE_PUBLIC_THREADS"),
    (36, "CREATE_PRIVATE_THREADS"),
    (37, "USE_EXTERNAL_STICKERS"),
    (38, "SEND_MESSAGES_IN_THREADS"),
    (39, "USE_EMBEDDED_ACTIVITIES"),
    (40, "MODERATE_MEMBERS"),
    (41, "VIEW_CREATOR_MONETIZATION_ANALYTICS"),
    (42, "USE_SOUNDBOARD"),
    (43, "CREATE_GUILD_EXPRESSIONS"),
    (44, "CREATE_EVENTS"),
    (45, "USE_EXTERNAL_SOUNDS"),
    (46, "SEND_VOICE_MESSAGES"),
    (48, "SET_VOICE_CHANNEL_STATUS"),
    (49, "SEND_POLLS"),
    (50, "USE_EXTERNAL_APPS"),
    (51, "PIN_MESSAGES"),
    (52, "BYPASS_SLOWMODE"),
];

impl Permissions {
    pub const NONE: Self = Self(0);
    pub const CREATE_INSTANT_INVITE: Self = Self(1);
    pub const KICK_MEMBERS: Self = Self(1 << 1);
    pub const BAN_MEMBERS: Self = Self(1 << 2);
    pub const ADMINISTRATOR: Self = Self(1 << 3);
    pub const MANAGE_CHANNELS: Self = Self(1 << 4);
    pub const MANAGE_GUILD: Self = Self(1 << 5);
    pub const ADD_REACTIONS: Self = Self(1 << 6);
    pub const VIEW_AUDIT_LOG: Self = Self(1 << 7);
    pub const STREAM: Self = Self(1 << 9);
    pub const VIEW_CHANNEL: Self = Self(1 << 10);
    pub const SEND_MESSAGES: Self = Self(1 << 11);
    pub const SEND_TTS_MESSAGES: Self = Self(1 << 12);
    pub const MANAGE_MESSAGES: Self = Self(1 << 13);
    pub const EMBED_LINKS: Self = Self(1 << 14);
    pub const ATTACH_FILES: Self = Self(1 << 15);
    pub const READ_MESSAGE_HISTORY: Self = Self(1 << 16);
    pub const MENTION_EVERYONE: Self = Self(1 << 17);
    pub const USE_EXTERNAL_EMOJIS: Self = Self(1 << 18);
    pub const CONNECT: Self = Self(1 << 20);
    pub const SPEAK: Self = Self(1 << 21);
    pub const MUTE_MEMBERS: Self = Self(1 << 22);
    pub const DEAFEN_MEMBERS: Self = Self(1 << 23);
    pub const MOVE_MEMBERS: Self = Self(1 << 24);
    pub const CHANGE_NICKNAME: Self = Self(1 << 26);
    pub const MANAGE_NICKNAMES: Self = Self(1 << 27);
    pub const MANAGE_ROLES: Self = Self(1 << 28);
    pub const MANAGE_WEBHOOKS: Self = Self(1 << 29);
    pub const MANAGE_GUILD_EXPRESSIONS: Self = Self(1 << 30);
    pub const USE_APPLICATION_COMMANDS: Self = Self(1 << 31);
    pub const MANAGE_EVENTS: Self = Self(1 << 33);
    pub const MANAGE_THREADS: Self = Self(1 << 34);
    pub const CREATE_PUBLIC_THREADS: Self = Self(1 << 35);
    pub const CREATE_PRIVATE_THREADS: Self = Self(1 << 36);
    pub const USE_EXTERNAL_STICKERS: Self = Self(1 << 37);
    pub const SEND_MESSAGES_IN_THREADS: Self = Self(1 << 38);
    pub const MODERATE_MEMBERS: Self = Self(1 << 40);
    pub const CREATE_GUILD_EXPRESSIONS: Self = Self(1 << 43);
    pub const CREATE_EVENTS: Self = Self(1 << 44);
    pub const SEND_VOICE_MESSAGES: Self = Self(1 << 46);
    pub const SET_VOICE_CHANNEL_STATUS: Self = Self(1 << 48);
    pub const SEND_POLLS: Self = Self(1 << 49);
    pub const PIN_MESSAGES: Self = Self(1 << 51);

    /// Every bit that has a name.
    pub fn all_named() -> Self {
        Self(NAMED.iter().fold(0, |bits, (bit, _)| bits | 1 << bit))
    }

    /// From the raw number, unknown bits included.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The raw number.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether no bit is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every bit of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Without the bits of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The names of the set bits, lowest first; a bit without a name appears as `BIT_52`.
    pub fn names(self) -> Vec<String> {
        (0..64)
            .filter(|bit| self.0 & (1 << bit) != 0)
            .map(|bit| match NAMED.iter().find(|(named, _)| *named == bit) {
                Some((_, name)) => (*name).to_owned(),
                None => format!("BIT_{bit}"),
            })
            .collect()
    }

    /// The permission called `name`, as Discord's documentation writes it.
    pub fn named(name: &str) -> Option<Self> {
        NAMED
            .iter()
            .find(|(_, n)| *n == name)
            .map(|(bit, _)| Self(1 << bit))
    }
}

impl ops::BitOr for Permissions {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl ops::BitAnd for Permissions {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join("|"))
    }
}

/// Discord writes permission sets as strings of decimal digits.
impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| {
            de::Error::custom("a permission set is a string of decimal digits such as \"2048\"")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_bit_survives_a_round_trip() {
        let text = format!("\"{}\"", 1u64 << 60 | 1 << 48);
        let set: Permissions = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&set).unwrap(), text);
        assert_eq!(set.names(), ["SET_VOICE_CHANNEL_STATUS", "BIT_60"]);
    }

    #[test]
    fn constants_and_names_agree() {
        assert_eq!(
            Permissions::named("PIN_MESSAGES"),
            Some(Permissions::PIN_MESSAGES)
        );
        assert_eq!(Permissions::MODERATE_MEMBERS.names(), ["MODERATE_MEMBERS"]);
        for (bit, name) in NAMED {
            assert_eq!(Permissions::named(name).unwrap().bits(), 1 << bit);
        }
    }
}
