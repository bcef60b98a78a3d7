//! Which rules a message of a person trips.

use super::keyword::{Match, allowed_spans, find_word};
use super::{Effect, Rule, Trigger, preset};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::message::{Message, mention};
use crate::world::{Answer, Guild, Refusal, World};

/// Spam and raids are judged by what was said within this time.
const RECENT_MS: u64 = 60 * 1_000;
/// So many equal messages of one author within that time are spam: a stand-in for Discord's
/// model, which nobody outside can reproduce.
const SPAM_REPEATS: usize = 4;
/// So many mentions by all members together within that time are a raid.
const RAID_MENTIONS: usize = 50;

/// A message that tripped rules, and what is left to be done once it is sent.
#[derive(Debug, Default)]
pub(crate) struct Screened {
    pub(super) content: String,
    pub(super) hits: Vec<Hit>,
}

/// One rule that was tripped.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    pub(super) rule: Rule,
    pub(super) found: Match,
}

impl World {
    /// Refuses what a rule blocks (200000); answers what the others shall do once it is sent.
    pub(crate) fn screen_message(
        &mut self,
        author: Snowflake,
        channel: Snowflake,
        content: &str,
    ) -> Answer<Screened> {
        let text = "Message was blocked by automatic moderation";
        self.screen(author, channel, content, 200_000, text)
    }

    /// The same for the title of a thread (200001).
    pub(crate) fn screen_title(
        &mut self,
        author: Snowflake,
        channel: Snowflake,
        title: &str,
    ) -> Answer<()> {
        let text = "Title was blocked by automatic moderation";
        let screened = self.screen(author, channel, title, 200_001, text)?;
        self.act_on(author, channel, None, &screened);
        Ok(())
    }

    fn screen(
        &mut self,
        author: Snowflake,
        channel: Snowflake,
        content: &str,
        code: u32,
        text: &str,
    ) -> Answer<Screened> {
        let hits = self.tripped(author, channel, content);
        let screened = Screened {
            content: content.to_owned(),
            hits,
        };
        let blocking = screened.hits.iter().flat_map(|hit| &hit.rule.effects);
        let mut blocking = blocking.filter_map(|effect| match effect {
            Effect::Block { message } => Some(message.clone()),
            _ => None,
        });
        let Some(custom) = blocking.next() else {
            return Ok(screened);
        };
        drop(blocking);
        self.act_on(author, channel, None, &screened);
        let mut refusal = Refusal::new(400, code, text);
        if let Some(custom) = custom {
            let named = Refusal::field("content", "AUTO_MODERATION_CUSTOM_MESSAGE", &custom);
            refusal.errors = named.errors;
        }
        Err(refusal)
    }

    /// The rules that a text trips. Bots, and members who may manage the guild, are exempt.
    fn tripped(&self, author: Snowflake, channel: Snowflake, content: &str) -> Vec<Hit> {
        let Some(guild) = self.guild_of(channel).and_then(|id| self.guilds.get(&id)) else {
            return Vec::new();
        };
        if guild.automod.is_empty() || self.is_above_rules(guild, author) {
            return Vec::new();
        }
        let parent = self.channels.get(&channel).and_then(|it| it.parent_id);
        let applies = |rule: &&Rule| {
            rule.enabled
                && !has_exempt_role(guild, author, rule)
                && !rule.exempt_channels.contains(&channel)
                && parent.is_none_or(|parent| !rule.exempt_channels.contains(&parent))
        };
        let rules = guild.automod.values().filter(applies);
        rules
            .filter_map(|rule| {
                let found = self.trips(guild, author, content, rule)?;
                let rule = rule.clone();
                Some(Hit { rule, found })
            })
            .collect()
    }

    pub(super) fn is_above_rules(&self, guild: &Guild, user: Snowflake) -> bool {
        self.users.get(&user).is_none_or(|user| user.bot)
            || self.permissions_in_guild(guild.id, user) & bits::MANAGE_GUILD != 0
    }

    fn trips(&self, guild: &Guild, author: Snowflake, content: &str, rule: &Rule) -> Option<Match> {
        let whole = || Match {
            keyword: None,
            content: content.to_owned(),
        };
        match &rule.trigger {
            Trigger::Keyword(words) => words.find(content),
            Trigger::Preset { presets, allowed } => {
                let words = presets.iter().flat_map(|it| preset::words(*it)).copied();
                find_word(words, content, &allowed_spans(allowed, content))
            }
            Trigger::Spam => {
                let said = self.recent(guild.id);
                let same = said.filter(|it| it.author_id == author && it.content == content);
                (!content.is_empty() && same.count() + 1 >= SPAM_REPEATS).then(whole)
            }
            Trigger::Mentions { limit, raids } => {
                let count = mention::find(content).count();
                let too_many = u64::try_from(count).is_ok_and(|count| count > *limit);
                (too_many || *raids && count > 0 && self.is_raided(guild, count)).then(whole)
            }
            Trigger::Profile(_) => None,
        }
    }

    fn is_raided(&self, guild: &Guild, more: usize) -> bool {
        let said = self.recent(guild.id);
        let by_many = said.filter(|it| !self.is_above_rules(guild, it.author_id));
        let mentions = by_many.map(|it| it.mentions.len() + it.mention_roles.len());
        mentions.sum::<usize>() + more > RAID_MENTIONS
    }

    /// What was said in a guild a moment ago.
    fn recent(&self, guild: Snowflake) -> impl Iterator<Item = &Message> {
        let since = self.now_ms().saturating_sub(RECENT_MS);
        let channels = self
            .channels
            .values()
            .filter(move |it| it.guild_id == Some(guild));
        let messages = channels.filter_map(|channel| self.messages.get(&channel.id));
        messages.flat_map(move |all| {
            let latest = all.values().rev();
            latest.take_while(move |it| it.id.timestamp_ms() >= since)
        })
    }
}

/// Whether a rule spares a member for a role.
pub(super) fn has_exempt_role(guild: &Guild, user: Snowflake, rule: &Rule) -> bool {
    let member = guild.members.get(&user);
    member.is_some_and(|member| !member.roles.is_disjoint(&rule.exempt_roles))
}
