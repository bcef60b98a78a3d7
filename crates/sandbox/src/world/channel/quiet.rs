//! Quiet threads fall asleep by themselves, and a message wakes them.

use super::post;
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::timers::Due;

impl World {
    /// When a thread that nobody writes in falls asleep; `None` for one that does not: archived
    /// already, or pinned in its forum.
    fn quiet_at(&self, id: Snowflake) -> Option<u64> {
        let channel = self.channels.get(&id)?;
        let thread = channel.thread.as_ref().filter(|thread| !thread.archived)?;
        if channel.flags & post::PINNED != 0 {
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

    /// Opens an archived thread, as a message in it does.
    pub(crate) fn wake_thread(&mut self, id: Snowflake) {
        let now = self.now_ms();
        let channel = self.channels.get_mut(&id);
        let thread = channel.and_then(|channel| channel.thread.as_mut());
        let Some(thread) = thread.filter(|thread| thread.archived) else {
            return;
        };
        thread.archived = false;
        thread.archive_ms = now;
        self.watch_quiet(id);
        self.tell_thread("THREAD_UPDATE", id, false);
        self.tell_own_thread_members(id);
    }
}
