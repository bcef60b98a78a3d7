//! Named snapshots kept in memory, compressed, within a budget.

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use serde::Serialize;

use super::{MAX_SNAPSHOT_BYTES, Snapshot};

/// Snapshots kept at once.
const MAX_SHELVED: usize = 50;
/// All of them together, compressed, in bytes.
const MAX_SHELVED_BYTES: usize = 512 * 1024 * 1024;
/// Characters of a name.
const MAX_NAME: usize = 64;
/// Fast, and worlds repeat themselves a lot.
const ZSTD_LEVEL: i32 = 1;

/// The shelf.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    kept: BTreeMap<String, Shelved>,
}

#[derive(Debug)]
struct Shelved {
    packed: Vec<u8>,
    bytes: usize,
    saved_at_ms: u64,
}

/// One kept snapshot, as the control API shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ShelvedView {
    pub(crate) name: String,
    pub(crate) saved_at_ms: u64,
    /// Of the document, not compressed.
    pub(crate) bytes: usize,
}

/// Why a snapshot is not kept, or not found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShelfError {
    #[error("a snapshot's name has 1 to {MAX_NAME} letters, digits, dots, dashes and underscores")]
    Name,
    #[error("no snapshot {0:?}; there are: {1}")]
    Unknown(String, String),
    #[error("{MAX_SHELVED} snapshots are kept already; delete one first")]
    Full,
    #[error("snapshots may take {MAX_SHELVED_BYTES} bytes together; delete one first")]
    TooLarge,
    #[error("the snapshot cannot be packed: {0}")]
    Packing(#[from] io::Error),
}

impl Shelf {
    /// Keeps a snapshot under a name; one of the same name is replaced.
    pub(crate) fn keep(
        &mut self,
        name: &str,
        snapshot: &Snapshot,
    ) -> Result<ShelvedView, ShelfError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(fits) {
            return Err(ShelfError::Name);
        }
        let others = || self.kept.iter().filter(|(other, _)| *other != name);
        if others().count() >= MAX_SHELVED {
            return Err(ShelfError::Full);
        }
        let packed = zstd::bulk::compress(&snapshot.document, ZSTD_LEVEL)?;
        let taken: usize = others().map(|(_, one)| one.packed.len()).sum();
        if taken + packed.len() > MAX_SHELVED_BYTES {
            return Err(ShelfError::TooLarge);
        }
        let shelved = Shelved {
            packed,
            bytes: snapshot.document.len(),
            saved_at_ms: snapshot.saved_at_ms,
        };
        let view = view(name, &shelved);
        self.kept.insert(name.to_owned(), shelved);
        Ok(view)
    }

    /// A kept snapshot.
    pub(crate) fn take_down(&self, name: &str) -> Result<Snapshot, ShelfError> {
        let shelved = self.kept.get(name).ok_or_else(|| self.unknown(name))?;
        let document =
            zstd::bulk::decompress(&shelved.packed, MAX_SNAPSHOT_BYTES.min(shelved.bytes))?;
        Ok(Snapshot {
            document: Bytes::from(document),
            saved_at_ms: shelved.saved_at_ms,
        })
    }

    /// Forgets one.
    pub(crate) fn forget(&mut self, name: &str) -> Result<(), ShelfError> {
        let gone = self.kept.remove(name);
        gone.map(drop).ok_or_else(|| self.unknown(name))
    }

    /// All, by name.
    pub(crate) fn views(&self) -> Vec<ShelvedView> {
        self.kept
            .iter()
            .map(|(name, one)| view(name, one))
            .collect()
    }

    fn unknown(&self, name: &str) -> ShelfError {
        let names: Vec<_> = self.kept.keys().map(String::as_str).collect();
        let names = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        ShelfError::Unknown(name.to_owned(), names)
    }
}

fn view(name: &str, shelved: &Shelved) -> ShelvedView {
    ShelvedView {
        name: name.to_owned(),
        saved_at_ms: shelved.saved_at_ms,
        bytes: shelved.bytes,
    }
}
