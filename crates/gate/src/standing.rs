//! The policies in force: the operator's, which is the ceiling, and under it those of workspaces.
//! A call keeps the one it began under.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError},
};

use model::WorkspaceId;
use policy::{Judge, Judges, PlainJudges, Policy};

use crate::Gate;

/// The policy that a call is judged by, from its start to its end.
#[derive(Clone)]
pub(crate) struct Standing {
    pub policy: Arc<Policy>,
    pub version: Arc<str>,
    /// Decides the checks 4 and 5.
    pub judge: Arc<dyn Judge>,
}

/// All of them.
pub(crate) struct Standings {
    judges: Arc<dyn Judges>,
    ceiling: Standing,
    /// As each workspace wrote it, and under the ceiling.
    workspaces: HashMap<WorkspaceId, (Arc<Policy>, Standing)>,
}

impl Standings {
    pub(crate) fn new(ceiling: Arc<Policy>) -> Self {
        let judges: Arc<dyn Judges> = Arc::new(PlainJudges);
        Self {
            ceiling: Standing::of(&*judges, ceiling),
            judges,
            workspaces: HashMap::new(),
        }
    }

    fn of(&self, workspace: &WorkspaceId) -> &Standing {
        self.workspaces
            .get(workspace)
            .map_or(&self.ceiling, |(_, standing)| standing)
    }

    fn put(&mut self, workspace: WorkspaceId, own: Arc<Policy>) {
        let policy = (*own).clone().under(Arc::clone(&self.ceiling.policy));
        let standing = Standing::of(&*self.judges, Arc::new(policy));
        self.workspaces.insert(workspace, (own, standing));
    }

    fn renew(&mut self, ceiling: Arc<Policy>) {
        self.ceiling = Standing::of(&*self.judges, ceiling);
        for (workspace, (own, _)) in std::mem::take(&mut self.workspaces) {
            self.put(workspace, own);
        }
    }
}

impl Standing {
    fn of(judges: &dyn Judges, policy: Arc<Policy>) -> Self {
        Self {
            version: policy.version().into(),
            judge: judges.appoint(&policy),
            policy,
        }
    }
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// Let these judges decide by the policies, from the next call on. Until then the rules are
    /// read plainly, and a policy with Cedar text refuses everything.
    pub fn appoint(&self, judges: Arc<dyn Judges>) {
        self.change(|standings| {
            standings.judges = judges;
            standings.renew(Arc::clone(&standings.ceiling.policy));
        });
    }

    /// Judge by another policy of the operator's from the next call on. It is the ceiling of the
    /// policies of workspaces.
    pub fn replace_policy(&self, policy: Arc<Policy>) {
        self.change(|standings| standings.renew(policy));
    }

    /// Judge the calls of a workspace by its own policy too, from the next call on; or no more.
    pub fn replace_workspace_policy(&self, workspace: WorkspaceId, own: Option<Arc<Policy>>) {
        self.change(|standings| match own {
            Some(own) => standings.put(workspace, own),
            None => {
                standings.workspaces.remove(&workspace);
            }
        });
    }

    /// The operator's policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        self.look(|standings| Arc::clone(&standings.ceiling.policy))
    }

    /// The policy in force for a workspace, under its ceiling.
    pub(crate) fn standing(&self, workspace: &WorkspaceId) -> Standing {
        self.look(|standings| standings.of(workspace).clone())
    }

    /// The versions of all policies in force, so that somebody can tell whether any changed.
    pub(crate) fn policy_versions(&self) -> Vec<Arc<str>> {
        self.look(|standings| {
            let own = standings.workspaces.values();
            let mut versions: Vec<_> = own.map(|(_, it)| Arc::clone(&it.version)).collect();
            versions.sort_unstable();
            versions.push(Arc::clone(&standings.ceiling.version));
            versions
        })
    }

    fn look<T>(&self, look: impl FnOnce(&Standings) -> T) -> T {
        look(
            &self
                .0
                .standings
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn change(&self, change: impl FnOnce(&mut Standings)) {
        change(
            &mut self
                .0
                .standings
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}
