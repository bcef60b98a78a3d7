//! Changing and deleting messages, singly and in bulk, and publishing announcements.

use serde_json::{Value, json};

use super::component_media::resolve_media;
use super::may_send::ThreadAct;
use super::{Attachment, Message, MessageEdit, NewAttachment, flag, kind};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::audit::action;
use crate::world::automod::Screened;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// Bulk deletion takes only messages younger than this (Discord: Bulk Delete Messages).
const BULK_DELETE_MS: u64 = 14 * 24 * 60 * 60 * 1_000;
const BULK_DELETE_COUNT: std::ops::RangeInclusive<usize> = 2..=100;

/// Flags that an edit may change.
const EDITABLE_FLAGS: u64 = flag::SUPPRESS_EMBEDS | flag::IS_COMPONENTS_V2;

impl World {
    pub(crate) fn message_mut(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
    ) -> Answer<&mut Message> {
        self.messages
            .get_mut(&channel)
            .and_then(|messages| messages.get_mut(&id))
            .ok_or_else(|| Refusal::unknown(Unknown::Message))
    }

    /// Changes one's own message; others may only suppress its embeds.
    pub fn edit_message(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        id: Snowflake,
        mut edit: MessageEdit,
    ) -> Answer {
        self.require_in(actor.id, channel, bits::VIEW_CHANNEL)?;
        self.check_thread_open(actor.id, channel, ThreadAct::Edit)?;
        let message = self.message_mut(channel, id)?;
        if !message.is_shown_to(actor.id) {
            return Err(Refusal::unknown(Unknown::Message));
        }
        if message.author_id != actor.id || message.webhook.is_some() {
            let touches_flags_only = edit.content.is_none()
                && edit.embeds.is_none()
                && edit.components.is_none()
                && edit.attachments.is_none();
            if !touches_flags_only || edit.flags.is_none() {
                let text = "Cannot edit a message authored by another user";
                return Err(Refusal::new(403, 50_005, text));
            }
            self.require_in(actor.id, channel, bits::MANAGE_MESSAGES)?;
        } else {
            check_editable(message)?;
        }
        if let Some(content) = &mut edit.content {
            *content = self.without_foreign_emojis(actor.id, channel, content);
        }
        let screened = match &edit.content {
            Some(content) => self.screen_message(actor.id, channel, content)?,
            None => Screened::default(),
        };
        self.apply_edit(channel, id, edit)?;
        self.act_on(actor.id, channel, Some(id), &screened);
        let message = self
            .message(channel, id)
            .ok_or_else(|| Refusal::unknown(Unknown::Message))?;
        Ok(self.message_payload(message, actor.id))
    }

    /// Changes a message whose author has been checked.
    pub(crate) fn apply_edit(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        edit: MessageEdit,
    ) -> Answer<()> {
        let now = self.now_ms();
        let mut message = self.message_mut(channel, id)?.clone();
        if let Some(flags) = edit.flags {
            message.flags = message.flags & !EDITABLE_FLAGS
                | flags & EDITABLE_FLAGS
                | message.flags & flag::IS_COMPONENTS_V2;
        }
        let changes_text =
            edit.content.is_some() || edit.embeds.is_some() || edit.components.is_some();
        if let Some(content) = edit.content {
            message.content = content;
        }
        if let Some(embeds) = edit.embeds {
            message.embeds = embeds;
        }
        if let Some(attachments) = edit.attachments {
            let kept = std::mem::take(&mut message.attachments);
            message.attachments =
                self.edited_attachments(channel, kept, attachments, edit.keeps_all_attachments)?;
        }
        if let Some(mut components) = edit.components {
            for component in &mut components {
                resolve_media(self, component, &message.attachments);
            }
            message.components = components;
        }
        refuse_mixed(&message)?;
        if message.content.is_empty()
            && message.embeds.is_empty()
            && message.components.is_empty()
            && message.attachments.is_empty()
            && message.poll.is_none()
            && message.sticker_items.is_empty()
        {
            return Err(Refusal::new(400, 50_006, "Cannot send an empty message"));
        }
        let filled = message.flags & flag::LOADING != 0;
        message.flags &= !flag::LOADING;
        if changes_text {
            // What fills a deferred answer is no edit.
            message.edited_ms = Some(now).filter(|_| !filled);
            self.fill_mentions(&mut message, edit.allowed_mentions.as_ref());
        }
        *self.message_mut(channel, id)? = message;
        self.tell_message("MESSAGE_UPDATE", channel, id);
        self.change_copies(channel, id);
        Ok(())
    }

    fn edited_attachments(
        &mut self,
        channel: Snowflake,
        kept: Vec<Attachment>,
        wanted: Vec<NewAttachment>,
        keeps_all: bool,
    ) -> Answer<Vec<Attachment>> {
        let (uploads, named): (Vec<_>, Vec<_>) = wanted
            .into_iter()
            .partition(|attachment| attachment.file.is_some());
        let mut all: Vec<_> = kept
            .into_iter()
            .filter(|old| keeps_all || named.iter().any(|new| new.id == old.id))
            .map(|mut old| {
                let renamed = named.iter().find(|new| new.id == old.id);
                if let Some(new) = renamed {
                    old.description = new.description.clone().or(old.description);
                    old.spoiler = new.spoiler.unwrap_or(old.spoiler);
                }
                old
            })
            .collect();
        all.extend(self.store_attachments(channel, uploads)?);
        Ok(all)
    }

    /// Deletes one's own message, or any with `MANAGE_MESSAGES`.
    pub fn delete_message(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        id: Snowflake,
    ) -> Answer<()> {
        self.visible_channel(actor.id, channel)?;
        let message = self
            .message(channel, id)
            .ok_or_else(|| Refusal::unknown(Unknown::Message))?;
        if kind::is_lasting(message.kind) {
            return Err(system_message());
        }
        let (author, own) = (message.author_id, message.author_id == actor.id);
        let webhook = message.webhook.is_some();
        if !own || webhook {
            if self.audience_of(channel).1 {
                self.require_in(actor.id, channel, bits::MANAGE_MESSAGES)?;
            } else {
                return Err(Refusal::new(
                    403,
                    50_003,
                    "Cannot execute action on a DM channel",
                ));
            }
        }
        self.check_thread_open(actor.id, channel, ThreadAct::Delete)?;
        self.remove_message(channel, id);
        if !own && let Some(guild) = self.guild_of(channel) {
            let options = json!({"channel_id": channel.to_string(), "count": "1"});
            let target = Some(author).filter(|_| !webhook);
            self.audit(
                guild,
                actor,
                action::MESSAGE_DELETE,
                target,
                Vec::new(),
                options,
            );
        }
        Ok(())
    }

    /// Takes a message away and tells everyone.
    pub(crate) fn remove_message(&mut self, channel_id: Snowflake, id: Snowflake) {
        let message = self.message(channel_id, id);
        let ephemeral = message.filter(|message| message.flags & flag::EPHEMERAL != 0);
        let only_for = ephemeral.and_then(|message| Some(message.interaction.as_ref()?.user));
        self.forget_messages(channel_id, &[id]);
        let (mut audience, in_guild) = self.audience_of(channel_id);
        if let Some(user) = only_for {
            audience = Audience::User(user);
        }
        let mut data = json!({"id": id, "channel_id": channel_id});
        if let Some(guild) = self.guild_of(channel_id) {
            data["guild_id"] = json!(guild);
        }
        let wanted = if in_guild {
            intents::GUILD_MESSAGES
        } else {
            intents::DIRECT_MESSAGES
        };
        self.dispatch("MESSAGE_DELETE", audience, wanted, data);
    }

    fn forget_messages(&mut self, channel_id: Snowflake, ids: &[Snowflake]) {
        for id in ids {
            self.empty_copies(channel_id, *id);
        }
        let Some(messages) = self.messages.get_mut(&channel_id) else {
            return;
        };
        let removed = ids
            .iter()
            .filter(|id| messages.remove(*id).is_some())
            .count() as u64;
        let thread = self
            .channels
            .get_mut(&channel_id)
            .and_then(|channel| channel.thread.as_mut());
        if let Some(thread) = thread {
            thread.message_count = thread.message_count.saturating_sub(removed);
        }
    }

    /// Deletes 2 to 100 messages, all younger than 14 days; unknown ids are ignored.
    pub fn bulk_delete(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        ids: &[Snowflake],
    ) -> Answer<()> {
        self.require_in(actor.id, channel, bits::MANAGE_MESSAGES)?;
        let Some(guild) = self.guild_of(channel) else {
            return Err(Refusal::new(
                403,
                50_003,
                "Cannot execute action on a DM channel",
            ));
        };
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            let text = "The set already contains this value";
            let code = "SET_TYPE_ALREADY_CONTAINS_VALUE";
            return Err(Refusal::field("messages", code, text));
        }
        if !BULK_DELETE_COUNT.contains(&ids.len()) {
            let text = "Provided too few or too many messages to delete. Must provide at least 2 \
                        and fewer than 100 messages to delete";
            return Err(Refusal::new(400, 50_016, text));
        }
        let oldest = self.now_ms().saturating_sub(BULK_DELETE_MS);
        if ids.iter().any(|id| id.timestamp_ms() < oldest) {
            let text = "You can only bulk delete messages that are under 14 days old.";
            return Err(Refusal::new(400, 50_034, text));
        }
        self.check_thread_open(actor.id, channel, ThreadAct::Delete)?;
        ids.retain(|id| self.message(channel, *id).is_some());
        if ids.is_empty() {
            return Ok(());
        }
        self.forget_messages(channel, &ids);
        let data = json!({"ids": ids, "channel_id": channel, "guild_id": guild});
        let (audience, _) = self.audience_of(channel);
        self.dispatch(
            "MESSAGE_DELETE_BULK",
            audience,
            intents::GUILD_MESSAGES,
            data,
        );
        let options = json!({"count": ids.len().to_string()});
        let action = action::MESSAGE_BULK_DELETE;
        self.audit(guild, actor, action, Some(channel), Vec::new(), options);
        Ok(())
    }

    /// The guild of a channel.
    pub fn guild_of(&self, channel: Snowflake) -> Option<Snowflake> {
        self.channels.get(&channel)?.guild_id
    }
}

/// A message becomes one of components only when everything else in it is reset.
fn refuse_mixed(message: &Message) -> Answer<()> {
    if message.flags & flag::IS_COMPONENTS_V2 == 0 {
        return Ok(());
    }
    let left = [
        ("content", !message.content.is_empty()),
        ("embeds", !message.embeds.is_empty()),
        ("sticker_ids", !message.sticker_items.is_empty()),
        ("poll", message.poll.is_some()),
    ];
    match left.iter().find(|(_, left)| *left) {
        None => Ok(()),
        Some((field, _)) => {
            let text = "The field cannot be used when using MessageFlags.IS_COMPONENTS_V2";
            let code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2";
            Err(Refusal::field(field, code, text))
        }
    }
}

/// What even its author cannot change.
fn check_editable(message: &Message) -> Answer<()> {
    if message.flags & flag::IS_VOICE_MESSAGE != 0 {
        let text = "Voice messages cannot be edited.";
        return Err(Refusal::new(400, 50_162, text));
    }
    if message.poll.is_some() {
        return Err(Refusal::new(400, 520_003, "Cannot edit a poll message"));
    }
    if !kind::is_written(message.kind) || message.snapshot.is_some() {
        return Err(system_message());
    }
    Ok(())
}

pub(super) fn system_message() -> Refusal {
    let text = "Cannot execute action on a system message";
    Refusal::new(403, 50_021, text)
}

/// The ids in the body of "bulk delete".
pub(crate) fn read_bulk_ids(body: &Value) -> Answer<Vec<Snowflake>> {
    let mut form = crate::validate::Form::new(body);
    let ids = form.ids("messages", 0..=100);
    let ids = form.required("messages", ids);
    form.finish()?;
    Ok(ids)
}
