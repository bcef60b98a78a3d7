//! What comes of managing, in the form that REST and `--json` give.

use std::collections::BTreeMap;

use model::{
    ledger::ApiKey,
    workspaces::{Installation, Member, Setting, Workspace},
};
use schemars::JsonSchema;
use serde::Serialize;

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
    /// It is gone.
    Gone,
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
