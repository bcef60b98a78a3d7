//! What happens by itself later: polls that end, threads that fall asleep, events that begin.
//!
//! A timer is a reminder and holds no state: whoever is reminded looks at the thing itself, which
//! may be gone, changed, or due later by now. So nothing needs to be cancelled, and a thing that
//! moves on often (a busy thread) needs no new reminder each time.
//!
//! To add a kind: a variant of [`Due`], its arm in [`World::happen`], and
//! [`World::remind`] wherever the moment becomes known (again, when it changes). The arm calls one
//! method beside the thing's other rules. While it runs, [`World::now_ms`] is the moment at which
//! it was due, so that timestamps and ids are those of a clock that never jumps.
//!
//! [`super::Shared`] lets everything that is due happen before each locked section, and the server
//! and the control API's clock do so when nobody asks for anything.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::World;
use crate::snowflake::Snowflake;

/// Something that is due at its moment. At most one reminder is kept for each value, so their
/// number is bounded by the number of the things themselves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Due {
    /// A poll runs out.
    EndPoll {
        channel: Snowflake,
        message: Snowflake,
    },
    /// A thread may have been quiet for long enough.
    ArchiveThread(Snowflake),
    /// A scheduled event begins, ends or is called off.
    ScheduledEvent { guild: Snowflake, event: Snowflake },
    /// A stage may have been without speakers for long enough.
    CloseStage(Snowflake),
    /// Invites or direct messages of a guild may be on again.
    LiftIncident(Snowflake),
    /// Someone in voice may have been away for long enough.
    MoveIdle { guild: Snowflake, user: Snowflake },
}

/// All reminders, by moment.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(from = "Vec<(u64, Due)>", into = "Vec<(u64, Due)>")]
pub(crate) struct Timers {
    queue: BTreeSet<(u64, Due)>,
    moments: BTreeMap<Due, u64>,
}

impl Timers {
    fn set(&mut self, at_ms: u64, due: Due) {
        if let Some(before) = self.moments.insert(due, at_ms) {
            self.queue.remove(&(before, due));
        }
        self.queue.insert((at_ms, due));
    }

    /// The earliest of what is due by now.
    fn take(&mut self, now_ms: u64) -> Option<(u64, Due)> {
        let (at_ms, due) = *self.queue.first().filter(|(at_ms, _)| *at_ms <= now_ms)?;
        self.queue.pop_first();
        self.moments.remove(&due);
        Some((at_ms, due))
    }
}

impl From<Vec<(u64, Due)>> for Timers {
    fn from(reminders: Vec<(u64, Due)>) -> Self {
        let mut timers = Self::default();
        for (at_ms, due) in reminders {
            timers.set(at_ms, due);
        }
        timers
    }
}

impl From<Timers> for Vec<(u64, Due)> {
    fn from(timers: Timers) -> Self {
        timers.queue.into_iter().collect()
    }
}

impl World {
    /// Asks to be reminded at a moment; an earlier request for the same moves there.
    pub(crate) fn remind(&mut self, at_ms: u64, due: Due) {
        self.timers.set(at_ms, due);
    }

    /// Whether a reminder's moment has come.
    pub(crate) fn is_anything_due(&self) -> bool {
        let now_ms = self.clock.now_ms();
        let first = self.timers.queue.first();
        first.is_some_and(|(at_ms, _)| *at_ms <= now_ms)
    }

    /// Lets the next thing that is due happen; false when there is none. What it tells the Gateway
    /// is in the outbox then.
    pub(crate) fn run_next_due(&mut self) -> bool {
        let Some((at_ms, due)) = self.timers.take(self.clock.now_ms()) else {
            return false;
        };
        self.happening_ms = Some(at_ms);
        self.happen(due);
        self.happening_ms = None;
        true
    }

    /// Lets all that is due happen, in order.
    pub fn run_due(&mut self) {
        while self.run_next_due() {}
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::EndPoll { channel, message } => self.poll_runs_out(channel, message),
            Due::ArchiveThread(thread) => self.archive_if_quiet(thread),
            Due::ScheduledEvent { guild, event } => self.event_is_due(guild, event),
            Due::CloseStage(channel) => self.close_if_silent(channel),
            Due::LiftIncident(guild) => self.lift_incidents(guild),
            Due::MoveIdle { guild, user } => self.move_if_idle(guild, user),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: Due = Due::EndPoll {
        channel: Snowflake(1),
        message: Snowflake(2),
    };
    const THREAD: Due = Due::ArchiveThread(Snowflake(3));

    #[test]
    fn what_is_due_comes_in_order_and_nothing_comes_early() {
        let mut timers = Timers::default();
        timers.set(20, POLL);
        timers.set(10, THREAD);
        assert_eq!(timers.take(9), None);
        assert_eq!(timers.take(30), Some((10, THREAD)));
        assert_eq!(timers.take(30), Some((20, POLL)));
        assert_eq!(timers.take(30), None);
    }

    #[test]
    fn a_second_reminder_of_the_same_replaces_the_first() {
        let mut timers = Timers::default();
        timers.set(10, POLL);
        timers.set(50, POLL);
        assert_eq!(timers.take(49), None);
        assert_eq!(timers.take(50), Some((50, POLL)));
        assert_eq!(timers.take(99), None);
    }

    #[test]
    fn reminders_survive_being_saved() {
        let mut timers = Timers::default();
        timers.set(20, POLL);
        timers.set(10, THREAD);
        let saved = serde_json::to_string(&timers).unwrap();
        let mut restored: Timers = serde_json::from_str(&saved).unwrap();
        assert_eq!(restored.take(30), Some((10, THREAD)));
        assert_eq!(restored.take(30), Some((20, POLL)));
    }
}
