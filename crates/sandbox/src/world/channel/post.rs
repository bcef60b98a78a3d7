//! Posts: the threads of forum and media channels, each with a first message and with tags.

use serde_json::Value;

use super::thread::NewThread;
use super::{Channel, ChannelKind};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::message::{NewMessage, UploadedFile};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// Tags that one post can have.
pub(super) const MAX_APPLIED: usize = 5;

/// Thread flag: pinned on top of its forum.
pub(super) const PINNED: u64 = 1 << 1;

/// Channel flag: every post needs a tag.
const REQUIRE_TAG: u64 = 1 << 4;

/// The tags of a forum, as rules for those of its posts.
pub(super) struct Tags {
    /// Each with whether only moderators may touch it.
    known: Vec<(Snowflake, bool)>,
    required: bool,
}

impl Tags {
    pub(super) fn of(forum: &Channel) -> Self {
        let tags = forum
            .settings
            .get("available_tags")
            .and_then(Value::as_array);
        let read = |tag: &Value| {
            let id = tag["id"].as_str()?.parse().ok()?;
            Some((id, tag["moderated"].as_bool().unwrap_or_default()))
        };
        Self {
            known: tags.into_iter().flatten().filter_map(read).collect(),
            required: forum.flags & REQUIRE_TAG != 0,
        }
    }

    /// Whether a post may carry `wanted`, when `touched` are those set or taken away.
    pub(super) fn check<'a>(
        &self,
        wanted: &[Snowflake],
        mut touched: impl Iterator<Item = &'a Snowflake>,
        moderates: bool,
    ) -> Answer<()> {
        let known = |tag: &Snowflake| self.known.iter().any(|(id, _)| id == tag);
        if !wanted.iter().all(known) {
            return Err(Refusal::unknown(Unknown::Tag));
        }
        let moderated = |tag: &Snowflake| self.known.contains(&(*tag, true));
        if !moderates && touched.any(moderated) {
            return Err(Refusal::missing_permissions());
        }
        if self.required && wanted.is_empty() {
            if !moderates && self.known.iter().all(|(_, moderated)| *moderated) {
                let text = "There are no tags available that can be set by non-moderators";
                return Err(Refusal::new(400, 40_066, text));
            }
            let text = "A tag is required to create a forum post in this channel";
            return Err(Refusal::new(400, 40_067, text));
        }
        Ok(())
    }
}

impl World {
    /// Starts a post with its first message.
    pub(super) fn start_post(
        &mut self,
        actor: &Actor,
        channel_id: Snowflake,
        body: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer {
        let parent = self.visible_channel(actor.id, channel_id)?;
        let mut form = Form::new(body);
        let new = NewThread::read(&mut form, parent);
        let tags = form
            .ids("applied_tags", 0..=MAX_APPLIED)
            .value()
            .unwrap_or_default();
        let rules = Tags::of(parent);
        let message = form.raw("message").value();
        if message.is_none() {
            form.error("message", "BASE_TYPE_REQUIRED", "This field is required");
        }
        form.finish()?;
        self.require_in(actor.id, channel_id, bits::SEND_MESSAGES)?;
        let moderates = self.permissions_in(actor.id, channel_id) & bits::MANAGE_THREADS != 0;
        rules.check(&tags, tags.iter(), moderates)?;
        let mut message = NewMessage::parse(message.unwrap_or(&Value::Null), files)?;
        message.content = self.without_foreign_emojis(actor.id, channel_id, &message.content);
        self.check_may_write(actor.id, channel_id, &message)?;
        if message.is_empty() {
            return Err(Refusal::new(400, 50_006, "Cannot send an empty message"));
        }
        self.screen_title(actor.id, channel_id, &new.name)?;
        let screened = self.screen_message(actor.id, channel_id, &message.content)?;
        let id = self.next_id();
        let kind = ChannelKind::PublicThread;
        self.add_paced_thread(actor, id, kind, channel_id, new.tagged(tags))?;
        self.post_first(actor.id, id, message)?;
        self.act_on(actor.id, id, Some(id), &screened);
        let mut answer = self.channel_answer(id, actor.id)?;
        if let Some(first) = self.message(id, id) {
            answer["message"] = self.message_payload(first, actor.id);
        }
        Ok(answer)
    }

    /// A post without its first message, for webhooks, which then send it.
    pub(crate) fn add_bare_post(
        &mut self,
        actor: &Actor,
        forum: Snowflake,
        name: &str,
        tags: Vec<Snowflake>,
    ) -> Answer<Snowflake> {
        if let Some(forum) = self.channels.get(&forum) {
            // What a webhook was made for is a moderator's choice.
            Tags::of(forum).check(&tags, tags.iter(), true)?;
        }
        let id = self.next_id();
        let new = NewThread::named(name).tagged(tags);
        self.add_thread(actor, id, ChannelKind::PublicThread, forum, new)?;
        Ok(id)
    }

    /// Takes tags that a forum no longer has from its posts.
    pub(super) fn forget_tags(&mut self, forum: Snowflake) {
        let Some(channel) = self.channels.get(&forum) else {
            return;
        };
        let known: Vec<_> = Tags::of(channel).known.iter().map(|(id, _)| *id).collect();
        let posts = self.channels.values_mut();
        for post in posts.filter(|post| post.parent_id == Some(forum)) {
            if let Some(thread) = post.thread.as_mut() {
                thread.applied_tags.retain(|tag| known.contains(tag));
            }
        }
    }
}
