//! The fields by which an application lets guilds link roles.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::{Actor, Answer, Refusal, World};

const MAX_RECORDS: usize = 5;
const TYPES: &[u64] = &[1, 2, 3, 4, 5, 6, 7, 8];

impl World {
    /// The records.
    pub fn role_connections(&self, actor: &Actor, application: Snowflake) -> Answer {
        self.own_application(actor, application)?;
        let records = self
            .applications
            .get(&application)
            .map(|it| &it.state.role_connections);
        Ok(json!(records))
    }

    /// Replaces them all.
    pub fn set_role_connections(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        body: &Value,
    ) -> Answer {
        self.own_application(actor, application)?;
        let holder = json!({"": body});
        let mut form = Form::new(&holder);
        let records = form.objects("", 0..=MAX_RECORDS, record);
        let records = form.required("", records);
        form.finish().map_err(Refusal::unwrapped)?;
        let mut keys = BTreeSet::new();
        for (index, record) in records.iter().enumerate() {
            if !keys.insert(record["key"].to_string()) {
                let message = "Keys must be unique";
                let path = format!("{index}.key");
                return Err(Refusal::field(
                    &path,
                    "APPLICATION_METADATA_KEY_DUPLICATE",
                    message,
                ));
            }
        }
        self.application_state(application)?
            .role_connections
            .clone_from(&records);
        Ok(Value::Array(records))
    }
}

fn record(form: &mut Form<'_>) -> Value {
    let kind = form.choice("type", TYPES);
    let key = form.text("key", 1..=50);
    let name = form.text("name", 1..=100);
    let description = form.text("description", 1..=200);
    let mut record = Map::from_iter([
        ("type".to_owned(), json!(form.required("type", kind))),
        ("name".to_owned(), json!(form.required("name", name))),
        (
            "description".to_owned(),
            json!(form.required("description", description)),
        ),
    ]);
    let key = form.required("key", key);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !key.chars().all(plain) {
        let message = "String value did not match validation regex.";
        form.error("key", "STRING_TYPE_REGEX", message);
    }
    record.insert("key".into(), json!(key));
    for key in ["name_localizations", "description_localizations"] {
        if let Some(names) = form.raw(key).value().filter(|names| names.is_object()) {
            record.insert(key.into(), names.clone());
        }
    }
    Value::Object(record)
}
