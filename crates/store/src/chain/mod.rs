//! The audit's hash chain: what a row commits to, so that nobody changes, drops, adds or reorders
//! rows unseen. Pure; the rows themselves are in [`crate::audit`].

pub(crate) mod checkpoint;
pub(crate) mod head;
mod key;
#[cfg(test)]
mod tampering;
pub(crate) mod verify;

use model::ledger::StoreError;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use checkpoint::Checkpoint;
pub use key::{AuditKey, Signer};
pub use verify::{Problem, Report, Trust};

use crate::{audit::Entry, error::corrupt};

/// The workspace of whoever has set up none.
pub(crate) const DEFAULT_WORKSPACE: &str = "default";
/// What the first row of a chain names as the hash before it.
pub(crate) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// What stands in a column whose content was erased.
pub(crate) const ERASED: &str = "(erased)";
/// Bytes of salt in a row.
pub(crate) const SALT_BYTES: usize = 16;

/// Says which text is hashed, so that no hash made for another purpose can stand for one of these.
const ROW: &str = "guildhall audit row 1";
const FIELD: &str = "guildhall audit field 1";

/// Salted hashes of what is personal in a row. They outlive it: erasing a person's data replaces it
/// by these, and the chain stays whole.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Commitments {
    principal: String,
    agent: String,
    reason: String,
}

impl Commitments {
    /// Of a row whose content is still there.
    fn of(entry: &Entry, salt: &str) -> Self {
        let commit = |name: &str, value: Option<&str>| {
            let mut hash = Sentence::new(FIELD);
            hash.text(salt).text(name).optional(value);
            hash.finish()
        };
        Self {
            principal: commit("principal", Some(&entry.principal)),
            agent: commit("agent", entry.agent.as_deref()),
            reason: commit("reason", Some(&entry.reason)),
        }
    }

    /// From the column `erased`. Another spelling of the same is refused: the column is not hashed
    /// itself.
    fn read(text: &str) -> Option<Self> {
        let read: Self = serde_json::from_str(text).ok()?;
        (read.write().ok()?.as_str() == text).then_some(read)
    }

    fn write(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| corrupt(error.to_string()))
    }
}

/// The hash of a row, or `None` where the row cannot be one of ours: content and erasure marks
/// together, or neither.
pub(crate) fn hash(entry: &Entry) -> Option<String> {
    let personal = match (&entry.salt, &entry.erased) {
        (Some(salt), None) => Commitments::of(entry, salt),
        (None, Some(erased)) if is_blank(entry) => Commitments::read(erased)?,
        _ => return None,
    };
    let mut hash = Sentence::new(ROW);
    hash.text(&entry.previous_hash)
        .number(entry.seq)
        .text(&entry.workspace)
        .number(entry.link)
        .text(&entry.call_id)
        .number(entry.at)
        .text(&personal.principal)
        .text(&personal.agent)
        .text(&entry.origin)
        .text(&entry.tool)
        .optional(entry.risk.as_deref())
        .optional_number(entry.guild_id)
        .optional_number(entry.channel_id)
        .text(&entry.digest)
        .text(&entry.outcome)
        .text(&entry.stage)
        .text(&entry.code)
        .text(&personal.reason)
        .text(&entry.rules)
        .text(&entry.policy_version)
        .number(entry.duration_us);
    Some(hash.finish())
}

/// Take what is personal out of a row; its hash stays the same. `None` where that was done before.
pub(crate) fn erase(entry: &Entry) -> Result<Option<String>, StoreError> {
    let Some(salt) = &entry.salt else {
        return Ok(None);
    };
    Commitments::of(entry, salt).write().map(Some)
}

fn is_blank(entry: &Entry) -> bool {
    entry.principal == ERASED && entry.agent.is_none() && entry.reason == ERASED
}

/// A hash over a row of values, each with its kind and length before it, so that no two different
/// rows give the same bytes.
pub(crate) struct Sentence(Sha256);

impl Sentence {
    pub(crate) fn new(about: &str) -> Self {
        let mut sentence = Self(Sha256::new());
        sentence.text(about);
        sentence
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.0.update([b't']);
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
        self
    }

    pub(crate) fn number(&mut self, number: i64) -> &mut Self {
        self.0.update([b'n']);
        self.0.update(number.to_be_bytes());
        self
    }

    fn optional(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => self.nothing(),
        }
    }

    fn optional_number(&mut self, number: Option<i64>) -> &mut Self {
        match number {
            Some(number) => self.number(number),
            None => self.nothing(),
        }
    }

    fn nothing(&mut self) -> &mut Self {
        self.0.update([b'-']);
        self
    }

    /// In lower-case hex.
    pub(crate) fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }

    pub(crate) fn bytes(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
