//! Flows: their steps are calls of their own, so here they are only started, bounded and shown.

use std::sync::Arc;

use catalogue::{FlowCall, Undo, Undoing, View};
use model::{
    Mode, Risk, Stage,
    ledger::{Begun, Intent, Sent, Spend},
};
use serde_json::json;

use crate::{
    Gate,
    answer::{Answer, Declined, Done, Plan, Retry},
    approval::{Askings, People, What, Wish},
    case::Case,
    cost, digest,
    flow::{Flow, FlowContext},
    gate,
    outbox::{self, Stored},
    preview,
    seal::{self, Mismatch},
    stages, trouble, write,
};

impl Gate {
    /// Plan a flow, or run it under its time limit; with an idempotency key or a confirmation, at
    /// most once.
    pub(crate) async fn run(&self, case: &Case, flow: FlowCall) -> Result<Answer, Declined> {
        let ceremony = policy::flow_ceremony(&case.standing.policy, &case.question());
        case.record
            .describe(|row| row.rules.extend(ceremony.rules.iter().cloned()));
        if let People::ToAsk(asking) = &case.people {
            let asked = policy::Ceremony {
                needs_confirmation: false,
                ..ceremony
            };
            if write::plans(&case.mode, &asked) {
                return Ok(self.plan_flow(case, &flow, false));
            }
            let wish = Wish {
                what: What::Flow,
                risk: case.risk(),
                fingerprint: fingerprint(case, &flow),
                reversible: true,
                planned_at: case.at,
            };
            let askings = Askings::one((**asking).clone());
            return self.ask_people(case, &askings, wish).await;
        }
        if case.agreed().is_none() && write::plans(&case.mode, &ceremony) {
            return Ok(self.plan_flow(case, &flow, ceremony.needs_confirmation));
        }
        if case.risk() != Risk::Read
            && let Some(answer) = self.asked_before(case).await?
        {
            return Ok(answer);
        }
        let confirmation = self.confirmation(case, &flow)?;
        let Some(steps) = self.0.flows.get(case.tool.name).map(Arc::clone) else {
            return Err(case.record.fail(
                "not_available",
                format!(
                    "{} is not available in this mode of the service",
                    case.tool.name
                ),
                Retry::No,
            ));
        };
        let once =
            case.idempotency_key.is_some() || confirmation.is_some() || case.agreed().is_some();
        if once && case.risk() != Risk::Read {
            return self.run_once(case, flow, &*steps, confirmation).await;
        }
        let view = self.steps(case, flow, &*steps).await?;
        Ok(done(case, view, false))
    }

    /// What carries this flow out, where the call brings it. One that is not needed must fit too.
    fn confirmation(&self, case: &Case, flow: &FlowCall) -> Result<Option<Spend>, Declined> {
        let Mode::Confirmed(token) = &case.mode else {
            return Ok(None);
        };
        let opened = self.open(case, token)?;
        if !opened.fits(fingerprint(case, flow)) {
            let reason = write::unfit(Mismatch::OtherArguments);
            return Err(case.record.refuse(Some(Stage::ExecuteAndAudit), reason));
        }
        Ok(Some(opened.spend))
    }

    /// The flow itself, without a request: each of its steps has a plan of its own.
    fn plan_flow(&self, case: &Case, flow: &FlowCall, needs_confirmation: bool) -> Answer {
        let confirm = needs_confirmation.then(|| {
            let confirmer = case.confirmer();
            let bound = write::bound(case, &confirmer, fingerprint(case, flow));
            self.0.seal.token(&bound, self.0.clock.now_ms())
        });
        let minutes = confirm.as_ref().map(|_| seal::LIFE_MS / 60_000);
        let mut checks = case.record.checks();
        checks.push(stages::not_run());
        let approval = case.ask_preview();
        let how_to_run = match &approval {
            Some(ask) => ask.how_to_run(case.tool.name),
            None => preview::how_to_run(case.tool.name, case.risk(), minutes),
        };
        Answer::Planned(Box::new(Plan {
            call_id: case.record.call_id.clone(),
            tool: case.tool.name.to_owned(),
            risk: case.risk(),
            request: None,
            change: None,
            checks,
            cost: cost::free(),
            reversible: undo_of(case).is_whole(),
            undo: Some(self.undo_note(undo_of(case))),
            steps: Vec::new(),
            taking_back: None,
            how_to_run,
            approval,
            known_by: fingerprint(case, flow),
            confirm,
        }))
    }

    async fn steps(&self, case: &Case, flow: FlowCall, steps: &dyn Flow) -> Result<View, Declined> {
        let limit = gate::FLOW_TIMEOUT;
        let millis = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
        let context = FlowContext {
            principal: case.principal.clone(),
            agent: case.agent.clone(),
            session: case.session.clone(),
            origin: case.origin,
            arguments: flow.arguments,
            call_id: case.record.call_id.clone(),
            deadline: self.0.clock.now_ms().saturating_add(millis),
        };
        let running = tokio::time::timeout(limit, steps.run(self, &context));
        let ended = self.0.closing.run_until_cancelled(running).await;
        // Some steps of what only reads may have happened; that needs no care.
        let retry = match case.risk() {
            Risk::Read => Retry::After(gate::RESTART_MS),
            Risk::Write | Risk::Destructive => Retry::Unknown,
        };
        match ended {
            Some(Ok(result)) => {
                let view = self.show(case.reader(), case.around(), result?).await;
                Ok(self.tell_own_words(view))
            }
            Some(Err(_elapsed)) => Err(case.record.fail(
                "timed_out",
                "the tool took longer than a flow may; some of its steps may have happened",
                retry,
            )),
            None => Err(case.record.fail(
                "shutting_down",
                "the service is shutting down; some steps of the tool may have happened",
                retry,
            )),
        }
    }

    /// Key and confirmation are claimed before the first step; the key keeps the answer.
    async fn run_once(
        &self,
        case: &Case,
        flow: FlowCall,
        steps: &dyn Flow,
        confirmation: Option<Spend>,
    ) -> Result<Answer, Declined> {
        let ledger = &self.0.ledger;
        let record = &case.record;
        let outbox_id = uuid::Uuid::now_v7().to_string();
        record.describe(|row| row.stage = Stage::ExecuteAndAudit);
        let intent = Intent {
            outbox_id: outbox_id.clone(),
            request: json!({ "flow": case.tool.name }),
            repeatable: false,
            idempotency: outbox::claim(case, self.0.clock.now_ms()),
            confirmation,
            approval: case.agreed().map(|agreed| agreed.approval_id.clone()),
            keep: None,
            lease: None,
            decision: outbox::started(case),
        };
        let begun = ledger
            .begin(intent)
            .await
            .map_err(|error| trouble::storing(record, &error))?;
        if let Begun::Replay { response } = &begun {
            self.remember_replay(case.reader(), &case.standing.policy)
                .await;
            return outbox::replay(record, response, |_| ALL_OF_IT);
        }
        outbox::may_begin(record, &begun, self.0.clock.now_ms())?;
        let result = self
            .steps(case, flow, steps)
            .await
            .map(|view| done(case, as_stored(case, view), false));
        // From here on the outbox row carries the outcome.
        record.take_closing();
        let state = sent(&result);
        self.end(record, outbox_id, (state, None), result).await
    }
}

/// Whose words a flow's stored answer holds will not be known any more, so all of it counts, from
/// the first answer on: a retry gets the same.
fn as_stored(case: &Case, view: View) -> View {
    match case.idempotency_key {
        Some(_) => View {
            untrusted: ALL_OF_IT,
            ..view
        },
        None => view,
    }
}

/// The path of a whole view.
pub(crate) const ALL_OF_IT: &[&str] = &[""];

/// A flow of one tool's own; what its steps change is undone as theirs.
fn undo_of(case: &Case) -> Undo {
    match case.tool.undone() {
        None | Some(Undoing::By(_) | Undoing::AsItsCalls) => Undo::Yes,
        Some(Undoing::Partly { lost, .. }) => Undo::Partly {
            lost: vec![lost.to_owned()],
        },
        Some(Undoing::Never(reason)) => Undo::No {
            reason: reason.to_owned(),
        },
    }
}

fn sent(result: &Result<Answer, Declined>) -> Sent {
    match result {
        Ok(Answer::Done(done)) => Sent::Sent {
            response: Stored::Done(done.view.value.clone()).text(),
        },
        Ok(Answer::Planned(_) | Answer::Waiting(_)) => Sent::Failed {
            reason: "only planned".to_owned(),
        },
        Err(declined) => Stored::of_declined(declined),
    }
}

fn done(case: &Case, view: View, replayed: bool) -> Answer {
    Answer::Done(Done {
        call_id: case.record.call_id.clone(),
        view,
        replayed,
    })
}

/// What a plan is known by. Nothing in Discord is compared: the steps do that.
fn fingerprint(case: &Case, flow: &FlowCall) -> [u8; 32] {
    digest::of(&json!({ "flow": case.tool.name, "arguments": flow.arguments }))
}
