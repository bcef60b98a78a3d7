//! People fill in the modals that bots open.

use serde_json::{Map, Value, json};

use super::option::{Reader, text};
use super::pick::{
    CHECKBOX, FILE_UPLOAD, RADIO_GROUP, TEXT_INPUT, check_count, check_values, listed,
};
use super::resolve::Resolved;
use super::start::Start;
use super::{InteractionNote, MODAL_SUBMIT};
use crate::snowflake::Snowflake;
use crate::world::message::UploadedFile;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

const ACTION_ROW: u64 = 1;
const LABEL: u64 = 18;

impl World {
    /// Sends a modal that was opened for this person. The fields are named by their custom ids,
    /// in `data.fields`, or in `data.components` as Discord's clients send them.
    pub(super) fn submit_modal(
        &mut self,
        actor: &Actor,
        source: Snowflake,
        data: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer {
        let source = self.interactions.by_id(source);
        let source = source.filter(|it| it.user_id == actor.id && it.modal.is_some());
        let source = source
            .ok_or_else(|| Refusal::unknown(Unknown::Interaction))?
            .clone();
        let modal = source.modal.unwrap_or_default();
        let mut filled = Map::new();
        if let Some(fields) = data["fields"].as_object() {
            filled.extend(fields.clone());
        }
        collect(&data["components"], &mut filled);
        let mut reader = Reader {
            world: self,
            user: actor.id,
            channel: source.channel_id,
            files,
            resolved: Resolved::default(),
            completing: false,
        };
        let mut sent = Vec::new();
        for component in modal["components"].as_array().into_iter().flatten() {
            let mut shown = json!({"type": component["type"], "id": component["id"]});
            match component["type"].as_u64().unwrap_or_default() {
                LABEL => {
                    shown["component"] = reader.field(&component["component"], &mut filled)?;
                }
                ACTION_ROW => {
                    let inputs = component["components"].as_array().into_iter().flatten();
                    let inputs: Answer<Vec<_>> =
                        inputs.map(|it| reader.field(it, &mut filled)).collect();
                    shown["components"] = Value::Array(inputs?);
                }
                _ => {}
            }
            sent.push(shown);
        }
        if let Some(unknown) = filled.keys().next() {
            return Err(bad(unknown, "There is no such field in the modal"));
        }
        let mut event = json!({"custom_id": modal["custom_id"], "components": sent});
        if let Some(resolved) = reader.resolved.into_payload() {
            event["resolved"] = resolved;
        }
        let start = Start {
            kind: MODAL_SUBMIT,
            application: source.application_id,
            user: actor.id,
            channel: source.channel_id,
            message: source.message_id,
            note: InteractionNote {
                trigger: Some(Box::new(source.note)),
                ..InteractionNote::default()
            },
            focused: None,
        };
        Ok(self.begin(start, &event))
    }
}

/// Values of submitted components, at any depth, by custom id.
fn collect(components: &Value, filled: &mut Map<String, Value>) {
    for component in components.as_array().into_iter().flatten() {
        if let Some(custom_id) = component["custom_id"].as_str() {
            let value = component.get("value").or_else(|| component.get("values"));
            filled.insert(custom_id.to_owned(), value.cloned().unwrap_or_default());
        }
        collect(&component["components"], filled);
        if let Some(inner) = component.get("component") {
            collect(&json!([inner]), filled);
        }
    }
}

impl Reader<'_> {
    /// One field with what was filled in, which is taken out of `filled`.
    fn field(&mut self, field: &Value, filled: &mut Map<String, Value>) -> Answer<Value> {
        let custom_id = text(&field["custom_id"]);
        let given = filled.remove(&custom_id);
        let kind = field["type"].as_u64().unwrap_or_default();
        let mut sent = json!({"type": kind, "id": field["id"], "custom_id": custom_id});
        let required = field["required"] != false;
        let refused = |problem: String| bad(&custom_id, &problem);
        match kind {
            TEXT_INPUT => {
                let written = given.map_or_else(|| text(&field["value"]), |value| text(&value));
                let count = written.chars().count() as u64;
                let least = field["min_length"].as_u64().unwrap_or_default();
                let most = field["max_length"].as_u64().unwrap_or(MAX_INPUT);
                if count == 0 && required {
                    return Err(bad(&custom_id, "This field is required"));
                }
                if count > 0 && !(least..=most).contains(&count) {
                    return Err(refused(format!(
                        "Must be between {least} and {most} in length."
                    )));
                }
                sent["value"] = json!(written);
            }
            CHECKBOX => {
                let default = field["default"] == true;
                let checked = given.map_or(Some(default), |value| value.as_bool());
                let checked = checked.ok_or_else(|| bad(&custom_id, "Must be true or false"))?;
                sent["value"] = json!(checked);
            }
            RADIO_GROUP => {
                let values = given.map_or_else(|| defaults(field), |value| listed(&value));
                let place = (self.user, self.channel);
                let resolved = &mut self.resolved;
                if values.len() > 1 || values.is_empty() && required {
                    return Err(bad(&custom_id, "Takes one value"));
                }
                check_values(self.world, place, field, &values, resolved).map_err(refused)?;
                sent["value"] = json!(values.first());
            }
            FILE_UPLOAD => {
                let numbers = listed(&given.unwrap_or_default());
                check_count(field, numbers.len()).map_err(refused)?;
                let mut ids = Vec::with_capacity(numbers.len());
                for number in numbers {
                    let id = self.upload(&json!(number))?;
                    ids.push(id.ok_or_else(|| bad(&custom_id, "No file of that number"))?);
                }
                sent["values"] = Value::Array(ids);
            }
            _ => {
                let values = given.map_or_else(|| defaults(field), |value| listed(&value));
                let place = (self.user, self.channel);
                let resolved = &mut self.resolved;
                check_count(field, values.len())
                    .and_then(|()| check_values(self.world, place, field, &values, resolved))
                    .map_err(refused)?;
                sent["values"] = json!(values);
            }
        }
        Ok(sent)
    }
}

/// The longest text of an input.
const MAX_INPUT: u64 = 4_000;

/// What stands in a field before anyone touches it.
fn defaults(field: &Value) -> Vec<String> {
    let options = field["options"].as_array().into_iter().flatten();
    let chosen = options.filter(|option| option["default"] == true);
    let chosen = chosen.map(|option| text(&option["value"]));
    let listed = field["default_values"].as_array().into_iter().flatten();
    chosen
        .chain(listed.map(|value| text(&value["id"])))
        .collect()
}

fn bad(custom_id: &str, message: &str) -> Refusal {
    let error = json!({"_errors": [{"code": "COMPONENT_VALIDATION_FAILED", "message": message}]});
    let fields = Map::from_iter([(custom_id.to_owned(), error)]);
    Refusal::form(json!({"data": {"components": fields}}))
}
