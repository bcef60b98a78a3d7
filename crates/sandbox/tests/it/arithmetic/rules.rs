//! What the libraries leave to their callers, rule by rule, so that all else must be equal to the
//! last bit.

use sandbox::permissions::{
    ADMINISTRATOR, ALL, CONNECT, MANAGE_CHANNELS, MANAGE_ROLES, MANAGE_THREADS,
    READ_MESSAGE_HISTORY, SEND_MESSAGES, SEND_MESSAGES_IN_THREADS, VIEW_CHANNEL, implied,
};
use sandbox::world::ChannelKind;

/// What discord.py calls the permissions of voice: 8, 9, 20 to 25, 39, 42, 45 and 48.
const VOICE: u64 = 1 << 8 | 1 << 9 | 0b11_1111 << 20 | 1 << 39 | 1 << 42 | 1 << 45 | 1 << 48;
/// Permissions that a channel cannot take for discord.py: those of the guild as a whole, and one
/// that it forgets.
const GUILD_WIDE: u64 = 1 << 1 // KICK_MEMBERS
    | 1 << 2 // BAN_MEMBERS
    | ADMINISTRATOR
    | 1 << 5 // MANAGE_GUILD
    | 1 << 7 // VIEW_AUDIT_LOG
    | 1 << 19 // VIEW_GUILD_INSIGHTS
    | 0b11 << 26 // CHANGE_NICKNAME, MANAGE_NICKNAMES
    | 1 << 30 // MANAGE_EXPRESSIONS
    | 1 << 33 // MANAGE_EVENTS
    | 1 << 40 // MODERATE_MEMBERS
    | 1 << 41 // VIEW_CREATOR_MONETIZATION_ANALYTICS
    | 0b11 << 43 // CREATE_EXPRESSIONS, CREATE_EVENTS
    | 1 << 48; // SET_VOICE_CHANNEL_STATUS, forgotten

/// Where a right is asked for.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) kind: ChannelKind,
    /// Whether whoever asks is a member of the thread.
    pub(super) inside: bool,
}

impl Place {
    fn sending(self) -> u64 {
        if self.kind.is_thread() {
            SEND_MESSAGES_IN_THREADS
        } else {
            SEND_MESSAGES
        }
    }
}

/// discord.js answers an administrator's bits by `has`, not by the bits, and leaves timeouts to
/// its callers (`isCommunicationDisabled`).
pub(super) fn of_discord_js(bits: u64, silenced: bool) -> u64 {
    if bits & ADMINISTRATOR != 0 {
        return ALL;
    }
    if silenced {
        return bits & (VIEW_CHANNEL | READ_MESSAGE_HISTORY);
    }
    bits
}

/// discord.js leaves to its callers what cannot be done unseen, silently or unconnected, and who
/// is in a private thread.
pub(super) fn of_discord_js_in(place: Place, bits: u64, silenced: bool) -> u64 {
    let bits = implied(of_discord_js(bits, silenced), place.sending());
    private(place, unconnected(place, bits))
}

/// discord.py takes unseen channels' own rights, but keeps the guild's.
pub(super) fn of_discord_py_in(place: Place, bits: u64) -> u64 {
    let bits = match place.kind {
        // It leaves a category's to its callers.
        ChannelKind::Category => implied(bits, place.sending()),
        _ if bits & VIEW_CHANNEL == 0 => {
            assert_eq!(bits & !GUILD_WIDE, 0, "unseen, and yet {bits:b}");
            0
        }
        _ => bits,
    };
    if place.kind.is_voice() && bits & CONNECT == 0 {
        assert_eq!(bits & (VOICE | MANAGE_CHANNELS | MANAGE_ROLES), 0);
    }
    private(place, unconnected(place, bits))
}

/// The bits for which discord.py answers there: none of voice where nobody speaks.
pub(super) fn judged_by_discord_py(place: Place) -> u64 {
    match place.kind {
        ChannelKind::Text | ChannelKind::Announcement | ChannelKind::Forum | ChannelKind::Media => {
            ALL & !VOICE
        }
        _ => ALL,
    }
}

/// The text of a voice channel is hidden from those who cannot connect; discord.js says nothing
/// of it, and discord.py takes the rights of voice only.
fn unconnected(place: Place, bits: u64) -> u64 {
    if place.kind.is_voice() && bits & CONNECT == 0 {
        return bits & VIEW_CHANNEL;
    }
    bits
}

/// Neither library asks who is in a private thread.
fn private(place: Place, bits: u64) -> u64 {
    if place.kind == ChannelKind::PrivateThread && !place.inside && bits & MANAGE_THREADS == 0 {
        return 0;
    }
    bits
}
