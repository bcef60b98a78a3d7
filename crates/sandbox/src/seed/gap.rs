//! What is wrong with a description, and where in it: the field, and the line of its text.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::actors::ActorError;

/// Something that a description lacks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Gap {
    /// Such as `guilds[0].channels[2].only_for[0]`; empty for the whole.
    pub(super) place: String,
    pub(super) message: String,
}

/// Why a description cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub struct SpecError {
    /// The line and the column, both from 1, where the text is known.
    pub line: Option<(usize, usize)>,
    /// The field, such as `guilds[0].channels[2].only_for[0]`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl SpecError {
    /// An actor of a world that names what the world lacks.
    pub(crate) fn of_actor(at: usize, error: &ActorError) -> Self {
        Gap::at(&format!("actors[{at}]"), error.to_string()).without_text()
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.line {
            write!(formatter, "line {line}, column {column}: ")?;
        }
        if !self.field.is_empty() {
            write!(formatter, "{}: ", self.field)?;
        }
        formatter.write_str(&self.message)
    }
}

impl Gap {
    pub(super) fn at(place: &str, message: impl Into<String>) -> Self {
        Self {
            place: place.to_owned(),
            message: message.into(),
        }
    }

    /// The same, told from further out.
    pub(super) fn inside(mut self, outer: &str) -> Self {
        self.place = if self.place.is_empty() {
            outer.to_owned()
        } else {
            format!("{outer}.{}", self.place)
        };
        self
    }

    pub(super) fn without_text(self) -> SpecError {
        SpecError {
            line: None,
            field: self.place,
            message: self.message,
        }
    }

    pub(super) fn in_toml(self, text: &str) -> SpecError {
        let line = offset_in_toml(text, &self.place).map(|offset| line_of(text, offset));
        SpecError {
            line,
            ..self.without_text()
        }
    }

    pub(super) fn in_json(self, text: &str) -> SpecError {
        let line = offset_in_json(text, &self.place).map(|offset| line_of(text, offset));
        SpecError {
            line,
            ..self.without_text()
        }
    }
}

/// Line and column of an offset, both from 1.
pub(super) fn line_of(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |last| last.chars().count())
        + 1;
    (line, column)
}

/// `guilds[0].owner` as `guilds`, `0`, `owner`.
fn steps(place: &str) -> impl Iterator<Item = &str> {
    place.split(['.', '[', ']']).filter(|step| !step.is_empty())
}

/// Where a field begins; the deepest that exists, when it was left out.
fn offset_in_toml(text: &str, place: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let mut offset = None;
    let mut entries = Some(table.get_ref());
    let mut here: Option<&Spanned<DeValue<'_>>> = None;
    for step in steps(place) {
        let next = match (entries.take(), here.map(Spanned::get_ref)) {
            (Some(table), _) | (None, Some(DeValue::Table(table))) => table
                .iter()
                .find(|(key, _)| key.get_ref() == step)
                .map(|(_, value)| value),
            (None, Some(DeValue::Array(array))) => {
                step.parse::<usize>().ok().and_then(|at| array.get(at))
            }
            _ => None,
        };
        let Some(next) = next else { break };
        offset = Some(next.span().start);
        here = Some(next);
    }
    offset
}

fn offset_in_json(text: &str, place: &str) -> Option<usize> {
    let mut here: &RawValue = serde_json::from_str(text).ok()?;
    for step in steps(place) {
        let next = match step.parse::<usize>() {
            Ok(at) => serde_json::from_str::<Vec<&RawValue>>(here.get())
                .ok()
                .and_then(|array| array.get(at).copied()),
            Err(_) => serde_json::from_str::<BTreeMap<String, &RawValue>>(here.get())
                .ok()
                .and_then(|object| object.get(step).copied()),
        };
        let Some(next) = next else { break };
        here = next;
    }
    // Raw values are slices of the text.
    (here.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)
}
