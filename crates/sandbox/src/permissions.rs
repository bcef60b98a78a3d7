//! Discord's permission arithmetic on plain bits; it knows nothing of the world.

use serde::{Deserialize, Serialize};

use crate::snowflake::Snowflake;

pub const CREATE_INSTANT_INVITE: u64 = 1 << 0;
pub const KICK_MEMBERS: u64 = 1 << 1;
pub const BAN_MEMBERS: u64 = 1 << 2;
pub const ADMINISTRATOR: u64 = 1 << 3;
pub const MANAGE_CHANNELS: u64 = 1 << 4;
pub const MANAGE_GUILD: u64 = 1 << 5;
pub const ADD_REACTIONS: u64 = 1 << 6;
pub const VIEW_AUDIT_LOG: u64 = 1 << 7;
pub const STREAM: u64 = 1 << 9;
pub const VIEW_CHANNEL: u64 = 1 << 10;
pub const SEND_MESSAGES: u64 = 1 << 11;
pub const SEND_TTS_MESSAGES: u64 = 1 << 12;
pub const MANAGE_MESSAGES: u64 = 1 << 13;
pub const EMBED_LINKS: u64 = 1 << 14;
pub const ATTACH_FILES: u64 = 1 << 15;
pub const READ_MESSAGE_HISTORY: u64 = 1 << 16;
pub const MENTION_EVERYONE: u64 = 1 << 17;
pub const USE_EXTERNAL_EMOJIS: u64 = 1 << 18;
pub const CONNECT: u64 = 1 << 20;
pub const SPEAK: u64 = 1 << 21;
pub const MUTE_MEMBERS: u64 = 1 << 22;
pub const DEAFEN_MEMBERS: u64 = 1 << 23;
pub const MOVE_MEMBERS: u64 = 1 << 24;
pub const CHANGE_NICKNAME: u64 = 1 << 26;
pub const MANAGE_NICKNAMES: u64 = 1 << 27;
pub const MANAGE_ROLES: u64 = 1 << 28;
pub const MANAGE_WEBHOOKS: u64 = 1 << 29;
pub const MANAGE_EXPRESSIONS: u64 = 1 << 30;
pub const REQUEST_TO_SPEAK: u64 = 1 << 32;
pub const MANAGE_EVENTS: u64 = 1 << 33;
pub const USE_APPLICATION_COMMANDS: u64 = 1 << 31;
pub const MANAGE_THREADS: u64 = 1 << 34;
pub const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
pub const CREATE_PRIVATE_THREADS: u64 = 1 << 36;
pub const USE_EXTERNAL_STICKERS: u64 = 1 << 37;
pub const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
pub const MODERATE_MEMBERS: u64 = 1 << 40;
pub const USE_SOUNDBOARD: u64 = 1 << 42;
pub const CREATE_EXPRESSIONS: u64 = 1 << 43;
pub const CREATE_EVENTS: u64 = 1 << 44;
pub const USE_EXTERNAL_SOUNDS: u64 = 1 << 45;
pub const SEND_VOICE_MESSAGES: u64 = 1 << 46;
pub const SET_VOICE_CHANNEL_STATUS: u64 = 1 << 48;
pub const SEND_POLLS: u64 = 1 << 49;
pub const PIN_MESSAGES: u64 = 1 << 51;
pub const BYPASS_SLOWMODE: u64 = 1 << 52;

/// Every bit that Discord has given a meaning: 0 to 50 but 47, and 51 and 52.
pub const ALL: u64 = ((1 << 53) - 1) & !(1 << 47);

/// What a new guild's `@everyone` may do.
pub const DEFAULT_EVERYONE: u64 = CREATE_INSTANT_INVITE
    | ADD_REACTIONS
    | STREAM
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | MENTION_EVERYONE
    | USE_EXTERNAL_EMOJIS
    | CONNECT
    | SPEAK
    | (1 << 25) // USE_VAD
    | CHANGE_NICKNAME
    | USE_APPLICATION_COMMANDS
    | REQUEST_TO_SPEAK
    | CREATE_PUBLIC_THREADS
    | CREATE_PRIVATE_THREADS
    | USE_EXTERNAL_STICKERS
    | SEND_MESSAGES_IN_THREADS
    | SEND_POLLS;

/// All that a member in timeout keeps.
const TIMED_OUT: u64 = VIEW_CHANNEL | READ_MESSAGE_HISTORY;

/// What cannot be done without sending.
const NEEDS_SENDING: u64 = SEND_TTS_MESSAGES | EMBED_LINKS | ATTACH_FILES | MENTION_EVERYONE;

/// One overwrite: what a role or a member is allowed and denied in a channel.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Overwrite {
    /// The role or the user.
    pub id: Snowflake,
    /// Which of the two.
    pub target: OverwriteTarget,
    /// Bits granted.
    pub allow: u64,
    /// Bits taken.
    pub deny: u64,
}

/// Whom an overwrite is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum OverwriteTarget {
    /// A role; `@everyone` has the guild's id.
    Role,
    /// One member.
    Member,
}

/// The facts about one member that the arithmetic needs.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The guild, and so the id of `@everyone`.
    pub guild: Snowflake,
    /// The member.
    pub user: Snowflake,
    /// Owners may do everything.
    pub owner: bool,
    /// In timeout now.
    pub timed_out: bool,
    /// The member's roles without `@everyone`.
    pub roles: Vec<Snowflake>,
    /// `@everyone`'s permissions and those of all the roles.
    pub granted: u64,
}

impl Standing {
    /// Guild-wide permissions.
    pub fn in_guild(&self) -> u64 {
        if self.owner || self.granted & ADMINISTRATOR != 0 {
            return ALL;
        }
        self.after_timeout(self.granted)
    }

    /// Permissions in a channel with these overwrites, before implicit denials.
    pub fn in_channel(&self, overwrites: &[Overwrite]) -> u64 {
        if self.owner || self.granted & ADMINISTRATOR != 0 {
            return ALL;
        }
        let mut permissions = self.granted;
        let find = |target: OverwriteTarget, id: Snowflake| {
            overwrites
                .iter()
                .find(move |o| o.target == target && o.id == id)
        };
        if let Some(everyone) = find(OverwriteTarget::Role, self.guild) {
            permissions = permissions & !everyone.deny | everyone.allow;
        }
        let (mut allow, mut deny) = (0, 0);
        for overwrite in self
            .roles
            .iter()
            .filter_map(|role| find(OverwriteTarget::Role, *role))
        {
            allow |= overwrite.allow;
            deny |= overwrite.deny;
        }
        permissions = permissions & !deny | allow;
        if let Some(own) = find(OverwriteTarget::Member, self.user) {
            permissions = permissions & !own.deny | own.allow;
        }
        self.after_timeout(permissions)
    }

    fn after_timeout(&self, permissions: u64) -> u64 {
        if self.timed_out {
            permissions & TIMED_OUT
        } else {
            permissions
        }
    }
}

/// Takes away what is impossible without seeing the channel or without sending in it.
/// `sending` is the bit that governs there: `SEND_MESSAGES`, or `SEND_MESSAGES_IN_THREADS`.
pub fn implied(permissions: u64, sending: u64) -> u64 {
    if permissions & VIEW_CHANNEL == 0 {
        return 0;
    }
    if permissions & sending == 0 {
        return permissions & !NEEDS_SENDING;
    }
    permissions
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUILD: Snowflake = Snowflake(1);
    const ROLE: Snowflake = Snowflake(2);
    const USER: Snowflake = Snowflake(3);

    fn standing(granted: u64) -> Standing {
        Standing {
            guild: GUILD,
            user: USER,
            owner: false,
            timed_out: false,
            roles: vec![ROLE],
            granted,
        }
    }

    fn role(id: Snowflake, allow: u64, deny: u64) -> Overwrite {
        Overwrite {
            id,
            target: OverwriteTarget::Role,
            allow,
            deny,
        }
    }

    #[test]
    fn a_members_overwrite_beats_a_roles_which_beats_everyones() {
        let overwrites = [
            role(GUILD, 0, SEND_MESSAGES),
            role(ROLE, SEND_MESSAGES, 0),
            Overwrite {
                id: USER,
                target: OverwriteTarget::Member,
                allow: 0,
                deny: SEND_MESSAGES,
            },
        ];
        let member = standing(VIEW_CHANNEL | SEND_MESSAGES);
        assert_eq!(member.in_channel(&overwrites[..1]), VIEW_CHANNEL);
        assert_eq!(
            member.in_channel(&overwrites[..2]),
            VIEW_CHANNEL | SEND_MESSAGES
        );
        assert_eq!(member.in_channel(&overwrites), VIEW_CHANNEL);
    }

    #[test]
    fn nothing_is_possible_in_a_channel_that_cannot_be_seen() {
        assert_eq!(implied(SEND_MESSAGES | ATTACH_FILES, SEND_MESSAGES), 0);
        let silent = implied(VIEW_CHANNEL | ATTACH_FILES | ADD_REACTIONS, SEND_MESSAGES);
        assert_eq!(silent, VIEW_CHANNEL | ADD_REACTIONS);
    }

    #[test]
    fn a_timeout_leaves_reading_only_but_never_binds_an_owner() {
        let mut member = standing(DEFAULT_EVERYONE);
        member.timed_out = true;
        assert_eq!(member.in_guild(), VIEW_CHANNEL | READ_MESSAGE_HISTORY);
        member.owner = true;
        assert_eq!(member.in_guild(), ALL);
    }

    #[test]
    fn an_administrator_passes_every_overwrite() {
        let overwrites = [role(GUILD, 0, ALL)];
        assert_eq!(standing(ADMINISTRATOR).in_channel(&overwrites), ALL);
    }
}
