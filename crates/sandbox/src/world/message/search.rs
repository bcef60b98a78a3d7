//! Searching the messages of a guild that the searcher may read.

use serde_json::{Value, json};

use super::{Message, flag};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::channel::thread_member_payload;
use crate::world::{Actor, Answer, Refusal, World, intents};

/// Discord: results of one page.
const MAX_PAGE: usize = 25;

/// What is searched for; every part that is given must fit.
#[derive(Clone, Debug, Default)]
pub struct MessageSearch {
    /// Words, all of which must occur, whatever their case.
    pub content: String,
    pub authors: Vec<Snowflake>,
    /// `user`, `bot`, `webhook`; with `-` in front, none of those.
    pub author_types: Vec<String>,
    pub channels: Vec<Snowflake>,
    pub mentions: Vec<Snowflake>,
    pub mentioned_roles: Vec<Snowflake>,
    pub mention_everyone: Option<bool>,
    pub replied_users: Vec<Snowflake>,
    pub replied_messages: Vec<Snowflake>,
    /// `link`, `embed`, `file` and so on; with `-` in front, without it.
    pub has: Vec<String>,
    pub link_hosts: Vec<String>,
    pub embed_types: Vec<String>,
    pub embed_providers: Vec<String>,
    pub extensions: Vec<String>,
    pub filenames: Vec<String>,
    pub pinned: Option<bool>,
    pub age_restricted: bool,
    pub min: Option<Snowflake>,
    pub max: Option<Snowflake>,
    pub oldest_first: bool,
    pub limit: usize,
    pub offset: usize,
}

impl MessageSearch {
    fn fits(&self, world: &World, message: &Message) -> bool {
        self.fits_text(message)
            && self.fits_people(world, message)
            && self.fits_things(message)
            && self
                .pinned
                .is_none_or(|pinned| message.pinned_ms.is_some() == pinned)
            && self.min.is_none_or(|min| message.id > min)
            && self.max.is_none_or(|max| message.id < max)
    }

    fn fits_text(&self, message: &Message) -> bool {
        let text = message.content.to_lowercase();
        let wanted = self.content.to_lowercase();
        let mut words = wanted.split_whitespace();
        words.all(|word| text.contains(word))
    }

    fn fits_people(&self, world: &World, message: &Message) -> bool {
        let replied = message
            .reference
            .as_ref()
            .filter(|reference| !reference.forward)
            .and_then(|reference| world.message(reference.channel_id, reference.message_id?));
        let replied_user: Vec<_> = replied.iter().map(|message| message.author_id).collect();
        let replied_message: Vec<_> = replied.iter().map(|message| message.id).collect();
        any(&self.authors, &[message.author_id])
            && any(&self.channels, &[message.channel_id])
            && any(&self.mentions, &message.mentions)
            && any(&self.mentioned_roles, &message.mention_roles)
            && any(&self.replied_users, &replied_user)
            && any(&self.replied_messages, &replied_message)
            && self
                .mention_everyone
                .is_none_or(|wanted| message.mention_everyone == wanted)
            && some_and_none(&self.author_types, |kind| {
                kind == author_type(world, message)
            })
    }

    fn fits_things(&self, message: &Message) -> bool {
        let one_of = |wanted: &[String], found: &dyn Fn(&str) -> bool| {
            wanted.is_empty() || wanted.iter().any(|it| found(it))
        };
        let text = |embed: &Value, path: &str| {
            let found = embed.pointer(path).and_then(Value::as_str);
            found.unwrap_or_default().to_owned()
        };
        let files = || message.attachments.iter().map(|file| &file.filename);
        self.has.iter().all(|kind| match kind.strip_prefix('-') {
            Some(kind) => !has(message, kind),
            None => has(message, kind),
        }) && one_of(&self.link_hosts, &|host| {
            message.content.contains(&format!("://{host}"))
        }) && one_of(&self.embed_types, &|kind| {
            message.embeds.iter().any(|it| text(it, "/type") == kind)
        }) && one_of(&self.embed_providers, &|name| {
            let mut embeds = message.embeds.iter();
            embeds.any(|it| text(it, "/provider/name") == name)
        }) && one_of(&self.extensions, &|ending| {
            files().any(|name| name.ends_with(&format!(".{ending}")))
        }) && one_of(&self.filenames, &|part| {
            files().any(|name| name.contains(part))
        })
    }
}

fn any(wanted: &[Snowflake], found: &[Snowflake]) -> bool {
    wanted.is_empty() || wanted.iter().any(|it| found.contains(it))
}

/// One of those that are wanted, and none of those that are not.
fn some_and_none(wanted: &[String], is: impl Fn(&str) -> bool) -> bool {
    let (not, yes): (Vec<_>, Vec<_>) = wanted.iter().partition(|it| it.starts_with('-'));
    let excluded = not.iter().any(|it| is(it.trim_start_matches('-')));
    !excluded && (yes.is_empty() || yes.iter().any(|it| is(it)))
}

fn author_type(world: &World, message: &Message) -> &'static str {
    if message.webhook.is_some() {
        "webhook"
    } else if world.applications.contains_key(&message.author_id) {
        "bot"
    } else {
        "user"
    }
}

fn has(message: &Message, kind: &str) -> bool {
    let file_of = |family: &str| {
        let mut kinds = message.attachments.iter();
        kinds.any(|file| {
            let kind = file.content_type.as_deref();
            kind.is_some_and(|kind| kind.starts_with(family))
        })
    };
    match kind {
        "link" => message.content.contains("http://") || message.content.contains("https://"),
        "embed" => !message.embeds.is_empty(),
        "file" => !message.attachments.is_empty(),
        "image" => file_of("image/") || message.embeds.iter().any(|it| it["image"].is_object()),
        "video" => file_of("video/") || message.embeds.iter().any(|it| it["video"].is_object()),
        "sound" => file_of("audio/"),
        "poll" => message.poll.is_some(),
        "snapshot" => message.snapshot.is_some(),
        "sticker" => !message.sticker_items.is_empty(),
        _ => false,
    }
}

impl World {
    /// A page of results, newest first unless told otherwise. Bots need the message content intent
    /// switched on.
    pub fn search_messages(
        &self,
        actor: &Actor,
        guild: Snowflake,
        search: &MessageSearch,
    ) -> Answer {
        self.require_member(actor.id, guild)?;
        let bot = self.applications.contains_key(&actor.id);
        if bot && self.privileged_intents_allowed(actor.id) & intents::MESSAGE_CONTENT == 0 {
            return Err(Refusal::missing_access());
        }
        for channel in &search.channels {
            self.require_in(actor.id, *channel, bits::READ_MESSAGE_HISTORY)?;
        }
        let readable = self.channels.values().filter(|channel| {
            let own = self.permissions_in(actor.id, channel.id);
            let place = self.parent_of(channel).filter(|_| channel.kind.is_thread());
            let settings = &place.unwrap_or(channel).settings;
            let restricted = settings.get("nsfw").and_then(Value::as_bool) == Some(true);
            channel.guild_id == Some(guild)
                && own & bits::READ_MESSAGE_HISTORY != 0
                && (search.age_restricted || !restricted)
        });
        let mut found: Vec<&Message> = readable
            .filter_map(|channel| self.messages.get(&channel.id))
            .flat_map(|messages| messages.values())
            .filter(|message| message.flags & flag::EPHEMERAL == 0 && search.fits(self, message))
            .collect();
        found.sort_unstable_by_key(|message| message.id);
        if !search.oldest_first {
            found.reverse();
        }
        let total = found.len();
        let page: Vec<_> = found
            .into_iter()
            .skip(search.offset)
            .take(search.limit.clamp(1, MAX_PAGE))
            .collect();
        let messages: Vec<Value> = page
            .iter()
            .map(|message| {
                let mut rendered = self.message_payload(message, actor.id);
                if let Some(fields) = rendered.as_object_mut() {
                    fields.remove("reactions");
                }
                rendered["hit"] = json!(true);
                json!([rendered])
            })
            .collect();
        let (threads, members) = self.threads_around(actor.id, &page);
        Ok(json!({
            "messages": messages,
            "doing_deep_historical_index": false,
            "total_results": total,
            "threads": threads,
            "members": members,
        }))
    }

    /// The threads that messages are in, and the viewer's membership of them.
    fn threads_around(&self, viewer: Snowflake, page: &[&Message]) -> (Vec<Value>, Vec<Value>) {
        let mut ids: Vec<_> = page.iter().map(|message| message.channel_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let threads = ids.into_iter().filter_map(|id| {
            let channel = self.channels.get(&id)?;
            Some((id, channel.thread.as_ref()?.members.get(&viewer).copied()))
        });
        let (mut rendered, mut members) = (Vec::new(), Vec::new());
        for (id, joined) in threads {
            rendered.extend(self.channel_payload(id, viewer));
            members.extend(joined.map(|joined| thread_member_payload(id, viewer, joined)));
        }
        (rendered, members)
    }
}
