//! The arithmetic: from roles and overwrites to the permissions that are in force.

use model::{Millis, Permissions};

use super::{Channel, Guild, Member, Overwrite, OverwriteOf};

/// Where permissions are asked about.
#[derive(Debug, Clone, Copy)]
pub enum At<'a> {
    /// In the guild as a whole.
    Guild,
    /// In a channel with overwrites of its own.
    Channel(&'a Channel),
    /// In a thread, which follows the overwrites of its parent.
    Thread { parent: &'a Channel },
}

/// All that a timeout leaves. Source: *Permissions › Permissions for Timed Out Members*.
const LEFT_BY_TIMEOUT: Permissions =
    Permissions::VIEW_CHANNEL.union(Permissions::READ_MESSAGE_HISTORY);

/// What nobody can do who cannot send. The first four are documented
/// (*Permissions › Implicit Permissions*), the others are ways of sending as well.
pub(super) const NEEDS_SENDING: Permissions = Permissions::MENTION_EVERYONE
    .union(Permissions::SEND_TTS_MESSAGES)
    .union(Permissions::ATTACH_FILES)
    .union(Permissions::EMBED_LINKS)
    .union(Permissions::SEND_VOICE_MESSAGES)
    .union(Permissions::SEND_POLLS);

/// Bits without a constant in `model`: PRIORITY_SPEAKER, USE_VAD, REQUEST_TO_SPEAK,
/// USE_SOUNDBOARD, USE_EXTERNAL_SOUNDS.
const MORE_VOICE: Permissions =
    Permissions::from_bits(1 << 8 | 1 << 25 | 1 << 32 | 1 << 42 | 1 << 45);

/// What nobody can do in a voice or stage channel who cannot connect; the channel's own text
/// chat is not among it. Source: *Permissions › Implicit Permissions*.
pub(super) const NEEDS_CONNECTING: Permissions = Permissions::SPEAK
    .union(Permissions::STREAM)
    .union(Permissions::MUTE_MEMBERS)
    .union(Permissions::DEAFEN_MEMBERS)
    .union(Permissions::MOVE_MEMBERS)
    .union(Permissions::SET_VOICE_CHANNEL_STATUS)
    .union(Permissions::MANAGE_CHANNELS)
    .union(MORE_VOICE);

impl<'a> At<'a> {
    /// The channel whose overwrites count.
    pub(super) fn overwritten(self) -> Option<&'a Channel> {
        match self {
            Self::Guild => None,
            Self::Channel(channel) | Self::Thread { parent: channel } => Some(channel),
        }
    }

    /// The permission that decides about sending.
    pub(super) fn sending(self) -> Permissions {
        match self {
            Self::Thread { .. } => Permissions::SEND_MESSAGES_IN_THREADS,
            Self::Guild | Self::Channel(_) => Permissions::SEND_MESSAGES,
        }
    }
}

/// What `member` may do there at the time `now`.
///
/// In a thread SEND_MESSAGES is held by whoever holds SEND_MESSAGES_IN_THREADS, which governs
/// there, so that a caller may ask for either. Source: *Threads › Permissions*.
pub fn effective(guild: &Guild, member: &Member, at: At<'_>, now: Millis) -> Permissions {
    if may_everything(guild, member) {
        return Permissions::all_named() | granted(guild, member);
    }
    let mut held = written(guild, member, at);
    if member.is_timed_out(now) {
        held = held & LEFT_BY_TIMEOUT;
    }
    match at.overwritten() {
        Some(channel) => implied(held, at, channel),
        None => held,
    }
}

/// Owners and administrators: neither overwrites nor timeouts hold them.
pub(super) fn may_everything(guild: &Guild, member: &Member) -> bool {
    member.user == guild.owner || granted(guild, member).contains(Permissions::ADMINISTRATOR)
}

/// Whether a timeout takes `permission` away.
pub(super) fn lost_by_timeout(permission: Permissions) -> bool {
    (permission & LEFT_BY_TIMEOUT).is_empty()
}

/// What the member's roles grant in the guild.
pub(super) fn granted(guild: &Guild, member: &Member) -> Permissions {
    guild
        .roles_of(member)
        .fold(Permissions::NONE, |held, role| held | role.permissions)
}

/// What roles and overwrites say, before anything follows from it.
pub(super) fn written(guild: &Guild, member: &Member, at: At<'_>) -> Permissions {
    let held = granted(guild, member);
    match at.overwritten() {
        Some(channel) => layers(guild, member, &channel.overwrites)
            .into_iter()
            .fold(held, |held, layer| held.without(layer.deny) | layer.allow),
        None => held,
    }
}

/// What one layer of overwrites adds and takes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Layer {
    pub(super) allow: Permissions,
    pub(super) deny: Permissions,
}

/// The three layers in the order in which Discord applies them: `@everyone`, the member's roles
/// together, the member.
pub(super) fn layers(guild: &Guild, member: &Member, overwrites: &[Overwrite]) -> [Layer; 3] {
    let mut layers = [Layer::default(); 3];
    for overwrite in overwrites {
        let index = match overwrite.of {
            OverwriteOf::Role(role) if role == guild.id.cast() => 0,
            OverwriteOf::Role(role) if member.roles.contains(&role) => 1,
            OverwriteOf::Member(user) if user == member.user => 2,
            OverwriteOf::Role(_) | OverwriteOf::Member(_) => continue,
        };
        layers[index].allow = layers[index].allow | overwrite.allow;
        layers[index].deny = layers[index].deny | overwrite.deny;
    }
    layers
}

fn implied(held: Permissions, at: At<'_>, channel: &Channel) -> Permissions {
    if !held.contains(Permissions::VIEW_CHANNEL) {
        return Permissions::NONE;
    }
    let mut held = held;
    if matches!(at, At::Thread { .. }) {
        held = held.without(Permissions::SEND_MESSAGES);
        if held.contains(Permissions::SEND_MESSAGES_IN_THREADS) {
            held = held | Permissions::SEND_MESSAGES;
        }
    }
    if !held.contains(at.sending()) {
        held = held.without(NEEDS_SENDING);
    }
    if channel.is_voice() && !held.contains(Permissions::CONNECT) {
        held = held.without(NEEDS_CONNECTING);
    }
    held
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{BOT, OWNER, channel, guild, member, of_member, of_role, role};
    use super::*;
    use proptest::prelude::*;

    const TALK: Permissions = Permissions::VIEW_CHANNEL
        .union(Permissions::SEND_MESSAGES)
        .union(Permissions::ATTACH_FILES)
        .union(Permissions::ADD_REACTIONS);

    #[test]
    fn a_channel_that_cannot_be_seen_allows_nothing() {
        let guild = guild(TALK, vec![]);
        let hidden = of_role(100, Permissions::NONE, Permissions::VIEW_CHANNEL);
        let secret = channel(0, "secret", vec![hidden]);
        assert!(effective(&guild, &member(BOT, &[]), At::Channel(&secret), 0).is_empty());
    }

    #[test]
    fn who_cannot_send_cannot_attach_but_may_react() {
        let guild = guild(TALK, vec![]);
        let quiet = of_role(100, Permissions::NONE, Permissions::SEND_MESSAGES);
        let rules = channel(0, "rules", vec![quiet]);
        assert_eq!(
            effective(&guild, &member(BOT, &[]), At::Channel(&rules), 0),
            Permissions::VIEW_CHANNEL | Permissions::ADD_REACTIONS
        );
    }

    #[test]
    fn in_threads_another_permission_governs_sending() {
        let guild = guild(TALK | Permissions::SEND_MESSAGES_IN_THREADS, vec![]);
        let quiet = of_role(100, Permissions::NONE, Permissions::SEND_MESSAGES);
        let parent = channel(0, "rules", vec![quiet]);
        let held = effective(&guild, &member(BOT, &[]), At::Thread { parent: &parent }, 0);
        assert!(held.contains(Permissions::SEND_MESSAGES | Permissions::ATTACH_FILES));

        let closed = of_role(
            100,
            Permissions::NONE,
            Permissions::SEND_MESSAGES_IN_THREADS,
        );
        let parent = channel(0, "general", vec![closed]);
        let held = effective(&guild, &member(BOT, &[]), At::Thread { parent: &parent }, 0);
        assert!(!held.contains(Permissions::SEND_MESSAGES));
        assert!(!held.contains(Permissions::ATTACH_FILES));
    }

    #[test]
    fn text_in_voice_survives_where_connecting_is_denied() {
        let guild = guild(TALK | Permissions::CONNECT | Permissions::SPEAK, vec![]);
        let closed = of_role(100, Permissions::NONE, Permissions::CONNECT);
        let voice = channel(2, "lounge", vec![closed]);
        assert_eq!(
            effective(&guild, &member(BOT, &[]), At::Channel(&voice), 0),
            TALK
        );
    }

    #[test]
    fn a_timeout_leaves_looking_and_spares_owner_and_administrators() {
        let guild = guild(
            TALK | Permissions::READ_MESSAGE_HISTORY,
            vec![role(7, "admin", 1, Permissions::ADMINISTRATOR)],
        );
        let timed_out = |user, roles: &[u64]| Member {
            timed_out_until: Some(1_000),
            ..member(user, roles)
        };
        let held = effective(&guild, &timed_out(BOT, &[]), At::Guild, 999);
        assert_eq!(held, LEFT_BY_TIMEOUT);
        assert!(effective(&guild, &timed_out(BOT, &[]), At::Guild, 1_000).contains(TALK));
        for exempt in [timed_out(OWNER, &[]), timed_out(BOT, &[7])] {
            assert!(effective(&guild, &exempt, At::Guild, 999).contains(TALK));
        }
    }

    #[test]
    fn a_bit_without_a_name_counts_like_any_other() {
        let unknown = Permissions::from_bits(1 << 60);
        let guild = guild(TALK, vec![]);
        let granted = channel(0, "new", vec![of_member(BOT, unknown, Permissions::NONE)]);
        assert!(effective(&guild, &member(BOT, &[]), At::Channel(&granted), 0).contains(unknown));
    }

    /// The pseudo-code of *Permissions › Permission Overwrites*, written out.
    fn documented(guild: &Guild, member: &Member, channel: &Channel) -> u64 {
        let role = |id| guild.role(id).map_or(0, |role| role.permissions.bits());
        let overwrite = |of| channel.overwrites.iter().find(|o| o.of == of);
        if guild.owner == member.user {
            return u64::MAX;
        }
        let mut permissions = role(guild.id.cast());
        for id in &member.roles {
            permissions |= role(*id);
        }
        if permissions & 8 == 8 {
            return u64::MAX;
        }
        if let Some(everyone) = overwrite(OverwriteOf::Role(guild.id.cast())) {
            permissions &= !everyone.deny.bits();
            permissions |= everyone.allow.bits();
        }
        let (mut allow, mut deny) = (0, 0);
        for id in &member.roles {
            if let Some(one) = overwrite(OverwriteOf::Role(*id)) {
                allow |= one.allow.bits();
                deny |= one.deny.bits();
            }
        }
        permissions &= !deny;
        permissions |= allow;
        if let Some(own) = overwrite(OverwriteOf::Member(member.user)) {
            permissions &= !own.deny.bits();
            permissions |= own.allow.bits();
        }
        permissions
    }

    fn bits() -> impl Strategy<Value = Permissions> {
        // Any bit may be there, the few that decide often.
        (
            any::<u64>(),
            any::<u64>(),
            prop::bits::u64::masked(0x40_0010_0C08),
        )
            .prop_map(|(a, b, often)| Permissions::from_bits(a & b & !8 | often))
    }

    fn member_of_four() -> impl Strategy<Value = Member> {
        (
            1..4u64,
            prop::sample::subsequence(vec![10, 11, 12, 13], 0..=4),
        )
            .prop_map(|(user, roles)| member(user, &roles))
    }

    proptest! {
        #[test]
        fn roles_and_overwrites_follow_the_documented_pseudo_code(
            everyone in bits(),
            of_roles in prop::collection::vec(bits(), 3),
            overwrites in prop::collection::vec((prop::sample::select(vec![100, 10, 11, 12, 13, 1, 2, 3]), bits(), bits()), 0..8),
            member in member_of_four(),
        ) {
            let roles = (10..).zip(of_roles).map(|(id, held)| role(id, "r", 1, held)).collect();
            let guild = guild(everyone, roles);
            let mut overwrites: Vec<_> = overwrites
                .into_iter()
                .map(|(id, allow, deny)| match id {
                    1..=3 => of_member(id, allow, deny),
                    _ => of_role(id, allow, deny),
                })
                .collect();
            overwrites.dedup_by_key(|o| o.of);
            let mut seen = Vec::new();
            overwrites.retain(|o| {
                let new = !seen.contains(&o.of);
                seen.push(o.of);
                new
            });
            let channel = channel(0, "c", overwrites);
            let expected = documented(&guild, &member, &channel);
            let at = At::Channel(&channel);
            if expected == u64::MAX {
                prop_assert!(may_everything(&guild, &member));
                prop_assert!(effective(&guild, &member, at, 0).contains(Permissions::all_named()));
            } else {
                prop_assert_eq!(written(&guild, &member, at).bits(), expected);
                // What follows only ever takes away, and without seeing nothing is left.
                let held = effective(&guild, &member, at, 0);
                prop_assert_eq!(held.bits() & !expected, 0);
                let sees = expected & Permissions::VIEW_CHANNEL.bits() != 0;
                prop_assert_eq!(held.is_empty(), !sees);
            }
        }

        #[test]
        fn whatever_is_missing_is_explained_and_nothing_else(
            everyone in bits(),
            of_roles in prop::collection::vec(bits(), 3),
            overwrites in prop::collection::vec(
                (prop::sample::select(vec![100, 10, 11, 12, 1, 2, 3]), bits(), bits()), 0..6),
            member in member_of_four(),
            timeout in prop::option::of(prop::sample::select(vec![-1, 60_000])),
            (kind, thread) in prop::sample::select(vec![(0, false), (0, true), (2, false)]),
        ) {
            let roles = (10..).zip(of_roles).map(|(id, held)| role(id, "r", 1, held)).collect();
            let guild = guild(everyone, roles);
            let overwrites = overwrites.into_iter().map(|(id, allow, deny)| match id {
                1..=3 => of_member(id, allow, deny),
                _ => of_role(id, allow, deny),
            });
            let channel = channel(kind, "c", overwrites.collect());
            let member = Member { timed_out_until: timeout, ..member };
            let at = if thread {
                At::Thread { parent: &channel }
            } else {
                At::Channel(&channel)
            };
            let missing = Permissions::all_named().without(effective(&guild, &member, at, 0));
            let mut expected = missing;
            if thread {
                expected = expected.without(Permissions::SEND_MESSAGES);
            }
            let explained: Vec<String> =
                super::super::lacks(&guild, "m", &member, at, Permissions::all_named(), 0)
                    .into_iter()
                    .map(|lack| lack.permission)
                    .collect();
            let mut sorted = (explained.clone(), expected.names());
            sorted.0.sort();
            sorted.1.sort();
            prop_assert_eq!(sorted.0, sorted.1);
        }
    }
}
