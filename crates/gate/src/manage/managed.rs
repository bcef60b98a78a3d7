//! What comes of managing, in the form that REST and `--json` give.

use std::collections::BTreeMap;

use model::{
    Millis, WorkspaceId,
    ledger::ApiKey,
    policies::StoredPolicy,
    workspaces::{Installation, Member, Setting, Workspace},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::policies::{Backtested, Explanation, Verified};

/// An answer to a [`Command`](super::Command).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Managed {
    Workspaces(WorkspaceList),
    Workspace(Workspace),
    Shown(Box<WorkspaceDetail>),
    Members(MemberList),
    Member(Member),
    Installations(InstallationList),
    Installation(Installation),
    Settings(SettingList),
    Clients(ClientList),
    NewClient(Box<NewClient>),
    Policies(PolicyList),
    Policy(PolicyShown),
    PolicyChecked(PolicyChecked),
    PolicyExplained(Box<Explanation>),
    PolicyTested(PolicyTested),
    PolicyBacktested(Backtested),
    /// It is gone.
    Gone,
}

/// The versions of a workspace's own policy, newest first, without their texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyList {
    pub policies: Vec<PolicyVersion>,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyVersion {
    pub workspace: WorkspaceId,
    /// From 1, in steps of one.
    pub number: i64,
    /// The principal that put it there.
    pub put_by: String,
    pub put_at: Millis,
    /// The version that was put back, where it is no new text.
    pub restored: Option<i64>,
    /// Of its text. Zero: from here on the workspace has no policy of its own.
    pub bytes: usize,
    /// Whether it is the newest. An older one counts no more.
    pub newest: bool,
}

/// One version with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyShown {
    #[serde(flatten)]
    pub version: PolicyVersion,
    /// TOML, as it was written.
    pub text: String,
}

impl PolicyVersion {
    pub(super) fn of(stored: &StoredPolicy, newest: i64) -> Self {
        Self {
            workspace: stored.workspace.clone(),
            number: stored.number,
            put_by: stored.put_by.clone(),
            put_at: stored.put_at,
            restored: stored.restored,
            bytes: stored.text.len(),
            newest: stored.number == newest,
        }
    }
}

/// Whether a text can be used as a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyChecked {
    pub usable: bool,
    /// A short hash of what it says, where it is usable.
    pub version: Option<String>,
    /// How many rules it has, where it is usable.
    pub rules: Option<usize>,
    /// What is wrong first, where it is not.
    pub fault: Option<PolicyFault>,
}

/// Something wrong with the text of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyFault {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub what: String,
}

/// How cases ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyTested {
    pub passed: usize,
    pub failed: usize,
    /// In their order.
    pub cases: Vec<Verified>,
}

/// Workspaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WorkspaceList {
    pub workspaces: Vec<Workspace>,
}

/// A workspace with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WorkspaceDetail {
    #[serde(flatten)]
    pub workspace: Workspace,
    pub members: Vec<Member>,
    /// Guilds that were installed. The default workspace also has those that nobody claimed.
    pub installations: Vec<Installation>,
    pub settings: BTreeMap<Setting, String>,
}

/// Members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MemberList {
    pub members: Vec<Member>,
}

/// Guilds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InstallationList {
    pub installations: Vec<Installation>,
}

/// What is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SettingList {
    pub settings: BTreeMap<Setting, String>,
}

/// MCP and REST clients: API keys, never the keys themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClientList {
    pub clients: Vec<ApiKey>,
}

/// A client that was made.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NewClient {
    /// The secret, shown this once: `Authorization: Bearer gh_…`.
    pub key: String,
    pub client: ApiKey,
}

/// Without the secret.
impl std::fmt::Debug for NewClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewClient")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
