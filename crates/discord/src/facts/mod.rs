//! Facts about guilds for the gate: from the ears' cache where they listen, else read from Discord
//! and remembered for seconds. Unknown is `None`; an error is an error and never becomes a yes.

mod fetch;
mod memo;
mod read;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use model::{
    ChannelId, Clock, GuildId, HandsError, Permissions, Place, RoleId, StickerId, Surroundings,
    UserId, WebhookId,
    place::{Aim, Lack, Standing, StickerHome, Subject, Writer},
};
use tokio::sync::OnceCell;

use crate::{
    cache::Cache,
    permissions::{self, At, Channel, Guild, Member},
};
use memo::Memo;

pub use fetch::{ByReader, Fetch};

/// How long roles, overwrites and members are believed. A change from elsewhere is seen after it.
const FRESH: Duration = Duration::from_secs(10);
/// How long it is believed where a channel is: guilds do not exchange channels.
const PLACE_FRESH: Duration = Duration::from_mins(5);
/// How long a changed guild is looked up by REST although the ears listen: their event about the
/// change may still be on its way.
const CHANGED: Duration = Duration::from_secs(3);
/// Guilds whose change is remembered at once.
const CHANGED_MAX: u64 = 10_000;
/// Discord's invite codes are far shorter.
const INVITE_CODE_MAX: usize = 100;

/// The facts that the gate asks for.
pub struct Facts {
    fetch: Arc<dyn Fetch>,
    cache: Option<Arc<Cache>>,
    clock: Arc<dyn Clock>,
    bot: OnceCell<UserId>,
    guilds: Memo<GuildId, Guild>,
    members: Memo<(GuildId, UserId), Member>,
    channels: Memo<ChannelId, Channel>,
    /// All channels of a guild, those included that the bot cannot see.
    listings: Memo<GuildId, Vec<Channel>>,
    places: Memo<ChannelId, Place>,
    webhooks: Memo<WebhookId, Place>,
    invites: Memo<String, Place>,
    stickers: Memo<StickerId, StickerHome>,
    changed: moka::sync::Cache<GuildId, ()>,
}

impl Facts {
    /// Facts read by `fetch`, and from `cache` where ears feed one.
    pub fn new(fetch: Arc<dyn Fetch>, cache: Option<Arc<Cache>>, clock: Arc<dyn Clock>) -> Self {
        Self {
            fetch,
            cache,
            clock,
            bot: OnceCell::new(),
            guilds: Memo::new(FRESH),
            members: Memo::new(FRESH),
            channels: Memo::new(FRESH),
            listings: Memo::new(FRESH),
            places: Memo::new(PLACE_FRESH),
            webhooks: Memo::new(FRESH),
            invites: Memo::new(FRESH),
            stickers: Memo::new(PLACE_FRESH),
            changed: moka::sync::Cache::builder()
                .max_capacity(CHANGED_MAX)
                .time_to_live(CHANGED)
                .build(),
        }
    }

    async fn guild(&self, id: GuildId) -> Result<Option<Arc<Guild>>, HandsError> {
        if let Some(guild) = self.cache_of(id).and_then(|cache| cache.guild(id)) {
            return Ok(Some(guild));
        }
        self.guilds.get(id, read::guild(&*self.fetch, id)).await
    }

    async fn member(
        &self,
        guild: GuildId,
        user: UserId,
    ) -> Result<Option<Arc<Member>>, HandsError> {
        let cached = self.cache_of(guild).and_then(|c| c.member(guild, user));
        if let Some(member) = cached {
            return Ok(Some(member));
        }
        let fetch = read::member(&*self.fetch, guild, user);
        self.members.get((guild, user), fetch).await
    }

    async fn channel_facts(&self, id: ChannelId) -> Result<Option<Arc<Channel>>, HandsError> {
        let cached = self.cache.as_ref().and_then(|cache| cache.channel(id));
        if let Some(channel) = cached
            && channel
                .guild
                .and_then(|guild| self.cache_of(guild))
                .is_some()
        {
            return Ok(Some(channel));
        }
        self.channels.get(id, read::channel(&*self.fetch, id)).await
    }

    /// A channel of `guild`, even one that the bot may not see: those are only in the listing.
    async fn channel_in(
        &self,
        guild: GuildId,
        id: ChannelId,
    ) -> Result<Option<Arc<Channel>>, HandsError> {
        if let Some(channel) = self.channel_facts(id).await? {
            return Ok((channel.guild == Some(guild)).then_some(channel));
        }
        let fetch = read::channels_of(&*self.fetch, guild);
        let listing = self.listings.get(guild, fetch).await?;
        let hidden = listing
            .as_deref()
            .and_then(|channels| channels.iter().find(|channel| channel.id == id));
        Ok(hidden.cloned().map(Arc::new))
    }

    /// The cache, unless it may not have heard of the latest change of this guild.
    fn cache_of(&self, guild: GuildId) -> Option<&Cache> {
        let cache = self.cache.as_deref()?;
        (!self.changed.contains_key(&guild)).then_some(cache)
    }

    async fn user(&self, subject: Subject) -> Result<UserId, HandsError> {
        match subject {
            Subject::Bot => self.bot().await,
            Subject::Member(user) => Ok(user),
        }
    }

    async fn lacks_in(
        &self,
        subject: Subject,
        guild: &Guild,
        member: &Member,
        channel: Option<ChannelId>,
        needs: Permissions,
    ) -> Result<Vec<Lack>, HandsError> {
        let who = name(subject);
        let explain = |at| permissions::lacks(guild, &who, member, at, needs, self.clock.now_ms());
        let Some(id) = channel else {
            return Ok(explain(At::Guild));
        };
        let Some(channel) = self.channel_in(guild.id, id).await? else {
            let because = format!(
                "channel {id} is not in guild {}, or the bot cannot see it",
                guild.id
            );
            return Ok(all(needs, &because, "check the channel's id"));
        };
        if !channel.is_thread() {
            return Ok(explain(At::Channel(&channel)));
        }
        let parent = match channel.parent {
            Some(parent) => self.channel_in(guild.id, parent).await?,
            None => None,
        };
        Ok(match parent {
            Some(parent) => explain(At::Thread { parent: &parent }),
            None => all(
                needs,
                &format!("the channel of thread {id} is unknown to the bot"),
                "let the bot see that channel",
            ),
        })
    }

    /// The place of a channel that something else named, with its parent where the bot sees it.
    async fn place_of(&self, found: Arc<Place>) -> Result<Place, HandsError> {
        let Some(channel) = found.channel_id else {
            return Ok(*found);
        };
        let place = self.channel(channel).await?;
        Ok(place
            .filter(|place| place.guild_id == found.guild_id)
            .unwrap_or(*found))
    }
}

#[async_trait]
impl Surroundings for Facts {
    async fn bot(&self) -> Result<UserId, HandsError> {
        if let Some(bot) = self.known_bot() {
            return Ok(bot);
        }
        let bot = self.bot.get_or_try_init(|| read::bot(&*self.fetch)).await?;
        Ok(*bot)
    }

    fn known_bot(&self) -> Option<UserId> {
        let heard = self.cache.as_ref().and_then(|cache| cache.bot());
        heard.or_else(|| self.bot.get().copied())
    }

    async fn is_member_of(&self, guild: GuildId) -> Result<bool, HandsError> {
        Ok(self.guild(guild).await?.is_some())
    }

    async fn channel(&self, channel: ChannelId) -> Result<Option<Place>, HandsError> {
        let cached = self.cache.as_ref().and_then(|cache| cache.channel(channel));
        if let Some(channel) = cached {
            return Ok(Some(place(&channel)));
        }
        let fetch = async {
            let found = self.channel_facts(channel).await?;
            Ok(found.as_deref().map(place))
        };
        let found = self.places.get(channel, fetch).await?;
        Ok(found.as_deref().copied())
    }

    async fn webhook(&self, webhook: WebhookId) -> Result<Option<Place>, HandsError> {
        let fetch = read::webhook(&*self.fetch, webhook);
        match self.webhooks.get(webhook, fetch).await? {
            Some(found) => self.place_of(found).await.map(Some),
            None => Ok(None),
        }
    }

    async fn invite(&self, code: &str) -> Result<Option<Place>, HandsError> {
        if code.len() > INVITE_CODE_MAX {
            return Ok(None);
        }
        let fetch = read::invite(&*self.fetch, code);
        match self.invites.get(code.to_owned(), fetch).await? {
            Some(found) => self.place_of(found).await.map(Some),
            None => Ok(None),
        }
    }

    async fn sticker(&self, sticker: StickerId) -> Result<Option<StickerHome>, HandsError> {
        let fetch = read::sticker(&*self.fetch, sticker);
        let found = self.stickers.get(sticker, fetch).await?;
        Ok(found.as_deref().copied())
    }

    async fn stands(
        &self,
        guild: GuildId,
        writer: Writer<'_>,
        trusted: &BTreeSet<RoleId>,
    ) -> Result<Option<Standing>, HandsError> {
        let Some(found) = self.guild(guild).await? else {
            return Ok(None);
        };
        if let Some(roles) = writer.roles {
            let member = Member {
                user: writer.user,
                roles: roles.into(),
                timed_out_until: None,
                is_bot: false,
            };
            return Ok(Some(permissions::stands(&found, &member, trusted)));
        }
        let member = self.member(guild, writer.user).await?;
        Ok(member.map(|member| permissions::stands(&found, &member, trusted)))
    }

    async fn lacks(
        &self,
        subject: Subject,
        guild: GuildId,
        channel: Option<ChannelId>,
        needs: Permissions,
    ) -> Result<Vec<Lack>, HandsError> {
        if needs.is_empty() && channel.is_none() {
            return Ok(Vec::new());
        }
        let user = self.user(subject).await?;
        let (found, member) = tokio::try_join!(self.guild(guild), self.member(guild, user))?;
        let Some(found) = found else {
            return Ok(all(needs, &not_in(guild), INVITE_THE_BOT));
        };
        let Some(member) = member else {
            let because = format!("{} is not a member of guild {guild}", name(subject));
            return Ok(all(needs, &because, "only members have permissions"));
        };
        self.lacks_in(subject, &found, &member, channel, needs)
            .await
    }

    async fn outranked(
        &self,
        subject: Subject,
        guild: GuildId,
        aim: Aim,
    ) -> Result<Option<Lack>, HandsError> {
        let user = self.user(subject).await?;
        let (found, actor) = tokio::try_join!(self.guild(guild), self.member(guild, user))?;
        let Some(found) = found else {
            return Ok(Some(hierarchy(not_in(guild), INVITE_THE_BOT)));
        };
        let who = name(subject);
        let Some(actor) = actor else {
            let because = format!("{who} is not a member of guild {guild}");
            return Ok(Some(hierarchy(because, "only members can act there")));
        };
        Ok(match aim {
            // Whoever is no member has no rank, and can be banned beforehand.
            Aim::Member(target) => self
                .member(guild, target)
                .await?
                .and_then(|target| permissions::outranked_by_member(&found, &who, &actor, &target)),
            Aim::Role(role) => match found.role(role) {
                Some(role) => permissions::outranked_by_role(&found, &who, &actor, role),
                None => Some(hierarchy(
                    format!("guild {guild} has no role {role}"),
                    "check the role's id",
                )),
            },
        })
    }

    async fn member_roles(
        &self,
        guild: GuildId,
        user: UserId,
    ) -> Result<Option<Vec<RoleId>>, HandsError> {
        let member = self.member(guild, user).await?;
        Ok(member.map(|member| {
            // Everybody's role has the id of its guild, and is in nobody's list.
            let everyone = RoleId::new(guild.get());
            member.roles.iter().copied().chain(everyone).collect()
        }))
    }

    fn forget(&self, guild: GuildId) {
        self.changed.insert(guild, ());
        self.guilds.forget(|id, _| *id == guild);
        self.listings.forget(|id, _| *id == guild);
        self.members.forget(|(of, _), _| *of == guild);
        // What was not found may have been made just now.
        let inside = |of: Option<GuildId>| of == Some(guild);
        let place = |place: Option<&Place>| place.is_none_or(|place| inside(place.guild_id));
        self.channels
            .forget(|_, channel| channel.is_none_or(|channel| inside(channel.guild)));
        self.places.forget(|_, found| place(found));
        self.webhooks.forget(|_, found| place(found));
        self.invites.forget(|_, found| place(found));
    }
}

const INVITE_THE_BOT: &str = "invite the bot to that guild, or check the guild's id";

fn not_in(guild: GuildId) -> String {
    format!("the bot is not in guild {guild}")
}

fn name(subject: Subject) -> String {
    match subject {
        Subject::Bot => "the bot".to_owned(),
        Subject::Member(user) => format!("user {user}"),
    }
}

fn place(channel: &Channel) -> Place {
    Place {
        guild_id: channel.guild,
        channel_id: Some(channel.id),
        parent_id: channel.parent,
        is_thread: channel.is_thread(),
    }
}

/// Every need is lacking, for one reason. Where nothing was needed, being there was.
fn all(needs: Permissions, because: &str, remedy: &str) -> Vec<Lack> {
    let needs = if needs.is_empty() {
        Permissions::VIEW_CHANNEL
    } else {
        needs
    };
    let lack = |permission| Lack {
        permission,
        because: because.to_owned(),
        remedy: remedy.to_owned(),
    };
    needs.names().into_iter().map(lack).collect()
}

fn hierarchy(because: String, remedy: &str) -> Lack {
    Lack {
        permission: "ROLE_HIERARCHY".to_owned(),
        because,
        remedy: remedy.to_owned(),
    }
}
