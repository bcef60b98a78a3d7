//! Components of messages: one table of kinds and their fields, from which both the check and the
//! schema come. Both layouts: action rows beside content, and the newer one that is the message.
//! Source: Discord documentation, *Component Reference*.

use std::{borrow::Cow, collections::HashSet};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::embed::{attachment, is_web};
use crate::{
    argument::{ArgumentError, join, shown, unknown},
    limits,
    schema::CHECKED,
};

const ACTION_ROW: u64 = 1;
const BUTTON: u64 = 2;
const STRING_SELECT: u64 = 3;
const SELECTS: &[u64] = &[3, 5, 6, 7, 8];
const IN_ROWS: &[u64] = &[2, 3, 5, 6, 7, 8];
const TEXT_DISPLAY: u64 = 10;
const IN_CONTAINERS: &[u64] = &[1, 9, 10, 12, 13, 14];
const TOP: &[u64] = &[1, 9, 10, 12, 13, 14, 17];

/// One kind of component.
struct Shape {
    kind: u64,
    name: &'static str,
    fields: &'static [Field],
}

struct Field {
    name: &'static str,
    rule: Rule,
    required: bool,
}

enum Rule {
    Text(usize),
    Integer(u64, u64),
    Flag,
    /// A link, or a file of the same message.
    Media,
    /// Only a file of the same message.
    OwnFile,
    Link(usize),
    Id,
    Fields(&'static [Field]),
    ListOf(usize, usize, &'static [Field]),
    Integers(usize),
    Children(usize, usize, &'static [u64]),
    Child(&'static [u64]),
}

const fn must(name: &'static str, rule: Rule) -> Field {
    Field {
        name,
        rule,
        required: true,
    }
}

const fn may(name: &'static str, rule: Rule) -> Field {
    Field {
        name,
        rule,
        required: false,
    }
}

const EMOJI: &[Field] = &[
    may("id", Rule::Id),
    may("name", Rule::Text(limits::EMOJI)),
    may("animated", Rule::Flag),
];
const MEDIA: &[Field] = &[must("url", Rule::Media)];
const OWN_FILE: &[Field] = &[must("url", Rule::OwnFile)];
const OPTION: &[Field] = &[
    must("label", Rule::Text(limits::SELECT_TEXT)),
    must("value", Rule::Text(limits::SELECT_TEXT)),
    may("description", Rule::Text(limits::SELECT_TEXT)),
    may("emoji", Rule::Fields(EMOJI)),
    may("default", Rule::Flag),
];
const DEFAULT_VALUE: &[Field] = &[must("id", Rule::Id), must("type", Rule::Text(7))];
const GALLERY_ITEM: &[Field] = &[
    must("media", Rule::Fields(MEDIA)),
    may("description", Rule::Text(limits::FILE_DESCRIPTION)),
    may("spoiler", Rule::Flag),
];
const AUTO_SELECT: &[Field] = &[
    must("custom_id", Rule::Text(limits::CUSTOM_ID)),
    may("placeholder", Rule::Text(limits::SELECT_PLACEHOLDER)),
    may(
        "min_values",
        Rule::Integer(0, limits::SELECT_OPTIONS as u64),
    ),
    may(
        "max_values",
        Rule::Integer(1, limits::SELECT_OPTIONS as u64),
    ),
    may(
        "default_values",
        Rule::ListOf(1, limits::SELECT_OPTIONS, DEFAULT_VALUE),
    ),
    may("disabled", Rule::Flag),
];

const SHAPES: &[Shape] = &[
    Shape {
        kind: ACTION_ROW,
        name: "action row",
        fields: &[must(
            "components",
            Rule::Children(1, limits::ROW_BUTTONS, IN_ROWS),
        )],
    },
    Shape {
        kind: BUTTON,
        name: "button",
        fields: &[
            must("style", Rule::Integer(1, 6)),
            may("label", Rule::Text(limits::BUTTON_LABEL)),
            may("emoji", Rule::Fields(EMOJI)),
            may("custom_id", Rule::Text(limits::CUSTOM_ID)),
            may("url", Rule::Link(limits::BUTTON_URL)),
            may("sku_id", Rule::Id),
            may("disabled", Rule::Flag),
        ],
    },
    Shape {
        kind: STRING_SELECT,
        name: "string select",
        fields: &[
            must("custom_id", Rule::Text(limits::CUSTOM_ID)),
            must("options", Rule::ListOf(1, limits::SELECT_OPTIONS, OPTION)),
            may("placeholder", Rule::Text(limits::SELECT_PLACEHOLDER)),
            may(
                "min_values",
                Rule::Integer(0, limits::SELECT_OPTIONS as u64),
            ),
            may(
                "max_values",
                Rule::Integer(1, limits::SELECT_OPTIONS as u64),
            ),
            may("disabled", Rule::Flag),
        ],
    },
    Shape {
        kind: 5,
        name: "user select",
        fields: AUTO_SELECT,
    },
    Shape {
        kind: 6,
        name: "role select",
        fields: AUTO_SELECT,
    },
    Shape {
        kind: 7,
        name: "mentionable select",
        fields: AUTO_SELECT,
    },
    Shape {
        kind: 8,
        name: "channel select",
        fields: &[
            must("custom_id", Rule::Text(limits::CUSTOM_ID)),
            may("channel_types", Rule::Integers(15)),
            may("placeholder", Rule::Text(limits::SELECT_PLACEHOLDER)),
            may(
                "min_values",
                Rule::Integer(0, limits::SELECT_OPTIONS as u64),
            ),
            may(
                "max_values",
                Rule::Integer(1, limits::SELECT_OPTIONS as u64),
            ),
            may(
                "default_values",
                Rule::ListOf(1, limits::SELECT_OPTIONS, DEFAULT_VALUE),
            ),
            may("disabled", Rule::Flag),
        ],
    },
    Shape {
        kind: 9,
        name: "section",
        fields: &[
            must(
                "components",
                Rule::Children(1, limits::SECTION_TEXTS, &[TEXT_DISPLAY]),
            ),
            must("accessory", Rule::Child(&[BUTTON, 11])),
        ],
    },
    Shape {
        kind: TEXT_DISPLAY,
        name: "text display",
        fields: &[must("content", Rule::Text(limits::COMPONENT_TEXT))],
    },
    Shape {
        kind: 11,
        name: "thumbnail",
        fields: GALLERY_ITEM,
    },
    Shape {
        kind: 12,
        name: "media gallery",
        fields: &[must(
            "items",
            Rule::ListOf(1, limits::GALLERY_ITEMS, GALLERY_ITEM),
        )],
    },
    Shape {
        kind: 13,
        name: "file",
        fields: &[
            must("file", Rule::Fields(OWN_FILE)),
            may("spoiler", Rule::Flag),
        ],
    },
    Shape {
        kind: 14,
        name: "separator",
        fields: &[
            may("divider", Rule::Flag),
            may("spacing", Rule::Integer(1, 2)),
        ],
    },
    Shape {
        kind: 17,
        name: "container",
        fields: &[
            must(
                "components",
                Rule::Children(1, limits::COMPONENTS, IN_CONTAINERS),
            ),
            may("accent_color", Rule::Integer(0, limits::COLOR as u64)),
            may("spoiler", Rule::Flag),
        ],
    },
];

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
            .any(|component| component["type"] != ACTION_ROW)
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
        let mut seen = Seen::default();
        for (index, component) in self.0.iter().enumerate() {
            seen.component(&format!("components[{index}]"), component, TOP)?;
        }
        seen.totals(self)
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

/// What was met on the walk.
#[derive(Default)]
struct Seen {
    components: usize,
    text: usize,
    custom_ids: HashSet<String>,
}

impl Seen {
    fn totals(&self, components: &Components) -> Result<(), ArgumentError> {
        if !components.are_the_message() && components.0.len() > limits::ACTION_ROWS {
            return Err(ArgumentError::at(
                "components",
                format_args!(
                    "has {} action rows; the limit is {}",
                    components.0.len(),
                    limits::ACTION_ROWS
                ),
            ));
        }
        if self.components > limits::COMPONENTS {
            return Err(ArgumentError::at(
                "components",
                format_args!(
                    "has {} components, nested ones included; the limit is {}",
                    self.components,
                    limits::COMPONENTS
                ),
            ));
        }
        if self.text > limits::COMPONENT_TEXT {
            return Err(ArgumentError::at(
                "components",
                format_args!(
                    "have {} characters of text together; the limit is {}",
                    self.text,
                    limits::COMPONENT_TEXT
                ),
            ));
        }
        Ok(())
    }

    fn component(&mut self, at: &str, value: &Value, allowed: &[u64]) -> Result<(), ArgumentError> {
        let Some(fields) = value.as_object() else {
            return Err(ArgumentError::at(
                at,
                "must be a component, an object with a `type`",
            ));
        };
        let kind = fields.get("type").and_then(Value::as_u64);
        let shape = kind.and_then(|kind| SHAPES.iter().find(|shape| shape.kind == kind));
        let Some(shape) = shape.filter(|shape| allowed.contains(&shape.kind)) else {
            return Err(ArgumentError::at(
                join(at, "type"),
                format_args!(
                    "must be one of {} here, not {}",
                    names(allowed),
                    shown(fields.get("type").unwrap_or(&Value::Null))
                ),
            ));
        };
        self.components += 1;
        let known = ["type", "id"]
            .into_iter()
            .chain(shape.fields.iter().map(|field| field.name));
        if let Some(name) = fields
            .keys()
            .find(|name| !known.clone().any(|known| known == *name))
        {
            return Err(unknown(at, name, known));
        }
        if let Some(id) = fields.get("id") {
            self.rule(
                &join(at, "id"),
                &Rule::Integer(0, u64::from(u32::MAX >> 1)),
                id,
            )?;
        }
        self.fields(at, shape.fields, fields)?;
        self.special(at, shape, fields)
    }

    fn fields(
        &mut self,
        at: &str,
        table: &[Field],
        given: &Map<String, Value>,
    ) -> Result<(), ArgumentError> {
        for field in table {
            match given.get(field.name) {
                Some(value) => self.rule(&join(at, field.name), &field.rule, value)?,
                None if field.required => {
                    return Err(ArgumentError::at(join(at, field.name), "is missing"));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// An object that is not a component.
    fn object(&mut self, at: &str, table: &[Field], value: &Value) -> Result<(), ArgumentError> {
        let Some(given) = value.as_object() else {
            return Err(wrong(at, "an object", value));
        };
        let known = table.iter().map(|field| field.name);
        if let Some(name) = given
            .keys()
            .find(|name| !known.clone().any(|known| known == *name))
        {
            return Err(unknown(at, name, known));
        }
        self.fields(at, table, given)
    }

    fn rule(&mut self, at: &str, rule: &Rule, value: &Value) -> Result<(), ArgumentError> {
        match rule {
            Rule::Text(limit) => text(at, *limit, value).map(|_| ()),
            Rule::Integer(least, most) => match value.as_u64() {
                Some(number) if (*least..=*most).contains(&number) => Ok(()),
                _ => Err(wrong(
                    at,
                    &format!("an integer from {least} to {most}"),
                    value,
                )),
            },
            Rule::Flag => match value {
                Value::Bool(_) => Ok(()),
                _ => Err(wrong(at, "true or false", value)),
            },
            Rule::Link(limit) => match text(at, *limit, value)? {
                url if is_web(url) || url.starts_with("discord://") => Ok(()),
                _ => Err(wrong(at, "a link that starts with https://", value)),
            },
            Rule::Media => match text(at, limits::URL, value)? {
                url if is_web(url) || attachment(url).is_some() => Ok(()),
                _ => Err(wrong(
                    at,
                    "a link, or attachment:// and the name of a file",
                    value,
                )),
            },
            Rule::OwnFile => match attachment(text(at, limits::URL, value)?) {
                Some(_) => Ok(()),
                None => Err(wrong(
                    at,
                    "attachment:// and the name of a file of this message",
                    value,
                )),
            },
            Rule::Id => match value.as_str().map(str::parse::<model::MessageId>) {
                Some(Ok(_)) => Ok(()),
                _ => Err(wrong(at, "an id, a string of digits in quotes", value)),
            },
            Rule::Fields(table) => self.object(at, table, value),
            Rule::ListOf(least, most, table) => each(at, *least, *most, value, |at, item| {
                self.object(at, table, item)
            }),
            Rule::Integers(most) => each(at, 1, *most, value, |at, item| match item.as_u64() {
                Some(number) if number <= 255 => Ok(()),
                _ => Err(wrong(at, "an integer", item)),
            }),
            Rule::Children(least, most, kinds) => each(at, *least, *most, value, |at, item| {
                self.component(at, item, kinds)
            }),
            Rule::Child(kinds) => self.component(at, value, kinds),
        }
    }

    /// What no table of fields says.
    fn special(
        &mut self,
        at: &str,
        shape: &Shape,
        fields: &Map<String, Value>,
    ) -> Result<(), ArgumentError> {
        if let Some(id) = fields.get("custom_id").and_then(Value::as_str)
            && !self.custom_ids.insert(id.to_owned())
        {
            return Err(ArgumentError::at(
                join(at, "custom_id"),
                "is used twice in this message; each must be its own",
            ));
        }
        match shape.kind {
            ACTION_ROW => row(at, fields),
            BUTTON => button(at, fields),
            TEXT_DISPLAY => {
                self.text += fields["content"]
                    .as_str()
                    .map_or(0, |text| text.chars().count());
                Ok(())
            }
            kind if SELECTS.contains(&kind) => select(at, fields),
            _ => Ok(()),
        }
    }
}

fn row(at: &str, fields: &Map<String, Value>) -> Result<(), ArgumentError> {
    let inside = crate::view::items(&fields["components"]);
    if inside.len() > 1 && inside.iter().any(|component| component["type"] != BUTTON) {
        return Err(ArgumentError::at(
            at,
            "holds up to five buttons or exactly one select, not a mixture",
        ));
    }
    Ok(())
}

fn button(at: &str, fields: &Map<String, Value>) -> Result<(), ArgumentError> {
    let has = |name: &str| fields.contains_key(name);
    let style = fields["style"].as_u64().unwrap_or_default();
    let own = match style {
        5 => "url",
        6 => "sku_id",
        _ => "custom_id",
    };
    if !has(own) {
        return Err(ArgumentError::at(
            join(at, own),
            format_args!("is missing for style {style}"),
        ));
    }
    if let Some(other) = ["url", "sku_id", "custom_id"]
        .into_iter()
        .find(|name| *name != own && has(name))
    {
        return Err(ArgumentError::at(
            join(at, other),
            format_args!("does not go with style {style}, which takes `{own}`"),
        ));
    }
    if style != 6 && !has("label") && !has("emoji") {
        return Err(ArgumentError::at(at, "needs a `label` or an `emoji`"));
    }
    Ok(())
}

fn select(at: &str, fields: &Map<String, Value>) -> Result<(), ArgumentError> {
    let number = |name: &str| fields.get(name).and_then(Value::as_u64).unwrap_or(1);
    if number("min_values") > number("max_values") {
        return Err(ArgumentError::at(
            join(at, "min_values"),
            "is greater than `max_values`",
        ));
    }
    let mut values = HashSet::new();
    for option in fields.get("options").map_or(&[][..], crate::view::items) {
        if !values.insert(option["value"].as_str().unwrap_or_default()) {
            return Err(ArgumentError::at(
                join(at, "options"),
                "has two options with the same `value`",
            ));
        }
    }
    Ok(())
}

fn text<'a>(at: &str, limit: usize, value: &'a Value) -> Result<&'a str, ArgumentError> {
    let Some(text) = value.as_str() else {
        return Err(wrong(at, "a string", value));
    };
    let length = text.chars().count();
    if length == 0 || length > limit {
        return Err(ArgumentError::at(
            at,
            format_args!("is {length} characters long; it must be 1 to {limit}"),
        ));
    }
    Ok(text)
}

fn each(
    at: &str,
    least: usize,
    most: usize,
    value: &Value,
    mut check: impl FnMut(&str, &Value) -> Result<(), ArgumentError>,
) -> Result<(), ArgumentError> {
    let Some(items) = value.as_array() else {
        return Err(wrong(at, "a list", value));
    };
    if !(least..=most).contains(&items.len()) {
        return Err(ArgumentError::at(
            at,
            format_args!(
                "has {} entries; it must have {least} to {most}",
                items.len()
            ),
        ));
    }
    for (index, item) in items.iter().enumerate() {
        check(&format!("{at}[{index}]"), item)?;
    }
    Ok(())
}

fn wrong(at: &str, expected: &str, value: &Value) -> ArgumentError {
    ArgumentError::at(at, format_args!("must be {expected}, not {}", shown(value)))
}

fn names(kinds: &[u64]) -> String {
    let names: Vec<String> = SHAPES
        .iter()
        .filter(|shape| kinds.contains(&shape.kind))
        .map(|shape| format!("{} ({})", shape.kind, shape.name))
        .collect();
    names.join(", ")
}

impl JsonSchema for Components {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Components".into()
    }

    /// Every kind is spelled out once; what is nested refers to the kinds by number.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let kinds: Vec<Value> = SHAPES.iter().map(kind_schema).collect();
        let schema = json!({
            "type": "array",
            "maxItems": limits::COMPONENTS,
            "items": {"type": "object", "oneOf": kinds},
            CHECKED: true,
        });
        Schema::try_from(schema).expect("an object is a schema")
    }
}

fn kind_schema(shape: &Shape) -> Value {
    let mut schema = fields_schema(shape.fields);
    schema["description"] = json!(shape.name);
    schema["properties"]["type"] = json!({"const": shape.kind});
    if let Some(required) = schema["required"].as_array_mut() {
        required.insert(0, json!("type"));
    }
    schema
}

fn fields_schema(fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.to_owned(), rule_schema(&field.rule)))
        .collect();
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    json!({"properties": properties, "required": required})
}

fn rule_schema(rule: &Rule) -> Value {
    match rule {
        Rule::Text(limit) => json!({"type": "string", "maxLength": limit}),
        Rule::Integer(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Rule::Flag => json!({"type": "boolean"}),
        Rule::Link(limit) => {
            json!({"type": "string", "maxLength": limit, "description": "https://…"})
        }
        Rule::Media => {
            json!({"type": "string", "description": "https://… or attachment://filename"})
        }
        Rule::OwnFile => json!({"type": "string", "description": "attachment://filename"}),
        Rule::Id => json!({"type": "string"}),
        Rule::Fields(fields) => fields_schema(fields),
        Rule::ListOf(least, most, fields) => {
            json!({"type": "array", "minItems": least, "maxItems": most, "items": fields_schema(fields)})
        }
        Rule::Integers(most) => {
            json!({"type": "array", "maxItems": most, "items": {"type": "integer"}})
        }
        Rule::Children(least, most, kinds) => json!({
            "type": "array", "minItems": least, "maxItems": most,
            "description": format!("components of type {}", numbers(kinds)),
        }),
        Rule::Child(kinds) => json!({
            "type": "object",
            "description": format!("a component of type {}", numbers(kinds)),
        }),
    }
}

fn numbers(kinds: &[u64]) -> String {
    kinds
        .iter()
        .map(u64::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
