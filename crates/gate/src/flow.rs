//! A tool of several steps. A flow can act only by calling the gate again, where every check runs
//! again for each step, or through a store port of its own; it never holds a `Permit`.

use async_trait::async_trait;
use catalogue::View;
use model::{Call, Millis, Mode, Origin, Principal, Reason};
use serde_json::{Map, Value};

use crate::{
    Gate,
    answer::{Declined, Failure, Refusal, Retry},
};

/// The steps of one tool, registered under its name at the wiring.
#[async_trait]
pub trait Flow: Send + Sync {
    /// Carry it out. Dropped when the caller goes away or the deadline passes.
    async fn run(&self, gate: &Gate, call: &FlowContext) -> Result<View, Declined>;
}

/// For whom a flow works, and with what. The checks 1 to 7 have passed for the flow itself.
#[derive(Debug, Clone)]
pub struct FlowContext {
    pub principal: Principal,
    pub agent: Option<String>,
    pub session: Option<String>,
    pub origin: Origin,
    /// Validated, defaults filled.
    pub arguments: Map<String, Value>,
    pub call_id: String,
    /// When the gate gives up on it.
    pub deadline: Millis,
}

impl FlowContext {
    /// A step of this flow: a call of its own, by the same principal from the same place.
    pub fn step(&self, tool: &str, arguments: Map<String, Value>, mode: Mode) -> Call {
        Call {
            principal: self.principal.clone(),
            tool: tool.to_owned(),
            arguments,
            mode,
            idempotency_key: None,
            agent: self.agent.clone(),
            session: self.session.clone(),
            origin: self.origin,
        }
    }

    /// Say no.
    pub fn refuse(&self, reason: Reason, retry_after_ms: Option<u64>) -> Declined {
        Declined::Refused(Box::new(Refusal {
            call_id: self.call_id.clone(),
            stage: None,
            reason,
            retry_after_ms,
            limit: None,
            checks: Vec::new(),
        }))
    }

    /// Say that something broke and nothing happened.
    pub fn fail(&self, code: &str, message: impl Into<String>, retry: Retry) -> Declined {
        Declined::Failed(Box::new(Failure {
            call_id: self.call_id.clone(),
            code: code.to_owned(),
            message: message.into(),
            hint: None,
            retry,
        }))
    }
}
