//! What must be known before a call is judged: where its targets are, and what the bot and the
//! asker lack there. Gathered once for each round of requests; the checks only look.

mod aims;
mod circumstances;
mod places;
mod rights;

pub(crate) use aims::Aims;
pub(crate) use circumstances::circumstances;
pub(crate) use places::{Places, places};
pub(crate) use rights::{MEMBERSHIP, Missing, Rights, Whose, rights};
