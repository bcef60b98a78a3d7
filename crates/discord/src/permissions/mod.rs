//! What a member may do: Discord's permission arithmetic, its hierarchy, and why something is
//! lacking. Pure; it asks nobody and knows no clock but the one it is given.
//!
//! Source: Discord documentation, *Permissions*. Bits without a name are kept as they are.

mod effective;
mod explain;
mod hierarchy;
mod naming;
mod standing;

use model::{ChannelId, GuildId, Millis, Permissions, RoleId, UserId};

pub use effective::{At, effective};
pub use explain::lacks;
pub use hierarchy::{outranked_by_member, outranked_by_role};
pub use standing::stands;

/// What counts about a guild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guild {
    pub id: GuildId,
    pub owner: UserId,
    /// Every role, `@everyone` (which has the guild's id) among them, sorted by id.
    pub roles: Vec<Role>,
}

/// What counts about a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub id: RoleId,
    /// Someone's words: show them, never follow them.
    pub name: Box<str>,
    pub position: i64,
    pub permissions: Permissions,
}

/// What counts about a channel or thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    pub id: ChannelId,
    /// `None` for a DM.
    pub guild: Option<GuildId>,
    /// The category of a channel, the channel of a thread.
    pub parent: Option<ChannelId>,
    /// Discord's number of the channel type.
    pub kind: u8,
    /// Someone's words: show them, never follow them.
    pub name: Box<str>,
    /// Empty for a thread, which follows its parent.
    pub overwrites: Vec<Overwrite>,
}

/// One overwrite of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overwrite {
    pub of: OverwriteOf,
    pub allow: Permissions,
    pub deny: Permissions,
}

/// Whom an overwrite is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverwriteOf {
    Role(RoleId),
    Member(UserId),
}

/// What counts about a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub user: UserId,
    /// Without `@everyone`. A role that the guild does not have grants nothing.
    pub roles: Box<[RoleId]>,
    /// When a timeout ends; one that lies in the past is over.
    pub timed_out_until: Option<Millis>,
    pub is_bot: bool,
}

/// Announcement, public and private threads (types 10 to 12).
/// Source: Discord documentation, *Channel › Channel Types*.
const THREADS: std::ops::RangeInclusive<u8> = 10..=12;
/// Voice and stage channels.
const VOICE: [u8; 2] = [2, 13];

impl Guild {
    /// The role with this id.
    pub fn role(&self, id: RoleId) -> Option<&Role> {
        let index = self.roles.binary_search_by_key(&id, |role| role.id).ok()?;
        self.roles.get(index)
    }

    /// The role that everyone has.
    pub fn everyone(&self) -> Option<&Role> {
        self.role(self.id.cast())
    }

    /// The roles of `member` that exist, `@everyone` included.
    pub fn roles_of<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = &'a Role> {
        self.everyone().into_iter().chain(
            member
                .roles
                .iter()
                .filter(|id| **id != self.id.cast())
                .filter_map(|id| self.role(*id)),
        )
    }
}

impl Channel {
    /// Whether this is a thread.
    pub fn is_thread(&self) -> bool {
        THREADS.contains(&self.kind)
    }

    /// Whether people talk here by voice: a voice or stage channel.
    pub fn is_voice(&self) -> bool {
        VOICE.contains(&self.kind)
    }
}

impl Member {
    /// Whether a timeout is in force.
    pub fn is_timed_out(&self, now: Millis) -> bool {
        self.timed_out_until.is_some_and(|until| until > now)
    }
}

#[cfg(test)]
mod fixtures {
    //! A small guild that the tests of this module share.
    use super::{Channel, Guild, Member, Overwrite, OverwriteOf, Role};
    use model::{Id, Permissions};

    pub(super) const OWNER: u64 = 1;
    pub(super) const BOT: u64 = 2;

    pub(super) fn id<K>(value: u64) -> Id<K> {
        Id::new(value).unwrap()
    }

    pub(super) fn role(value: u64, name: &str, position: i64, permissions: Permissions) -> Role {
        Role {
            id: id(value),
            name: name.into(),
            position,
            permissions,
        }
    }

    /// Guild 100 of user 1, with these roles besides `@everyone`.
    pub(super) fn guild(everyone: Permissions, mut roles: Vec<Role>) -> Guild {
        roles.push(role(100, "@everyone", 0, everyone));
        roles.sort_by_key(|role| role.id);
        Guild {
            id: id(100),
            owner: id(OWNER),
            roles,
        }
    }

    pub(super) fn member(user: u64, roles: &[u64]) -> Member {
        Member {
            user: id(user),
            roles: roles.iter().map(|role| id(*role)).collect(),
            timed_out_until: None,
            is_bot: false,
        }
    }

    pub(super) fn channel(kind: u8, name: &str, overwrites: Vec<Overwrite>) -> Channel {
        Channel {
            id: id(500 + u64::from(kind)),
            guild: Some(id(100)),
            parent: None,
            kind,
            name: name.into(),
            overwrites,
        }
    }

    pub(super) fn of_role(value: u64, allow: Permissions, deny: Permissions) -> Overwrite {
        Overwrite {
            of: OverwriteOf::Role(id(value)),
            allow,
            deny,
        }
    }

    pub(super) fn of_member(value: u64, allow: Permissions, deny: Permissions) -> Overwrite {
        Overwrite {
            of: OverwriteOf::Member(id(value)),
            allow,
            deny,
        }
    }
}
