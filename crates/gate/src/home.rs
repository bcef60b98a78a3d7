//! The workspace for which a call is judged, and what belongs to it at that moment. Gathered once,
//! so that all checks of one call see one state of things.

use std::sync::Arc;

use model::{
    GuildId, Principal, WorkspaceId,
    ledger::StoreError,
    workspaces::{Openness, Tenancy},
};

use crate::Gate;

/// Where a principal works.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    workspace: WorkspaceId,
    tenancy: Arc<Tenancy>,
}

impl Home {
    pub(crate) fn of(principal: &Principal, tenancy: Arc<Tenancy>) -> Self {
        Self {
            workspace: principal.workspace.clone(),
            tenancy,
        }
    }

    pub(crate) fn workspace(&self) -> &WorkspaceId {
        &self.workspace
    }

    /// Whether it takes calls.
    pub(crate) fn openness(&self) -> Openness {
        self.tenancy.openness(&self.workspace)
    }

    /// Whether a guild may be used from here.
    pub(crate) fn owns(&self, guild: GuildId) -> bool {
        self.tenancy.owns(&self.workspace, guild)
    }

    /// Whether what belongs to no guild is this one's: direct messages, and the bot itself.
    pub(crate) fn keeps_the_bot(&self) -> bool {
        self.workspace.is_default()
    }
}

impl Gate {
    /// Where this principal works, as of now.
    pub(crate) async fn home_of(&self, principal: &Principal) -> Result<Home, StoreError> {
        let tenancy = self.0.tenants.tenancy().await?;
        Ok(Home::of(principal, tenancy))
    }
}
