//! Scheduled events of a described guild, and who looks forward to them.

use serde_json::json;

use super::Names;
use super::gap::Gap;
use super::guild::{Added, refused};
use super::spec::EventSpec;
use crate::snowflake::Snowflake;
use crate::world::clock::iso8601;
use crate::world::guild::scheduled_event::Interest;
use crate::world::{Actor, ChannelKind, World};

/// When an event begins that does not say so.
const STARTS_IN_MS: u64 = 24 * 60 * 60 * 1_000;
/// How long it takes then.
const LASTS_MS: u64 = 60 * 60 * 1_000;

/// Schedules them, as the owner.
pub(super) fn add(
    world: &mut World,
    names: &Names,
    events: &[EventSpec],
    added: &Added,
) -> Result<(), Gap> {
    for (at, event) in events.iter().enumerate() {
        schedule(world, names, event, added).map_err(|gap| gap.inside(&format!("events[{at}]")))?;
    }
    Ok(())
}

fn schedule(world: &mut World, names: &Names, spec: &EventSpec, added: &Added) -> Result<(), Gap> {
    let starts_ms = world.now_ms() + spec.starts_in.unwrap_or(STARTS_IN_MS);
    let ends_ms = starts_ms + spec.lasts.unwrap_or(LASTS_MS);
    let mut body = json!({
        "name": spec.name,
        "description": spec.description,
        "privacy_level": 2,
        "scheduled_start_time": iso8601(starts_ms),
        "scheduled_end_time": iso8601(ends_ms),
        "entity_type": 3,
        "entity_metadata": { "location": spec.location },
    });
    if let Some(channel) = &spec.channel {
        let id = added.channels[channel];
        let channel = world.channels.get(&id);
        let is_stage = channel.is_some_and(|channel| channel.kind == ChannelKind::Stage);
        body["entity_type"] = json!(if is_stage { 1 } else { 2 });
        body["entity_metadata"] = json!(null);
        body["channel_id"] = json!(id);
    }
    let owner = Actor::from(added.owner);
    let made = world
        .create_scheduled_event(&owner, added.guild_id, &body)
        .map_err(refused(""))?;
    let id: Snowflake = made["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .unwrap_or_default();
    for (at, name) in spec.interested.iter().enumerate() {
        let person = Actor::from(names.get(name));
        world
            .show_interest(&person, added.guild_id, id, None, Interest::Shown)
            .map_err(refused(&format!("interested[{at}]")))?;
    }
    Ok(())
}
