//! What somebody who manages may ask for, and what it takes.

use model::{
    GuildId, Millis, Role, UserId, WorkspaceId, policies::Expected, principal::Scope,
    workspaces::Setting,
};
use serde::Serialize;

use crate::policies::{Case, Described};

/// One wish. The command line and REST have the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Those that the principal may know of.
    ListWorkspaces,
    ShowWorkspace {
        workspace: WorkspaceId,
    },
    CreateWorkspace {
        workspace: WorkspaceId,
        name: String,
    },
    SuspendWorkspace {
        workspace: WorkspaceId,
    },
    ResumeWorkspace {
        workspace: WorkspaceId,
    },
    ListMembers {
        workspace: WorkspaceId,
    },
    AddMember {
        workspace: WorkspaceId,
        name: String,
        user_id: Option<UserId>,
        role: Role,
    },
    SetRole {
        workspace: WorkspaceId,
        member: String,
        role: Role,
    },
    RemoveMember {
        workspace: WorkspaceId,
        member: String,
    },
    ListInstallations {
        workspace: WorkspaceId,
    },
    Install {
        workspace: WorkspaceId,
        guild_id: GuildId,
    },
    Uninstall {
        workspace: WorkspaceId,
        guild_id: GuildId,
    },
    ListSettings {
        workspace: WorkspaceId,
    },
    /// `None` forgets the setting.
    Set {
        workspace: WorkspaceId,
        setting: Setting,
        value: Option<String>,
    },
    /// `None`: in every workspace.
    ListClients {
        workspace: Option<WorkspaceId>,
    },
    CreateClient {
        workspace: WorkspaceId,
        name: String,
        role: Role,
        /// The person in Discord whose client it is. `None`: the same as of the key that asks.
        user_id: Option<UserId>,
        scopes: Vec<Scope>,
        /// `None`: never.
        expires_in_days: Option<u32>,
    },
    RevokeClient {
        name: String,
    },
    ListPolicies {
        workspace: WorkspaceId,
    },
    /// `None`: the version in force.
    ShowPolicy {
        workspace: WorkspaceId,
        number: Option<i64>,
    },
    PutPolicy {
        workspace: WorkspaceId,
        text: String,
        expected: Expected,
    },
    RollBackPolicy {
        workspace: WorkspaceId,
        number: i64,
        expected: Expected,
    },
    RemovePolicy {
        workspace: WorkspaceId,
        expected: Expected,
    },
    CheckPolicy {
        workspace: WorkspaceId,
        text: String,
    },
    /// A policy that is absent is the stored one; either stands under the operator's.
    ExplainPolicy {
        workspace: WorkspaceId,
        call: Box<Described>,
        policy: Option<String>,
    },
    TestPolicy {
        workspace: WorkspaceId,
        cases: Vec<Case>,
        policy: Option<String>,
    },
    BacktestPolicy {
        workspace: WorkspaceId,
        policy: String,
        /// `None`: seven days ago.
        since: Option<Millis>,
    },
}

/// Who may ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Whoever has this role in the workspace that it is about, or more.
    Role(Role),
    /// Whoever runs the service: the local operator, and owners of the default workspace.
    Service,
}

impl Command {
    /// As the audit names it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ListWorkspaces => "workspace.list",
            Self::ShowWorkspace { .. } => "workspace.show",
            Self::CreateWorkspace { .. } => "workspace.create",
            Self::SuspendWorkspace { .. } => "workspace.suspend",
            Self::ResumeWorkspace { .. } => "workspace.resume",
            Self::ListMembers { .. } => "workspace.list_members",
            Self::AddMember { .. } => "workspace.add_member",
            Self::SetRole { .. } => "workspace.set_role",
            Self::RemoveMember { .. } => "workspace.remove_member",
            Self::ListInstallations { .. } => "workspace.list_installations",
            Self::Install { .. } => "workspace.install",
            Self::Uninstall { .. } => "workspace.uninstall",
            Self::ListSettings { .. } => "workspace.list_settings",
            Self::Set { .. } => "workspace.set",
            Self::ListClients { .. } => "workspace.list_clients",
            Self::CreateClient { .. } => "workspace.create_client",
            Self::RevokeClient { .. } => "workspace.revoke_client",
            Self::ListPolicies { .. } => "workspace.list_policies",
            Self::ShowPolicy { .. } => "workspace.show_policy",
            Self::PutPolicy { .. } => "workspace.put_policy",
            Self::RollBackPolicy { .. } => "workspace.roll_back_policy",
            Self::RemovePolicy { .. } => "workspace.remove_policy",
            Self::CheckPolicy { .. } => "workspace.check_policy",
            Self::ExplainPolicy { .. } => "workspace.explain_policy",
            Self::TestPolicy { .. } => "workspace.test_policy",
            Self::BacktestPolicy { .. } => "workspace.backtest_policy",
        }
    }

    /// Which workspace it is about, where it says so itself.
    pub(super) fn workspace(&self) -> Option<&WorkspaceId> {
        match self {
            Self::ListWorkspaces | Self::RevokeClient { .. } => None,
            Self::ListClients { workspace } => workspace.as_ref(),
            Self::ShowWorkspace { workspace }
            | Self::CreateWorkspace { workspace, .. }
            | Self::SuspendWorkspace { workspace }
            | Self::ResumeWorkspace { workspace }
            | Self::ListMembers { workspace }
            | Self::AddMember { workspace, .. }
            | Self::SetRole { workspace, .. }
            | Self::RemoveMember { workspace, .. }
            | Self::ListInstallations { workspace }
            | Self::Install { workspace, .. }
            | Self::Uninstall { workspace, .. }
            | Self::ListSettings { workspace }
            | Self::Set { workspace, .. }
            | Self::CreateClient { workspace, .. }
            | Self::ListPolicies { workspace }
            | Self::ShowPolicy { workspace, .. }
            | Self::PutPolicy { workspace, .. }
            | Self::RollBackPolicy { workspace, .. }
            | Self::RemovePolicy { workspace, .. }
            | Self::CheckPolicy { workspace, .. }
            | Self::ExplainPolicy { workspace, .. }
            | Self::TestPolicy { workspace, .. }
            | Self::BacktestPolicy { workspace, .. } => Some(workspace),
        }
    }

    /// The guild it is about.
    pub(super) fn guild(&self) -> Option<GuildId> {
        match self {
            Self::Install { guild_id, .. } | Self::Uninstall { guild_id, .. } => Some(*guild_id),
            _ => None,
        }
    }

    /// Who may ask for it.
    pub(super) fn takes(&self) -> Takes {
        match self {
            Self::ListWorkspaces
            | Self::ShowWorkspace { .. }
            | Self::ListMembers { .. }
            | Self::ListInstallations { .. }
            | Self::ListSettings { .. }
            | Self::ListPolicies { .. }
            | Self::ShowPolicy { .. }
            | Self::CheckPolicy { .. }
            | Self::ExplainPolicy { .. }
            | Self::TestPolicy { .. } => Takes::Role(Role::Viewer),
            Self::Install { .. }
            | Self::Uninstall { .. }
            | Self::Set { .. }
            | Self::ListClients { .. }
            | Self::CreateClient { .. }
            | Self::RevokeClient { .. }
            | Self::PutPolicy { .. }
            | Self::RollBackPolicy { .. }
            | Self::RemovePolicy { .. }
            // What others did is for those who may see their decisions.
            | Self::BacktestPolicy { .. } => Takes::Role(Role::Admin),
            Self::AddMember { .. }
            | Self::SetRole { .. }
            | Self::RemoveMember { .. }
            | Self::SuspendWorkspace { .. }
            | Self::ResumeWorkspace { .. } => Takes::Role(Role::Owner),
            Self::CreateWorkspace { .. } => Takes::Service,
        }
    }

    /// Whether it changes nothing.
    pub(super) fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::ListWorkspaces
                | Self::ShowWorkspace { .. }
                | Self::ListMembers { .. }
                | Self::ListInstallations { .. }
                | Self::ListSettings { .. }
                | Self::ListClients { .. }
                | Self::ListPolicies { .. }
                | Self::ShowPolicy { .. }
                | Self::CheckPolicy { .. }
                | Self::ExplainPolicy { .. }
                | Self::TestPolicy { .. }
                | Self::BacktestPolicy { .. }
        )
    }
}
