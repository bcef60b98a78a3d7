//! People press buttons and pick in selects.

use serde_json::{Value, json};

use super::pick::{BUTTON, CHANNEL_SELECT, STRING_SELECT, check_count, check_values, listed};
use super::resolve::Resolved;
use super::start::Start;
use super::{COMPONENT, InteractionNote};
use crate::snowflake::Snowflake;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// Styles of buttons that open something instead of telling the bot: a link, a purchase.
const SILENT_STYLES: &[u64] = &[5, 6];

impl World {
    pub(super) fn press(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        id: Snowflake,
        data: &Value,
    ) -> Answer {
        let message = self.readable_message(actor.id, channel, id)?;
        let custom_id = data["custom_id"].as_str().unwrap_or_default();
        let component = find_component(&message.components, custom_id)
            .ok_or_else(|| refused("Component does not exist on the message"))?
            .clone();
        if component["disabled"] == true {
            return Err(refused("Component is disabled"));
        }
        let kind = component["type"].as_u64().unwrap_or_default();
        let style = component["style"].as_u64().unwrap_or_default();
        if kind == BUTTON && SILENT_STYLES.contains(&style) {
            return Err(refused("Links and purchases do not reach the bot"));
        }
        let application = match &message.webhook {
            None => Some(message.author_id),
            Some(webhook) => webhook.application_id,
        };
        let application = application.filter(|id| self.applications.contains_key(id));
        let application = application.ok_or_else(|| Refusal::unknown(Unknown::Application))?;
        let mut event = json!({
            "id": component["id"], "component_type": kind, "custom_id": custom_id,
        });
        if (STRING_SELECT..=CHANNEL_SELECT).contains(&kind) {
            let values = listed(&data["values"]);
            let mut resolved = Resolved::default();
            let place = (actor.id, channel);
            check_count(&component, values.len())
                .and_then(|()| check_values(self, place, &component, &values, &mut resolved))
                .map_err(|problem| refused(&problem))?;
            event["values"] = json!(values);
            if let Some(resolved) = resolved.into_payload() {
                event["resolved"] = resolved;
            }
        }
        let start = Start {
            kind: COMPONENT,
            application,
            user: actor.id,
            channel,
            message: Some(id),
            note: InteractionNote::default(),
            focused: None,
        };
        Ok(self.begin(start, &event))
    }
}

fn refused(text: &str) -> Refusal {
    Refusal::field("data", "COMPONENT_VALIDATION_FAILED", text)
}

/// The component with a custom id, at any depth.
fn find_component<'a>(components: &'a [Value], custom_id: &str) -> Option<&'a Value> {
    components.iter().find_map(|component| {
        if component["custom_id"] == custom_id && !custom_id.is_empty() {
            return Some(component);
        }
        let children = component["components"].as_array().map(Vec::as_slice);
        let accessory = component.get("accessory").map(std::slice::from_ref);
        find_component(children.unwrap_or_default(), custom_id)
            .or_else(|| find_component(accessory.unwrap_or_default(), custom_id))
    })
}
