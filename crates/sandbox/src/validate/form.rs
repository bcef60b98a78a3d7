//! One JSON object being read: every bad field is noted, and all are answered together.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use crate::snowflake::Snowflake;
use crate::world::{Answer, Refusal};

/// A field of a PATCH: left alone, cleared, or set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Patch<T> {
    Absent,
    Null,
    Value(T),
}

impl<T> Patch<T> {
    /// The value; nothing for absent and null.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// `None` when absent; `Some(None)` for null.
    #[expect(
        clippy::option_option,
        reason = "absent, null and value are three things"
    )]
    pub(crate) fn given(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }

    fn and_then<U>(self, next: impl FnOnce(T) -> Option<U>) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => next(value).map_or(Patch::Absent, Patch::Value),
        }
    }
}

/// Reads the fields of one object.
pub(crate) struct Form<'a> {
    object: Option<&'a Map<String, Value>>,
    pub(super) errors: Map<String, Value>,
}

impl<'a> Form<'a> {
    /// A body; anything but an object counts as a form without fields and with one error.
    pub(crate) fn new(value: &'a Value) -> Self {
        let mut form = Self {
            object: value.as_object(),
            errors: Map::new(),
        };
        if form.object.is_none() {
            form.errors = leaf(
                "MODEL_TYPE_CONVERT",
                "Only dictionaries may be used in a ModelType",
            );
        }
        form
    }

    /// The field as it came.
    pub(crate) fn raw(&self, key: &str) -> Patch<&'a Value> {
        match self.object.and_then(|object| object.get(key)) {
            None => Patch::Absent,
            Some(Value::Null) => Patch::Null,
            Some(value) => Patch::Value(value),
        }
    }

    /// Notes an error at a field.
    pub(crate) fn error(&mut self, key: &str, code: &str, message: &str) {
        self.errors
            .insert(key.to_owned(), Value::Object(leaf(code, message)));
    }

    /// Text with surrounding white space removed, with its length in characters bounded.
    pub(crate) fn text(&mut self, key: &str, length: RangeInclusive<usize>) -> Patch<String> {
        self.raw(key).and_then(|value| {
            let Some(text) = value.as_str() else {
                self.error(
                    key,
                    "STRING_TYPE_CONVERT",
                    &format!("Could not interpret \"{value}\" as string."),
                );
                return None;
            };
            let text = text.trim();
            let (min, max) = (*length.start(), *length.end());
            let count = text.chars().count();
            if count == 0 && min > 0 {
                self.error(key, "BASE_TYPE_REQUIRED", "This field is required");
            } else if !length.contains(&count) && min > 0 {
                let message = format!("Must be between {min} and {max} in length.");
                self.error(key, "BASE_TYPE_BAD_LENGTH", &message);
            } else if count > max {
                let message = format!("Must be {max} or fewer in length.");
                self.error(key, "BASE_TYPE_MAX_LENGTH", &message);
            } else {
                return Some(text.to_owned());
            }
            None
        })
    }

    /// An integer, also written as text, within bounds.
    pub(crate) fn integer(&mut self, key: &str, range: RangeInclusive<i64>) -> Patch<i64> {
        self.raw(key).and_then(|value| {
            let number = value
                .as_i64()
                .or_else(|| whole(value))
                .or_else(|| value.as_str()?.parse().ok());
            let Some(number) = number else {
                let message = format!("Value \"{}\" is not int.", plain(value));
                self.error(key, "NUMBER_TYPE_COERCE", &message);
                return None;
            };
            let (min, max) = (range.start(), range.end());
            if number < *min {
                let message = format!("int value should be greater than or equal to {min}.");
                self.error(key, "NUMBER_TYPE_MIN", &message);
            } else if number > *max {
                let message = format!("int value should be less than or equal to {max}.");
                self.error(key, "NUMBER_TYPE_MAX", &message);
            } else {
                return Some(number);
            }
            None
        })
    }

    /// An unsigned integer or bit set, as a number or as text.
    pub(crate) fn bits(&mut self, key: &str) -> Patch<u64> {
        self.raw(key).and_then(|value| {
            let bits = value.as_u64().or_else(|| value.as_str()?.parse().ok());
            if bits.is_none() {
                let message = format!("Value \"{}\" is not int.", plain(value));
                self.error(key, "NUMBER_TYPE_COERCE", &message);
            }
            bits
        })
    }

    /// One of a few numbers.
    pub(crate) fn choice(&mut self, key: &str, choices: &[u64]) -> Patch<u64> {
        match self.bits(key) {
            Patch::Value(number) if !choices.contains(&number) => {
                let mut list = String::new();
                for choice in choices {
                    let separator = if list.is_empty() { "" } else { ", " };
                    let _ = write!(list, "{separator}{choice}");
                }
                self.error(
                    key,
                    "BASE_TYPE_CHOICES",
                    &format!("Value must be one of {{{list}}}."),
                );
                Patch::Absent
            }
            other => other,
        }
    }

    /// True or false, also as text: discord.py writes `"true"` when it prunes.
    pub(crate) fn flag(&mut self, key: &str) -> Patch<bool> {
        self.raw(key).and_then(|value| {
            let flag = value.as_bool().or_else(|| value.as_str()?.parse().ok());
            if flag.is_none() {
                self.error(key, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
            }
            flag
        })
    }

    /// A snowflake.
    pub(crate) fn id(&mut self, key: &str) -> Patch<Snowflake> {
        self.raw(key).and_then(|value| {
            let id = read_id(value);
            if id.is_none() {
                self.error(key, "NUMBER_TYPE_COERCE", &not_snowflake(value));
            }
            id
        })
    }

    /// A list of snowflakes.
    pub(crate) fn ids(&mut self, key: &str, count: RangeInclusive<usize>) -> Patch<Vec<Snowflake>> {
        self.list(key, count, |item| {
            read_id(item).ok_or_else(|| leaf("NUMBER_TYPE_COERCE", &not_snowflake(item)))
        })
    }

    /// A list of objects, each read by `read`.
    pub(crate) fn objects<T>(
        &mut self,
        key: &str,
        count: RangeInclusive<usize>,
        mut read: impl FnMut(&mut Form<'a>) -> T,
    ) -> Patch<Vec<T>> {
        self.list(key, count, |item| {
            let mut form = Form::new(item);
            let value = read(&mut form);
            if form.errors.is_empty() {
                Ok(value)
            } else {
                Err(form.errors)
            }
        })
    }

    /// One nested object, read by `read`.
    pub(crate) fn object<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Form<'a>) -> T,
    ) -> Patch<T> {
        self.raw(key).and_then(|value| {
            let mut form = Form::new(value);
            let value = read(&mut form);
            if form.errors.is_empty() {
                return Some(value);
            }
            self.errors
                .insert(key.to_owned(), Value::Object(form.errors));
            None
        })
    }

    pub(super) fn list<T>(
        &mut self,
        key: &str,
        count: RangeInclusive<usize>,
        mut read: impl FnMut(&'a Value) -> Result<T, Map<String, Value>>,
    ) -> Patch<Vec<T>> {
        self.raw(key).and_then(|value| {
            let Some(items) = value.as_array() else {
                self.error(
                    key,
                    "LIST_TYPE_CONVERT",
                    "Only iterables may be used in a ListType",
                );
                return None;
            };
            let (min, max) = (count.start(), count.end());
            if !count.contains(&items.len()) {
                let (code, message) = if *min == 0 {
                    (
                        "BASE_TYPE_MAX_LENGTH",
                        format!("Must be {max} or fewer in length."),
                    )
                } else {
                    (
                        "BASE_TYPE_BAD_LENGTH",
                        format!("Must be between {min} and {max} in length."),
                    )
                };
                self.error(key, code, &message);
                return None;
            }
            let mut errors = Map::new();
            let mut values = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                match read(item) {
                    Ok(value) => values.push(value),
                    Err(nested) => {
                        errors.insert(index.to_string(), Value::Object(nested));
                    }
                }
            }
            if errors.is_empty() {
                return Some(values);
            }
            self.errors.insert(key.to_owned(), Value::Object(errors));
            None
        })
    }

    /// Requires a field that was read; an absent or null one is an error of its own.
    pub(crate) fn required<T: Default>(&mut self, key: &str, field: Patch<T>) -> T {
        if let Patch::Value(value) = field {
            return value;
        }
        if !self.errors.contains_key(key) {
            self.error(key, "BASE_TYPE_REQUIRED", "This field is required");
        }
        T::default()
    }

    /// Whether nothing was wrong so far.
    pub(crate) fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    /// All errors together, or nothing.
    pub(crate) fn finish(self) -> Answer<()> {
        if self.errors.is_empty() {
            return Ok(());
        }
        Err(Refusal::form(Value::Object(self.errors)))
    }
}

pub(super) fn leaf(code: &str, message: &str) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert(
        "_errors".into(),
        json!([{"code": code, "message": message}]),
    );
    map
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn not_snowflake(value: &Value) -> String {
    format!("Value \"{}\" is not snowflake.", plain(value))
}

fn read_id(value: &Value) -> Option<Snowflake> {
    value
        .as_u64()
        .or_else(|| value.as_str()?.parse().ok())
        .map(Snowflake)
}

/// `1.0` counts as an integer: discord.py sends a poll's hours so.
fn whole(value: &Value) -> Option<i64> {
    let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
    format!("{number:.0}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_field_is_named_at_its_place() {
        let body = json!({"name": "", "embeds": [{"title": 5}], "limit": "many"});
        let mut form = Form::new(&body);
        form.text("name", 1..=100);
        form.integer("limit", 0..=5);
        form.objects("embeds", 0..=10, |embed| embed.text("title", 0..=256));
        let errors = form.finish().unwrap_err().errors.unwrap();
        assert_eq!(errors["name"]["_errors"][0]["code"], "BASE_TYPE_REQUIRED");
        assert_eq!(errors["limit"]["_errors"][0]["code"], "NUMBER_TYPE_COERCE");
        assert_eq!(
            errors["embeds"]["0"]["title"]["_errors"][0]["code"],
            "STRING_TYPE_CONVERT"
        );
    }

    #[test]
    fn null_and_absent_are_told_apart() {
        let body = json!({"topic": null});
        let mut form = Form::new(&body);
        assert_eq!(form.text("topic", 0..=10).given(), Some(None));
        assert_eq!(form.text("name", 0..=10).given(), None);
        assert!(form.finish().is_ok());
    }

    #[test]
    fn a_text_that_is_too_long_is_refused_in_discords_words() {
        let body = json!({"content": "x".repeat(2001)});
        let mut form = Form::new(&body);
        form.text("content", 0..=2000);
        let errors = form.finish().unwrap_err().errors.unwrap();
        let error = &errors["content"]["_errors"][0];
        assert_eq!(error["code"], "BASE_TYPE_MAX_LENGTH");
        assert_eq!(error["message"], "Must be 2000 or fewer in length.");
    }
}
