//! The policies that workspaces keep in the database: in force before the first call, at once where
//! they are changed, and looked for more than twice a second elsewhere, so that a change counts on
//! every instance within a second.

use std::{sync::Arc, time::Duration};

use model::{WorkspaceId, ledger::StoreError, policies::Policies};
use policy::{Effect, Judges, Policy, Rule};
use tokio::{
    sync::Mutex,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::text::read_stored;
use crate::Gate;

/// How often the database is asked whether anything changed. One small statement.
const EVERY: Duration = Duration::from_millis(400);

/// Gives a gate what the database says.
pub struct InForce {
    store: Arc<dyn Policies>,
    judges: Arc<dyn Judges>,
    gate: Gate,
    /// One looks at a time, so that no older state comes after a newer one.
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    changes: Option<i64>,
    workspaces: Vec<WorkspaceId>,
}

impl InForce {
    /// Nothing is in force until [`InForce::renew`].
    pub fn new(store: Arc<dyn Policies>, judges: Arc<dyn Judges>, gate: Gate) -> Self {
        Self {
            store,
            judges,
            gate,
            seen: Mutex::default(),
        }
    }

    /// Give the gate what the database says, where that changed.
    ///
    /// # Errors
    /// The database cannot be read; what was in force stays.
    pub async fn renew(&self) -> Result<(), StoreError> {
        let mut seen = self.seen.lock().await;
        // The counter first: what changes after it was read is looked at next time.
        let changes = self.store.policy_changes().await?;
        if seen.changes == Some(changes) {
            return Ok(());
        }
        let stored = self.store.policies_in_force().await?;
        let mut workspaces = Vec::new();
        for one in stored.into_iter().filter(|one| !one.text.is_empty()) {
            let policy = read_stored(&one.text, &*self.judges).unwrap_or_else(|what| {
                tracing::error!(workspace = %one.workspace, number = one.number, %what, "the policy of a workspace cannot be used; it may do nothing until that is mended");
                shut()
            });
            tracing::info!(workspace = %one.workspace, number = one.number, "the policy of a workspace is in force");
            self.gate
                .replace_workspace_policy(one.workspace.clone(), Some(Arc::new(policy)));
            workspaces.push(one.workspace);
        }
        for gone in std::mem::take(&mut seen.workspaces) {
            if !workspaces.contains(&gone) {
                self.gate.replace_workspace_policy(gone, None);
            }
        }
        seen.workspaces = workspaces;
        seen.changes = Some(changes);
        Ok(())
    }

    /// Look for changes until `stop`.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Err(error) = self.renew().await {
                tracing::error!(%error, "the policies of workspaces cannot be read; the last ones stay in force");
            }
        }
    }

    /// The gate whose policies these are.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }
}

/// What stands in for a policy that cannot be used: nothing is allowed.
fn shut() -> Policy {
    Policy {
        rules: vec![Rule {
            name: "the stored policy cannot be used".to_owned(),
            effect: Some(Effect::Deny),
            ..Rule::default()
        }],
        ..Policy::default()
    }
}
