//! The configuration as people may see it: every key, its value, its source; secrets hidden.

use serde::Serialize;

use super::{
    settings::{Kind, SETTINGS},
    sources::{Source, Sources},
};

/// One key with its value and where the value comes from.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    pub(crate) key: &'static str,
    /// `(set)` or `(unset)` for secrets.
    pub(crate) value: String,
    pub(crate) source: String,
    pub(crate) variables: &'static [&'static str],
    pub(crate) meaning: &'static str,
}

/// All keys in the table's order.
pub(crate) fn shown(sources: &Sources) -> Vec<Shown> {
    SETTINGS
        .iter()
        .map(|setting| {
            let found = sources.get(setting.key);
            let value = match (setting.kind, found.text.is_empty()) {
                (Kind::Secret, true) => "(unset)".to_owned(),
                (Kind::Secret, false) => "(set)".to_owned(),
                _ => found.text.clone(),
            };
            let source = match &found.source {
                Source::Default if found.text.is_empty() => "unset".to_owned(),
                source => source.to_string(),
            };
            Shown {
                key: setting.key,
                value,
                source,
                variables: setting.variables,
                meaning: setting.meaning,
            }
        })
        .collect()
}
