//! Writes: planned, or confirmed as their risk demands and then carried out:
//! outbox → hands → result → record. Once begun, a write ends even if its caller goes away.

use std::panic::AssertUnwindSafe;

use catalogue::{Change, Found, Prepared, View, WritePlan};
use futures_util::FutureExt as _;
use model::{
    HandsError, Millis, Mode, Reason, Request, RequestAuth, Stage, crash,
    ledger::{Begun, Intent, Sent},
};
use policy::Ceremony;
use serde_json::{Value, json};

use crate::{
    Gate,
    answer::{Answer, Declined, Done, Plan, Retry},
    approval::{Asking, Askings, People, What, Wish},
    case::Case,
    digest,
    facts::{self, Rights},
    gate,
    keep::{self, Image},
    lookback::{self, Lost},
    outbox::{self, Stored},
    permit::{Permit, Written},
    preview,
    seal::{self, Bound, Mismatch, Opened},
    stages, targets, tokens, trouble,
};

/// The argument of tools whose reason stands in Discord's audit log.
const REASON: &str = "reason";

impl Gate {
    /// Plan it or carry it out, as mode and ceremony say.
    pub(crate) async fn write(&self, case: Case, plan: WritePlan) -> Result<Answer, Declined> {
        let ceremony = policy::ceremony(&case.standing.policy, &case.question());
        case.record
            .describe(|row| row.rules.extend(ceremony.rules.iter().cloned()));
        self.leave_questions_alone(&case, &plan.request).await?;
        if let People::ToAsk(asking) = &case.people {
            return self.ask_about(&case, asking, &plan, &ceremony).await;
        }
        // What people agreed to needs no other ceremony.
        let agreed = matches!(case.people, People::Agreed(_));
        if !agreed && plans(&case.mode, &ceremony) && !case.manner.is_carried() {
            return self.plan(&case, &plan, ceremony.needs_confirmation).await;
        }
        if let Some(answer) = self.asked_before(&case).await? {
            return Ok(answer);
        }
        let confirmation = match &case.mode {
            Mode::Confirmed(token) => Some(self.open(&case, token)?),
            Mode::Default | Mode::Execute | Mode::DryRun => None,
        };
        let Ok(slot) = self.0.slots.clone().try_acquire_owned() else {
            return Err(case.record.fail(
                "overloaded",
                "too many writes are under way; nothing was done",
                Retry::After(outbox::IN_FLIGHT_MS),
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

    /// People decide: shown first as the ceremony demands, then asked. Their word stands in the
    /// place of a confirmation.
    async fn ask_about(
        &self,
        case: &Case,
        asking: &Asking,
        plan: &WritePlan,
        ceremony: &Ceremony,
    ) -> Result<Answer, Declined> {
        let first = Ceremony {
            needs_confirmation: false,
            ..ceremony.clone()
        };
        if plans(&case.mode, &first) {
            return self.plan(case, plan, false).await;
        }
        let change = self.compare(case, plan).await?;
        let wish = Wish {
            fingerprint: fingerprint(plan, &change),
            what: What::Write {
                request: &plan.request,
                change: &change,
            },
            risk: case.risk(),
            reversible: plan.undo().is_whole(),
            planned_at: case.at,
        };
        let askings = Askings::one(asking.clone());
        self.ask_people(case, &askings, wish).await
    }

    /// What would happen, against live state.
    async fn plan(
        &self,
        case: &Case,
        plan: &WritePlan,
        needs_confirmation: bool,
    ) -> Result<Answer, Declined> {
        let mut change = self.compare(case, plan).await?;
        let known_by = fingerprint(plan, &change);
        let confirm = needs_confirmation.then(|| {
            let confirmer = case.confirmer();
            let bound = bound(case, &confirmer, known_by);
            self.0.seal.token(&bound, case.at)
        });
        let reads: Vec<&Request> = plan.live.iter().chain(&plan.fetch).collect();
        let mut checks = case.record.checks();
        checks.push(stages::not_run());
        let minutes = confirm.as_ref().map(|_| seal::LIFE_MS / 60_000);
        // The token is bound to the change itself; what of it may be shown comes after.
        self.show_change(case, &mut change).await;
        let approval = case.ask_preview();
        let how_to_run = match &approval {
            Some(ask) => ask.how_to_run(case.tool.name),
            None => preview::how_to_run(case.tool.name, case.risk(), minutes),
        };
        Ok(Answer::Planned(Box::new(Plan {
            call_id: case.record.call_id.clone(),
            tool: case.tool.name.to_owned(),
            risk: case.risk(),
            request: Some(preview::of(&plan.request)),
            checks,
            cost: self.cost(case, &plan.request, &reads),
            reversible: plan.undo().is_whole(),
            undo: Some(self.undo_note(plan.undo())),
            steps: Vec::new(),
            taking_back: None,
            how_to_run,
            change: Some(change),
            approval,
            known_by,
            confirm,
        })))
    }

    /// The change against live state.
    async fn compare(&self, case: &Case, plan: &WritePlan) -> Result<Change, Declined> {
        if let Some(known) = case.live.of(&plan.live) {
            return Ok(plan.change(known));
        }
        let live = self.live(&case.record, &case.errand(), &plan.live).await?;
        Ok(plan.change(live.answers()))
    }

    /// Open a confirmation, or say precisely what does not fit.
    pub(crate) fn open(&self, case: &Case, token: &str) -> Result<Opened, Declined> {
        let confirmer = case.confirmer();
        let bound = bound(case, &confirmer, [0; 32]);
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
        mut case: Case,
        mut plan: WritePlan,
        confirmation: Option<Opened>,
    ) -> Result<Answer, Declined> {
        let before = self.before(&mut case, &plan).await?;
        let record = &case.record;
        let outbox_id = uuid::Uuid::now_v7().to_string();
        plan.set_nonce(&outbox::nonce(&case, &outbox_id));
        let mut request = self.complete(&case, &plan).await?;
        if case.tool.argument_names().any(|name| name == REASON) {
            let reason = lookback::referred(request.reason.as_deref(), &record.call_id);
            request.reason = Some(reason);
        }
        let at = self.0.clock.now_ms();
        let image = keep::image(&case.arguments, plan.keep(at, before, &Value::Null));
        record.describe(|row| row.stage = Stage::ExecuteAndAudit);
        let intent = Intent {
            outbox_id: outbox_id.clone(),
            request: outbox::kept(&request, &case),
            repeatable: request.may_be_repeated() && request.auth == RequestAuth::Bot,
            idempotency: outbox::claim(&case, self.0.clock.now_ms()),
            confirmation: confirmation.as_ref().map(|opened| opened.spend.clone()),
            approval: case.agreed().map(|agreed| agreed.approval_id.clone()),
            keep: Some(self.keep(&case, &image)),
            lease: targets::written_channel(&request, &case.places).map(|id| (id, case.holder())),
            decision: outbox::started(&case),
        };
        let begun = self.begin(&case, intent).await?;
        if let Begun::Replay { response } = &begun {
            let answer = outbox::replay(record, response, |value| plan.view(value).untrusted)?;
            return Ok(self.show_again(case.reader(), case.around(), answer).await);
        }
        outbox::may_begin(record, &begun, self.0.clock.now_ms())?;

        // From here on the outbox row carries the outcome, and it is closed whatever happens.
        record.take_closing();
        let result = AssertUnwindSafe(self.send(&case, &plan, request, confirmation, &image))
            .catch_unwind()
            .await
            .unwrap_or_else(|_panic| {
                Err(trouble::broke_off(
                    record,
                    "look whether it happened before trying again",
                ))
            });
        let state = match &result {
            Ok((done, _)) => Sent::Sent {
                response: Stored::Done(done.view.value.clone()).text(),
            },
            Err(declined) => Stored::of_declined(declined),
        };
        let (result, kept) = match result {
            Ok((done, kept)) => (Ok(Answer::Done(done)), Some(kept)),
            Err(declined) => (Err(declined), None),
        };
        self.end(record, outbox_id, (state, kept), result).await
    }

    /// The request with what had to be fetched for it.
    async fn complete(&self, case: &Case, plan: &WritePlan) -> Result<Request, Declined> {
        let fetched = self
            .ask(&case.errand(), &plan.fetch)
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
        image: &Image,
    ) -> Result<(Done, Value), Declined> {
        if let Some(opened) = confirmation {
            let planned_at = opened.spend.expires_at - seal::LIFE_MS;
            self.still_the_same(case, planned_at, |plan| opened.fits(plan))
                .await?;
        }
        if let Some(agreed) = case.agreed() {
            self.still_the_same(case, agreed.planned_at, |plan| agreed.fits(plan))
                .await?;
        }
        let Some(passed) = &case.passed else {
            return Err(gate::broken(&case.record));
        };
        let permit = Permit::grant(passed, Written::down(), request);
        let errand = case.errand();
        crash::point("hands", "sending");
        let answer = self.0.hands.write(&permit, &errand).await;
        crash::point("hands", "answered");
        self.forget(case, model::Permitted::request(&permit));
        let body = match answer {
            Ok(response) => response.body,
            Err(error) if error.nothing_happened() => {
                return Err(self.explain(case, plan, &error).await);
            }
            Err(error) => {
                let lost = Lost {
                    plan,
                    call_id: &case.record.call_id,
                    guild: case.places.guild(),
                    at: image.kept.at,
                    before: &image.kept.before,
                };
                match self.look_back(&lost, &errand).await {
                    Found::Happened(body) => body,
                    Found::DidNotHappen => return Err(trouble::did_not_happen(&case.record)),
                    Found::CannotTell => return Err(self.explain(case, plan, &error).await),
                }
            }
        };
        let view = shown(plan, &body);
        let view = self.show(case.reader(), case.around(), view).await;
        let done = Done {
            call_id: case.record.call_id.clone(),
            view: self.tell_own_words(view),
            replayed: false,
        };
        Ok((done, keep::finished(image, plan, &body)))
    }

    /// Whether what was confirmed is what would happen now. Arguments that count from now count
    /// from the moment of the plan here.
    async fn still_the_same(
        &self,
        case: &Case,
        planned_at: Millis,
        fits: impl Fn([u8; 32]) -> bool + Send,
    ) -> Result<(), Declined> {
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
        if fits(fingerprint(&plan, &change)) {
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
    async fn explain(&self, case: &Case, plan: &WritePlan, error: &HandsError) -> Declined {
        let mut declined = trouble::writing(&case.record, error);
        let HandsError::Api { status: 403, .. } = error else {
            return declined;
        };
        for guild in &case.places.guilds {
            self.0.surroundings.forget(*guild);
        }
        let rights = self.missing_now(case, plan).await;
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

    async fn missing_now(&self, case: &Case, plan: &WritePlan) -> Result<Rights, HandsError> {
        let mut rights = facts::rights(
            &*self.0.surroundings,
            case.origin,
            &case.tool.needs,
            &case.aims,
            &case.places,
        )
        .await?;
        self.subtract_waived(plan, &case.live, case.origin, &mut rights)
            .await?;
        Ok(rights)
    }
}

/// Whether a write is only planned.
pub(crate) fn plans(mode: &Mode, ceremony: &Ceremony) -> bool {
    match mode {
        Mode::DryRun => true,
        Mode::Default => ceremony.dry_run_by_default || ceremony.needs_confirmation,
        Mode::Execute => ceremony.needs_confirmation,
        Mode::Confirmed(_) => false,
    }
}

/// A view must not undo what was done: where it panics, the answer says so.
pub(crate) fn shown(plan: &WritePlan, body: &Value) -> View {
    let shown = std::panic::catch_unwind(AssertUnwindSafe(|| plan.view(body)));
    let mut view = shown.unwrap_or_else(|_panic| View {
        value: json!({ "done": true, "note": "carried out; the result could not be shown" }),
        untrusted: &[],
    });
    // It is kept for replays.
    tokens::hide(&mut view.value);
    view
}

/// What a plan is known by: the request and what it would change. Without the nonce, which belongs
/// to one sending.
fn fingerprint(plan: &WritePlan, change: &Change) -> [u8; 32] {
    digest::of(&json!({ "request": plan.request, "change": change }))
}

pub(crate) fn bound<'a>(case: &'a Case, confirmer: &'a str, plan: [u8; 32]) -> Bound<'a> {
    Bound {
        principal: confirmer,
        arguments: &case.digest,
        policy_version: &case.standing.version,
        plan,
    }
}

/// Whether permissions, hierarchy or places may look different afterwards.
pub(crate) fn touches_facts(request: &Request) -> bool {
    let template = &request.path.template;
    !template.contains("/messages") && !template.starts_with("/webhooks/")
}

pub(crate) fn unfit(mismatch: Mismatch) -> Reason {
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
