//! Check 4: the caller's role and scopes, and the operator's rules, allow this tool.

use model::{Reason, Risk, Role};
use policy::{Policy, Question, Ruling, platform};

use super::deny;

/// Judge by the role, then by the policy.
pub(crate) fn platform_permission(policy: &Policy, question: &Question<'_>) -> Ruling {
    if !role_allows(question) {
        return deny(
            Reason::new(
                "role_too_low",
                format!(
                    "{} is a viewer and may only read; {} has the risk \"{}\"",
                    question.principal.id,
                    question.tool,
                    question.risk.as_str()
                ),
            )
            .with_hint("an admin of the workspace can make a client with the role operator"),
        );
    }
    platform(policy, question)
}

/// Whether the role alone leaves this tool to its principal.
pub(crate) fn role_allows(question: &Question<'_>) -> bool {
    question.principal.role > Role::Viewer || question.risk == Risk::Read
}
