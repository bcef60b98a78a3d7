//! Every Discord operation as data: what it is called, what it needs, and the pure function that
//! turns arguments into requests and answers into views. No I/O, no policy.
#![doc = include_str!("../HOW_TO_ADD_A_TOOL.md")]

mod argument;
pub mod authors;
mod catalogue;
mod change;
pub mod control;
pub mod limits;
pub mod links;
mod patch;
mod permission_name;
mod plan;
mod reference;
mod resources;
mod schema;
mod strict;
mod text;
mod tool;
mod toolset;
mod trace;
mod undo;
mod view;

pub use argument::ArgumentError;
pub use catalogue::{Catalogue, Listed, ToolsetSelection, UnknownToolset, catalogue};
pub use change::{Change, FieldChange};
pub use plan::{FlowCall, MAX_READS, Prepared, ReadPlan, WritePlan};
pub use reference::{reference, undo_table};
pub use tool::{AimAt, Annotations, Needs, On, Tool};
pub use toolset::Toolset;
pub use trace::{Found, Sought};
pub use undo::{Kept, Step, Undo, Undoing};
pub use view::View;
