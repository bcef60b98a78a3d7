//! The walk that holds components to the table.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{
    Components,
    shapes::{ACTION_ROW, BUTTON, Field, Rule, SELECTS, SHAPES, Shape, TEXT_DISPLAY, TOP},
};
use crate::{
    argument::{ArgumentError, join, shown, unknown},
    limits,
    resources::messages::embed::{attachment, is_web},
};

/// Find the first thing that is wrong. The argument is called `components`.
pub(super) fn check(components: &Components) -> Result<(), ArgumentError> {
    let mut seen = Seen::default();
    for (index, component) in components.0.iter().enumerate() {
        seen.component(&format!("components[{index}]"), component, TOP)?;
    }
    seen.totals(components)
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
