//! Where a call would act, and what may be done there: the facts that the gate asks for.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Serialize;

use crate::{
    hands::HandsError,
    id::{ChannelId, GuildId, RoleId, StickerId, UserId, WebhookId},
    permissions::Permissions,
};

/// Where something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// `None` for a DM.
    pub guild_id: Option<GuildId>,
    pub channel_id: Option<ChannelId>,
    /// The parent channel of a thread, or the category of a channel.
    pub parent_id: Option<ChannelId>,
    /// Threads take their overwrites from their parent.
    pub is_thread: bool,
}

/// Whose a sticker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StickerHome {
    /// Discord's own, in a pack that everybody may use.
    Discord,
    Guild(GuildId),
}

/// Somebody who wrote something in a guild.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    pub user: UserId,
    /// Where Discord has just told their roles, so that they need not be looked up.
    pub roles: Option<&'a [RoleId]>,
}

/// How somebody stands to the roles that an operator trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Has one of them, ranks above the lowest of them, or owns the guild.
    Trusted,
    /// A member with lower roles.
    Below,
    /// A bot, whatever its roles are: what it says may be anybody's words.
    Bot,
}

/// Whose rights are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The bot itself.
    Bot,
    /// A member.
    Member(UserId),
}

/// Whom an act is aimed at, where Discord's role hierarchy decides.
/// Source: Discord documentation, *Permissions › Permission Hierarchy*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aim {
    Member(UserId),
    Role(RoleId),
}

/// Something that is missing, said so that a person can act on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lack {
    /// The permission's name, or `ROLE_HIERARCHY`.
    pub permission: String,
    /// What denies it: `denied by the overwrite for @everyone in #announcements`.
    pub because: String,
    /// Who could grant it, and how.
    pub remedy: String,
}

/// Facts about guilds, from the Gateway's cache or, without it, from REST.
/// Unknown is `None`, and the gate takes unknown as no.
#[async_trait]
pub trait Surroundings: Send + Sync {
    /// The bot's own user id.
    async fn bot(&self) -> Result<UserId, HandsError>;

    /// The bot's own user id, if it has been found out already. Never asks Discord.
    fn known_bot(&self) -> Option<UserId> {
        None
    }

    /// Whether the bot is in this guild.
    async fn is_member_of(&self, guild: GuildId) -> Result<bool, HandsError>;

    /// Where a channel or thread is.
    async fn channel(&self, channel: ChannelId) -> Result<Option<Place>, HandsError>;

    /// Where a webhook posts.
    async fn webhook(&self, webhook: WebhookId) -> Result<Option<Place>, HandsError>;

    /// Where an invite leads.
    async fn invite(&self, code: &str) -> Result<Option<Place>, HandsError>;

    /// Whose a sticker is.
    async fn sticker(&self, _: StickerId) -> Result<Option<StickerHome>, HandsError> {
        Ok(None)
    }

    /// How a writer stands to these roles in a guild. `None`: no member, or nobody knows.
    async fn stands(
        &self,
        _: GuildId,
        _: Writer<'_>,
        _: &BTreeSet<RoleId>,
    ) -> Result<Option<Standing>, HandsError> {
        Ok(None)
    }

    /// Which of `needs` the subject lacks there, each with the reason. Empty means entitled.
    /// Without a channel the guild-wide permissions count.
    async fn lacks(
        &self,
        subject: Subject,
        guild: GuildId,
        channel: Option<ChannelId>,
        needs: Permissions,
    ) -> Result<Vec<Lack>, HandsError>;

    /// Why the subject may not act on the aim by hierarchy, or `None` if it may.
    async fn outranked(
        &self,
        subject: Subject,
        guild: GuildId,
        aim: Aim,
    ) -> Result<Option<Lack>, HandsError>;

    /// The roles a user has in a guild, that of everybody included. `None` where nobody knows, and
    /// for whoever is no member there.
    async fn member_roles(
        &self,
        _guild: GuildId,
        _user: UserId,
    ) -> Result<Option<Vec<RoleId>>, HandsError> {
        Ok(None)
    }

    /// Forget what was learned about a guild, because it has just been changed.
    fn forget(&self, guild: GuildId);
}
