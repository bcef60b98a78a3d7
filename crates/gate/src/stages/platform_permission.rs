//! Check 4: the caller's scopes and the operator's rules allow this tool.

use policy::{Policy, Question, Ruling, platform};

/// Judge by the policy.
pub(crate) fn platform_permission(policy: &Policy, question: &Question<'_>) -> Ruling {
    platform(policy, question)
}
