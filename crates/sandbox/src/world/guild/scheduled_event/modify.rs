//! Making, changing, starting, ending and deleting events.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::form::{Given, Purpose, read};
use super::{EventStatus, MAX_UNFINISHED, ScheduledEvent, Venue, audited};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::{action, changes};
use crate::world::channel::ChannelKind;
use crate::world::guild::stage::GUILD_ONLY;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

impl World {
    /// Makes an event.
    pub fn create_scheduled_event(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        body: &Value,
    ) -> Answer {
        self.require_member(actor.id, guild)?;
        let mut form = Form::new(body);
        let given = read(&mut form, Purpose::Create);
        let channel = given.channel_id.flatten();
        let venue = given.venue.unwrap_or(Venue::External);
        self.require_hosting(actor.id, guild, venue, channel, bits::CREATE_EVENTS)?;
        let now = self.now_ms();
        let mut event = ScheduledEvent {
            id: Snowflake(0),
            guild_id: guild,
            creator_id: actor.id,
            name: String::new(),
            description: None,
            image: None,
            start_ms: 0,
            end_ms: None,
            status: EventStatus::Scheduled,
            venue,
            channel_id: None,
            location: None,
            entity_id: None,
            recurrence: None,
            exceptions: BTreeMap::new(),
            subscribers: BTreeSet::new(),
            quiet_since_ms: None,
        };
        given.apply(&mut event);
        if form.is_clean() {
            given.check(&mut form, &event, now);
        }
        form.finish()?;
        self.check_venue(guild, &event)?;
        let events = self.guild(guild)?.scheduled_events.values();
        if events.filter(|event| !event.status.is_finished()).count() >= MAX_UNFINISHED {
            let text = format!(
                "Maximum number of uncompleted guild scheduled events reached ({MAX_UNFINISHED})"
            );
            return Err(Refusal::new(400, 30_038, text));
        }
        event.id = self.next_id();
        let rendered = self.scheduled_event_payload(&event, false);
        let events = &mut self.guild_mut(guild)?.scheduled_events;
        events.insert(event.id, event.clone());
        self.tell_event("GUILD_SCHEDULED_EVENT_CREATE", &event);
        self.remind_of_event(&event);
        let (action, id) = (action::SCHEDULED_EVENT_CREATE, event.id);
        let changes = changes(&Value::Null, &audited(&rendered));
        self.audit(guild, actor, action, Some(id), changes, Value::Null);
        Ok(rendered)
    }

    /// Changes an event; a new `status` starts it, ends it or calls it off.
    pub fn modify_scheduled_event(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        id: Snowflake,
        body: &Value,
    ) -> Answer {
        let before = self.manageable_event(actor.id, guild, id)?.clone();
        let mut form = Form::new(body);
        let given = read(&mut form, Purpose::Change);
        if before.status.is_finished() {
            form.finish()?;
            return Err(Refusal::new(400, 180_000, "Cannot update a finished event"));
        }
        let mut event = before.clone();
        given.apply(&mut event);
        if form.is_clean() {
            given.check(&mut form, &event, self.now_ms());
            check_while_active(&mut form, &given, &before);
            check_transition(&mut form, before.status, given.status);
        }
        form.finish()?;
        if event.channel_id != before.channel_id || event.venue != before.venue {
            let (venue, channel) = (event.venue, event.channel_id);
            self.require_hosting(actor.id, guild, venue, channel, 0)?;
            self.check_venue(guild, &event)?;
        }
        let status = given.status.filter(|status| *status != before.status);
        if status == Some(EventStatus::Active) {
            self.begin_event(actor, &mut event)?;
        }
        event.status = status.unwrap_or(event.status);
        let rendered = self.scheduled_event_payload(&event, false);
        self.event_changed(event);
        let changes = changes(
            &audited(&self.scheduled_event_payload(&before, false)),
            &audited(&rendered),
        );
        if !changes.is_empty() {
            let action = action::SCHEDULED_EVENT_UPDATE;
            self.audit(guild, actor, action, Some(id), changes, Value::Null);
        }
        if status == Some(EventStatus::Completed) {
            self.after_completion(guild, id);
        }
        Ok(rendered)
    }

    /// Deletes an event, also one that is over.
    pub fn delete_scheduled_event(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        id: Snowflake,
    ) -> Answer<()> {
        let event = self.manageable_event(actor.id, guild, id)?.clone();
        self.remove_event(&event)?;
        let rendered = self.scheduled_event_payload(&event, false);
        let changes = changes(&audited(&rendered), &Value::Null);
        let action = action::SCHEDULED_EVENT_DELETE;
        self.audit(guild, actor, action, Some(id), changes, Value::Null);
        Ok(())
    }

    fn remove_event(&mut self, event: &ScheduledEvent) -> Answer<()> {
        let guild = self.guild_mut(event.guild_id)?;
        guild.scheduled_events.remove(&event.id);
        self.unlink_stage(event);
        self.tell_event("GUILD_SCHEDULED_EVENT_DELETE", event);
        Ok(())
    }

    /// The events of a channel that goes away go with it.
    pub(crate) fn remove_events_in(&mut self, guild: Snowflake, channel: Snowflake) {
        let events = self.guilds.get(&guild).map(|guild| &guild.scheduled_events);
        let there: Vec<_> = events
            .into_iter()
            .flat_map(BTreeMap::values)
            .filter(|event| event.channel_id == Some(channel))
            .cloned()
            .collect();
        for event in there {
            // The guild is there, so nothing can be refused.
            let _ = self.remove_event(&event);
        }
    }

    /// Starts an event: a stage event opens its stage, which must be closed.
    fn begin_event(&mut self, actor: &Actor, event: &mut ScheduledEvent) -> Answer<()> {
        if let (Venue::Stage, Some(channel)) = (event.venue, event.channel_id) {
            if self.stage_in(channel).is_some() {
                let text = "Failed to create stage needed for stage event";
                return Err(Refusal::new(400, 180_002, text));
            }
            let stage = self.open_stage(actor, channel, &event.name, GUILD_ONLY, Some(event.id));
            event.entity_id = Some(stage);
        }
        event.quiet_since_ms = self.quiet_now(event);
        Ok(())
    }

    /// Requires what hosting takes in the event's channel, or in the guild without one.
    fn require_hosting(
        &self,
        user: Snowflake,
        guild: Snowflake,
        venue: Venue,
        channel: Option<Snowflake>,
        besides: u64,
    ) -> Answer<()> {
        match channel.filter(|_| venue != Venue::External) {
            Some(channel) if self.guild_of(channel) == Some(guild) => {
                self.require_in(user, channel, venue.hosting() | besides)
            }
            Some(_) => Err(Refusal::unknown(Unknown::Channel)),
            None => self.require(user, guild, besides),
        }
    }

    /// An event that `user` may change: their own, or any with `MANAGE_EVENTS`.
    pub(super) fn manageable_event(
        &self,
        user: Snowflake,
        guild: Snowflake,
        id: Snowflake,
    ) -> Answer<&ScheduledEvent> {
        let event = self.visible_event(user, guild, id)?;
        let own = match event.channel_id {
            Some(channel) => self.permissions_in(user, channel),
            None => self.permissions_in_guild(guild, user),
        };
        let mut enough = bits::MANAGE_EVENTS;
        if event.creator_id == user {
            enough |= bits::CREATE_EVENTS;
        }
        if own & enough == 0 {
            return Err(Refusal::missing_permissions());
        }
        self.require_hosting(user, guild, event.venue, event.channel_id, 0)?;
        Ok(event)
    }

    /// The channel must be of the event's kind.
    fn check_venue(&self, guild: Snowflake, event: &ScheduledEvent) -> Answer<()> {
        let Some(id) = event.channel_id else {
            return Ok(());
        };
        let wanted = match event.venue {
            Venue::Stage => ChannelKind::Stage,
            _ => ChannelKind::Voice,
        };
        let channel = self.channels.get(&id);
        let channel = channel.filter(|channel| channel.guild_id == Some(guild));
        match channel {
            None => Err(Refusal::unknown(Unknown::Channel)),
            Some(channel) if channel.kind == wanted => Ok(()),
            Some(_) => Err(Refusal::field(
                "channel_id",
                "GUILD_SCHEDULED_EVENT_CHANNEL_TYPE_INVALID",
                "The channel's type does not suit the event's entity type",
            )),
        }
    }
}

/// An event that goes on can neither start anew nor move.
fn check_while_active(form: &mut Form<'_>, given: &Given, before: &ScheduledEvent) {
    if before.status != EventStatus::Active {
        return;
    }
    let message = "Cannot be changed while the event is active";
    let mut keep = |key: &str, same: bool| {
        if !same {
            form.error(key, "GUILD_SCHEDULED_EVENT_ACTIVE", message);
        }
    };
    keep(
        "scheduled_start_time",
        given.start_ms.is_none_or(|start| start == before.start_ms),
    );
    keep(
        "entity_type",
        given.venue.is_none_or(|venue| venue == before.venue),
    );
    keep(
        "channel_id",
        given
            .channel_id
            .is_none_or(|channel| channel == before.channel_id),
    );
}

fn check_transition(form: &mut Form<'_>, from: EventStatus, to: Option<EventStatus>) {
    use EventStatus::{Active, Canceled, Completed, Scheduled};
    let allowed = match to {
        None => true,
        Some(to) => {
            to == from
                || matches!(
                    (from, to),
                    (Scheduled, Active | Canceled) | (Active, Completed)
                )
        }
    };
    if !allowed {
        let message = "Invalid Guild Scheduled Event Status Transition";
        form.error("status", "TRANSITION_INVALID", message);
    }
}
