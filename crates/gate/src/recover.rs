//! Outbox rows that a process left open when it ended. What Discord would recognise as a repetition
//! is sent again, if today's policy still allows it; the rest is closed as unknown, because it may
//! have happened.

use std::{sync::atomic::Ordering, time::Duration};

use catalogue::{Found, Prepared, Tool, View, WritePlan, catalogue};
use model::{
    HandsError, Millis, Permitted as _, Request, Stage, crash,
    hands::Errand,
    kept::KeptState,
    ledger::{Decision, Finish, INSTANCE_TTL_MS, Outcome, Sent, StoreError, Unfinished},
};
use serde_json::{Value, json};

use crate::{
    Gate,
    answer::{Failure, Retry},
    gate,
    keep::{self, Image},
    lookback::Lost,
    outbox::Stored,
    permit::{Permit, Written},
    rejudge::Objection,
    write,
};

/// How long after its start a message with an enforced nonce may be sent again. Discord compares
/// nonces "in the past few minutes". Source: Discord documentation, *Create Message*.
const NONCE_WINDOW_MS: Millis = 3 * 60 * 1_000;
/// How long after its start an idempotent request may be sent again; later the world has moved on.
const IDEMPOTENT_WINDOW_MS: Millis = 10 * 60 * 1_000;
/// Rows that are taken at a time; few, so that what is claimed is soon at hand.
const PAGE: u32 = 20;
/// How long a start waits for rows of a process that was just killed; with a second to spare.
const PATIENCE: Duration = Duration::from_millis(INSTANCE_TTL_MS.unsigned_abs() + 1_000);
/// How often it looks meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How often a service looks for what other processes on its database left open later.
const ROUND: Duration = Duration::from_secs(30);
/// The lane of these errands.
const LANE: &str = "recovery";

/// What became of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Sent again, and done.
    pub finished: u32,
    /// It is certain that they did not happen.
    pub failed: u32,
    /// Nobody knows.
    pub unknown: u32,
}

impl Gate {
    /// Close every row that a process left open which is gone, and go on looking for such rows, now
    /// and then, until [`Gate::drain`]. Gives what was found first: at once, where nobody else is at
    /// work on the same database; else after a few seconds, in which a process that was just killed
    /// comes to count as gone. Other calls may go on meanwhile.
    pub async fn finish_unfinished(&self) -> Result<Recovery, StoreError> {
        let started = tokio::time::Instant::now();
        let mut recovery = Recovery::default();
        while self.finish_some(&mut recovery).await? && started.elapsed() < PATIENCE {
            if !self.pause(LOOK_AGAIN).await {
                return Ok(recovery);
            }
        }
        self.make_rounds();
        Ok(recovery)
    }

    /// Ends with the gate.
    fn make_rounds(&self) {
        if self.0.makes_rounds.swap(true, Ordering::Relaxed) {
            return;
        }
        let gate = self.clone();
        let _ends_by_itself = self.0.tracker.spawn(async move {
            while gate.pause(ROUND).await {
                let mut recovery = Recovery::default();
                if let Err(error) = gate.finish_some(&mut recovery).await {
                    tracing::warn!(%error, "interrupted writes of others could not be seen to");
                } else if recovery != Recovery::default() {
                    tracing::info!(?recovery, "interrupted writes of others have been seen to");
                }
            }
        });
    }

    /// `false` if the gate closed instead.
    async fn pause(&self, length: Duration) -> bool {
        let pause = tokio::time::sleep(length);
        self.0.closing.run_until_cancelled(pause).await.is_some()
    }

    /// Claim and close what is free. Gives whether others are still at work.
    async fn finish_some(&self, recovery: &mut Recovery) -> Result<bool, StoreError> {
        loop {
            let claimed = self.0.ledger.claim_unfinished(PAGE).await?;
            if claimed.rows.is_empty() {
                return Ok(claimed.others_at_work);
            }
            // A call of several steps tells of them, so they come first.
            let (wholes, mut rows): (Vec<_>, Vec<_>) = claimed.rows.into_iter().partition(is_whole);
            rows.extend(wholes);
            for row in rows {
                // What is left over is free again when the store closes.
                if self.0.closing.is_cancelled() {
                    return Ok(false);
                }
                let Closing {
                    state,
                    mut decision,
                    image,
                } = self.close(row.clone()).await;
                decision.at = self.0.clock.now_ms();
                match state {
                    Sent::Sent { .. } => recovery.finished += 1,
                    Sent::Failed { .. } => recovery.failed += 1,
                    Sent::Unknown { .. } => recovery.unknown += 1,
                }
                let finish = Finish {
                    outbox_id: row.outbox_id,
                    state,
                    image,
                    decision,
                };
                // Where it fails it is tried again in the background, and the next row has its turn.
                if let Err(error) = self.finish(finish).await {
                    tracing::warn!(%error, "an interrupted write is closed later");
                }
            }
        }
    }

    async fn close(&self, mut row: Unfinished) -> Closing {
        if is_whole(&row) {
            return self.close_whole(&row).await;
        }
        let remembered = self.remembered(&row).await;
        let standing = self.standing(&row.decision.workspace);
        let age = self.0.clock.now_ms().saturating_sub(row.created_at);
        let again = match serde_json::from_value::<Request>(row.request.clone()) {
            Ok(request) if row.repeatable && may_be_sent_again(&request, age) => request,
            _ => {
                let why = "the process ended before the outcome was known";
                return self.found_out(&row, remembered.as_ref(), why).await;
            }
        };
        let still = self.rejudge(&row, &again, &standing).await;
        row.decision.policy_version = standing.version.to_string();
        let permit = match still {
            Ok(still) => Permit::renew(&still, Written::down(), again),
            Err(objection) => return objected(&row, objection).into(),
        };
        let errand = Errand {
            lane: LANE.into(),
            timeout: gate::REQUEST_TIMEOUT,
        };
        crash::point("recovery", "sending");
        let answer = self.0.hands.write(&permit, &errand).await;
        crash::point("recovery", "answered");
        if let (Some(guild), true) = (
            row.decision.guild_id,
            write::touches_facts(permit.request()),
        ) {
            self.0.surroundings.forget(guild);
        }
        match answer {
            Ok(response) => Closing {
                image: remembered
                    .map(|(plan, image)| keep::finished(&image, &plan, &response.body)),
                ..done(
                    &row,
                    shown(&row, &response.body, self.0.clock.now_ms()).value,
                )
                .into()
            },
            // Deleted already, by the request of the process that ended.
            Err(HandsError::Api { status: 404, .. })
                if permit.request().method == model::request::Method::Delete =>
            {
                done(&row, json!({ "done": true })).into()
            }
            Err(error) if error.nothing_happened() => {
                // The first sending may have happened all the same; only Discord's own refusal of
                // an equal request says that it did not.
                if matches!(error, HandsError::Api { .. }) {
                    failed(&row, &error.to_string()).into()
                } else {
                    let why = "it could not be sent again after a restart";
                    self.found_out(&row, remembered.as_ref(), why).await
                }
            }
            Err(_) => {
                let why = "it was sent again after a restart, and no answer came";
                self.found_out(&row, remembered.as_ref(), why).await
            }
        }
    }

    /// The plan and what was kept of the state before it.
    async fn remembered(&self, row: &Unfinished) -> Option<(WritePlan, Image)> {
        let kept = self.0.kept.get()?.kept_with(&row.outbox_id).await.ok()??;
        let image = Image::read(&kept.keep.image)?;
        let tool = catalogue().get(&row.decision.tool)?;
        match tool.prepare(image.arguments.clone(), image.kept.at).ok()? {
            Prepared::Write(plan) => Some((plan, image)),
            Prepared::Read(_) | Prepared::Flow(_) => None,
        }
    }

    /// Look whether it happened; where that cannot be told, it stays unknown.
    async fn found_out(
        &self,
        row: &Unfinished,
        remembered: Option<&(WritePlan, Image)>,
        why: &str,
    ) -> Closing {
        let Some((plan, image)) = remembered else {
            return unknown(row, why).into();
        };
        let lost = Lost {
            plan,
            call_id: &row.decision.call_id,
            guild: row.decision.guild_id,
            at: image.kept.at,
            before: &image.kept.before,
        };
        let errand = Errand {
            lane: LANE.into(),
            timeout: gate::REQUEST_TIMEOUT,
        };
        match self.look_back(&lost, &errand).await {
            Found::Happened(body) => Closing {
                image: Some(keep::finished(image, plan, &body)),
                ..done(row, write::shown(plan, &body).value).into()
            },
            Found::DidNotHappen => failed(row, "looking shows that it did not happen").into(),
            Found::CannotTell => unknown(row, why).into(),
        }
    }

    /// A call of several steps that was interrupted: what became of each that was begun.
    async fn close_whole(&self, row: &Unfinished) -> Closing {
        let steps = match self.0.kept.get() {
            Some(kept) => kept.steps_of(&row.decision.call_id).await,
            None => Ok(Vec::new()),
        };
        let told: Vec<String> = steps
            .unwrap_or_default()
            .iter()
            .map(|step| {
                let state = match step.state {
                    KeptState::Done => "was done",
                    KeptState::Undone => "was done and taken back",
                    KeptState::Started | KeptState::Unknown => "may or may not have happened",
                };
                format!("{} (call {}) {state}", step.tool, step.call_id)
            })
            .collect();
        let reason = if told.is_empty() {
            "the process ended before any of its steps was done".to_owned()
        } else {
            format!(
                "the process ended between its steps: {}; the others were not done",
                told.join(", ")
            )
        };
        unknown(row, &reason).into()
    }
}

/// How a row ends.
struct Closing {
    state: Sent,
    decision: Decision,
    image: Option<Value>,
}

impl From<(Sent, Decision)> for Closing {
    fn from((state, decision): (Sent, Decision)) -> Self {
        Self {
            state,
            decision,
            image: None,
        }
    }
}

/// Whether it is a call of several steps, each with a row of its own.
fn is_whole(row: &Unfinished) -> bool {
    catalogue()
        .get(&row.decision.tool)
        .is_some_and(Tool::carries)
}

fn may_be_sent_again(request: &Request, age: Millis) -> bool {
    let window = if request.method.is_idempotent() {
        IDEMPOTENT_WINDOW_MS
    } else {
        NONCE_WINDOW_MS
    };
    request.may_be_repeated() && age < window
}

/// As the first call would have shown it, where its arguments were kept.
fn shown(row: &Unfinished, body: &Value, now: Millis) -> View {
    let plan = row
        .request
        .get("arguments")
        .and_then(Value::as_object)
        .and_then(|arguments| {
            let tool = catalogue().get(&row.decision.tool)?;
            tool.prepare(arguments.clone(), now).ok()
        });
    match plan {
        Some(Prepared::Write(plan)) => write::shown(&plan, body),
        _ => View {
            value: json!({ "done": true, "id": body["id"], "channel_id": body["channel_id"] }),
            untrusted: &[],
        },
    }
}

fn done(row: &Unfinished, value: Value) -> (Sent, Decision) {
    let response = Stored::Done(value).text();
    let decision = closing(row, Outcome::Done, "ok", "finished after a restart");
    (Sent::Sent { response }, decision)
}

fn failed(row: &Unfinished, what: &str) -> (Sent, Decision) {
    let reason = format!("after a restart: {what}");
    let decision = closing(row, Outcome::Failed, "discord_rejected", &reason);
    (Sent::Failed { reason }, decision)
}

/// It may have happened before the crash, and it is not sent now.
fn objected(row: &Unfinished, objection: Objection) -> (Sent, Decision) {
    let reason = format!(
        "the process ended before the outcome was known, and it is not sent again: {}",
        objection.reason.message
    );
    let (state, decision) = unknown(row, &reason);
    let decision = Decision {
        stage: objection.stage,
        code: objection.reason.code,
        rules: objection.rules,
        ..decision
    };
    (state, decision)
}

fn unknown(row: &Unfinished, reason: &str) -> (Sent, Decision) {
    let failure = Failure {
        call_id: row.decision.call_id.clone(),
        code: "outcome_unknown".to_owned(),
        message: format!("{reason}: it may or may not have happened"),
        hint: Some("look whether it happened before trying again".to_owned()),
        retry: Retry::Unknown,
    };
    let state = Sent::Unknown {
        reason: reason.to_owned(),
        response: Stored::Failed(failure).text(),
    };
    (
        state,
        closing(row, Outcome::Unknown, "outcome_unknown", reason),
    )
}

fn closing(row: &Unfinished, outcome: Outcome, code: &str, reason: &str) -> Decision {
    Decision {
        outcome,
        stage: Stage::ExecuteAndAudit,
        code: code.to_owned(),
        reason: reason.to_owned(),
        ..row.decision.clone()
    }
}
