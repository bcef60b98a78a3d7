//! Permissions as arguments: by the names of Discord's documentation, never as numbers.

use std::borrow::Cow;

use model::Permissions;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};

/// One permission by its documented name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PermissionName(Permissions);

impl<'de> Deserialize<'de> for PermissionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Permissions::named(&name).map(Self).ok_or_else(|| {
            let known = Permissions::all_named().names();
            let upper = name.to_uppercase();
            let near = crate::catalogue::nearest(&upper, known.iter().map(String::as_str));
            let hint = near
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            let name: String = name.chars().take(40).collect();
            D::Error::custom(format!("there is no permission \"{name}\"{hint}"))
        })
    }
}

impl JsonSchema for PermissionName {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "PermissionName".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "examples": ["SEND_MESSAGES"]})
    }
}

/// All of them together.
pub(crate) fn set_of(names: &[PermissionName]) -> Permissions {
    names
        .iter()
        .fold(Permissions::NONE, |set, name| set | name.0)
}
