//! Check 2: the caller belongs to the workspace.

use model::Principal;
use policy::{Policy, Ruling, membership};

/// Judge by the policy's list of members.
pub(crate) fn workspace_membership(policy: &Policy, principal: &Principal) -> Ruling {
    membership(policy, principal)
}
