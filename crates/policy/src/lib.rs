//! What the operator decided, and pure decisions from it: no I/O, no clock, no Discord.
//!
//! A decision is a function from the policy and a [`Question`] to a [`Ruling`], which names the
//! rules that made it. What is unknown is refused.

mod ceremony;
mod channel;
mod guild;
mod member;
mod pattern;
mod platform;
mod rate;
mod rules;
mod strict;

pub use ceremony::{Ceremony, ceremony};
pub use channel::{Lineage, channels};
pub use guild::{Whereabouts, guilds};
pub use member::membership;
pub use platform::platform;
pub use rate::calls_per_minute;
pub use rules::{ChannelLists, Effect, Error, Policy, Question, Rates, Rule, Ruling};
pub use strict::NoOtherKeys;

#[cfg(test)]
mod reference;
