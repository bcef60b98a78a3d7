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

mod ceremony;
mod channel;
mod document;
mod guild;
mod member;
mod pattern;
mod platform;
mod rate;
mod rules;
mod strict;
mod weigh;

pub use ceremony::{Ceremony, ceremony, flow_ceremony};
pub use channel::{Lineage, channels};
pub use document::{Fault, MAX_BYTES};
pub use guild::{Whereabouts, guilds};
pub use member::membership;
pub use platform::platform;
pub use rate::{attempts_per_minute, calls_per_minute};
pub use rules::{ChannelLists, Effect, Error, Policy, Question, Rates, Rule, Ruling};
pub use strict::NoOtherKeys;
pub use weigh::{Fate, Sketch, Weighed, weigh};

#[cfg(test)]
mod reference;
