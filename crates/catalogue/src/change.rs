//! What a write would change, compared with live state. Summaries never hold Discord users' words.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The difference a write would make.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// One sentence in our words, e.g. `edit channel 42`.
    pub summary: String,
    /// The state that would go or be altered; null where there is none or it is not known.
    pub before: Value,
    /// The state afterwards; null where the thing would be gone.
    pub after: Value,
    /// Only what differs.
    pub fields: Vec<FieldChange>,
    /// Which of `before`, `after` and `fields` hold Discord users' words, as paths.
    pub untrusted: &'static [&'static str],
}

/// One field that would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    pub path: String,
    pub before: Value,
    pub after: Value,
}

/// Whatever a guild's people wrote can stand anywhere in the compared states.
const WORDS: &[&str] = &["before", "after", "fields[].before", "fields[].after"];

impl Change {
    /// Something new.
    pub(crate) fn creates(summary: impl Into<String>, after: Value) -> Self {
        Self {
            summary: summary.into(),
            before: Value::Null,
            after,
            fields: Vec::new(),
            untrusted: &[],
        }
    }

    /// Something goes.
    pub(crate) fn removes(summary: impl Into<String>, before: Value) -> Self {
        Self {
            summary: summary.into(),
            before,
            after: Value::Null,
            fields: Vec::new(),
            untrusted: WORDS,
        }
    }

    /// Fields of something change: `wanted` holds the new values under the names that Discord's
    /// own object `live` uses. Fields that already have the wanted value are not listed.
    pub(crate) fn edits(summary: impl Into<String>, live: &Value, wanted: &Value) -> Self {
        let mut before = serde_json::Map::new();
        let mut after = serde_json::Map::new();
        let mut fields = Vec::new();
        for (name, new) in wanted.as_object().into_iter().flatten() {
            let old = &live[name.as_str()];
            before.insert(name.clone(), old.clone());
            after.insert(name.clone(), new.clone());
            if old != new {
                fields.push(FieldChange {
                    path: name.clone(),
                    before: old.clone(),
                    after: new.clone(),
                });
            }
        }
        Self {
            summary: summary.into(),
            before: Value::Object(before),
            after: Value::Object(after),
            fields,
            untrusted: WORDS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_edit_lists_only_what_differs() {
        let live = json!({"name": "general", "topic": "old", "nsfw": false});
        let change = Change::edits(
            "edit channel 1",
            &live,
            &json!({"name": "general", "topic": null}),
        );
        assert_eq!(change.fields.len(), 1);
        assert_eq!(change.fields[0].path, "topic");
        assert_eq!(change.before, json!({"name": "general", "topic": "old"}));
    }
}
