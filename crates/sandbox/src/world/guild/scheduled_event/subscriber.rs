//! Who is interested in an event, or in one of its recurrences.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::ScheduledEvent;
use super::exception::exception_of;
use crate::snowflake::Snowflake;
use crate::world::{Actor, Answer, Refusal, World, intents};

/// Which of the interested are wanted; `before` wins over `after`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubscriberPage {
    pub before: Option<Snowflake>,
    pub after: Option<Snowflake>,
    pub limit: usize,
    pub with_member: bool,
}

/// Someone comes or goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Interest {
    Shown,
    Withdrawn,
}

impl World {
    /// The interested, by user id.
    pub fn event_subscribers(
        &self,
        actor: &Actor,
        guild: Snowflake,
        event_id: Snowflake,
        exception_id: Option<Snowflake>,
        page: SubscriberPage,
    ) -> Answer {
        let event = self.visible_event(actor.id, guild, event_id)?;
        let users = subscribers_of(event, exception_id)?;
        let chosen: Vec<_> = match (page.before, page.after) {
            (Some(before), _) => {
                let mut last: Vec<_> = users.range(..before).rev().take(page.limit).collect();
                last.reverse();
                last
            }
            (None, after) => users
                .iter()
                .filter(|user| after.is_none_or(|after| **user > after))
                .take(page.limit)
                .collect(),
        };
        Ok(chosen
            .into_iter()
            .map(|user| self.subscriber_payload(event, exception_id, *user, page.with_member))
            .collect())
    }

    fn subscriber_payload(
        &self,
        event: &ScheduledEvent,
        exception_id: Option<Snowflake>,
        user: Snowflake,
        with_member: bool,
    ) -> Value {
        let mut payload = json!({
            "guild_scheduled_event_id": event.id,
            "user_id": user,
            "user": self.user_payload(user),
            "response": 1,
        });
        if let Some(exception) = exception_id {
            payload["guild_scheduled_event_exception_id"] = json!(exception);
        }
        if with_member && let Some(member) = self.member_payload(event.guild_id, user) {
            payload["member"] = member;
        }
        payload
    }

    /// How many are interested in an event, and in these of its exceptions.
    pub fn event_subscriber_counts(
        &self,
        actor: &Actor,
        guild: Snowflake,
        event_id: Snowflake,
        exceptions: &[Snowflake],
    ) -> Answer {
        let event = self.visible_event(actor.id, guild, event_id)?;
        let counts: Map<_, _> = exceptions
            .iter()
            .filter_map(|id| Some((id.to_string(), event.exceptions.get(id)?)))
            .map(|(id, exception)| (id, json!(exception.subscribers.len())))
            .collect();
        Ok(json!({
            "guild_scheduled_event_count": event.subscribers.len(),
            "guild_scheduled_event_exception_counts": counts,
        }))
    }

    /// A person shows interest or withdraws it; bots cannot.
    pub fn show_interest(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        event_id: Snowflake,
        exception_id: Option<Snowflake>,
        interest: Interest,
    ) -> Answer {
        let event = self.visible_event(actor.id, guild, event_id)?;
        if self.applications.contains_key(&actor.id) {
            return Err(Refusal::new(403, 20_001, "Bots cannot use this endpoint"));
        }
        subscribers_of(event, exception_id)?;
        let audience = event.audience();
        let event = self.scheduled_event_mut(guild, event_id)?;
        let users = match exception_id.and_then(|id| event.exceptions.get_mut(&id)) {
            Some(exception) => &mut exception.subscribers,
            None => &mut event.subscribers,
        };
        let (changed, kind) = match interest {
            Interest::Shown => (users.insert(actor.id), "GUILD_SCHEDULED_EVENT_USER_ADD"),
            Interest::Withdrawn => (users.remove(&actor.id), "GUILD_SCHEDULED_EVENT_USER_REMOVE"),
        };
        if changed {
            let mut data = json!({
                "guild_scheduled_event_id": event_id,
                "user_id": actor.id,
                "guild_id": guild,
            });
            if let Some(exception) = exception_id {
                data["guild_scheduled_event_exception_id"] = json!(exception);
            }
            self.dispatch(kind, audience, intents::GUILD_SCHEDULED_EVENTS, data);
        }
        let event = self.scheduled_event(guild, event_id)?;
        Ok(self.subscriber_payload(event, exception_id, actor.id, false))
    }

    /// The unfinished events of a guild, for those who look after them.
    pub(crate) fn unfinished_events(
        &self,
        guild: Snowflake,
    ) -> impl Iterator<Item = &ScheduledEvent> {
        let events = self.guilds.get(&guild).map(|guild| &guild.scheduled_events);
        events
            .into_iter()
            .flat_map(BTreeMap::values)
            .filter(|event| !event.status.is_finished())
    }
}

fn subscribers_of(
    event: &ScheduledEvent,
    exception_id: Option<Snowflake>,
) -> Answer<&BTreeSet<Snowflake>> {
    match exception_id {
        Some(id) => Ok(&exception_of(event, id)?.subscribers),
        None => Ok(&event.subscribers),
    }
}
