//! Writes: planned, or confirmed as their risk demands and then carried out:
//! outbox → hands → result → record. Once begun, a write ends even if its caller goes away.

use std::panic::AssertUnwindSafe;

use catalogue::{Change, Prepared, View, WritePlan};
use futures_util::FutureExt as _;
use model::{
    HandsError, Millis, Mode, Reason, Request, RequestAuth, Stage,
    ledger::{Begun, Decision, Finish, IdempotencyClaim, Intent, Outcome, Sent},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Gate,
    answer::{Answer, Declined, Done, Failure, Plan, Retry},
    case::Case,
    digest, facts, gate,
    permit::{Permit, Written},
    preview,
    seal::{self, Bound, Mismatch, Opened},
    stages, targets, trouble,
};

/// How long an idempotency key is remembered.
const KEY_LIFE_MS: Millis = 24 * 60 * 60 * 1_000;
/// What to wait for the first call with the same key.
const IN_FLIGHT_MS: u64 = 1_000;
/// Discord's longest nonce. Source: Discord documentation, *Create Message*.
const NONCE_LENGTH: usize = 25;

/// What an outbox row keeps for replays.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stored {
    Done(Value),
    Failed(Failure),
}

impl Gate {
    /// Plan it or carry it out, as mode and ceremony say.
    pub(crate) async fn write(&self, case: Case, plan: WritePlan) -> Result<Answer, Declined> {
        let ceremony = policy::ceremony(&case.standing.policy, &case.question());
        case.record
            .describe(|row| row.rules.extend(ceremony.rules.iter().cloned()));
        let confirmation = match &case.mode {
            Mode::DryRun => return self.plan(&case, &plan, ceremony.needs_confirmation).await,
            Mode::Default if ceremony.dry_run_by_default => {
                return self.plan(&case, &plan, ceremony.needs_confirmation).await;
            }
            Mode::Default | Mode::Execute if ceremony.needs_confirmation => {
                return self.plan(&case, &plan, true).await;
            }
            Mode::Default | Mode::Execute => None,
            Mode::Confirmed(token) => Some(self.open(&case, token)?),
        };
        let Ok(slot) = self.0.slots.clone().try_acquire_owned() else {
            return Err(case.record.fail(
                "overloaded",
                "too many writes are under way; nothing was done",
                Retry::After(IN_FLIGHT_MS),
            ));
        };
        let gate = self.clone();
        let record = case.record.clone();
        let task = self.0.tracker.spawn(async move {
            let result = gate.carry_out(case, plan, confirmation).await;
            drop(slot);
            result
        });
        match task.await {
            Ok(result) => result,
            Err(_panic) => Err(gate::broken(&record)),
        }
    }

    /// What would happen, against live state.
    async fn plan(
        &self,
        case: &Case,
        plan: &WritePlan,
        needs_confirmation: bool,
    ) -> Result<Answer, Declined> {
        let change = self.compare(case, plan).await?;
        let confirm = needs_confirmation.then(|| {
            let bound = bound(case, fingerprint(plan, &change));
            self.0.seal.token(&bound, self.0.clock.now_ms())
        });
        let mut checks = case.record.checks();
        checks.push(stages::not_run());
        let minutes = confirm.as_ref().map(|_| seal::LIFE_MS / 60_000);
        Ok(Answer::Planned(Box::new(Plan {
            call_id: case.record.call_id.clone(),
            tool: case.tool.name.to_owned(),
            risk: case.risk(),
            request: Some(preview::of(&plan.request)),
            untrusted: change
                .untrusted
                .iter()
                .map(|path| (*path).to_owned())
                .collect(),
            checks,
            cost: preview::cost(&plan.request, plan.live.len() + plan.fetch.len()),
            reversible: plan.reversible(),
            how_to_run: preview::how_to_run(case.tool.name, case.risk(), minutes),
            change: Some(change),
            confirm,
        })))
    }

    /// The change against live state. What is not there, or hidden from the bot, is null.
    async fn compare(&self, case: &Case, plan: &WritePlan) -> Result<Change, Declined> {
        let mut live = Vec::with_capacity(plan.live.len());
        for request in &plan.live {
            match self.ask(case, std::slice::from_ref(request)).await {
                Ok(answers) => live.extend(answers),
                Err(HandsError::Api {
                    status: 403 | 404, ..
                }) => live.push(Value::Null),
                Err(error) => return Err(trouble::reading(&case.record, &error)),
            }
        }
        Ok(plan.change(&live))
    }

    /// Open a confirmation, or say precisely what does not fit.
    fn open(&self, case: &Case, token: &str) -> Result<Opened, Declined> {
        let bound = bound(case, [0; 32]);
        self.0
            .seal
            .open(token, &bound, self.0.clock.now_ms())
            .map_err(|mismatch| {
                case.record
                    .refuse(Some(Stage::ExecuteAndAudit), unfit(mismatch))
            })
    }

    /// The tracked part: from here on the caller may go away.
    async fn carry_out(
        &self,
        case: Case,
        mut plan: WritePlan,
        confirmation: Option<Opened>,
    ) -> Result<Answer, Declined> {
        let record = &case.record;
        let outbox_id = uuid::Uuid::now_v7().to_string();
        plan.set_nonce(&nonce(&case, &outbox_id));
        let request = self.complete(&case, &plan).await?;
        record.describe(|row| row.stage = Stage::ExecuteAndAudit);
        let intent = Intent {
            outbox_id: outbox_id.clone(),
            request: kept(&request, &case),
            repeatable: request.may_be_repeated() && request.auth == RequestAuth::Bot,
            idempotency: claim(&case, self.0.clock.now_ms()),
            confirmation: confirmation.as_ref().map(|opened| opened.spend.clone()),
            lease: targets::written_channel(&request).map(|id| (id, case.holder())),
            decision: started(&case),
        };
        let begun = self
            .0
            .ledger
            .begin(intent)
            .await
            .map_err(|error| trouble::storing(record, &error))?;
        if let Begun::Replay { response } = &begun {
            return replay(&case, response, |value| plan.view(value).untrusted);
        }
        may_begin(&case, &begun, self.0.clock.now_ms())?;

        // From here on the outbox row carries the outcome, and it is closed whatever happens.
        record.take_closing();
        let result = AssertUnwindSafe(self.send(&case, &plan, request, confirmation))
            .catch_unwind()
            .await
            .unwrap_or_else(|_panic| {
                Err(Declined::Failed(Box::new(Failure {
                    call_id: record.call_id.clone(),
                    code: "internal_error".to_owned(),
                    message: "the service made a mistake while it carried this out".to_owned(),
                    hint: Some("look whether it happened before trying again".to_owned()),
                    retry: Retry::Unknown,
                })))
            });
        let state = match &result {
            Ok(done) => Sent::Sent {
                response: Stored::Done(done.view.value.clone()).text(),
            },
            Err(declined) => Stored::of_declined(declined),
        };
        let result = result.map(Answer::Done);
        let finish = Finish {
            outbox_id,
            state,
            decision: record.row_for(&result),
        };
        match self.0.ledger.finish(finish).await {
            Ok(()) => result,
            Err(error) => Err(trouble::not_finished(record, &error)),
        }
    }

    /// The request with what had to be fetched for it.
    async fn complete(&self, case: &Case, plan: &WritePlan) -> Result<Request, Declined> {
        let fetched = self
            .ask(case, &plan.fetch)
            .await
            .map_err(|error| trouble::reading(&case.record, &error))?;
        plan.with_fetched(&fetched).map_err(|error| {
            let reason = Reason::new("invalid_arguments", error.message);
            case.record.refuse(None, reason)
        })
    }

    /// The eighth check allows it and it is in the outbox: the permit is made here.
    async fn send(
        &self,
        case: &Case,
        plan: &WritePlan,
        request: Request,
        confirmation: Option<Opened>,
    ) -> Result<Done, Declined> {
        if let Some(opened) = confirmation {
            self.still_the_same(case, &opened).await?;
        }
        let permit = Permit::grant(&case.passed, Written::down(), request);
        let errand = case.errand(gate::REQUEST_TIMEOUT);
        let answer = self.0.hands.write(&permit, &errand).await;
        self.forget(case, model::Permitted::request(&permit));
        match answer {
            Ok(response) => Ok(Done {
                call_id: case.record.call_id.clone(),
                view: shown(plan, &response.body),
                replayed: false,
            }),
            Err(error) => Err(self.explain(case, &error).await),
        }
    }

    /// Whether what was confirmed is what would happen now. Arguments that count from now count
    /// from the moment of the plan here.
    async fn still_the_same(&self, case: &Case, opened: &Opened) -> Result<(), Declined> {
        let planned_at = opened.spend.expires_at - seal::LIFE_MS;
        let changed = || {
            let reason = Reason::new(
                "plan_changed",
                "what this would change is no longer as the confirmed plan showed it; nothing \
                 was done",
            )
            .with_hint("call again without `confirm` to see the new plan");
            case.record.refuse(Some(Stage::ExecuteAndAudit), reason)
        };
        let Ok(Prepared::Write(plan)) = case.tool.prepare(case.arguments.clone(), planned_at)
        else {
            return Err(changed());
        };
        let change = self.compare(case, &plan).await?;
        if opened.fits(fingerprint(&plan, &change)) {
            Ok(())
        } else {
            Err(changed())
        }
    }

    /// Facts about a guild are stale once roles, channels, overwrites or members were touched.
    pub(crate) fn forget(&self, case: &Case, request: &Request) {
        if touches_facts(request) {
            for guild in &case.places.guilds {
                self.0.surroundings.forget(*guild);
            }
        }
    }

    /// Discord's refusal in words that help: for a missing permission, which one and why.
    async fn explain(&self, case: &Case, error: &HandsError) -> Declined {
        let mut declined = trouble::writing(&case.record, error);
        let HandsError::Api { status: 403, .. } = error else {
            return declined;
        };
        for guild in &case.places.guilds {
            self.0.surroundings.forget(*guild);
        }
        let rights = facts::rights(
            &*self.0.surroundings,
            case.origin,
            &case.tool.needs,
            &case.aims,
            &case.places,
        )
        .await;
        if let (Declined::Failed(failure), Ok(rights)) = (&mut declined, rights)
            && !rights.missing.is_empty()
        {
            let ruling = stages::discord_permission(&rights);
            let reason = ruling.verdict.reason();
            failure.message = format!("{}; {}", failure.message, reason.message);
            failure.hint.clone_from(&reason.hint);
        }
        declined
    }
}

impl Stored {
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("a stored answer has only text keys")
    }

    /// How an outbox row ends that brought no result.
    pub(crate) fn of_declined(declined: &Declined) -> Sent {
        let reason = declined.code().to_owned();
        match declined {
            Declined::Failed(failure) if failure.retry == Retry::Unknown => Sent::Unknown {
                reason,
                response: Self::Failed((**failure).clone()).text(),
            },
            Declined::Failed(_) | Declined::Refused(_) => Sent::Failed { reason },
        }
    }
}

/// The claim of the caller's idempotency key, if it gave one.
pub(crate) fn claim(case: &Case, now: Millis) -> Option<IdempotencyClaim> {
    case.idempotency_key.as_ref().map(|key| IdempotencyClaim {
        principal: case.principal.id.clone(),
        key: key.clone(),
        digest: case.digest.clone(),
        expires_at: now.saturating_add(KEY_LIFE_MS),
    })
}

/// The audit row that is committed with the outbox row.
pub(crate) fn started(case: &Case) -> Decision {
    case.record.row(
        Outcome::Started,
        "started",
        "written down, and not sent yet",
    )
}

/// The eighth check's word on what the ledger did.
pub(crate) fn may_begin(case: &Case, begun: &Begun, now: Millis) -> Result<(), Declined> {
    let retry_after_ms = match begun {
        Begun::InFlight => Some(IN_FLIGHT_MS),
        Begun::Leased { until, .. } => u64::try_from(until.saturating_sub(now)).ok(),
        _ => None,
    };
    case.record.check_with(
        Stage::ExecuteAndAudit,
        stages::execute_and_audit(begun),
        retry_after_ms,
    )
}

/// Give the first answer again.
pub(crate) fn replay(
    case: &Case,
    response: &str,
    untrusted: impl FnOnce(&Value) -> &'static [&'static str],
) -> Result<Answer, Declined> {
    match serde_json::from_str(response) {
        Ok(Stored::Done(value)) => Ok(Answer::Done(Done {
            call_id: case.record.call_id.clone(),
            view: View {
                untrusted: untrusted(&value),
                value,
            },
            replayed: true,
        })),
        Ok(Stored::Failed(failure)) => Err(Declined::Failed(Box::new(failure))),
        Err(_) => Err(case.record.fail(
            "store_corrupt",
            "the first answer of this idempotency key cannot be read any more",
            Retry::Unknown,
        )),
    }
}

/// A view must not undo what was done: where it panics, the answer says so.
pub(crate) fn shown(plan: &WritePlan, body: &Value) -> View {
    std::panic::catch_unwind(AssertUnwindSafe(|| plan.view(body))).unwrap_or_else(|_panic| View {
        value: json!({ "done": true, "note": "carried out; the result could not be shown" }),
        untrusted: &[],
    })
}

/// What a plan is known by: the request and what it would change. Without the nonce, which belongs
/// to one sending.
fn fingerprint(plan: &WritePlan, change: &Change) -> [u8; 32] {
    digest::of(&json!({ "request": plan.request, "change": change }))
}

fn bound(case: &Case, plan: [u8; 32]) -> Bound<'_> {
    Bound {
        principal: &case.principal.id,
        arguments: &case.digest,
        policy_version: &case.standing.version,
        plan,
    }
}

/// Recognises a repetition: of the same key where there is one, else of the same outbox row.
fn nonce(case: &Case, outbox_id: &str) -> String {
    let digest = match &case.idempotency_key {
        Some(key) => digest::of_texts(&["key", &case.principal.id, key, &case.digest]),
        None => digest::of_texts(&["outbox", outbox_id]),
    };
    let mut nonce = hex::encode(digest);
    nonce.truncate(NONCE_LENGTH);
    nonce
}

/// The request as the outbox keeps it. A path with a token in it is not kept: secrets do not
/// travel, and such a row is not sent again. Arguments let a restart show the result as ever.
fn kept(request: &Request, case: &Case) -> Value {
    if request.auth == RequestAuth::InPath {
        return json!({ "method": request.method, "path": preview::path(request) });
    }
    let mut kept = json!(request);
    if matches!(request.body, model::Body::None | model::Body::Json(_)) {
        kept["arguments"] = Value::Object(case.arguments.clone());
    }
    kept
}

/// Whether permissions, hierarchy or places may look different afterwards.
pub(crate) fn touches_facts(request: &Request) -> bool {
    let template = &request.path.template;
    !template.contains("/messages") && !template.starts_with("/webhooks/")
}

fn unfit(mismatch: Mismatch) -> Reason {
    let (code, message) = match mismatch {
        Mismatch::NotOurs => (
            "confirmation_invalid",
            "this is not a confirmation token of this service, or it was altered",
        ),
        Mismatch::OtherPrincipal => (
            "confirmation_other_principal",
            "this confirmation token belongs to somebody else",
        ),
        Mismatch::OtherArguments => (
            "confirmation_other_arguments",
            "this confirmation token belongs to another tool or to other arguments",
        ),
        Mismatch::OtherPolicy => (
            "confirmation_other_policy",
            "the operator changed the policy after this plan was made",
        ),
        Mismatch::Expired => (
            "confirmation_expired",
            "this confirmation token has expired; it is good for 10 minutes",
        ),
    };
    Reason::new(code, message)
        .with_hint("call again without `confirm` to get a new plan and a new token")
}
