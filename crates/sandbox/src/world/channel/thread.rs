//! Threads and forum posts: starting, listing, joining, archiving.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::slow_mode::Slowed;
use super::{Channel, ChannelKind, Thread};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::message::{Reference, UploadedFile, flag, kind};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// Minutes after which a quiet thread may be archived.
pub(crate) const ARCHIVE_DURATIONS: &[u64] = &[60, 1_440, 4_320, 10_080];

/// Active threads of a guild.
const MAX_ACTIVE_THREADS: usize = 1_000;

/// What a new thread is like.
pub(super) struct NewThread {
    pub(super) name: String,
    auto_archive_duration: u64,
    rate_limit_per_user: u64,
    invitable: bool,
    applied_tags: Vec<Snowflake>,
}

impl NewThread {
    /// With Discord's defaults.
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            auto_archive_duration: 4_320,
            rate_limit_per_user: 0,
            invitable: true,
            applied_tags: Vec::new(),
        }
    }

    pub(super) fn tagged(self, applied_tags: Vec<Snowflake>) -> Self {
        Self {
            applied_tags,
            ..self
        }
    }

    pub(super) fn read(form: &mut Form<'_>, parent: &Channel) -> Self {
        let default = parent
            .settings
            .get("default_auto_archive_duration")
            .and_then(Value::as_u64);
        let slow = parent.settings.get("default_thread_rate_limit_per_user");
        let name = form.text("name", 1..=100);
        Self {
            name: form.required("name", name),
            auto_archive_duration: form
                .choice("auto_archive_duration", ARCHIVE_DURATIONS)
                .value()
                .unwrap_or(default.unwrap_or(1_440)),
            rate_limit_per_user: form
                .integer("rate_limit_per_user", 0..=21_600)
                .value()
                .map_or(slow.and_then(Value::as_u64).unwrap_or(0), i64::unsigned_abs),
            invitable: true,
            applied_tags: Vec::new(),
        }
    }
}

impl World {
    /// Starts a thread from a message; it gets the message's id.
    pub fn start_thread_from_message(
        &mut self,
        actor: &Actor,
        channel_id: Snowflake,
        message_id: Snowflake,
        body: &Value,
    ) -> Answer {
        let parent = self.visible_channel(actor.id, channel_id)?;
        let thread_kind = match parent.kind {
            ChannelKind::Text => ChannelKind::PublicThread,
            ChannelKind::Announcement => ChannelKind::AnnouncementThread,
            _ => return Err(Refusal::wrong_channel_type()),
        };
        let mut form = Form::new(body);
        let new = NewThread::read(&mut form, parent);
        form.finish()?;
        let message = self.readable_message(actor.id, channel_id, message_id)?;
        if !kind::is_written(message.kind) {
            return Err(Refusal::new(
                400,
                50_021,
                "Cannot execute action on a system message",
            ));
        }
        self.require_in(actor.id, channel_id, bits::CREATE_PUBLIC_THREADS)?;
        if self.channels.contains_key(&message_id) {
            let text = "A thread has already been created for this message";
            return Err(Refusal::new(400, 160_004, text));
        }
        self.screen_title(actor.id, channel_id, &new.name)?;
        self.add_paced_thread(actor, message_id, thread_kind, channel_id, new)?;
        let message = self.message_mut(channel_id, message_id)?;
        message.flags |= flag::HAS_THREAD;
        self.tell_message("MESSAGE_UPDATE", channel_id, message_id);
        let reference = Reference {
            forward: false,
            message_id: Some(message_id),
            channel_id,
            guild_id: self.guild_of(channel_id),
        };
        let starter = kind::THREAD_STARTER_MESSAGE;
        self.post_system(
            message_id,
            actor.id,
            starter,
            String::new(),
            Some(reference),
        );
        self.channel_answer(message_id, actor.id)
    }

    /// Starts a thread without a message, or a post in a forum with its first message.
    pub fn start_thread(
        &mut self,
        actor: &Actor,
        channel_id: Snowflake,
        body: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer {
        let parent = self.visible_channel(actor.id, channel_id)?;
        if parent.kind.is_forum() {
            return self.start_post(actor, channel_id, body, files);
        }
        if !matches!(parent.kind, ChannelKind::Text | ChannelKind::Announcement) {
            return Err(Refusal::wrong_channel_type());
        }
        let mut form = Form::new(body);
        let mut new = NewThread::read(&mut form, parent);
        // Discord's default here is a private thread, which it calls a mistake of the past.
        let thread_kind = form.choice("type", &[10, 11, 12]).value().unwrap_or(12);
        new.invitable = form.flag("invitable").value().unwrap_or(true);
        form.finish()?;
        let thread_kind =
            ChannelKind::from_number(thread_kind).unwrap_or(ChannelKind::PrivateThread);
        let for_announcements = parent.kind == ChannelKind::Announcement;
        if for_announcements != (thread_kind == ChannelKind::AnnouncementThread) {
            return Err(Refusal::wrong_channel_type());
        }
        let needed = if thread_kind == ChannelKind::PrivateThread {
            bits::CREATE_PRIVATE_THREADS
        } else {
            bits::CREATE_PUBLIC_THREADS
        };
        self.require_in(actor.id, channel_id, needed)?;
        self.screen_title(actor.id, channel_id, &new.name)?;
        let (id, name) = (self.next_id(), new.name.clone());
        self.add_paced_thread(actor, id, thread_kind, channel_id, new)?;
        if thread_kind != ChannelKind::PrivateThread {
            let reference = Reference {
                forward: false,
                message_id: None,
                channel_id: id,
                guild_id: self.guild_of(channel_id),
            };
            self.post_system(
                channel_id,
                actor.id,
                kind::THREAD_CREATED,
                name,
                Some(reference),
            );
        }
        self.channel_answer(id, actor.id)
    }

    /// A thread that slow mode may hold back.
    pub(super) fn add_paced_thread(
        &mut self,
        actor: &Actor,
        id: Snowflake,
        kind: ChannelKind,
        parent: Snowflake,
        new: NewThread,
    ) -> Answer<()> {
        self.check_pace(actor.id, parent, Slowed::Thread)?;
        self.add_thread(actor, id, kind, parent, new)?;
        self.note_pace(actor.id, parent, Slowed::Thread);
        Ok(())
    }

    pub(super) fn add_thread(
        &mut self,
        actor: &Actor,
        id: Snowflake,
        kind: ChannelKind,
        parent: Snowflake,
        new: NewThread,
    ) -> Answer<()> {
        let Some(guild) = self.guild_of(parent) else {
            return Err(Refusal::wrong_channel_type());
        };
        self.check_active_threads(guild)?;
        let now = self.now_ms();
        let mut channel = Channel::new(id, kind, Some(guild));
        channel.parent_id = Some(parent);
        channel.name = new.name;
        channel
            .settings
            .insert("rate_limit_per_user".into(), json!(new.rate_limit_per_user));
        channel.thread = Some(Thread {
            owner_id: actor.id,
            archived: false,
            archive_ms: now,
            auto_archive_duration: new.auto_archive_duration,
            locked: false,
            invitable: new.invitable,
            created_ms: now,
            message_count: 0,
            total_message_sent: 0,
            members: BTreeMap::from([(actor.id, now)]),
            applied_tags: new.applied_tags,
        });
        self.channels.insert(id, channel);
        self.note_newest_post(parent, id);
        self.watch_quiet(id);
        self.tell_thread("THREAD_CREATE", id, true);
        self.tell_thread_members(id, &[actor.id], &[]);
        let rendered = self.channel_payload(id, Snowflake(0)).unwrap_or_default();
        let changes = changes(&Value::Null, &rendered);
        self.audit(
            guild,
            actor,
            action::THREAD_CREATE,
            Some(id),
            changes,
            Value::Null,
        );
        Ok(())
    }

    pub(crate) fn check_active_threads(&self, guild: Snowflake) -> Answer<()> {
        let active = self
            .threads_of(guild)
            .filter(|(_, thread)| !thread.archived);
        if active.count() < MAX_ACTIVE_THREADS {
            return Ok(());
        }
        let text = "Maximum number of active threads reached";
        Err(Refusal::new(400, 160_006, text))
    }

    /// A forum's last message is its newest post.
    fn note_newest_post(&mut self, parent: Snowflake, id: Snowflake) {
        let parent = self.channels.get_mut(&parent);
        if let Some(forum) = parent.filter(|parent| parent.kind.is_forum()) {
            forum.last_message_id = Some(id);
        }
    }

    /// The channel as an answer of REST.
    pub(crate) fn channel_answer(&self, id: Snowflake, viewer: Snowflake) -> Answer {
        self.channel_payload(id, viewer)
            .ok_or_else(|| Refusal::unknown(Unknown::Channel))
    }

    /// Tells of a thread; the Gateway tells each bot that is in it so in its own copy.
    pub(crate) fn tell_thread(&mut self, event: &'static str, id: Snowflake, new: bool) {
        let Some(guild) = self.guild_of(id) else {
            return;
        };
        let Some(mut data) = self.channel_payload(id, Snowflake(0)) else {
            return;
        };
        if new {
            data["newly_created"] = json!(true);
        }
        let audience = Audience::Channel { guild, channel: id };
        self.dispatch(event, audience, intents::GUILDS, data);
    }
}
