//! What happens to events by themselves (Discord: Guild Scheduled Event Status Update Automation).

use super::{EventStatus, ScheduledEvent, Venue};
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::timers::Due;

/// After so long without anybody there, a stage or voice event ends.
const QUIET_MS: u64 = 3 * 60 * 1_000;

/// So long after its time an event that nobody started is called off.
const FORGOTTEN_MS: u64 = 4 * 60 * 60 * 1_000;

impl ScheduledEvent {
    /// When something happens to it next.
    fn next_moment(&self) -> Option<u64> {
        let exception = self.exceptions.get(&Snowflake::at_ms(self.start_ms));
        let start = exception
            .and_then(|exception| exception.start_ms)
            .unwrap_or(self.start_ms);
        let end = exception
            .and_then(|exception| exception.end_ms)
            .or(self.end_ms);
        match (self.status, self.venue) {
            (EventStatus::Scheduled, Venue::External) => Some(start),
            (EventStatus::Scheduled, _) => Some(start + FORGOTTEN_MS),
            (EventStatus::Active, Venue::External) => end,
            (EventStatus::Active, _) => self.quiet_since_ms.map(|since| since + QUIET_MS),
            (EventStatus::Completed | EventStatus::Canceled, _) => None,
        }
    }
}

impl World {
    pub(super) fn remind_of_event(&mut self, event: &ScheduledEvent) {
        if let Some(at_ms) = event.next_moment() {
            let (guild, event) = (event.guild_id, event.id);
            self.remind(at_ms, Due::ScheduledEvent { guild, event });
        }
    }

    /// The moment of an event has come, unless it was changed meanwhile.
    pub(crate) fn event_is_due(&mut self, guild: Snowflake, id: Snowflake) {
        let now = self.now_ms();
        let Ok(event) = self.scheduled_event(guild, id) else {
            return;
        };
        if event.next_moment().is_none_or(|at_ms| at_ms > now) {
            let event = event.clone();
            self.remind_of_event(&event);
            return;
        }
        let mut event = event.clone();
        event.status = match (event.status, event.venue) {
            (EventStatus::Scheduled, Venue::External) => EventStatus::Active,
            (EventStatus::Scheduled, _) => EventStatus::Canceled,
            _ => EventStatus::Completed,
        };
        let finished = event.status.is_finished();
        self.event_changed(event);
        if finished {
            self.after_completion(guild, id);
        }
    }

    /// An event is over: its stage closes, and a recurring one waits for its next time.
    pub(crate) fn after_completion(&mut self, guild: Snowflake, id: Snowflake) {
        let Ok(event) = self.scheduled_event(guild, id) else {
            return;
        };
        let (channel, stage) = (event.channel_id, event.entity_id);
        if let Some(channel) = channel
            && self
                .stage_in(channel)
                .is_some_and(|open| Some(open.id) == stage)
        {
            self.drop_stage(channel);
        }
        self.move_on(guild, id);
    }

    /// A recurrence that was called off is passed over.
    pub(super) fn skip_if_canceled(&mut self, guild: Snowflake, id: Snowflake) {
        let Ok(event) = self.scheduled_event(guild, id) else {
            return;
        };
        if event.status == EventStatus::Scheduled && called_off(event, event.start_ms) {
            self.move_on(guild, id);
        }
    }

    /// Schedules a recurring event anew.
    fn move_on(&mut self, guild: Snowflake, id: Snowflake) {
        let Ok(event) = self.scheduled_event(guild, id) else {
            return;
        };
        let mut event = event.clone();
        let now = self.now_ms();
        let mut next = event.start_ms;
        // Each exception calls off one time at most, so one more than all of them is enough.
        for _ in 0..=event.exceptions.len() {
            let rule = event.recurrence.as_ref();
            let Some(later) = rule.and_then(|rule| rule.next_after(next.max(now))) else {
                return;
            };
            next = later;
            if !called_off(&event, next) {
                break;
            }
        }
        let length = event.end_ms.map(|end| end.saturating_sub(event.start_ms));
        event.start_ms = next;
        event.end_ms = length.map(|length| next + length);
        event.status = EventStatus::Scheduled;
        event.entity_id = None;
        event.quiet_since_ms = None;
        self.event_changed(event);
    }

    /// Since when nobody is where an event takes place; `None` while someone is.
    pub(super) fn quiet_now(&self, event: &ScheduledEvent) -> Option<u64> {
        let channel = event.channel_id?;
        (self.listeners(event.guild_id, channel) == 0).then(|| self.now_ms())
    }

    /// Someone came to a voice channel or left it: events there may have become quiet.
    pub(crate) fn events_heed_traffic(&mut self, guild: Snowflake, channel: Snowflake) {
        let there: Vec<_> = self
            .unfinished_events(guild)
            .filter(|event| event.channel_id == Some(channel))
            .filter(|event| event.status == EventStatus::Active)
            .cloned()
            .collect();
        for mut event in there {
            event.quiet_since_ms = match self.quiet_now(&event) {
                Some(now) => event.quiet_since_ms.or(Some(now)),
                None => None,
            };
            self.remind_of_event(&event);
            if let Ok(kept) = self.scheduled_event_mut(guild, event.id) {
                *kept = event;
            }
        }
    }
}

fn called_off(event: &ScheduledEvent, start_ms: u64) -> bool {
    let exception = event.exceptions.get(&Snowflake::at_ms(start_ms));
    exception.is_some_and(|exception| exception.canceled)
}
