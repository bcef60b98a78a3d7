//! Changing threads: archiving, locking, naming, tagging.

use serde_json::{Value, json};

use super::post::{self, Tags};
use super::thread::ARCHIVE_DURATIONS;
use super::thread_member::archived_thread;
use super::{Channel, Thread};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::message::kind;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// What is to change in a thread; `None` leaves it alone.
struct ThreadChange {
    name: Option<String>,
    archived: Option<bool>,
    locked: Option<bool>,
    invitable: Option<bool>,
    duration: Option<u64>,
    slow: Option<i64>,
    flags: Option<u64>,
    tags: Option<Vec<Snowflake>>,
}

impl ThreadChange {
    fn read(body: &Value) -> Answer<Self> {
        let mut form = Form::new(body);
        let duration = form.choice("auto_archive_duration", ARCHIVE_DURATIONS);
        let change = Self {
            name: form.text("name", 1..=100).value(),
            archived: form.flag("archived").value(),
            locked: form.flag("locked").value(),
            invitable: form.flag("invitable").value(),
            duration: duration.value(),
            slow: form.integer("rate_limit_per_user", 0..=21_600).value(),
            flags: form.bits("flags").value(),
            tags: form.ids("applied_tags", 0..=post::MAX_APPLIED).value(),
        };
        form.finish()?;
        Ok(change)
    }

    /// Opens an archived thread and does nothing else.
    fn only_wakes(&self) -> bool {
        self.archived == Some(false)
            && self.name.is_none()
            && self.invitable.is_none()
            && self.duration.is_none()
            && self.tags.is_none()
            && !self.moderates()
    }

    /// Only `MANAGE_THREADS` may do this.
    fn moderates(&self) -> bool {
        self.locked.is_some() || self.slow.is_some() || self.flags.is_some()
    }
}

impl World {
    /// Changes a thread: archive, lock, name and the like.
    pub fn modify_thread(&mut self, actor: &Actor, id: Snowflake, body: &Value) -> Answer {
        let mut thread = self.thread_at(actor.id, id)?.clone();
        let guild = self.guild_of(id).unwrap_or_default();
        let before = self.thread_for_audit(id);
        let change = ThreadChange::read(body)?;
        self.check_may_change(actor, id, &thread, &change)?;
        let mut channel = self
            .channels
            .get(&id)
            .ok_or_else(|| Refusal::unknown(Unknown::Channel))?
            .clone();
        if let Some(tags) = &change.tags {
            self.check_tags(actor.id, &channel, &thread, tags)?;
        }
        if let Some(flags) = change.flags {
            self.check_pinned(&channel, flags)?;
            channel.flags = flags & post::PINNED;
        }
        let was_archived = thread.archived;
        let renamed = change.name.filter(|name| *name != channel.name);
        let archived = change.archived.unwrap_or(was_archived);
        if was_archived && !archived {
            self.check_active_threads(guild)?;
        }
        let duration = change.duration.unwrap_or(thread.auto_archive_duration);
        if archived != was_archived || duration != thread.auto_archive_duration {
            thread.archive_ms = self.now_ms();
        }
        thread.archived = archived;
        thread.auto_archive_duration = duration;
        thread.locked = change.locked.unwrap_or(thread.locked);
        thread.invitable = change.invitable.unwrap_or(thread.invitable);
        thread.applied_tags = change.tags.unwrap_or(thread.applied_tags);
        if archived {
            channel.flags &= !post::PINNED;
        }
        if let Some(slow) = change.slow {
            let key = "rate_limit_per_user".to_owned();
            channel.settings.insert(key, json!(slow));
        }
        channel.name = renamed.clone().unwrap_or(channel.name);
        channel.thread = Some(thread);
        self.channels.insert(id, channel);
        self.watch_quiet(id);
        self.tell_thread("THREAD_UPDATE", id, false);
        if was_archived && !archived {
            self.tell_own_thread_members(id);
        }
        let changes = changes(&before, &self.thread_for_audit(id));
        if !changes.is_empty() {
            let (action, none) = (action::THREAD_UPDATE, Value::Null);
            self.audit(guild, actor, action, Some(id), changes, none);
        }
        if let Some(name) = renamed.filter(|_| !archived) {
            self.post_system(id, actor.id, kind::CHANNEL_NAME_CHANGE, name, None);
        }
        self.channel_answer(id, actor.id)
    }

    /// Whoever may write there may wake a thread that is not locked, its owner may change it, and
    /// `MANAGE_THREADS` may do all; but nobody changes a thread that stays archived.
    fn check_may_change(
        &self,
        actor: &Actor,
        id: Snowflake,
        thread: &Thread,
        change: &ThreadChange,
    ) -> Answer<()> {
        if self.permissions_in(actor.id, id) & bits::MANAGE_THREADS == 0 {
            if thread.locked || change.moderates() {
                return Err(Refusal::missing_permissions());
            }
            if change.only_wakes() {
                self.require_in(actor.id, id, bits::SEND_MESSAGES_IN_THREADS)?;
            } else if thread.owner_id != actor.id {
                return Err(Refusal::missing_permissions());
            }
        }
        if thread.archived && change.archived != Some(false) {
            return Err(archived_thread());
        }
        Ok(())
    }

    fn check_tags(
        &self,
        user: Snowflake,
        channel: &Channel,
        thread: &Thread,
        tags: &[Snowflake],
    ) -> Answer<()> {
        let parent = self.parent_of(channel).filter(|it| it.kind.is_forum());
        let parent = parent.ok_or_else(Refusal::wrong_channel_type)?;
        let moderates = self.permissions_in(user, channel.id) & bits::MANAGE_THREADS != 0;
        let before = &thread.applied_tags;
        let touched = tags.iter().filter(|tag| !before.contains(tag));
        let taken = before.iter().filter(|tag| !tags.contains(tag));
        Tags::of(parent).check(tags, touched.chain(taken), moderates)
    }

    /// Only posts can be pinned, and one in each forum.
    fn check_pinned(&self, channel: &Channel, flags: u64) -> Answer<()> {
        if flags & post::PINNED == 0 || channel.flags & post::PINNED != 0 {
            return Ok(());
        }
        let parent = self.parent_of(channel).filter(|it| it.kind.is_forum());
        let parent = parent.ok_or_else(Refusal::wrong_channel_type)?;
        let pinned = self
            .channels
            .values()
            .any(|other| other.parent_id == Some(parent.id) && other.flags & post::PINNED != 0);
        if pinned {
            let text = "Maximum number of pinned threads in a forum channel has been reached (1)";
            return Err(Refusal::new(400, 30_047, text));
        }
        Ok(())
    }

    /// A thread with its metadata laid open, for differences.
    fn thread_for_audit(&self, id: Snowflake) -> Value {
        let mut payload = self.channel_payload(id, Snowflake(0)).unwrap_or_default();
        for key in ["archived", "locked", "auto_archive_duration", "invitable"] {
            payload[key] = payload["thread_metadata"][key].clone();
        }
        payload
    }
}
