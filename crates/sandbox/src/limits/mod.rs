//! Rate limits: which bucket a request falls into, whether it fits, and how the answer says so.

mod answer;
mod invalid;
mod limiter;
mod route;
mod settings;

pub use answer::Scope;
pub(crate) use answer::{sign, too_many, write_bucket};
pub(crate) use invalid::{INVALID_WINDOW_MS, InvalidRequests};
pub(crate) use limiter::{Limiter, Verdict};
pub(crate) use route::Route;
pub use settings::{Allowance, Limits, RouteLimit};
