//! Discord's two doors: hands (REST) and ears (Gateway). It stores nothing and decides nothing:
//! what may be written arrives as a permit that only the gate can make.

pub mod cache;
pub mod ears;
mod error;
pub mod facts;
mod hands;
pub mod permissions;

pub use error::Error;
pub use hands::{
    ApiUrl, GLOBAL_PER_SECOND, LimitsStatus, Reader, Rest, RestConfig, api_url, user_agent,
};
