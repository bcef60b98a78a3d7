//! Components of messages: one table of kinds and their fields, from which both the check and the
//! schema come. Both layouts: action rows beside content, and the newer one that is the message.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::Value;

use super::embed::attachment;
use crate::ArgumentError;

mod check;
mod schema;
mod shapes;
mod told;

pub(super) use self::told::told;

/// Components as Discord's JSON, already found good.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Components(Vec<Value>);

impl Components {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they use the newer layout, in which they are the whole message.
    pub(crate) fn are_the_message(&self) -> bool {
        self.0
            .iter()
            .any(|component| component["type"] != shapes::ACTION_ROW)
    }

    pub(crate) fn body(&self) -> Value {
        Value::Array(self.0.clone())
    }

    /// Filenames they refer to as `attachment://…`.
    pub(crate) fn attachments(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(&Value::Array(self.0.clone()), &mut found);
        found
    }

    /// Find the first thing that is wrong. The argument is called `components`.
    pub(crate) fn check(&self) -> Result<(), ArgumentError> {
        check::check(self)
    }
}

impl<'de> Deserialize<'de> for Components {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => {
            if let Some(name) = fields
                .get("url")
                .and_then(Value::as_str)
                .and_then(attachment)
            {
                found.push(name.to_owned());
            }
            fields.values().for_each(|below| collect(below, found));
        }
        _ => {}
    }
}

impl JsonSchema for Components {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Components".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::try_from(schema::whole()).expect("an object is a schema")
    }
}
