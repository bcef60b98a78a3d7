//! What a flow says when the store, or the table of tools, lets it down.

use gate::{Declined, FlowContext, Retry};
use model::ledger::StoreError;
use serde_json::Value;

/// Wait this long before trying again, in milliseconds.
const SHORTLY: u64 = 1_000;

/// The store could not be used.
pub(crate) fn store(call: &FlowContext, error: &StoreError) -> Declined {
    let (code, message) = match error {
        StoreError::DiskFull => ("disk_full", "the service's disk is full"),
        StoreError::Overloaded => ("store_overloaded", "the database is busy"),
        StoreError::Unavailable { .. } | StoreError::Corrupt { .. } => {
            ("store_unavailable", "the database cannot be used")
        }
    };
    call.fail(code, message, Retry::After(SHORTLY))
}

/// A validated argument, as text.
pub(crate) fn text<'a>(call: &'a FlowContext, name: &str) -> Result<&'a str, Declined> {
    call.arguments
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| missing(call, name))
}

/// A validated id.
pub(crate) fn id<K>(call: &FlowContext, name: &str) -> Result<model::Id<K>, Declined> {
    text(call, name)?.parse().map_err(|_| missing(call, name))
}

/// A validated number of seconds.
pub(crate) fn seconds(call: &FlowContext, name: &str) -> Result<u32, Declined> {
    call.arguments
        .get(name)
        .and_then(Value::as_u64)
        .and_then(|seconds| u32::try_from(seconds).ok())
        .ok_or_else(|| missing(call, name))
}

/// Cannot happen while the tool's row declares the argument.
fn missing(call: &FlowContext, name: &str) -> Declined {
    let message = format!("the tool's row does not give `{name}`");
    call.fail("internal_error", message, Retry::No)
}
