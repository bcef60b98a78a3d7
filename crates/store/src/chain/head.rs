//! The sealed end of a chain, kept beside the rows and renewed in every commit that adds some.
//!
//! A seal that is broken stays broken: rows go on, and the end is never sealed over what somebody
//! else wrote.

use model::ledger::StoreError;

use super::{AuditKey, Sentence};
use crate::engine::{Row, Session, Value};

const ABOUT: &str = "guildhall audit head 1";

pub(crate) const PUT: &str = "\
INSERT INTO audit_heads (workspace, link, seq, hash, checkpoints, seal)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (workspace) DO UPDATE SET link = excluded.link, seq = excluded.seq,
    hash = excluded.hash, checkpoints = excluded.checkpoints, seal = excluded.seal";

pub(crate) const FIND: &str = "SELECT * FROM audit_heads WHERE workspace = $1";
/// Workspaces are few; what is beyond this many has no head that anybody made.
pub(crate) const ALL: &str = "SELECT * FROM audit_heads ORDER BY workspace LIMIT 10000";

/// Where a chain ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Head {
    pub(crate) workspace: String,
    /// Of the last row; 0 when there is none.
    pub(crate) link: i64,
    pub(crate) seq: i64,
    pub(crate) hash: String,
    /// How many checkpoints there are, so that none can be cut off either.
    pub(crate) checkpoints: i64,
}

/// A head as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct SealedHead {
    pub(crate) head: Head,
    /// `None` without a key, or after a seal was found broken.
    pub(crate) seal: Option<String>,
}

impl Head {
    /// Of a workspace in which nothing was written.
    pub(crate) fn empty(workspace: &str) -> Self {
        Self {
            workspace: workspace.to_owned(),
            link: 0,
            seq: 0,
            hash: super::GENESIS.to_owned(),
            checkpoints: 0,
        }
    }

    fn statement(&self) -> [u8; 32] {
        let mut sentence = Sentence::new(ABOUT);
        sentence
            .text(&self.workspace)
            .number(self.link)
            .number(self.seq)
            .text(&self.hash)
            .number(self.checkpoints);
        sentence.bytes()
    }

    /// Seal it with a key, or leave it open.
    pub(crate) fn sealed(self, key: Option<&AuditKey>) -> SealedHead {
        SealedHead {
            seal: key.map(|key| key.seal(&self.statement())),
            head: self,
        }
    }
}

impl SealedHead {
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            head: Head {
                workspace: row.text("workspace")?,
                link: row.integer("link")?,
                seq: row.integer("seq")?,
                hash: row.text("hash")?,
                checkpoints: row.integer("checkpoints")?,
            },
            seal: row.optional_text("seal")?,
        })
    }

    pub(crate) async fn put(&self, on: &mut Session<'_>) -> Result<(), StoreError> {
        let head = &self.head;
        let values: [Value; 6] = [
            (&head.workspace).into(),
            head.link.into(),
            head.seq.into(),
            (&head.hash).into(),
            head.checkpoints.into(),
            self.seal.as_deref().into(),
        ];
        on.execute(PUT, values).await.map(drop)
    }

    /// Whether this key sealed it. A head of nothing needs no seal.
    pub(crate) fn is_whole(&self, key: &AuditKey) -> bool {
        self.head == Head::empty(&self.head.workspace)
            || self.seal.as_ref() == Some(&key.seal(&self.head.statement()))
    }
}
