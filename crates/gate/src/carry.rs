//! Several calls that were judged and confirmed together, carried out in order; what is done stays
//! or is taken back where one does not go through.

use std::panic::AssertUnwindSafe;

use catalogue::View;
use futures_util::FutureExt as _;
use model::{
    Millis, Reason, Stage,
    ledger::{Begun, Intent, Sent, Spend},
};
use serde_json::{Value, json};

use crate::{
    Gate,
    answer::{Answer, Declined, Done, Retry},
    case::Case,
    gate,
    manner::Manner,
    outbox::{self, Stored},
    run,
    several::{OnFailure, Whole, named, unasked},
    steps::{self, Part},
    trouble,
};

/// Where words of people are in the result.
const UNTRUSTED: &[&str] = &["steps[].result", "steps[].error", "rolled_back[].error"];

impl Gate {
    /// The tracked part: key, confirmation and what is taken back are claimed before the first step.
    pub(crate) async fn carry(
        &self,
        case: Case,
        whole: Whole,
        confirmation: Option<Spend>,
    ) -> Result<Answer, Declined> {
        let record = &case.record;
        let outbox_id = uuid::Uuid::now_v7().to_string();
        record.describe(|row| row.stage = Stage::ExecuteAndAudit);
        let undoes = whole.takes_back.as_ref().map(|(it, _)| it.call_id.clone());
        let tools: Vec<&str> = whole.parts.iter().map(|part| part.tool.name).collect();
        let intent = Intent {
            outbox_id: outbox_id.clone(),
            request: json!({ "several": tools }),
            repeatable: false,
            idempotency: outbox::claim(&case, self.0.clock.now_ms()),
            confirmation,
            approval: case.agreed().map(|agreed| agreed.approval_id.clone()),
            keep: Some(self.keep_whole(&case, undoes)),
            lease: None,
            decision: outbox::started(&case),
        };
        let begun = self.begin(&case, intent).await?;
        if let Begun::Replay { response } = &begun {
            let policy = &case.standing.policy;
            self.remember_replay(case.reader(), policy).await;
            return outbox::replay(record, response, |_| run::ALL_OF_IT);
        }
        outbox::may_begin(record, &begun, self.0.clock.now_ms())?;
        record.take_closing();
        let result = AssertUnwindSafe(self.run_parts(&case, &whole))
            .catch_unwind()
            .await
            .unwrap_or_else(|_panic| {
                Err(trouble::broke_off(
                    record,
                    "look which steps happened before trying again",
                ))
            });
        let state = match &result {
            Ok(value) => Sent::Sent {
                response: Stored::Done(value.clone()).text(),
            },
            Err(declined) => Stored::of_declined(declined),
        };
        let result = result.map(|value| {
            Answer::Done(Done {
                call_id: record.call_id.clone(),
                view: View {
                    value,
                    // As a retry gets it.
                    untrusted: match case.idempotency_key {
                        Some(_) => run::ALL_OF_IT,
                        None => UNTRUSTED,
                    },
                },
                replayed: false,
            })
        });
        self.end(record, outbox_id, (state, None), result).await
    }

    /// In order, until one does not go through. That is an error only where nothing was done.
    async fn run_parts(&self, case: &Case, whole: &Whole) -> Result<Value, Declined> {
        let call_id = &case.record.call_id;
        let mut results: Vec<Value> = Vec::new();
        let mut told: Vec<Value> = Vec::new();
        let mut failed = false;
        for (index, part) in whole.parts.iter().enumerate() {
            let mut line = json!({ "step": index + 1, "tool": part.tool.name });
            if failed {
                line["outcome"] = "not_tried".into();
                told.push(line);
                continue;
            }
            let declined = match self
                .run_part(case, part, &results, (call_id, whole.at))
                .await
            {
                Ok(done) => {
                    line["outcome"] = "done".into();
                    line["call_id"] = done.call_id.into();
                    line["result"] = done.view.value.clone();
                    results.push(done.view.value);
                    told.push(line);
                    continue;
                }
                Err(declined) => unasked(declined),
            };
            let unknown = is_unknown(&declined);
            if index == 0 && !unknown {
                return Err(named(case, index, part, declined));
            }
            failed = true;
            line["outcome"] = if unknown { "unknown" } else { "failed" }.into();
            line["error"] = error_of(&declined);
            told.push(line);
        }
        let mut value = json!({
            "outcome": if failed { "stopped" } else { "done" },
            "steps": told,
        });
        if !failed {
            return Ok(value);
        }
        if whole.on_failure == OnFailure::RollBack {
            let (whole_again, back) = self.roll_back(case).await;
            value["outcome"] = if whole_again {
                "rolled_back"
            } else {
                "partly_rolled_back"
            }
            .into();
            value["rolled_back"] = back;
        } else {
            value["hint"] = format!(
                "what was done stays; discord_undo with call_id {call_id} takes it back, last \
                 step first"
            )
            .into();
        }
        Ok(value)
    }

    async fn run_part(
        &self,
        case: &Case,
        part: &Part,
        results: &[Value],
        (whole, at): (&str, Option<Millis>),
    ) -> Result<Done, Declined> {
        let arguments = steps::filled(part, results).map_err(|message| {
            case.record
                .refuse(None, Reason::new("no_such_result", message))
        })?;
        let manner = Manner::Carried {
            whole: whole.to_owned(),
            undoes: part.undoes.clone(),
            at,
            agreed: case.agreed().cloned().map(Box::new),
        };
        match self.step(case, part, arguments, manner).await.result {
            Ok(Answer::Done(done)) => Ok(done),
            Ok(Answer::Planned(_) | Answer::Waiting(_)) => Err(gate::broken(&case.record)),
            Err(declined) => Err(declined),
        }
    }

    /// Take back the steps that were done, last first. Gives whether all of them were, and what
    /// became of each.
    async fn roll_back(&self, case: &Case) -> (bool, Value) {
        let mut told = Vec::new();
        let mut all = true;
        // These calls belong to no plan that can be undone as a whole.
        let whole = format!("{}:back", case.record.call_id);
        let inverses = match self.inverses_of_steps(case).await {
            Ok(inverses) => inverses,
            Err(declined) => return (false, json!([{ "error": error_of(&declined) }])),
        };
        for (call_id, parts) in inverses {
            let mut line = json!({ "call_id": call_id, "outcome": "undone" });
            let undone = match parts {
                Ok(parts) => self.run_back(case, &parts, &whole).await,
                Err(reason) => Err(case.record.refuse(None, Reason::new("cannot_undo", reason))),
            };
            if let Err(declined) = undone {
                all = false;
                line["outcome"] = "stays".into();
                line["error"] = error_of(&declined);
            }
            told.push(line);
        }
        (all, Value::Array(told))
    }

    async fn run_back(&self, case: &Case, parts: &[Part], whole: &str) -> Result<(), Declined> {
        let mut results = Vec::new();
        for part in parts {
            let done = self.run_part(case, part, &results, (whole, None)).await?;
            results.push(done.view.value);
        }
        Ok(())
    }
}

fn is_unknown(declined: &Declined) -> bool {
    matches!(declined, Declined::Failed(failure) if failure.retry == Retry::Unknown)
}

fn error_of(declined: &Declined) -> Value {
    let hint = match declined {
        Declined::Refused(refusal) => &refusal.reason.hint,
        Declined::Failed(failure) => &failure.hint,
    };
    let mut error = json!({ "code": declined.code(), "message": declined.message() });
    if let Some(hint) = hint {
        error["hint"] = hint.as_str().into();
    }
    error
}
