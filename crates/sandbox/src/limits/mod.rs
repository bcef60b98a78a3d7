//! Rate limits: which bucket a request falls into, whether it fits, and how the answer says so.

mod answer;
mod bucket;
mod invalid;
mod limiter;
mod route;
mod settings;

pub use answer::Scope;
pub(crate) use answer::{sign, too_many, write_bucket};
pub(crate) use invalid::{INVALID_WINDOW_MS, InvalidRequests, is_invalid};
pub(crate) use limiter::{Circumstances, Limiter, Verdict};
pub(crate) use route::Route;
pub use settings::{Allowance, Limits, RouteLimit};
