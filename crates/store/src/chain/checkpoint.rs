//! Checkpoints: where a chain stood at some moment, signed. Written in intervals, also when nothing
//! happened, so that silence is told from rows that were taken away. A copy of them kept elsewhere
//! is a witness against whoever puts an old database back.

use async_trait::async_trait;
use model::{Millis, ledger::StoreError};
use serde::{Deserialize, Serialize};

use super::{AuditKey, GENESIS, Sentence, Signer, head::Head};
use crate::{
    engine::{Row, Value},
    transaction::Transaction,
    writer::Write,
};

const ABOUT: &str = "guildhall audit checkpoint 1";

pub(crate) const INSERT: &str = "\
INSERT INTO audit_checkpoints (workspace, number, at, link, seq, hash, previous, signer, signature)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub(crate) const LAST: &str = "\
SELECT * FROM audit_checkpoints WHERE workspace = $1 ORDER BY number DESC LIMIT 1";

pub(crate) const AFTER: &str = "\
SELECT * FROM audit_checkpoints WHERE (workspace, number) > ($1, $2)
ORDER BY workspace, number LIMIT $3";

/// Where a chain stood.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    pub workspace: String,
    /// From 1.
    pub number: i64,
    pub at: Millis,
    /// Rows of the workspace until then.
    pub link: i64,
    /// The last of them.
    pub seq: i64,
    /// Its hash, in hex.
    pub hash: String,
    /// Digest of the checkpoint before this one.
    pub previous: String,
    /// Public key, in hex.
    pub signer: String,
    /// Ed25519, in hex.
    pub signature: String,
}

impl Checkpoint {
    /// The next one, of a chain that ends there now.
    pub(super) fn of(head: &Head, at: Millis, previous: String, key: &AuditKey) -> Self {
        let mut checkpoint = Self {
            workspace: head.workspace.clone(),
            number: head.checkpoints + 1,
            at,
            link: head.link,
            seq: head.seq,
            hash: head.hash.clone(),
            previous,
            signer: key.signer().to_string(),
            signature: String::new(),
        };
        checkpoint.signature = key.sign(&checkpoint.statement());
        checkpoint
    }

    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            workspace: row.text("workspace")?,
            number: row.integer("number")?,
            at: row.integer("at")?,
            link: row.integer("link")?,
            seq: row.integer("seq")?,
            hash: row.text("hash")?,
            previous: row.text("previous")?,
            signer: row.text("signer")?,
            signature: row.text("signature")?,
        })
    }

    fn statement(&self) -> [u8; 32] {
        let mut sentence = Sentence::new(ABOUT);
        sentence
            .text(&self.workspace)
            .number(self.number)
            .number(self.at)
            .number(self.link)
            .number(self.seq)
            .text(&self.hash)
            .text(&self.previous);
        sentence.bytes()
    }

    /// What the next one names as its previous.
    pub(crate) fn digest(&self) -> String {
        hex::encode(self.statement())
    }

    /// Whether one of these signed it.
    pub(crate) fn is_signed_by(&self, signers: &[Signer]) -> bool {
        let statement = self.statement();
        signers.iter().any(|signer| {
            signer.to_string() == self.signer && signer.signed(&statement, &self.signature)
        })
    }

    fn values(&self) -> [Value; 9] {
        [
            (&self.workspace).into(),
            self.number.into(),
            self.at.into(),
            self.link.into(),
            self.seq.into(),
            (&self.hash).into(),
            (&self.previous).into(),
            (&self.signer).into(),
            (&self.signature).into(),
        ]
    }
}

/// Write the next checkpoint of the workspace.
pub(crate) struct Mark {
    pub(crate) workspace: String,
    pub(crate) at: Millis,
    pub(crate) key: AuditKey,
}

#[async_trait]
impl Write for Mark {
    type Output = Checkpoint;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<Checkpoint, StoreError> {
        // Rows of the same group may still wait to be inserted; the checkpoint covers them.
        on.flush().await?;
        let mut head = on.head(&self.workspace).await?.clone();
        let last = on.row(LAST, [(&self.workspace).into()]).await?;
        let last = last.as_ref().map(Checkpoint::read).transpose()?;
        let previous = last.map_or_else(|| GENESIS.to_owned(), |last| last.digest());
        let checkpoint = Checkpoint::of(&head, self.at, previous, &self.key);
        on.execute(INSERT, checkpoint.values()).await?;
        head.checkpoints = checkpoint.number;
        on.move_head(head);
        on.flush().await?;
        Ok(checkpoint)
    }
}
