//! Reactions: who reacted with what.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Message;
use super::may_send::ThreadAct;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::{Actor, Answer, Refusal, World, intents};

/// Different emojis on one message.
const MAX_REACTIONS: usize = 20;
const MAX_USERS_PAGE: usize = 100;

/// What tells one emoji from another.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum EmojiKey {
    /// An emoji of Unicode.
    Unicode(String),
    /// A guild's own.
    Custom {
        id: Snowflake,
        name: String,
        animated: bool,
    },
}

impl EmojiKey {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Custom { id, .. }, Self::Custom { id: other, .. }) => id == other,
            (a, b) => a == b,
        }
    }

    /// The partial emoji object.
    pub fn payload(&self) -> Value {
        match self {
            Self::Unicode(name) => json!({"id": null, "name": name}),
            Self::Custom { id, name, animated } if *animated => {
                json!({"id": id, "name": name, "animated": true})
            }
            Self::Custom { id, name, .. } => json!({"id": id, "name": name}),
        }
    }
}

/// One emoji on a message.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Reaction {
    pub emoji: EmojiKey,
    /// In the order in which they reacted.
    pub users: Vec<Snowflake>,
}

impl Reaction {
    pub(crate) fn payload(&self, viewer: Snowflake) -> Value {
        json!({
            "emoji": self.emoji.payload(),
            "count": self.users.len(),
            "count_details": {"burst": 0, "normal": self.users.len()},
            "burst_colors": [],
            "me_burst": false,
            "burst_me": false,
            "burst_count": 0,
            "me": self.users.contains(&viewer),
        })
    }
}

impl World {
    /// Reads the emoji of a route: `name:id`, or the emoji itself.
    pub(crate) fn read_emoji(&self, text: &str) -> Answer<EmojiKey> {
        let unknown = || Refusal::new(400, 10_014, "Unknown Emoji");
        let text = text.trim_start_matches('<').trim_end_matches('>');
        let text = text
            .strip_prefix("a:")
            .unwrap_or(text)
            .trim_start_matches(':');
        if let Some((_, id)) = text.rsplit_once(':') {
            let id: Snowflake = id.parse().map_err(|_| unknown())?;
            let emoji = self.find_emoji(id).ok_or_else(unknown)?;
            return Ok(EmojiKey::Custom {
                id,
                name: emoji.name.clone(),
                animated: emoji.animated,
            });
        }
        let is_plain = text
            .chars()
            .all(|c| c.is_ascii_alphabetic() || c.is_whitespace());
        if is_plain || text.len() > 64 || text.chars().all(|c| c.is_ascii_digit()) && text.len() > 1
        {
            return Err(unknown());
        }
        Ok(EmojiKey::Unicode(text.to_owned()))
    }

    /// Adds one's own reaction; twice is no error.
    pub fn add_reaction(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        id: Snowflake,
        emoji: &str,
    ) -> Answer<()> {
        self.readable_message(actor.id, channel, id)?;
        let emoji = self.read_emoji(emoji)?;
        self.check_thread_open(actor.id, channel, ThreadAct::React)?;
        if let EmojiKey::Custom { id, .. } = &emoji
            && !self.may_use_emoji(actor.id, channel, *id)
        {
            return Err(Refusal::missing_permissions());
        }
        let may_add = self.permissions_in(actor.id, channel) & bits::ADD_REACTIONS != 0;
        if self.is_timed_out(actor.id, channel) {
            return Err(Refusal::missing_permissions());
        }
        let message = self.message_mut(channel, id)?;
        let author = message.author_id;
        if let Some(known) = message
            .reactions
            .iter_mut()
            .find(|known| known.emoji.same(&emoji))
        {
            if known.users.contains(&actor.id) {
                return Ok(());
            }
            known.users.push(actor.id);
        } else if !may_add {
            // Only the first of an emoji needs the permission.
            return Err(Refusal::missing_permissions());
        } else if message.reactions.len() >= MAX_REACTIONS {
            let text = format!("Maximum number of reactions reached ({MAX_REACTIONS})");
            return Err(Refusal::new(400, 30_010, text));
        } else {
            message.reactions.push(Reaction {
                emoji: emoji.clone(),
                users: vec![actor.id],
            });
        }
        let mut data = self.reaction_event(channel, id, Some(&emoji));
        data["user_id"] = json!(actor.id);
        data["message_author_id"] = json!(author);
        data["burst"] = json!(false);
        data["type"] = json!(0);
        if let Some(guild) = self.guild_of(channel) {
            data["member"] = self.member_payload(guild, actor.id).unwrap_or_default();
        }
        self.tell_reaction("MESSAGE_REACTION_ADD", channel, data);
        Ok(())
    }

    /// Removes a reaction: one's own, or anyone's with `MANAGE_MESSAGES`.
    pub fn remove_reaction(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        id: Snowflake,
        emoji: &str,
        user: Snowflake,
    ) -> Answer<()> {
        self.readable_message(actor.id, channel, id)?;
        if user != actor.id {
            self.require_in(actor.id, channel, bits::MANAGE_MESSAGES)?;
        }
        let emoji = self.read_emoji(emoji)?;
        self.check_thread_open(actor.id, channel, ThreadAct::React)?;
        let message = self.message_mut(channel, id)?;
        let known = message
            .reactions
            .iter_mut()
            .find(|known| known.emoji.same(&emoji));
        let Some(known) = known.filter(|known| known.users.contains(&user)) else {
            return Ok(());
        };
        known.users.retain(|other| *other != user);
        message
            .reactions
            .retain(|reaction| !reaction.users.is_empty());
        let mut data = self.reaction_event(channel, id, Some(&emoji));
        data["user_id"] = json!(user);
        data["burst"] = json!(false);
        data["type"] = json!(0);
        self.tell_reaction("MESSAGE_REACTION_REMOVE", channel, data);
        Ok(())
    }

    /// Removes all reactions, or all with one emoji.
    pub fn clear_reactions(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        id: Snowflake,
        emoji: Option<&str>,
    ) -> Answer<()> {
        self.readable_message(actor.id, channel, id)?;
        self.require_in(actor.id, channel, bits::MANAGE_MESSAGES)?;
        let emoji = emoji.map(|emoji| self.read_emoji(emoji)).transpose()?;
        self.check_thread_open(actor.id, channel, ThreadAct::React)?;
        let message = self.message_mut(channel, id)?;
        let before = message.reactions.len();
        message
            .reactions
            .retain(|known| emoji.as_ref().is_some_and(|emoji| !known.emoji.same(emoji)));
        if message.reactions.len() == before {
            return Ok(());
        }
        let event = match emoji {
            None => "MESSAGE_REACTION_REMOVE_ALL",
            Some(_) => "MESSAGE_REACTION_REMOVE_EMOJI",
        };
        let data = self.reaction_event(channel, id, emoji.as_ref());
        self.tell_reaction(event, channel, data);
        Ok(())
    }

    /// Who reacted with an emoji.
    pub fn list_reactions(
        &self,
        actor: &Actor,
        channel: Snowflake,
        id: Snowflake,
        emoji: &str,
        after: Option<Snowflake>,
        limit: usize,
    ) -> Answer {
        let message: &Message = self.readable_message(actor.id, channel, id)?;
        let emoji = self.read_emoji(emoji)?;
        let known = message
            .reactions
            .iter()
            .find(|known| known.emoji.same(&emoji));
        let mut users = known.map(|known| known.users.clone()).unwrap_or_default();
        users.sort_unstable();
        let page = users
            .into_iter()
            .filter(|user| after.is_none_or(|after| *user > after));
        let page = page.take(limit.min(MAX_USERS_PAGE));
        Ok(page.map(|user| self.user_payload(user)).collect())
    }

    fn reaction_event(&self, channel: Snowflake, id: Snowflake, emoji: Option<&EmojiKey>) -> Value {
        let mut data = json!({"channel_id": channel, "message_id": id});
        if let Some(emoji) = emoji {
            data["emoji"] = emoji.payload();
        }
        if let Some(guild) = self.guild_of(channel) {
            data["guild_id"] = json!(guild);
        }
        data
    }

    fn tell_reaction(&mut self, event: &'static str, channel: Snowflake, data: Value) {
        let (audience, in_guild) = self.audience_of(channel);
        let wanted = if in_guild {
            intents::GUILD_MESSAGE_REACTIONS
        } else {
            intents::DIRECT_MESSAGE_REACTIONS
        };
        self.dispatch(event, audience, wanted, data);
    }
}
