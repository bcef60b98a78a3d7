//! The fields of an event as a request gives them, and what must fit together.

use super::{EventStatus, Recurrence, ScheduledEvent, Venue, recurrence};
use crate::snowflake::Snowflake;
use crate::validate::{Form, Inline};

/// The largest cover, in bytes.
const MAX_COVER_BYTES: usize = 10 * 1024 * 1024;

/// How far ahead an event may be.
const MAX_AHEAD_MS: u64 = 5 * 366 * 24 * 60 * 60 * 1_000;

/// What was given; the inner `None`s are nulls.
#[expect(
    clippy::option_option,
    reason = "absent, null and value are three things"
)]
#[derive(Default)]
pub(super) struct Given {
    pub(super) name: Option<String>,
    pub(super) description: Option<Option<String>>,
    pub(super) image: Option<Option<String>>,
    pub(super) start_ms: Option<u64>,
    pub(super) end_ms: Option<Option<u64>>,
    pub(super) venue: Option<Venue>,
    pub(super) channel_id: Option<Option<Snowflake>>,
    pub(super) location: Option<String>,
    pub(super) recurrence: Option<Option<Recurrence>>,
    pub(super) status: Option<EventStatus>,
}

/// Whether a request makes an event or changes one.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Purpose {
    Create,
    Change,
}

pub(super) fn read(form: &mut Form<'_>, purpose: Purpose) -> Given {
    let name = form.text("name", 1..=100);
    let start_ms = form.moment("scheduled_start_time");
    let venue = form.choice("entity_type", &[1, 2, 3]);
    let privacy = form.choice("privacy_level", &[2]);
    let (mut given, venue) = if purpose == Purpose::Create {
        form.required("privacy_level", privacy);
        let given = Given {
            name: Some(form.required("name", name)),
            start_ms: Some(form.required("scheduled_start_time", start_ms)),
            ..Given::default()
        };
        (given, Some(form.required("entity_type", venue)))
    } else {
        let status = form.choice("status", &[1, 2, 3, 4]).value();
        let given = Given {
            name: name.value(),
            start_ms: start_ms.value(),
            status: status.and_then(status_from),
            ..Given::default()
        };
        (given, venue.value())
    };
    given.venue = venue.and_then(Venue::from_number);
    given.description = form.text("description", 0..=1_000).given();
    let image = form.image("image", MAX_COVER_BYTES).given();
    given.image = image.map(|image| image.as_ref().map(Inline::hash));
    given.end_ms = form.moment("scheduled_end_time").given();
    given.channel_id = form.id("channel_id").given();
    let location = form.object("entity_metadata", |inner| inner.text("location", 0..=100));
    given.location = location.value().and_then(crate::validate::Patch::value);
    given.recurrence = form.object("recurrence_rule", recurrence::read).given();
    given
}

fn status_from(number: u64) -> Option<EventStatus> {
    Some(match number {
        1 => EventStatus::Scheduled,
        2 => EventStatus::Active,
        3 => EventStatus::Completed,
        4 => EventStatus::Canceled,
        _ => return None,
    })
}

impl Given {
    /// Puts everything but the status into an event; what does not suit its venue is dropped.
    pub(super) fn apply(&self, event: &mut ScheduledEvent) {
        let keep = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        event.name = self.name.clone().unwrap_or_else(|| event.name.clone());
        if let Some(description) = &self.description {
            event.description = keep(description);
        }
        if let Some(image) = &self.image {
            event.image.clone_from(image);
        }
        event.start_ms = self.start_ms.unwrap_or(event.start_ms);
        event.end_ms = self.end_ms.unwrap_or(event.end_ms);
        event.venue = self.venue.unwrap_or(event.venue);
        event.channel_id = self.channel_id.unwrap_or(event.channel_id);
        if let Some(place) = keep(&self.location) {
            event.location = Some(place);
        }
        if event.venue != Venue::External {
            event.location = None;
        }
        if let Some(rule) = &self.recurrence {
            if *rule != event.recurrence {
                event.exceptions.clear();
            }
            event.recurrence.clone_from(rule);
        }
    }

    /// Notes what does not fit together (Discord: Field Requirements By Entity Type).
    pub(super) fn check(&self, form: &mut Form<'_>, event: &ScheduledEvent, now_ms: u64) {
        if event.venue == Venue::External {
            if event.channel_id.is_some() {
                let message = "Must be null for an external event";
                form.error("channel_id", "BASE_TYPE_CHOICES", message);
            }
            if event.location.is_none() {
                let message = "External events need entity_metadata with a location";
                form.error("entity_metadata", "BASE_TYPE_REQUIRED", message);
            }
            if event.end_ms.is_none() {
                let message = "This field is required";
                form.error("scheduled_end_time", "BASE_TYPE_REQUIRED", message);
            }
        } else if event.channel_id.is_none() {
            form.error("channel_id", "BASE_TYPE_REQUIRED", "This field is required");
        }
        if self.start_ms.is_some_and(|start| start < now_ms) {
            let (code, message) = (
                "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST",
                "Cannot schedule event in the past.",
            );
            form.error("scheduled_start_time", code, message);
        }
        if self
            .start_ms
            .is_some_and(|start| start > now_ms + MAX_AHEAD_MS)
        {
            let (code, message) = (
                "GUILD_SCHEDULED_EVENT_SCHEDULE_FUTURE",
                "Cannot schedule event more than 5 years in the future.",
            );
            form.error("scheduled_start_time", code, message);
        }
        if event.end_ms.is_some_and(|end| end <= event.start_ms) {
            let (code, message) = (
                "GUILD_SCHEDULED_EVENT_END_TIME_BEFORE_START_TIME",
                "Cannot schedule event to end before it starts.",
            );
            form.error("scheduled_end_time", code, message);
        }
    }
}
