//! Control arguments say how a call is to be carried out. They are taken out before a tool sees
//! its own arguments.

use catalogue::{
    Tool,
    control::{
        AGENT_NAME, AGENT_NAME_RULE, CONFIRM, DRY_RUN, IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_MAX,
        is_agent_name,
    },
};
use model::{Call, Mode, Reason, Risk};
use serde_json::{Map, Value};

/// Longest confirmation token that is looked at, in bytes. Ours are shorter.
const CONFIRM_MAX: usize = 512;

/// What the control arguments of one map said.
#[derive(Debug, Default)]
pub(crate) struct Controls {
    dry_run: Option<bool>,
    confirm: Option<String>,
    idempotency_key: Option<String>,
    agent_name: Option<String>,
}

/// Take out what `tool` accepts; what it does not accept stays and is refused as unknown.
pub(crate) fn take(tool: &Tool, arguments: &mut Map<String, Value>) -> Result<Controls, Reason> {
    let mut controls = Controls::default();
    if tool.risk != Risk::Read {
        controls.dry_run = boolean(arguments, DRY_RUN)?;
        controls.confirm = text(arguments, CONFIRM, CONFIRM_MAX)?;
        controls.idempotency_key = text(arguments, IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_MAX)?;
    }
    if tool.speaks() && !tool.argument_names().any(|name| name == AGENT_NAME) {
        controls.agent_name = agent_name(arguments)?;
    }
    Ok(controls)
}

impl Controls {
    /// What is said here counts before what the call said already, but a dry run always wins.
    pub(crate) fn apply(self, call: &mut Call) {
        let dry = self.dry_run == Some(true) || call.mode == Mode::DryRun;
        if dry {
            call.mode = Mode::DryRun;
        } else if let Some(token) = self.confirm {
            call.mode = Mode::Confirmed(token);
        } else if self.dry_run == Some(false) && call.mode == Mode::Default {
            call.mode = Mode::Execute;
        }
        if self.idempotency_key.is_some() {
            call.idempotency_key = self.idempotency_key;
        }
        if self.agent_name.is_some() {
            call.agent = self.agent_name;
        }
    }
}

fn boolean(arguments: &mut Map<String, Value>, name: &str) -> Result<Option<bool>, Reason> {
    match arguments.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(value)),
        Some(_) => Err(Reason::new(
            "invalid_arguments",
            format!("`{name}` must be true or false, without quotes"),
        )),
    }
}

fn agent_name(arguments: &mut Map<String, Value>) -> Result<Option<String>, Reason> {
    match arguments.remove(AGENT_NAME) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) if is_agent_name(&name) => Ok(Some(name)),
        Some(_) => Err(Reason::new(
            "invalid_arguments",
            format!("`{AGENT_NAME}` {AGENT_NAME_RULE}"),
        )),
    }
}

fn text(
    arguments: &mut Map<String, Value>,
    name: &str,
    longest: usize,
) -> Result<Option<String>, Reason> {
    match arguments.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if (1..=longest).contains(&text.chars().count()) => {
            Ok(Some(text))
        }
        Some(_) => Err(Reason::new(
            "invalid_arguments",
            format!("`{name}` must be a text of 1 to {longest} characters"),
        )),
    }
}
