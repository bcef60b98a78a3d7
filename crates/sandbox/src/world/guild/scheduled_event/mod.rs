//! Scheduled events: what they are, who may see them, and how Discord renders them.

mod automatic;
mod exception;
mod form;
mod modify;
mod recurrence;
mod subscriber;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use exception::EventException;
pub use recurrence::Recurrence;
pub use subscriber::{Interest, SubscriberPage};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::clock::iso8601;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// Events of a guild that are to come or going on (Discord: Create Guild Scheduled Event).
const MAX_UNFINISHED: usize = 100;

/// Finished events that can still be fetched by their ids.
const MAX_FINISHED: usize = 100;

/// Rights over the stage of an event; together they make a stage moderator.
pub(crate) const MODERATES_STAGE: u64 =
    bits::MANAGE_CHANNELS | bits::MUTE_MEMBERS | bits::MOVE_MEMBERS;

/// Where an event takes place.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[repr(u8)]
pub enum Venue {
    Stage = 1,
    Voice = 2,
    /// Anywhere else; such events begin and end by themselves.
    External = 3,
}

/// How far an event has come. The last two are for good.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[repr(u8)]
pub enum EventStatus {
    Scheduled = 1,
    Active = 2,
    Completed = 3,
    Canceled = 4,
}

/// An event of a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ScheduledEvent {
    pub id: Snowflake,
    pub guild_id: Snowflake,
    pub creator_id: Snowflake,
    pub name: String,
    pub description: Option<String>,
    /// Hash of the cover.
    pub image: Option<String>,
    pub start_ms: u64,
    pub end_ms: Option<u64>,
    pub status: EventStatus,
    pub venue: Venue,
    /// Of stage and voice events.
    pub channel_id: Option<Snowflake>,
    /// Of external events.
    pub location: Option<String>,
    /// The stage instance, while one belongs to the event.
    pub entity_id: Option<Snowflake>,
    pub recurrence: Option<Recurrence>,
    /// By the snowflake of the original start.
    pub exceptions: BTreeMap<Snowflake, EventException>,
    /// Who is interested.
    pub subscribers: BTreeSet<Snowflake>,
    /// Active stage and voice events: since when nobody is there.
    pub quiet_since_ms: Option<u64>,
}

impl Venue {
    fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Stage),
            2 => Some(Self::Voice),
            3 => Some(Self::External),
            _ => None,
        }
    }

    /// What a person needs to make an event there, besides `CREATE_EVENTS`.
    const fn hosting(self) -> u64 {
        match self {
            Self::Stage => MODERATES_STAGE,
            Self::Voice => bits::VIEW_CHANNEL | bits::CONNECT,
            Self::External => 0,
        }
    }
}

impl EventStatus {
    pub(crate) const fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Canceled)
    }
}

impl ScheduledEvent {
    /// Who hears of it: those who see its channel, or the whole guild.
    pub(crate) fn audience(&self) -> Audience {
        match self.channel_id {
            Some(channel) => Audience::Channel {
                guild: self.guild_id,
                channel,
            },
            None => Audience::Guild(self.guild_id),
        }
    }
}

impl World {
    /// An event by its id.
    pub(crate) fn scheduled_event(
        &self,
        guild: Snowflake,
        id: Snowflake,
    ) -> Answer<&ScheduledEvent> {
        let event = self.guild(guild)?.scheduled_events.get(&id);
        event.ok_or_else(|| Refusal::unknown(Unknown::ScheduledEvent))
    }

    pub(crate) fn scheduled_event_mut(
        &mut self,
        guild: Snowflake,
        id: Snowflake,
    ) -> Answer<&mut ScheduledEvent> {
        let event = self.guild_mut(guild)?.scheduled_events.get_mut(&id);
        event.ok_or_else(|| Refusal::unknown(Unknown::ScheduledEvent))
    }

    /// An event that `user` may see; one in a hidden channel counts as unknown.
    fn visible_event(
        &self,
        user: Snowflake,
        guild: Snowflake,
        id: Snowflake,
    ) -> Answer<&ScheduledEvent> {
        self.require_member(user, guild)?;
        let event = self.scheduled_event(guild, id)?;
        if self.audience_includes(&event.audience(), user) {
            return Ok(event);
        }
        Err(Refusal::unknown(Unknown::ScheduledEvent))
    }

    /// The scheduled event object.
    pub(crate) fn scheduled_event_payload(
        &self,
        event: &ScheduledEvent,
        with_count: bool,
    ) -> Value {
        let mut payload = json!({
            "id": event.id,
            "guild_id": event.guild_id,
            "channel_id": event.channel_id,
            "creator_id": event.creator_id,
            "creator": self.user_payload(event.creator_id),
            "name": event.name,
            "description": event.description,
            "image": event.image,
            "scheduled_start_time": iso8601(event.start_ms),
            "scheduled_end_time": event.end_ms.map(iso8601),
            "privacy_level": 2,
            "status": event.status as u8,
            "entity_type": event.venue as u8,
            "entity_id": event.entity_id,
            "entity_metadata": event.location.as_ref().map(|place| json!({"location": place})),
            "recurrence_rule": event.recurrence.as_ref().map(Recurrence::payload),
            "guild_scheduled_event_exceptions": event.exceptions.values()
                .map(|exception| exception.payload(event.id)).collect::<Vec<_>>(),
        });
        if with_count {
            payload["user_count"] = json!(event.subscribers.len());
        }
        payload
    }

    /// What is to come and going on, as far as `user` sees it.
    pub fn list_scheduled_events(
        &self,
        actor: &Actor,
        guild: Snowflake,
        with_count: bool,
    ) -> Answer {
        self.require_member(actor.id, guild)?;
        Ok(Value::Array(
            self.scheduled_events_for(guild, actor.id, with_count),
        ))
    }

    /// The unfinished events that `user` sees, oldest first.
    pub(crate) fn scheduled_events_for(
        &self,
        guild: Snowflake,
        user: Snowflake,
        with_count: bool,
    ) -> Vec<Value> {
        let events = self.guilds.get(&guild).map(|guild| &guild.scheduled_events);
        let events = events.into_iter().flat_map(BTreeMap::values);
        events
            .filter(|event| !event.status.is_finished())
            .filter(|event| self.audience_includes(&event.audience(), user))
            .map(|event| self.scheduled_event_payload(event, with_count))
            .collect()
    }

    /// One event, also one that is over.
    pub fn get_scheduled_event(
        &self,
        actor: &Actor,
        guild: Snowflake,
        id: Snowflake,
        with_count: bool,
    ) -> Answer {
        let event = self.visible_event(actor.id, guild, id)?;
        Ok(self.scheduled_event_payload(event, with_count))
    }

    /// Those of an audit log's targets that are events.
    pub(crate) fn audited_events(
        &self,
        guild: Snowflake,
        targets: impl Iterator<Item = Snowflake>,
    ) -> Vec<Value> {
        let named: BTreeSet<_> = targets.collect();
        let known = named
            .iter()
            .filter_map(|id| self.scheduled_event(guild, *id).ok());
        known
            .map(|event| self.scheduled_event_payload(event, false))
            .collect()
    }

    fn tell_event(&mut self, kind: &'static str, event: &ScheduledEvent) {
        let data = self.scheduled_event_payload(event, false);
        let wanted = intents::GUILD_SCHEDULED_EVENTS;
        self.dispatch(kind, event.audience(), wanted, data);
    }

    /// Puts a changed event back, tells everyone, and sees to what happens to it next.
    pub(crate) fn event_changed(&mut self, event: ScheduledEvent) {
        self.tell_event("GUILD_SCHEDULED_EVENT_UPDATE", &event);
        self.remind_of_event(&event);
        let Some(guild) = self.guilds.get_mut(&event.guild_id) else {
            return;
        };
        let events = &mut guild.scheduled_events;
        events.insert(event.id, event);
        let finished = events.values().filter(|event| event.status.is_finished());
        let finished: Vec<_> = finished.map(|event| event.id).collect();
        let surplus = finished.len().saturating_sub(MAX_FINISHED);
        for forgotten in &finished[..surplus] {
            events.remove(forgotten);
        }
    }
}

/// An event as its audit entries see it.
fn audited(payload: &Value) -> Value {
    let told = [
        "name",
        "description",
        "channel_id",
        "scheduled_start_time",
        "scheduled_end_time",
        "privacy_level",
        "status",
        "entity_type",
        "recurrence_rule",
    ];
    let mut seen: serde_json::Map<_, _> = told
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), payload.get(*key)?.clone())))
        .collect();
    if let Some(metadata) = payload.get("entity_metadata") {
        seen.insert("location".into(), metadata["location"].clone());
    }
    if let Some(image) = payload.get("image") {
        seen.insert("image_hash".into(), image.clone());
    }
    Value::Object(seen)
}
