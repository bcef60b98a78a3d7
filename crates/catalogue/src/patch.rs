//! An argument of an edit: left out, null, or a value. The three mean different things to Discord.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::schema::NULLABLE;

/// Declare with `#[serde(default)]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Patch<T> {
    /// Left out: stays as it is.
    #[default]
    Keep,
    /// Null: cleared.
    Clear,
    /// A new value.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Clear, Self::Set))
    }
}

impl<T: JsonSchema> JsonSchema for Patch<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        schema.insert(NULLABLE.to_owned(), json!(true));
        schema
    }
}

/// A request body under construction.
#[derive(Debug, Default, Clone)]
pub(crate) struct BodyFields(Map<String, Value>);

impl BodyFields {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A field that is always sent.
    #[must_use]
    pub(crate) fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// A field that is sent when it was given.
    #[must_use]
    pub(crate) fn given(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// A field of an edit: kept, cleared or set.
    #[must_use]
    pub(crate) fn patch<T: Clone + Into<Value>>(self, name: &str, patch: &Patch<T>) -> Self {
        match patch {
            Patch::Keep => self,
            Patch::Clear => self.set(name, Value::Null),
            Patch::Set(value) => self.set(name, value.clone()),
        }
    }

    /// A field of an edit that names something by its id.
    #[must_use]
    pub(crate) fn patch_id<K>(self, name: &str, patch: &Patch<model::Id<K>>) -> Self {
        match patch {
            Patch::Keep => self,
            Patch::Clear => self.set(name, Value::Null),
            Patch::Set(id) => self.set(name, id.to_string()),
        }
    }

    /// Whether nothing would be sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<BodyFields> for Value {
    fn from(fields: BodyFields) -> Self {
        Self::Object(fields.0)
    }
}
