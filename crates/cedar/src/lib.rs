//! The policy, decided by Cedar: the checks 4 and 5 behind [`policy::Judge`].
//!
//! Rules are compiled to Cedar policies that bear their names; what the operator writes in Cedar
//! stands beside them and can only forbid. An error anywhere is a refusal.

mod bounds;
mod compile;
mod conditions;
mod engine;
mod own;
mod request;
mod scene;
mod set;
mod words;

pub use engine::CedarJudges;
pub use own::{Fault, check};

use std::sync::Arc;

/// The Cedar policies that a policy becomes, as text to read.
pub fn shown(policy: &policy::Policy) -> String {
    let all = compile::tools(policy, |_| true)
        .into_iter()
        .chain(compile::channels(policy));
    all.map(|(_, text)| text).collect::<Vec<_>>().join("\n")
}

/// A judge for one policy. Cedar reads it when it is first asked.
pub fn judge(policy: &Arc<policy::Policy>) -> Arc<dyn policy::Judge> {
    policy::Judges::appoint(&CedarJudges, policy)
}
