//! Snapshots: a whole world as one JSON document, to be kept, shared and gone back to.

mod check;
mod shelf;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub(crate) use shelf::{Shelf, ShelfError, ShelvedView};

use crate::world::World;

/// What the document says it is.
const FORMAT: &str = "guildhall-sandbox-world";
/// The only version that is written and read.
const VERSION: u32 = 1;
/// The largest document that is read, in bytes: attachments alone may take 342 MiB of Base64.
pub(crate) const MAX_SNAPSHOT_BYTES: usize = 640 * 1024 * 1024;

/// A world as it was at one moment: everything but rate limits, faults and open connections.
#[derive(Clone, Debug)]
pub struct Snapshot {
    document: Bytes,
    saved_at_ms: u64,
}

/// Why a document is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Not JSON, or not of the shape of a world.
    #[error("the snapshot cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Some other JSON.
    #[error("this is no snapshot of a sandbox: `format` is {0:?}, not \"{FORMAT}\"")]
    Format(String),
    /// From another version of the sandbox.
    #[error("the snapshot has version {0}; this sandbox reads version {VERSION}")]
    Version(u32),
    /// Something in it names what is not in it.
    #[error("the snapshot is not whole: {0}")]
    Reference(String),
    /// More than can be held.
    #[error("the snapshot has {0} bytes; {MAX_SNAPSHOT_BYTES} are allowed")]
    TooLarge(usize),
}

#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    version: u32,
    saved_at_ms: u64,
    world: &'a World,
}

#[derive(Deserialize)]
struct Cover {
    #[serde(default)]
    format: String,
    #[serde(default)]
    version: u32,
    #[serde(default)]
    saved_at_ms: u64,
}

#[derive(Deserialize)]
struct Content {
    world: World,
}

impl Snapshot {
    /// Writes a world down.
    pub(crate) fn take(world: &World) -> Self {
        let written = Written {
            format: FORMAT,
            version: VERSION,
            saved_at_ms: world.now_ms(),
            world,
        };
        let document = serde_json::to_vec(&written).expect("a world is plain data with text keys");
        Self {
            document: document.into(),
            saved_at_ms: written.saved_at_ms,
        }
    }

    /// Reads what [`Snapshot::write`] gave; refuses what no world can be made from.
    pub fn read(document: impl Into<Bytes>) -> Result<Self, SnapshotError> {
        let document = document.into();
        if document.len() > MAX_SNAPSHOT_BYTES {
            return Err(SnapshotError::TooLarge(document.len()));
        }
        let cover: Cover = serde_json::from_slice(&document)?;
        if cover.format != FORMAT {
            return Err(SnapshotError::Format(cover.format));
        }
        if cover.version != VERSION {
            return Err(SnapshotError::Version(cover.version));
        }
        let snapshot = Self {
            document,
            saved_at_ms: cover.saved_at_ms,
        };
        check::check(&snapshot.world()?).map_err(SnapshotError::Reference)?;
        Ok(snapshot)
    }

    /// The document, as it goes into a file.
    pub fn write(&self) -> Bytes {
        self.document.clone()
    }

    /// The moment on the sandbox's clock, in milliseconds since 1970.
    pub fn saved_at_ms(&self) -> u64 {
        self.saved_at_ms
    }

    /// A world like the one that was saved, without a clock of its own.
    pub(crate) fn world(&self) -> Result<World, SnapshotError> {
        let content: Content = serde_json::from_slice(&self.document)?;
        Ok(content.world)
    }
}
