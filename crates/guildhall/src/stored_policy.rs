//! The policies that workspaces keep in the database: in force before the first call, and looked for
//! twice a second, so that a change counts on every instance within a second.

use std::{sync::Arc, time::Duration};

use gate::Gate;
use model::{WorkspaceId, policies::Policies};
use policy::{Effect, Policy, Rule};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::policy_file;

/// How often the database is asked whether anything changed. One small statement.
const EVERY: Duration = Duration::from_millis(400);

/// What is in force of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct InForce {
    changes: Option<i64>,
    workspaces: Vec<WorkspaceId>,
}

impl InForce {
    /// Give the gate what the database says, where that changed.
    ///
    /// # Errors
    /// The database cannot be read; what was in force stays.
    pub(crate) async fn renew(
        &mut self,
        store: &dyn Policies,
        gate: &Gate,
    ) -> Result<(), model::ledger::StoreError> {
        // The counter first: what changes after it was read is looked at next time.
        let changes = store.policy_changes().await?;
        if self.changes == Some(changes) {
            return Ok(());
        }
        let stored = store.policies_in_force().await?;
        let mut workspaces = Vec::new();
        for one in stored.into_iter().filter(|one| !one.text.is_empty()) {
            let policy = usable(&one.text).unwrap_or_else(|what| {
                tracing::error!(workspace = %one.workspace, number = one.number, %what, "the policy of a workspace cannot be used; it may do nothing until that is mended");
                shut()
            });
            tracing::info!(workspace = %one.workspace, number = one.number, "the policy of a workspace is in force");
            gate.replace_workspace_policy(one.workspace.clone(), Some(Arc::new(policy)));
            workspaces.push(one.workspace);
        }
        for gone in self.workspaces.drain(..) {
            if !workspaces.contains(&gone) {
                gate.replace_workspace_policy(gone, None);
            }
        }
        self.workspaces = workspaces;
        self.changes = Some(changes);
        Ok(())
    }

    /// Look for changes until `stop`.
    pub(crate) async fn watch(
        mut self,
        store: Arc<dyn Policies>,
        gate: Gate,
        stop: CancellationToken,
    ) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Err(error) = self.renew(&*store, &gate).await {
                tracing::error!(%error, "the policies of workspaces cannot be read; the last ones stay in force");
            }
        }
    }
}

/// A text as the policy of a workspace. Files beside it are the operator's, so it names none.
pub(crate) fn usable(text: &str) -> Result<Policy, String> {
    policy_file::read_stored(text).map_err(|fault| fault.to_string())
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
