//! Searching the messages of a guild that the searcher may read.

use serde_json::{Value, json};

use super::Message;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::{Actor, Answer, World};

/// Discord: results of one page, and how far pages go.
const MAX_PAGE: usize = 25;
const MAX_OFFSET: usize = 9_975;

/// What is searched for; every part that is given must fit.
#[derive(Clone, Debug, Default)]
pub struct MessageSearch {
    /// Words, all of which must occur, whatever their case.
    pub content: String,
    pub authors: Vec<Snowflake>,
    pub channels: Vec<Snowflake>,
    pub mentions: Vec<Snowflake>,
    /// `link`, `embed`, `file`, `poll`, `sticker`.
    pub has: Vec<String>,
    pub pinned: Option<bool>,
    pub min: Option<Snowflake>,
    pub max: Option<Snowflake>,
    pub oldest_first: bool,
    pub limit: usize,
    pub offset: usize,
}

impl MessageSearch {
    fn fits(&self, message: &Message) -> bool {
        let text = message.content.to_lowercase();
        let listed = |list: &[Snowflake], id: Snowflake| list.is_empty() || list.contains(&id);
        self.content
            .to_lowercase()
            .split_whitespace()
            .all(|word| text.contains(word))
            && listed(&self.authors, message.author_id)
            && listed(&self.channels, message.channel_id)
            && (self.mentions.is_empty()
                || self
                    .mentions
                    .iter()
                    .any(|user| message.mentions.contains(user)))
            && self.has.iter().all(|kind| has(message, kind))
            && self
                .pinned
                .is_none_or(|pinned| message.pinned_ms.is_some() == pinned)
            && self.min.is_none_or(|min| message.id > min)
            && self.max.is_none_or(|max| message.id < max)
    }
}

fn has(message: &Message, kind: &str) -> bool {
    match kind {
        "link" => message.content.contains("http://") || message.content.contains("https://"),
        "embed" => !message.embeds.is_empty(),
        "file" => !message.attachments.is_empty(),
        "poll" => message.poll.is_some(),
        "sticker" => !message.sticker_items.is_empty(),
        _ => false,
    }
}

impl World {
    /// A page of results, newest first unless told otherwise.
    pub fn search_messages(
        &self,
        actor: &Actor,
        guild: Snowflake,
        search: &MessageSearch,
    ) -> Answer {
        self.require_member(actor.id, guild)?;
        let readable = self.channels.values().filter(|channel| {
            let own = self.permissions_in(actor.id, channel.id);
            channel.guild_id == Some(guild) && own & bits::READ_MESSAGE_HISTORY != 0
        });
        let mut found: Vec<&Message> = readable
            .filter_map(|channel| self.messages.get(&channel.id))
            .flat_map(|messages| messages.values())
            .filter(|message| message.is_shown_to(actor.id) && search.fits(message))
            .collect();
        found.sort_unstable_by_key(|message| message.id);
        if !search.oldest_first {
            found.reverse();
        }
        let total = found.len();
        let page = found
            .into_iter()
            .skip(search.offset.min(MAX_OFFSET))
            .take(search.limit.clamp(1, MAX_PAGE));
        let messages: Vec<Value> = page
            .map(|message| {
                let mut rendered = self.message_payload(message, actor.id);
                rendered["hit"] = json!(true);
                json!([rendered])
            })
            .collect();
        Ok(json!({
            "messages": messages,
            "doing_deep_historical_index": false,
            "total_results": total,
            "threads": [],
            "members": [],
        }))
    }
}
