//! What mutants are made of: ids that exist, by what they are of, and names of fields.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::Value;

/// Ids kept of one kind; the newest replace others.
const MAX_KEPT: usize = 12;

/// Ids and names.
pub(super) struct Pool {
    ids: BTreeMap<String, Vec<String>>,
    names: Vec<String>,
}

impl Pool {
    /// No ids yet; every field name that the sandbox's own source mentions.
    pub(super) fn new() -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut names = BTreeSet::new();
        for folder in ["validate", "world"] {
            gather(&source.join(folder), &mut names);
        }
        assert!(names.len() > 200, "only {} names", names.len());
        Self {
            ids: BTreeMap::new(),
            names: names.into_iter().collect(),
        }
    }

    /// The name of a field.
    pub(super) fn name(&self, dice: &mut StdRng) -> String {
        self.names.choose(dice).expect("there are names").clone()
    }

    /// An id of a kind, such as `channel`; any other when there is none.
    pub(super) fn id(&self, kind: &str, dice: &mut StdRng) -> String {
        let known = self.ids.get(kind).and_then(|ids| ids.choose(dice));
        known.cloned().unwrap_or_else(|| self.any_id(dice))
    }

    /// An id of anything, or of nothing.
    pub(super) fn any_id(&self, dice: &mut StdRng) -> String {
        let kinds: Vec<_> = self.ids.values().collect();
        let known = kinds.choose(dice).and_then(|ids| ids.choose(dice));
        known
            .cloned()
            .unwrap_or_else(|| dice.random::<u64>().to_string())
    }

    pub(super) fn learn(&mut self, kind: &str, id: &str, dice: &mut StdRng) {
        let ids = self.ids.entry(kind.to_owned()).or_default();
        if ids.iter().any(|known| known == id) {
            return;
        }
        if ids.len() < MAX_KEPT {
            ids.push(id.to_owned());
        } else {
            let at = dice.random_range(0..ids.len());
            id.clone_into(&mut ids[at]);
        }
    }

    /// Remembers what an answer made or listed, under the noun of its path.
    pub(super) fn learn_from(&mut self, path: &str, answer: &Value, dice: &mut StdRng) {
        let mut nouns = path.split('/').filter(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        });
        let Some(noun) = nouns.next_back() else {
            return;
        };
        let kind = match noun {
            "threads" => "channel",
            "members" | "recipients" => "user",
            "scheduled-events" => "event",
            "soundboard-sounds" => "sound",
            other => other.trim_end_matches('s'),
        };
        let first = if answer.is_array() {
            &answer[0]
        } else {
            answer
        };
        for (field, kind) in [("id", kind), ("token", "token"), ("code", "code")] {
            if let Some(id) = first[field].as_str() {
                self.learn(kind, id, dice);
            }
        }
    }
}

/// Every string of small letters and underscores in a folder's source.
fn gather(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the source is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, names);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("it is text");
        for word in text.split('"') {
            let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            if (2..40).contains(&word.len()) && word.bytes().all(is_name) {
                names.insert(word.to_owned());
            }
        }
    }
}
