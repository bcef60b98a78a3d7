//! The control arguments that the catalogue adds to schemas and the gate takes out before `prepare`.

use model::Risk;
use serde_json::{Map, Value, json};

/// Plan only; any write or destructive tool.
pub const DRY_RUN: &str = "dry_run";
/// The token of the plan that is to be carried out; destructive tools.
pub const CONFIRM: &str = "confirm";
/// The same key and arguments have their effect once; write and destructive tools.
pub const IDEMPOTENCY_KEY: &str = "idempotency_key";
/// Which agent speaks; tools that write into channels. Where a tool declares it as an argument of
/// its own (the lock tools), it is not a control argument.
pub const AGENT_NAME: &str = "agent_name";
/// Every control argument. No tool declares `dry_run`, `confirm` or `idempotency_key` itself.
pub const CONTROL_NAMES: [&str; 4] = [DRY_RUN, CONFIRM, IDEMPOTENCY_KEY, AGENT_NAME];

/// Longest idempotency key, in characters.
pub const IDEMPOTENCY_KEY_MAX: usize = 128;
/// Longest agent name, in characters.
pub const AGENT_NAME_MAX: usize = 64;

/// The control arguments of a tool, as schema properties.
pub(crate) fn properties(risk: Risk, speaks: bool) -> Map<String, Value> {
    let mut properties = Map::new();
    if risk == Risk::Read {
        return properties;
    }
    properties.insert(DRY_RUN.to_owned(), json!({"type": "boolean"}));
    if risk == Risk::Destructive {
        properties.insert(CONFIRM.to_owned(), json!({"type": "string"}));
    }
    properties.insert(
        IDEMPOTENCY_KEY.to_owned(),
        json!({"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_MAX}),
    );
    if speaks {
        properties.insert(
            AGENT_NAME.to_owned(),
            json!({"type": "string", "minLength": 1, "maxLength": AGENT_NAME_MAX}),
        );
    }
    properties
}
