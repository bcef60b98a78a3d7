//! Policies of workspaces as a port: each version with who put it there and when.

use async_trait::async_trait;
use serde::Serialize;

use crate::{
    clock::Millis,
    ledger::{Decision, StoreError},
    workspace::WorkspaceId,
};

/// Longest text of a stored policy, in bytes.
pub const POLICY_TEXT_MAX: usize = 256 * 1024;
/// Versions that are kept of one workspace's policy.
pub const POLICY_VERSIONS_MAX: i64 = 200;

/// One version of a workspace's policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredPolicy {
    pub workspace: WorkspaceId,
    /// From 1, in steps of one.
    pub number: i64,
    /// As it was written. Empty: the workspace has no policy of its own from here on.
    pub text: String,
    /// The principal that put it there.
    pub put_by: String,
    pub put_at: Millis,
    /// The version that was put back, where it is no new text.
    pub restored: Option<i64>,
}

/// A version to be.
#[derive(Debug, Clone)]
pub struct NewPolicy {
    pub workspace: WorkspaceId,
    pub text: String,
    pub put_by: String,
    pub put_at: Millis,
    pub restored: Option<i64>,
    pub expected: Expected,
}

/// What must be in force when a version is put on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Whatever is.
    Anything,
    /// No policy of the workspace's own: there never was one, or it was taken away.
    Nothing,
    /// This version; zero where there never was one.
    Version(i64),
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutPolicy {
    /// It counts, as this version.
    Put {
        number: i64,
    },
    /// Another version counts meanwhile.
    Conflict {
        current: i64,
    },
    NoSuchWorkspace,
    /// Its text is longer than [`POLICY_TEXT_MAX`].
    TooLong,
}

/// Where they are kept.
#[async_trait]
pub trait Policies: Send + Sync {
    /// Grows with every change, whoever made it.
    async fn policy_changes(&self) -> Result<i64, StoreError>;

    /// The version that counts, of each workspace that ever had one.
    async fn policies_in_force(&self) -> Result<Vec<StoredPolicy>, StoreError>;

    /// The versions of a workspace that are kept, newest first.
    async fn policy_versions(&self, of: &WorkspaceId) -> Result<Vec<StoredPolicy>, StoreError>;

    /// Put one on top, and write the audit row of that, in one commit. Whatever is not
    /// [`PutPolicy::Put`] wrote neither.
    async fn put_policy(&self, new: NewPolicy, record: Decision) -> Result<PutPolicy, StoreError>;
}
