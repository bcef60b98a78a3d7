//! Which events Discord sends. Source: Discord documentation, *Gateway › Gateway Intents*.

pub const GUILDS: u64 = 1;
/// Privileged: the Server Members Intent.
pub const GUILD_MEMBERS: u64 = 1 << 1;
pub const GUILD_MODERATION: u64 = 1 << 2;
pub const GUILD_EXPRESSIONS: u64 = 1 << 3;
pub const GUILD_INVITES: u64 = 1 << 6;
pub const GUILD_VOICE_STATES: u64 = 1 << 7;
/// Privileged: the Presence Intent.
pub const GUILD_PRESENCES: u64 = 1 << 8;
pub const GUILD_MESSAGES: u64 = 1 << 9;
pub const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
pub const GUILD_MESSAGE_TYPING: u64 = 1 << 11;
pub const DIRECT_MESSAGES: u64 = 1 << 12;
pub const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
/// Privileged: the Message Content Intent.
pub const MESSAGE_CONTENT: u64 = 1 << 15;
pub const GUILD_SCHEDULED_EVENTS: u64 = 1 << 16;
pub const AUTO_MODERATION_CONFIGURATION: u64 = 1 << 20;
pub const AUTO_MODERATION_EXECUTION: u64 = 1 << 21;
pub const GUILD_MESSAGE_POLLS: u64 = 1 << 24;

/// The privileged intents and their names in the developer portal.
const PRIVILEGED: [(u64, &str); 3] = [
    (GUILD_MEMBERS, "Server Members Intent"),
    (GUILD_PRESENCES, "Presence Intent"),
    (MESSAGE_CONTENT, "Message Content Intent"),
];

/// What works without switching anything on in the developer portal.
pub const UNPRIVILEGED: u64 = GUILDS
    | GUILD_MODERATION
    | GUILD_EXPRESSIONS
    | GUILD_INVITES
    | GUILD_MESSAGES
    | GUILD_MESSAGE_REACTIONS
    | DIRECT_MESSAGES
    | DIRECT_MESSAGE_REACTIONS
    | GUILD_SCHEDULED_EVENTS
    | AUTO_MODERATION_CONFIGURATION
    | AUTO_MODERATION_EXECUTION
    | GUILD_MESSAGE_POLLS;

/// The portal's names of the privileged intents among `intents`.
pub fn privileged(intents: u64) -> Vec<&'static str> {
    PRIVILEGED
        .iter()
        .filter(|(bit, _)| intents & bit != 0)
        .map(|(_, name)| *name)
        .collect()
}
