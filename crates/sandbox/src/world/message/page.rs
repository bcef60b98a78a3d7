//! Reading messages: one, or a page around a moment.

use serde_json::Value;

use super::Message;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// Which messages of a channel are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub enum Page {
    /// The newest.
    #[default]
    Newest,
    /// Older than this one.
    Before(Snowflake),
    /// Newer than this one.
    After(Snowflake),
    /// Both sides of this one, and itself.
    Around(Snowflake),
}

impl World {
    /// A message that `user` may read.
    pub(crate) fn readable_message(
        &self,
        user: Snowflake,
        channel: Snowflake,
        id: Snowflake,
    ) -> Answer<&Message> {
        self.visible_channel(user, channel)?;
        if self.permissions_in(user, channel) & bits::READ_MESSAGE_HISTORY == 0 {
            return Err(Refusal::missing_access());
        }
        self.message(channel, id)
            .filter(|message| message.is_shown_to(user))
            .ok_or_else(|| Refusal::unknown(Unknown::Message))
    }

    /// One message.
    pub fn get_message(&self, actor: &Actor, channel: Snowflake, id: Snowflake) -> Answer {
        let message = self.readable_message(actor.id, channel, id)?;
        Ok(self.message_payload(message, actor.id))
    }

    /// A page of 1 to 100 messages, newest first; empty without `READ_MESSAGE_HISTORY`.
    pub fn list_messages(
        &self,
        actor: &Actor,
        channel: Snowflake,
        page: Page,
        limit: usize,
    ) -> Answer {
        let kind = self.visible_channel(actor.id, channel)?.kind;
        if !kind.has_messages() {
            return Err(Refusal::wrong_channel_type());
        }
        let readable = self.permissions_in(actor.id, channel) & bits::READ_MESSAGE_HISTORY != 0;
        let Some(messages) = self.messages.get(&channel).filter(|_| readable) else {
            return Ok(Value::Array(Vec::new()));
        };
        let older = |id: Snowflake, limit| messages.range(..id).rev().take(limit);
        let newer = |id: Snowflake, limit| {
            messages
                .range(Snowflake(id.0.saturating_add(1))..)
                .take(limit)
        };
        let chosen: Vec<&Message> = match page {
            Page::Newest => messages.values().rev().take(limit).collect(),
            Page::Before(id) => older(id, limit).map(|(_, message)| message).collect(),
            Page::After(id) => {
                let mut page: Vec<_> = newer(id, limit).map(|(_, message)| message).collect();
                page.reverse();
                page
            }
            Page::Around(id) => {
                let mut page: Vec<_> = newer(id, limit / 2).map(|(_, message)| message).collect();
                page.reverse();
                page.extend(messages.get(&id));
                page.extend(older(id, limit / 2).map(|(_, message)| message));
                page.truncate(limit);
                page
            }
        };
        Ok(chosen
            .into_iter()
            .filter(|message| message.is_shown_to(actor.id))
            .map(|message| self.message_payload(message, actor.id))
            .collect())
    }
}
