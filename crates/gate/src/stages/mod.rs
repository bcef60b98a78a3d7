//! The eight checks, one file each: pure functions from facts to a ruling. [`Gate::call`] runs
//! them in the order of this list, and the order is a security property.
//!
//! [`Gate::call`]: crate::Gate::call

mod channel_policy; // 5
mod client_authentication; // 1
mod discord_permission; // 6
mod execute_and_audit;
mod guild_installation; // 3
mod platform_permission; // 4
mod rate_limit; // 7
mod workspace_membership; // 2 // 8

pub(crate) use channel_policy::channel_policy;
pub(crate) use client_authentication::client_authentication;
pub(crate) use discord_permission::discord_permission;
pub(crate) use execute_and_audit::{execute_and_audit, not_run};
pub(crate) use guild_installation::guild_installation;
pub(crate) use platform_permission::platform_permission;
pub(crate) use rate_limit::{Exceeded, Pace, rate_limit};
pub(crate) use workspace_membership::workspace_membership;

use model::{Reason, Verdict};
use policy::Ruling;

fn allow(code: &str, message: impl Into<String>) -> Ruling {
    Ruling {
        verdict: Verdict::Allow(Reason::new(code, message)),
        rules: Vec::new(),
    }
}

fn deny(reason: Reason) -> Ruling {
    Ruling {
        verdict: Verdict::Deny(reason),
        rules: Vec::new(),
    }
}
