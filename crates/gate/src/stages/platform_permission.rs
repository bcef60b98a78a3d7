//! Check 4: the caller's role and scopes, and the operator's rules, allow this tool.

use policy::{Judge, Question, Ruling};

/// Judge by the policy.
pub(crate) fn platform_permission(judge: &dyn Judge, question: &Question<'_>) -> Ruling {
    judge.platform(question)
}
