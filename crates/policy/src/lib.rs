//! What the operator decided, and pure decisions from it: no I/O, no clock, no Discord.
//!
//! A decision is a function from the policy and a [`Question`] to a [`Ruling`], which names the
//! rules that made it. What is unknown is refused.
//!
//! ```
//! let policy: policy::Policy = toml::from_str(r#"
//! allowed_guilds = ["175928847299117063"]
//!
//! [channels]
//! deny = ["175928847299117064"]
//!
//! [rates]
//! write = 120
//!
//! ## An agent that talks all day need not confirm each sentence.
//! [[rules]]
//! name = "the chat agent talks"
//! principals = ["key:chat"]
//! tools = ["discord_send_message"]
//! effect = "allow"
//! dry_run_by_default = false
//!
//! [[rules]]
//! name = "the chat agent does nothing else"
//! principals = ["key:chat"]
//! risks = ["write", "destructive"]
//! effect = "deny"
//! "#).unwrap();
//! assert_eq!(policy.rules.len(), 2);
//! ```

mod approval;
mod calls;
mod ceremony;
mod channel;
mod document;
mod guild;
mod judge;
mod layers;
mod lockdown;
mod matching;
mod member;
mod outcome;
mod pattern;
mod platform;
mod policy;
mod question;
mod rate;
mod reading;
mod rule;
mod strict;
mod times;
mod validate;
mod weigh;

pub use approval::{Approval, EXPIRES_MINUTES_MAX, PostTo, QUORUM_MAX};
pub use calls::{Calls, Number};
pub use ceremony::{Ceremony, ceremony, flow_ceremony};
pub use channel::{Lineage, channels};
pub use document::{Fault, MAX_BYTES};
pub use guild::{Whereabouts, guilds};
pub use judge::{CedarFault, Judge, Judges, PlainJudges, engine_error, lineages};
pub use layers::Layered;
pub use lockdown::Lockdown;
pub use member::membership;
pub use outcome::{Asking, Bound, Outcome, combine};
pub use platform::{approval_for, may_ever, platform, scope_for};
pub use policy::{ChannelLists, Policy};
pub use question::{Asker, Circumstances, Question, Ruling, Spot};
pub use rate::{Limit, Rates, Whose, attempts_per_minute, calls_per_minute, limits};
pub use reading::{AfterUntrusted, FORGET_MINUTES_MAX, ReadBy};
pub use rule::{Effect, Rule};
pub use strict::{NoOtherKeys, no_other_keys_of_a_call};
pub use times::{Day, Hours, Moment, UtcOffset};
pub use validate::{APPROVALS_MAX, CEDAR_MAX, EXCEPTIONS_MAX, Error, RULES_MAX};
pub use weigh::{Fate, Sketch, Weighed, weigh};

#[cfg(any(test, feature = "random"))]
pub mod random;
#[cfg(test)]
mod reference;
