//! The workspace for which a call is judged, and what belongs to it at that moment. Gathered once,
//! so that all checks of one call see one state of things.

use std::sync::Arc;

use model::{
    ChannelId, GuildId, Principal, WorkspaceId,
    ledger::StoreError,
    workspaces::{Openness, Tenancy},
};

use policy::Spot;

use crate::{Gate, mirror::Closed};

/// Where a principal works.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    workspace: WorkspaceId,
    tenancy: Arc<Tenancy>,
    closed: Arc<Closed>,
}

impl Home {
    pub(crate) fn of(principal: &Principal, tenancy: Arc<Tenancy>, closed: Arc<Closed>) -> Self {
        Self {
            workspace: principal.workspace.clone(),
            tenancy,
            closed,
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

    /// The channel of a mirror of the audit among these places; nobody acts there.
    pub(crate) fn closes(&self, spots: &[Spot]) -> Option<ChannelId> {
        self.closed.among(&self.workspace, spots)
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
        let closed = self.closed_channels().await?;
        Ok(Home::of(principal, tenancy, closed))
    }
}
