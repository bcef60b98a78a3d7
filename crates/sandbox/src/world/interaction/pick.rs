//! What a person picks in a select, on a message or in a modal.

use serde_json::{Value, json};

use super::option::text;
use super::resolve::Resolved;
use crate::snowflake::Snowflake;
use crate::world::World;

/// Discord: Component Types.
pub(super) const BUTTON: u64 = 2;
pub(super) const STRING_SELECT: u64 = 3;
pub(super) const TEXT_INPUT: u64 = 4;
const USER_SELECT: u64 = 5;
const ROLE_SELECT: u64 = 6;
const MENTIONABLE_SELECT: u64 = 7;
pub(super) const CHANNEL_SELECT: u64 = 8;
pub(super) const FILE_UPLOAD: u64 = 19;
pub(super) const RADIO_GROUP: u64 = 21;
pub(super) const CHECKBOX: u64 = 23;

/// Values as texts: a list, one alone, or none.
pub(super) fn listed(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// How many values a component takes.
pub(super) fn check_count(component: &Value, count: usize) -> Result<(), String> {
    let bound = |key: &str, default: u64| component[key].as_u64().unwrap_or(default);
    let optional = component["required"] == false;
    let (least, most) = (bound("min_values", 1), bound("max_values", 1));
    let count = count as u64;
    if count == 0 && optional || (least..=most).contains(&count) {
        return Ok(());
    }
    Err(format!("Takes {least} to {most} values, not {count}"))
}

/// Checks that each value can be picked; things behind ids are resolved.
pub(super) fn check_values(
    world: &World,
    (user, channel): (Snowflake, Snowflake),
    component: &Value,
    values: &[String],
    resolved: &mut Resolved,
) -> Result<(), String> {
    let kind = component["type"].as_u64().unwrap_or_default();
    for (index, value) in values.iter().enumerate() {
        if values[..index].contains(value) {
            return Err(format!("{value:?} is picked twice"));
        }
        let id: Snowflake = value.parse().unwrap_or_default();
        let kinds = component["channel_types"].as_array();
        let found = match kind {
            USER_SELECT => resolved.user(world, channel, id),
            ROLE_SELECT => resolved.role(world, channel, id),
            MENTIONABLE_SELECT => {
                resolved.user(world, channel, id) || resolved.role(world, channel, id)
            }
            CHANNEL_SELECT => resolved.channel(world, (user, channel), id, kinds),
            _ => {
                let mut options = component["options"].as_array().into_iter().flatten();
                options.any(|option| option["value"] == json!(value))
            }
        };
        if !found {
            return Err(format!("{value:?} cannot be picked here"));
        }
    }
    Ok(())
}
