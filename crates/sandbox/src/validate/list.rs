//! Lists of plain values in a form, and errors deeper down.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::form::{Form, Patch, leaf};

impl Form<'_> {
    /// Notes an error deeper down; `path` is dotted, and empty for the form itself.
    pub(crate) fn error_at(&mut self, path: &str, code: &str, message: &str) {
        let mut place = &mut self.errors;
        for key in path.split('.').filter(|key| !key.is_empty()) {
            let inner = place.entry(key).or_insert_with(|| json!({}));
            let Some(inner) = inner.as_object_mut() else {
                return;
            };
            place = inner;
        }
        place.extend(leaf(code, message));
    }

    /// A list of texts.
    pub(crate) fn texts(
        &mut self,
        key: &str,
        count: RangeInclusive<usize>,
        length: RangeInclusive<usize>,
    ) -> Patch<Vec<String>> {
        self.list(key, count, |item| {
            let holder = Value::Object(Map::from_iter([("it".to_owned(), item.clone())]));
            let mut form = Form::new(&holder);
            let text = form.text("it", length.clone());
            let text = form.required("it", text);
            match form.errors.remove("it") {
                Some(Value::Object(errors)) => Err(errors),
                _ => Ok(text),
            }
        })
    }

    /// A list of a few numbers, each at most once.
    pub(crate) fn numbers(&mut self, key: &str, choices: &[u64]) -> Patch<Vec<u64>> {
        let mut seen = Vec::new();
        self.list(key, 0..=choices.len(), |item| {
            let number = item.as_u64().filter(|number| choices.contains(number));
            let Some(number) = number else {
                let message = format!("Value must be one of {choices:?}.");
                return Err(leaf("BASE_TYPE_CHOICES", &message));
            };
            if seen.contains(&number) {
                let message = "The set already contains this value";
                return Err(leaf("SET_TYPE_ALREADY_CONTAINS_VALUE", message));
            }
            seen.push(number);
            Ok(number)
        })
    }
}
