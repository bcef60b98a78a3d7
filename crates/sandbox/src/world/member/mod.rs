//! Members of guilds, and how Discord renders them.

pub mod ban;
mod crowd;
mod edit;
mod membership;
pub(crate) mod query;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::clock::iso8601;
use super::user::UserObject;
use crate::snowflake::Snowflake;

/// A user in a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Member {
    pub user_id: Snowflake,
    pub nick: Option<String>,
    /// Without `@everyone`.
    pub roles: BTreeSet<Snowflake>,
    pub joined_ms: u64,
    /// End of the timeout, which may have passed.
    pub timeout_until_ms: Option<u64>,
    pub mute: bool,
    pub deaf: bool,
    pub flags: u64,
}

/// The member object. Borrowed, since a crowd is told by the thousand.
#[derive(Serialize)]
pub(crate) struct MemberObject<'a> {
    avatar: (),
    banner: (),
    communication_disabled_until: Option<String>,
    flags: u64,
    joined_at: String,
    nick: Option<&'a str>,
    pending: bool,
    premium_since: (),
    roles: &'a BTreeSet<Snowflake>,
    mute: bool,
    deaf: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserObject<'a>>,
}

impl Member {
    /// A member without roles.
    pub fn new(user_id: Snowflake, joined_ms: u64) -> Self {
        Self {
            user_id,
            nick: None,
            roles: BTreeSet::new(),
            joined_ms,
            timeout_until_ms: None,
            mute: false,
            deaf: false,
            flags: 0,
        }
    }

    /// The member object without `user`, as messages carry it.
    pub fn partial_payload(&self) -> Value {
        json!(self.object(None))
    }

    fn object<'a>(&'a self, user: Option<UserObject<'a>>) -> MemberObject<'a> {
        MemberObject {
            avatar: (),
            banner: (),
            communication_disabled_until: self.timeout_until_ms.map(iso8601),
            flags: self.flags,
            joined_at: iso8601(self.joined_ms),
            nick: self.nick.as_deref(),
            pending: false,
            premium_since: (),
            roles: &self.roles,
            mute: self.mute,
            deaf: self.deaf,
            user,
        }
    }
}

impl World {
    /// Whether a user is in a guild.
    pub fn is_member(&self, guild: Snowflake, user: Snowflake) -> bool {
        self.guilds
            .get(&guild)
            .is_some_and(|guild| guild.members.contains_key(&user))
    }

    /// The member object with its user.
    pub fn member_payload(&self, guild: Snowflake, user: Snowflake) -> Option<Value> {
        let member = self.guilds.get(&guild)?.members.get(&user)?;
        let mut payload = member.partial_payload();
        payload["user"] = self.user_payload(user);
        Some(payload)
    }
}
