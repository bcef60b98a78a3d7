//! Discord's JSON as the arithmetic needs it. Everything else is skipped, unknown bits are kept.
//! The Gateway and REST send the same shapes, so ears and facts read them here.

use model::{ChannelId, GuildId, Millis, OverwriteId, Permissions, RoleId, UserId};
use serde::{Deserialize, Deserializer};
use twilight_model::util::Timestamp;

use crate::permissions::{Channel, Guild, Member, Overwrite, OverwriteOf, Role};

/// A guild, of `GET /guilds/{guild_id}`, GUILD_UPDATE or GUILD_CREATE; only the last has channels,
/// threads and members.
#[derive(Debug, Deserialize)]
pub(crate) struct GuildPayload {
    pub(crate) id: GuildId,
    owner_id: UserId,
    roles: Vec<RolePayload>,
    #[serde(default)]
    pub(crate) channels: Vec<ChannelPayload>,
    #[serde(default)]
    pub(crate) threads: Vec<ChannelPayload>,
    #[serde(default)]
    pub(crate) members: Vec<MemberPayload>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RolePayload {
    id: RoleId,
    #[serde(default)]
    name: Box<str>,
    position: i64,
    permissions: Permissions,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ChannelPayload {
    pub(crate) id: ChannelId,
    #[serde(default)]
    pub(crate) guild_id: Option<GuildId>,
    #[serde(default)]
    parent_id: Option<ChannelId>,
    #[serde(rename = "type")]
    kind: u8,
    #[serde(default)]
    name: Option<Box<str>>,
    #[serde(default)]
    permission_overwrites: Vec<OverwritePayload>,
    #[serde(default)]
    thread_metadata: Option<ThreadMetadata>,
}

#[derive(Debug, Deserialize)]
struct ThreadMetadata {
    #[serde(default)]
    archived: bool,
}

#[derive(Debug, Deserialize)]
struct OverwritePayload {
    id: OverwriteId,
    #[serde(rename = "type")]
    kind: u8,
    allow: Permissions,
    deny: Permissions,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MemberPayload {
    pub(crate) user: UserPayload,
    roles: Box<[RoleId]>,
    #[serde(default)]
    communication_disabled_until: Timeout,
}

/// A member's timeout; absent in an update that does not concern it.
#[derive(Debug, Default)]
enum Timeout {
    #[default]
    Unsaid,
    Until(Option<Millis>),
}

#[derive(Debug, Deserialize)]
pub(crate) struct UserPayload {
    pub(crate) id: UserId,
    #[serde(default)]
    bot: bool,
}

impl GuildPayload {
    pub(crate) fn guild(&mut self) -> Guild {
        let mut roles: Vec<Role> = std::mem::take(&mut self.roles)
            .into_iter()
            .map(RolePayload::role)
            .collect();
        roles.sort_unstable_by_key(|role| role.id);
        Guild {
            id: self.id,
            owner: self.owner_id,
            roles,
        }
    }
}

impl RolePayload {
    pub(crate) fn role(self) -> Role {
        Role {
            id: self.id,
            name: self.name,
            position: self.position,
            permissions: self.permissions,
        }
    }
}

impl ChannelPayload {
    pub(crate) fn is_archived(&self) -> bool {
        self.thread_metadata.as_ref().is_some_and(|m| m.archived)
    }

    /// The channel; inside a guild's own payload channels do not repeat the guild's id.
    pub(crate) fn channel(self, of: Option<GuildId>) -> Channel {
        Channel {
            id: self.id,
            guild: self.guild_id.or(of),
            parent: self.parent_id,
            kind: self.kind,
            name: self.name.unwrap_or_default(),
            overwrites: self
                .permission_overwrites
                .into_iter()
                .filter_map(OverwritePayload::overwrite)
                .collect(),
        }
    }
}

impl OverwritePayload {
    /// `None` for a kind that is neither role nor member.
    fn overwrite(self) -> Option<Overwrite> {
        let of = match self.kind {
            0 => OverwriteOf::Role(self.id.cast()),
            1 => OverwriteOf::Member(self.id.cast()),
            _ => return None,
        };
        Some(Overwrite {
            of,
            allow: self.allow,
            deny: self.deny,
        })
    }
}

impl MemberPayload {
    /// The member; what an update leaves out stays as it was in `known`.
    pub(crate) fn member(self, known: Option<&Member>) -> Member {
        Member {
            user: self.user.id,
            is_bot: self.user.bot,
            roles: self.roles,
            timed_out_until: match self.communication_disabled_until {
                Timeout::Until(until) => until,
                Timeout::Unsaid => known.and_then(|member| member.timed_out_until),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Timeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let timestamp: Option<String> = Option::deserialize(deserializer)?;
        Ok(Self::Until(timestamp.as_deref().and_then(millis)))
    }
}

/// Discord's timestamps are ISO 8601; one that is none is no timeout.
fn millis(timestamp: &str) -> Option<Millis> {
    let parsed = Timestamp::parse(timestamp).ok()?;
    Some(parsed.as_micros() / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_keeps_bits_that_have_no_name() {
        let payload: ChannelPayload = serde_json::from_str(
            r#"{"id":"5","type":0,"name":"a","permission_overwrites":[
                {"id":"1","type":0,"allow":"1152921504606846976","deny":"281474976710656"},
                {"id":"1","type":9,"allow":"1","deny":"1"}]}"#,
        )
        .unwrap();
        let channel = payload.channel(model::Id::new(1));
        assert_eq!(channel.overwrites.len(), 1);
        assert_eq!(channel.overwrites[0].allow.bits(), 1 << 60);
        assert_eq!(channel.overwrites[0].deny.bits(), 1 << 48);
    }

    #[test]
    fn an_update_without_a_timeout_keeps_it_and_null_ends_it() {
        let parse = |text: &str| serde_json::from_str::<MemberPayload>(text).unwrap();
        let timed_out = parse(
            r#"{"user":{"id":"7"},"roles":[],
                "communication_disabled_until":"2026-01-01T00:00:00.500000+00:00"}"#,
        )
        .member(None);
        assert_eq!(timed_out.timed_out_until, Some(1_767_225_600_500));
        let kept = parse(r#"{"user":{"id":"7"},"roles":["3"]}"#).member(Some(&timed_out));
        assert_eq!(kept.timed_out_until, timed_out.timed_out_until);
        let ended = parse(r#"{"user":{"id":"7"},"roles":[],"communication_disabled_until":null}"#)
            .member(Some(&timed_out));
        assert_eq!(ended.timed_out_until, None);
    }
}
