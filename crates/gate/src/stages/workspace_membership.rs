//! Check 2: the workspace is there and open, and the caller belongs to it.

use model::{Principal, Reason, workspaces::Openness};
use policy::{Policy, Ruling, membership};

use super::deny;
use crate::home::Home;

/// Judge by the workspace, then by the policy's list of members.
pub(crate) fn workspace_membership(policy: &Policy, principal: &Principal, home: &Home) -> Ruling {
    let workspace = home.workspace();
    match home.openness() {
        Openness::Open => membership(policy, principal),
        Openness::Suspended => deny(
            Reason::new(
                "workspace_suspended",
                format!("the workspace \"{workspace}\" is suspended"),
            )
            .with_hint(format!(
                "the operator can resume it: guildhall workspace resume {workspace}"
            )),
        ),
        Openness::Unknown => deny(Reason::new(
            "workspace_unknown",
            format!("there is no workspace \"{workspace}\""),
        )),
    }
}
