//! Policies as people write them: read, explained, tested and tried out on what happened, and those
//! of workspaces kept in force. For the command line and for REST.

mod backtest;
mod cases;
mod described;
mod explain;
mod in_force;
mod text;

pub use backtest::{Backtest, Backtested, CALLS_MAX, FateChange, Judging, backtest};
pub use cases::{CASES_MAX, Case, Verified, verify};
pub use described::{Described, Judged, NoSuchTool};
pub use explain::{Explanation, LimitShown, PeopleAsked, StageShown, TimedRule, explain};
pub use in_force::InForce;
pub use text::read_stored;
