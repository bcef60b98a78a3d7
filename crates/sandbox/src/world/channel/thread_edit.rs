//! Changing threads: archiving, locking, naming, and the archiving of quiet ones.

use serde_json::{Value, json};

use super::thread::ARCHIVE_DURATIONS;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::timers::Due;
use crate::world::{Actor, Answer, Refusal, World};

/// Thread flag: pinned on top of its forum.
const FORUM_PINNED: u64 = 1 << 1;

impl World {
    /// Changes a thread: archive, lock, name and the like.
    pub fn modify_thread(&mut self, actor: &Actor, id: Snowflake, body: &Value) -> Answer {
        let mut thread = self.thread_at(actor.id, id)?.clone();
        let guild = self.guild_of(id).unwrap_or_default();
        let before = self.thread_for_audit(id);
        let mut form = Form::new(body);
        let name = form.text("name", 1..=100).value();
        let archived = form.flag("archived").value();
        let locked = form.flag("locked").value();
        let invitable = form.flag("invitable").value();
        let duration = form
            .choice("auto_archive_duration", ARCHIVE_DURATIONS)
            .value();
        let slow = form.integer("rate_limit_per_user", 0..=21_600).value();
        let flags = form.bits("flags").value();
        let tags = form.ids("applied_tags", 0..=5).value();
        form.finish()?;
        let manages = self.permissions_in(actor.id, id) & bits::MANAGE_THREADS != 0;
        let owns = thread.owner_id == actor.id;
        let only_unarchives = archived == Some(false)
            && name.is_none()
            && locked.is_none()
            && slow.is_none()
            && flags.is_none();
        if thread.archived && !(archived == Some(false) || manages && locked.is_some()) {
            return Err(Refusal::new(400, 50_083, "Thread is archived"));
        }
        if !manages {
            let reopens = only_unarchives && !thread.locked;
            if reopens {
                self.require_in(actor.id, id, bits::SEND_MESSAGES_IN_THREADS)?;
            }
            let beyond_owner = locked.is_some() || slow.is_some() || flags.is_some();
            if !reopens && (!owns || beyond_owner || thread.locked) {
                return Err(Refusal::missing_permissions());
            }
        }
        if let Some(archived) = archived.filter(|archived| *archived != thread.archived) {
            thread.archived = archived;
            thread.archive_ms = self.now_ms();
        }
        thread.locked = locked.unwrap_or(thread.locked);
        thread.invitable = invitable.unwrap_or(thread.invitable);
        thread.auto_archive_duration = duration.unwrap_or(thread.auto_archive_duration);
        if let Some(tags) = tags {
            thread.applied_tags = tags;
        }
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.name = name.unwrap_or_else(|| channel.name.clone());
            if let Some(slow) = slow {
                channel
                    .settings
                    .insert("rate_limit_per_user".into(), json!(slow));
            }
            if let Some(flags) = flags {
                channel.flags = flags & FORUM_PINNED;
            }
            channel.thread = Some(thread);
        }
        self.watch_quiet(id);
        self.tell_thread("THREAD_UPDATE", id, false);
        let changes = changes(&before, &self.thread_for_audit(id));
        if !changes.is_empty() {
            self.audit(
                guild,
                actor,
                action::THREAD_UPDATE,
                Some(id),
                changes,
                Value::Null,
            );
        }
        self.channel_answer(id, actor.id)
    }

    /// A thread with its metadata laid open, for differences.
    fn thread_for_audit(&self, id: Snowflake) -> Value {
        let mut payload = self.channel_payload(id, Snowflake(0)).unwrap_or_default();
        for key in ["archived", "locked", "auto_archive_duration", "invitable"] {
            payload[key] = payload["thread_metadata"][key].clone();
        }
        payload
    }

    /// When a thread that nobody writes in falls asleep; `None` for one that does not: archived
    /// already, or pinned in its forum.
    fn quiet_at(&self, id: Snowflake) -> Option<u64> {
        let channel = self.channels.get(&id)?;
        let thread = channel.thread.as_ref().filter(|thread| !thread.archived)?;
        if channel.flags & FORUM_PINNED != 0 {
            return None;
        }
        let last = channel.last_message_id.map_or(0, Snowflake::timestamp_ms);
        let active = last.max(thread.archive_ms).max(thread.created_ms);
        Some(active + thread.auto_archive_duration * 60_000)
    }

    /// Looks after a thread's quiet time; called when the thread begins, wakes or changes.
    pub(crate) fn watch_quiet(&mut self, id: Snowflake) {
        if let Some(at) = self.quiet_at(id) {
            self.remind(at, Due::ArchiveThread(id));
        }
    }

    /// Archives a thread whose quiet time is over, or waits on when somebody wrote meanwhile.
    pub(crate) fn archive_if_quiet(&mut self, id: Snowflake) {
        let now = self.now_ms();
        let Some(at) = self.quiet_at(id) else {
            return;
        };
        if at > now {
            self.remind(at, Due::ArchiveThread(id));
            return;
        }
        if let Some(thread) = self.channels.get_mut(&id).and_then(|c| c.thread.as_mut()) {
            thread.archived = true;
            thread.archive_ms = now;
        }
        self.tell_thread("THREAD_UPDATE", id, false);
    }
}
