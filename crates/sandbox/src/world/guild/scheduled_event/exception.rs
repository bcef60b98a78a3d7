//! Exceptions to a recurring event: one time it is called off, or held at another time.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ScheduledEvent;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::clock::iso8601;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World, intents};

/// Exceptions of one event.
const MAX_EXCEPTIONS: usize = 100;

/// One recurrence that is different.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EventException {
    /// Of the moment at which the recurrence would have begun.
    pub id: Snowflake,
    pub start_ms: Option<u64>,
    pub end_ms: Option<u64>,
    pub canceled: bool,
    /// Who is interested in this one time.
    pub subscribers: BTreeSet<Snowflake>,
}

impl EventException {
    pub(crate) fn payload(&self, event: Snowflake) -> Value {
        json!({
            "event_id": event,
            "event_exception_id": self.id,
            "scheduled_start_time": self.start_ms.map(iso8601),
            "scheduled_end_time": self.end_ms.map(iso8601),
            "is_canceled": self.canceled,
        })
    }
}

/// What a request says of an exception; the inner `None`s are nulls.
#[expect(
    clippy::option_option,
    reason = "absent, null and value are three things"
)]
struct Given {
    start_ms: Option<Option<u64>>,
    end_ms: Option<Option<u64>>,
    canceled: Option<bool>,
}

fn read(form: &mut Form<'_>) -> Given {
    Given {
        start_ms: form.moment("scheduled_start_time").given(),
        end_ms: form.moment("scheduled_end_time").given(),
        canceled: form.flag("is_canceled").value(),
    }
}

impl Given {
    fn apply(&self, form: &mut Form<'_>, exception: &mut EventException) {
        exception.start_ms = self.start_ms.unwrap_or(exception.start_ms);
        exception.end_ms = self.end_ms.unwrap_or(exception.end_ms);
        exception.canceled = self.canceled.unwrap_or(exception.canceled);
        let start = exception
            .start_ms
            .unwrap_or_else(|| exception.id.timestamp_ms());
        if exception.end_ms.is_some_and(|end| end <= start) {
            let (code, message) = (
                "GUILD_SCHEDULED_EVENT_END_TIME_BEFORE_START_TIME",
                "Cannot schedule event to end before it starts.",
            );
            form.error("scheduled_end_time", code, message);
        }
    }
}

impl World {
    /// Makes one recurrence different.
    pub fn create_event_exception(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        event_id: Snowflake,
        body: &Value,
    ) -> Answer {
        let event = self.manageable_event(actor.id, guild, event_id)?.clone();
        let mut form = Form::new(body);
        let original = form.moment("original_scheduled_start_time");
        let original = form.required("original_scheduled_start_time", original);
        let given = read(&mut form);
        let mut exception = EventException {
            id: Snowflake::at_ms(original),
            start_ms: None,
            end_ms: None,
            canceled: false,
            subscribers: BTreeSet::new(),
        };
        if form.is_clean() {
            given.apply(&mut form, &mut exception);
            check_original(&mut form, &event, original);
        }
        form.finish()?;
        check_open(&event)?;
        if !exception.canceled && exception.start_ms.is_none() && exception.end_ms.is_none() {
            let text = "An exception needs is_canceled, scheduled_start_time or scheduled_end_time";
            return Err(Refusal::new(400, 180_005, text));
        }
        let kind = "GUILD_SCHEDULED_EVENT_EXCEPTION_CREATE";
        Ok(self.put_exception(actor, event, exception, kind))
    }

    /// Changes an exception.
    pub fn modify_event_exception(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        event_id: Snowflake,
        id: Snowflake,
        body: &Value,
    ) -> Answer {
        let event = self.manageable_event(actor.id, guild, event_id)?.clone();
        let mut exception = exception_of(&event, id)?.clone();
        let mut form = Form::new(body);
        let given = read(&mut form);
        if form.is_clean() {
            given.apply(&mut form, &mut exception);
        }
        form.finish()?;
        check_open(&event)?;
        let kind = "GUILD_SCHEDULED_EVENT_EXCEPTION_UPDATE";
        Ok(self.put_exception(actor, event, exception, kind))
    }

    /// Takes an exception back.
    pub fn delete_event_exception(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        event_id: Snowflake,
        id: Snowflake,
    ) -> Answer<()> {
        let mut event = self.manageable_event(actor.id, guild, event_id)?.clone();
        let before = exception_of(&event, id)?.payload(event_id);
        event.exceptions.remove(&id);
        let kind = "GUILD_SCHEDULED_EVENT_EXCEPTION_DELETE";
        self.keep_exceptions(actor, event, kind, &before, &Value::Null);
        Ok(())
    }

    fn put_exception(
        &mut self,
        actor: &Actor,
        mut event: ScheduledEvent,
        exception: EventException,
        kind: &'static str,
    ) -> Value {
        let old = event.exceptions.get(&exception.id);
        let before = old.map_or(Value::Null, |old| old.payload(event.id));
        let after = exception.payload(event.id);
        event.exceptions.insert(exception.id, exception);
        self.keep_exceptions(actor, event, kind, &before, &after);
        after
    }

    fn keep_exceptions(
        &mut self,
        actor: &Actor,
        event: ScheduledEvent,
        kind: &'static str,
        before: &Value,
        after: &Value,
    ) {
        let mut data = if after.is_null() { before } else { after }.clone();
        data["guild_id"] = json!(event.guild_id);
        let wanted = intents::GUILD_SCHEDULED_EVENTS;
        self.dispatch(kind, event.audience(), wanted, data);
        let action = match (before.is_null(), after.is_null()) {
            (true, _) => action::SCHEDULED_EVENT_EXCEPTION_CREATE,
            (false, false) => action::SCHEDULED_EVENT_EXCEPTION_UPDATE,
            (false, true) => action::SCHEDULED_EVENT_EXCEPTION_DELETE,
        };
        let (guild, id) = (event.guild_id, event.id);
        let mut changes = changes(before, after);
        changes.retain(|change| change["key"] != "event_id");
        self.remind_of_event(&event);
        if let Ok(kept) = self.scheduled_event_mut(guild, id) {
            *kept = event;
        }
        self.audit(guild, actor, action, Some(id), changes, Value::Null);
        self.skip_if_canceled(guild, id);
    }
}

pub(super) fn exception_of(event: &ScheduledEvent, id: Snowflake) -> Answer<&EventException> {
    let exception = event.exceptions.get(&id);
    exception.ok_or_else(|| Refusal::unknown(Unknown::ScheduledEventException))
}

fn check_original(form: &mut Form<'_>, event: &ScheduledEvent, original: u64) {
    let rule = event.recurrence.as_ref();
    let known = event.exceptions.contains_key(&Snowflake::at_ms(original));
    let message = if rule.is_none_or(|rule| !rule.occurs_at(original)) {
        "The event does not recur at this time"
    } else if known {
        "This recurrence has an exception already"
    } else if event.exceptions.len() >= MAX_EXCEPTIONS {
        "The event has too many exceptions"
    } else {
        return;
    };
    let (key, code) = (
        "original_scheduled_start_time",
        "GUILD_SCHEDULED_EVENT_EXCEPTION_INVALID",
    );
    form.error(key, code, message);
}

fn check_open(event: &ScheduledEvent) -> Answer<()> {
    if event.status.is_finished() {
        return Err(Refusal::new(400, 180_000, "Cannot update a finished event"));
    }
    Ok(())
}
