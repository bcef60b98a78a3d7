//! What a caller sees of Discord's answers: compact, with stable names, empty fields left out.
//! Discord users' words stay in fields that the view names as untrusted.

use serde::Serialize;
use serde_json::{Map, Value};

/// A result for the caller.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// A JSON object.
    pub value: Value,
    /// Where Discord users' words are: paths from the root, `[]` for every element of a list,
    /// e.g. `messages[].content`. A path may name a field that is absent, or a whole subtree.
    pub untrusted: &'static [&'static str],
}

impl View {
    /// A view of fields; empty ones are left out by [`Fields`].
    pub(crate) fn of(fields: Fields, untrusted: &'static [&'static str]) -> Self {
        Self {
            value: fields.into(),
            untrusted,
        }
    }
}

impl View {
    /// Mark what is by the bot itself: authors with this id get `"is_self": true`. For callers
    /// who know the bot's id; views are made without it.
    #[must_use]
    pub fn knowing(mut self, bot: model::UserId) -> Self {
        mark(&mut self.value, &Value::from(bot.to_string()), DEPTH);
        self
    }
}

/// How deep views are followed; they nest less.
const DEPTH: usize = 8;

fn mark(value: &mut Value, bot: &Value, depth: usize) {
    if depth == 0 {
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, bot, depth - 1)),
        Value::Object(fields) => {
            if let Some(Value::Object(author)) = fields.get_mut("author")
                && author.get("id") == Some(bot)
            {
                author.insert("is_self".to_owned(), Value::Bool(true));
            }
            fields
                .values_mut()
                .for_each(|below| mark(below, bot, depth - 1));
        }
        _ => {}
    }
}

/// An object under construction that leaves out what says nothing: null, false, "", [] and {}.
#[derive(Debug, Default, Clone)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Add a field unless it is empty.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if !is_empty(&value) {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    /// Add a field whatever its value: for answers such as `"archived": false`.
    #[must_use]
    pub(crate) fn always(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Take over fields of a Discord object under their own names, as [`copy`](Self::copy) does.
    #[must_use]
    pub(crate) fn keep(mut self, from: &Value, names: &[&str]) -> Self {
        for name in names {
            self = self.copy(name, &from[*name]);
        }
        self
    }

    /// Take over a plain value or a list of plain values. Anything deeper is left behind, so that
    /// no field of Discord's gets through that the view does not know.
    #[must_use]
    pub(crate) fn copy(self, name: &str, value: &Value) -> Self {
        match value {
            Value::Object(_) => self,
            Value::Array(items) => {
                let plain = items
                    .iter()
                    .filter(|item| !item.is_object() && !item.is_array());
                self.with(name, plain.cloned().collect::<Vec<_>>())
            }
            plain => self.with(name, plain.clone()),
        }
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Self::Object(fields.0)
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// The elements of a list, or of the list under `name`; nothing when there is none.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Each element through `show`.
pub(crate) fn each(value: &Value, show: impl Fn(&Value) -> Value) -> Value {
    items(value).iter().map(show).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bots_own_messages_are_marked() {
        let value =
            serde_json::json!({"messages": [{"author": {"id": "7"}}, {"author": {"id": "8"}}]});
        let view = View {
            value,
            untrusted: &[],
        }
        .knowing(model::UserId::new(7).unwrap());
        assert_eq!(view.value["messages"][0]["author"]["is_self"], true);
        assert!(view.value["messages"][1]["author"].get("is_self").is_none());
    }

    #[test]
    fn empty_fields_are_left_out() {
        let fields = Fields::new()
            .with("a", "")
            .with("b", false)
            .with("c", 0)
            .always("d", false);
        assert_eq!(Value::from(fields), serde_json::json!({"c": 0, "d": false}));
    }
}
