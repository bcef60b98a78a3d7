//! Mirrors of the audit in Discord channels: whose rows go there, which of them, and how far each
//! mirror has come.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    id::ChannelId,
    ledger::{Decision, StoreError},
    workspace::WorkspaceId,
};

/// Who acts where the audit is mirrored. Not a principal that a door knows. Rows of its calls are
/// never mirrored: each message would make the next one.
pub const MIRROR: &str = "mirror";

/// Whose rows a mirror shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MirrorScope {
    /// Every workspace's: the operator's mirror.
    Everything,
    /// One workspace's own.
    Workspace(WorkspaceId),
}

impl MirrorScope {
    /// As it is stored. No workspace has the id `*`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Everything => "*",
            Self::Workspace(workspace) => workspace.as_str(),
        }
    }

    /// Read what was stored.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "*" => Some(Self::Everything),
            id => id.parse().ok().map(Self::Workspace),
        }
    }

    /// Whose rows; `None` for everybody's.
    pub fn workspace(&self) -> Option<&WorkspaceId> {
        match self {
            Self::Everything => None,
            Self::Workspace(workspace) => Some(workspace),
        }
    }

    /// For whom the mirror acts. The operator works in the default workspace.
    pub fn home(&self) -> WorkspaceId {
        self.workspace().cloned().unwrap_or_default()
    }
}

/// Which rows are mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MirrorRows {
    /// How writes ended, and what was refused.
    #[default]
    Writes,
    /// Reads, dry runs and beginnings too.
    All,
}

impl MirrorRows {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Writes => "writes",
            Self::All => "all",
        }
    }

    /// Read its word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Writes, Self::All]
            .into_iter()
            .find(|rows| rows.as_str() == word)
    }
}

/// A message that is about to be sent. Written down before, so that a restart sends the same one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorMessage {
    /// The first row that it is about; rows before it were told.
    pub from: i64,
    /// The last row that it is about.
    pub to: i64,
    pub text: String,
    /// When it was first about to be sent.
    pub since: Millis,
    /// How often nobody knew how sending it ended.
    pub lost: u32,
}

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorTrouble {
    pub why: String,
    pub since: Millis,
}

/// How far a mirror has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirror {
    pub channel: ChannelId,
    /// Every row up to this one was told, left out with a word about it, or not wanted.
    pub through: i64,
    pub message: Option<MirrorMessage>,
    pub trouble: Option<MirrorTrouble>,
    /// Counts its changes; not part of what is stored in the row's text.
    #[serde(skip)]
    pub revision: i64,
}

/// Which rows are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorFilter {
    pub scope: MirrorScope,
    pub rows: MirrorRows,
    /// Rows with larger numbers.
    pub after: i64,
    /// Up to and with this number.
    pub to: i64,
}

impl MirrorFilter {
    /// Whether a row is among them: for whoever has no query.
    pub fn fits(&self, seq: i64, row: &Decision) -> bool {
        use crate::{ledger::Outcome, risk::Risk};
        let told = match self.rows {
            MirrorRows::All => true,
            MirrorRows::Writes => {
                row.outcome == Outcome::Refused
                    || (row.risk != Some(Risk::Read)
                        && !matches!(
                            row.outcome,
                            Outcome::Planned | Outcome::Started | Outcome::Replayed
                        ))
            }
        };
        (self.after + 1..=self.to).contains(&seq)
            && self
                .scope
                .workspace()
                .is_none_or(|workspace| *workspace == row.workspace)
            && row.principal != MIRROR
            && told
    }
}

/// What one workspace, or the operator, wants to be mirrored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorWish {
    pub scope: MirrorScope,
    pub channel: ChannelId,
    pub rows: MirrorRows,
}

/// Mirrors, and the audit as they read it.
#[async_trait]
pub trait Mirrors: Send + Sync {
    /// What workspaces set, in the order of their ids.
    async fn mirror_wishes(&self) -> Result<Vec<MirrorWish>, StoreError>;
    /// How far this mirror has come; `None` before its beginning.
    async fn mirror(&self, scope: &MirrorScope) -> Result<Option<Mirror>, StoreError>;
    /// Put this in the place of the revision that was read, 0 for a new one. `false` if somebody
    /// else was faster.
    async fn put_mirror(&self, scope: &MirrorScope, mirror: Mirror) -> Result<bool, StoreError>;
    /// The number of the last row of the audit, 0 where there is none.
    async fn last_decision(&self) -> Result<i64, StoreError>;
    /// Rows that fit, oldest first, at most `limit`.
    async fn mirror_rows(
        &self,
        filter: &MirrorFilter,
        limit: u32,
    ) -> Result<Vec<(i64, Decision)>, StoreError>;
    /// How many rows fit.
    async fn count_mirror_rows(&self, filter: &MirrorFilter) -> Result<i64, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_it_was_stored() {
        for scope in [
            MirrorScope::Everything,
            MirrorScope::Workspace("bakers".parse().unwrap()),
        ] {
            assert_eq!(MirrorScope::parse(scope.as_str()), Some(scope));
        }
        assert_eq!(MirrorScope::parse("Not An Id"), None);
        assert!(MirrorScope::Everything.home().is_default());
    }
}
