//! The gate as this server's hall: translates its answers and adds nothing.

use std::borrow::Cow;

use async_trait::async_trait;
use catalogue::{ToolsetSelection, catalogue};
use gate::Gate;
use model::{Call, Principal, Risk};
use serde_json::Value;

use crate::hall::{Answer, Card, Confirm, Declined, Done, Hall, Plan, Retry};

/// Characters of a value that a plan's text shows; the structured plan holds it whole.
const SHOWN_VALUE: usize = 200;

/// Differences that a plan's text shows.
const SHOWN_FIELDS: usize = 20;

/// The gate, and which of its tools a list shows.
pub struct Gated {
    gate: Gate,
    selection: ToolsetSelection,
}

impl Gated {
    pub fn new(gate: Gate, selection: ToolsetSelection) -> Self {
        Self { gate, selection }
    }
}

#[async_trait]
impl Hall for Gated {
    fn tools(&self, principal: &Principal) -> Vec<Card> {
        self.gate
            .tools_for(principal, &self.selection)
            .into_iter()
            .map(|tool| {
                let annotations = tool.annotations();
                Card {
                    name: Cow::Borrowed(tool.name),
                    title: Cow::Borrowed(tool.title),
                    description: Cow::Borrowed(tool.description()),
                    risk: tool.risk,
                    idempotent: annotations.idempotent,
                    open_world: annotations.open_world,
                    input_schema: tool.input_schema(),
                }
            })
            .collect()
    }

    fn risk(&self, tool: &str) -> Option<Risk> {
        catalogue().get(tool).map(|tool| tool.risk)
    }

    fn nearest(&self, tool: &str) -> Option<String> {
        catalogue().nearest(tool).map(ToOwned::to_owned)
    }

    async fn call(&self, call: Call) -> Result<Answer, Declined> {
        match self.gate.call(call).await {
            Ok(gate::Answer::Done(it)) => Ok(Answer::Done(done(it))),
            Ok(gate::Answer::Planned(plan)) => Ok(Answer::Planned(Box::new(planned(*plan)))),
            Err(it) => Err(declined(it)),
        }
    }
}

fn done(done: gate::Done) -> Done {
    Done {
        call_id: done.call_id,
        value: done.view.value,
        untrusted: done
            .view
            .untrusted
            .iter()
            .map(|it| Cow::Borrowed(*it))
            .collect(),
        replayed: done.replayed,
    }
}

fn planned(mut plan: gate::Plan) -> Plan {
    // The token is shown once, beside the plan, not inside what is quoted from it.
    let confirm = plan.confirm.take();
    let value = serde_json::to_value(&plan).expect("a plan always has a JSON form");
    let request = match &plan.request {
        Some(request) => format!("{} {}", request.method, request.path),
        None => "several, each a call of its own".to_owned(),
    };
    let mut change = Vec::new();
    if let Some(it) = &plan.change {
        change.push(it.summary.clone());
        for field in it.fields.iter().take(SHOWN_FIELDS) {
            change.push(format!(
                "{}: {} → {}",
                field.path,
                shown(&field.before),
                shown(&field.after)
            ));
        }
        if it.fields.is_empty() && !it.before.is_null() {
            change.push(format!("goes: {}", shown(&it.before)));
        }
        if it.fields.len() > SHOWN_FIELDS {
            change.push(format!("and {} more", it.fields.len() - SHOWN_FIELDS));
        }
    }
    Plan {
        call_id: plan.call_id,
        tool: plan.tool,
        risk: plan.risk,
        value,
        request,
        change,
        untrusted: plan
            .untrusted
            .iter()
            .map(|path| Cow::Owned(format!("change.{path}")))
            .collect(),
        checks: plan.checks,
        reversible: plan.reversible,
        how_to_run: plan.how_to_run,
        confirm: confirm.map(|it| Confirm {
            token: it.token,
            expires_at: it.expires_at,
        }),
    }
}

fn declined(declined: gate::Declined) -> Declined {
    match declined {
        gate::Declined::Refused(it) => Declined {
            code: it.reason.code,
            message: it.reason.message,
            hint: it.reason.hint,
            stage: it.stage,
            retry: it.retry_after_ms.map_or(Retry::No, Retry::After),
            call_id: Some(it.call_id),
            checks: it.checks,
        },
        gate::Declined::Failed(it) => Declined {
            code: it.code,
            message: it.message,
            hint: it.hint,
            stage: None,
            retry: match it.retry {
                gate::Retry::No => Retry::No,
                gate::Retry::After(ms) => Retry::After(ms),
                gate::Retry::Unknown => Retry::Unknown,
            },
            call_id: Some(it.call_id),
            checks: Vec::new(),
        },
    }
}

fn shown(value: &Value) -> String {
    let mut text = match value {
        Value::Null => return "nothing".to_owned(),
        value => value.to_string(),
    };
    if let Some((end, _)) = text.char_indices().nth(SHOWN_VALUE) {
        text.truncate(end);
        text.push('…');
    }
    text
}
