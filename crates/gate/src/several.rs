//! Several calls as one: all are judged before any is carried out, one plan shows them, one
//! confirmation binds them, and they run in order until one does not go through.

use std::{future::Future, pin::Pin};

use catalogue::{FlowCall, Prepared, Undo};
use model::{Call, GuildId, Millis, Mode, Reason, Risk, Stage, forecast::Forecast};
use serde_json::{Map, Value, json};

use crate::{
    Gate,
    answer::{Answer, Cost, Declined, Failure, Plan, Refusal, StepPlan, TakingBack},
    approval::{self, AskPreview, Asked, Asking, Askings},
    batch,
    case::Case,
    cost, digest,
    gate::{self, Told},
    manner::Manner,
    preview, seal, stages,
    steps::{self, Part},
    undo::Look,
    write,
};

/// What is carried out together.
pub(crate) struct Whole {
    pub parts: Vec<Part>,
    pub on_failure: OnFailure,
    /// The call that all this takes back, and where to look whether the world is as it left it.
    pub takes_back: Option<(TakingBack, Vec<Look>)>,
    /// The moment that its arguments count from, where that is not the one when it runs.
    pub at: Option<Millis>,
    /// Whether it may go on where somebody changed the world since.
    pub even_if_changed: bool,
}

/// What happens to the steps before one that does not go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFailure {
    Stop,
    RollBack,
}

/// What planning found.
struct Shown {
    steps: Vec<StepPlan>,
    needs_confirmation: bool,
    guild: Option<GuildId>,
    /// Whom the policy wants asked about them.
    asking: Vec<Asking>,
}

type Stepped<'a> = Pin<Box<dyn Future<Output = Told> + Send + 'a>>;

impl Gate {
    /// Plan the whole or carry it out.
    pub(crate) async fn several(&self, case: Case, flow: FlowCall) -> Result<Answer, Declined> {
        let opened = match &case.mode {
            Mode::Confirmed(token) => Some(self.open(&case, token)?),
            Mode::Default | Mode::Execute | Mode::DryRun => None,
        };
        // What people agreed to, or who confirmed, saw a plan of that moment.
        let at = match (&opened, case.agreed()) {
            (Some(opened), _) => opened.spend.expires_at - seal::LIFE_MS,
            (None, Some(agreed)) => agreed.planned_at,
            (None, None) => case.at,
        };
        let mut whole = match case.tool.name {
            batch::NAME => {
                batch::whole(flow.arguments).map_err(|reason| case.record.refuse(None, reason))?
            }
            _ => self.taking_back(&case, &flow.arguments, at).await?,
        };
        let ceremony = policy::ceremony(&case.standing.policy, &case.question());
        case.record
            .describe(|row| row.rules.extend(ceremony.rules.iter().cloned()));
        let mut shown = self.shown_steps(&case, &whole, at).await?;
        case.record
            .describe(|row| row.guild_id = row.guild_id.or(shown.guild));
        if let Some((taking_back, looks)) = &mut whole.takes_back {
            taking_back.changed_since = self.changed_since(&case, looks).await?;
        }
        let askings = approval::to_ask(&case, std::mem::take(&mut shown.asking))?;
        // People's word stands in the place of a confirmation.
        let needs_confirmation = askings.is_none()
            && case.agreed().is_none()
            && (ceremony.needs_confirmation || shown.needs_confirmation);
        let only_plans = match case.mode {
            Mode::DryRun => true,
            Mode::Default => ceremony.dry_run_by_default || needs_confirmation,
            Mode::Execute => needs_confirmation,
            Mode::Confirmed(_) => false,
        };
        let fingerprint = fingerprint(&whole, &shown);
        if only_plans {
            if let Some((taking_back, _)) = &mut whole.takes_back {
                self.show_changed_since(&case, &mut taking_back.changed_since)
                    .await;
                self.show_old_words(&case, &mut shown.steps).await;
            }
            let confirm = needs_confirmation.then_some(fingerprint);
            return Ok(self.plan_whole(&case, &whole, shown, confirm, askings.as_ref()));
        }
        if !whole.even_if_changed
            && let Some((taking_back, _)) = &whole.takes_back
            && !taking_back.changed_since.is_empty()
        {
            let reason = Reason::new(
                "changed_since",
                "somebody changed this after the call that would be taken back; nothing was done",
            )
            .with_hint(
                "call with `dry_run` to see what changed; `even_if_changed` goes on all the same",
            );
            return Err(case.record.refuse(Some(Stage::ExecuteAndAudit), reason));
        }
        if let Some(askings) = askings {
            let asked = Asked {
                whole: &whole,
                // Also of reads alone it is a whole that the gate carries out.
                risk: risk_of(&shown.steps)
                    .into_iter()
                    .chain([case.risk()])
                    .max_by_key(|risk| rank(*risk))
                    .unwrap_or(Risk::Write),
                reversible: together(&shown.steps).is_whole(),
                steps: &shown.steps,
                fingerprint,
                at,
            };
            return self.ask_about_whole(&case, &askings, asked).await;
        }
        let fits = match (&opened, case.agreed()) {
            (Some(opened), _) => opened.fits(fingerprint),
            (None, Some(agreed)) => agreed.fits(fingerprint),
            (None, None) => true,
        };
        if !fits {
            let reason = Reason::new(
                "plan_changed",
                "what this would change is no longer as the confirmed plan showed it; nothing \
                 was done",
            )
            .with_hint("call again without `confirm` to see the new plan");
            return Err(case.record.refuse(Some(Stage::ExecuteAndAudit), reason));
        }
        if let Some(answer) = self.asked_before(&case).await? {
            return Ok(answer);
        }
        let (gate, record) = (self.clone(), case.record.clone());
        let spend = opened.map(|opened| opened.spend);
        let task = self
            .0
            .tracker
            .spawn(async move { gate.carry(case, whole, spend).await });
        match task.await {
            Ok(result) => result,
            Err(_panic) => Err(gate::broken(&record)),
        }
    }

    /// One of the calls. A box, for the gate calls itself here.
    pub(crate) fn step<'a>(
        &'a self,
        case: &Case,
        part: &Part,
        arguments: Map<String, Value>,
        manner: Manner,
    ) -> Stepped<'a> {
        let mode = if manner.is_carried() {
            Mode::Execute
        } else {
            Mode::DryRun
        };
        let call = Call {
            principal: case.principal.clone(),
            tool: part.tool.name.to_owned(),
            arguments,
            mode,
            idempotency_key: None,
            agent: case.agent.clone(),
            session: case.session.clone(),
            origin: case.origin,
        };
        Box::pin(async move { self.call_told(call, manner).await })
    }

    /// Judge every step against the world as it is. What takes an id from an earlier one is only
    /// read now, and judged when its turn comes; then the whole takes a confirmation.
    async fn shown_steps(&self, case: &Case, whole: &Whole, at: Millis) -> Result<Shown, Declined> {
        let mut shown = Shown {
            steps: Vec::new(),
            needs_confirmation: false,
            guild: None,
            asking: Vec::new(),
        };
        for (index, part) in whole.parts.iter().enumerate() {
            let step = if part.takes.is_empty() {
                let arguments = part.arguments.clone();
                let told = self.step(case, part, arguments, Manner::Shown { at }).await;
                shown.guild = shown.guild.or(told.guild);
                shown.asking.extend(told.asking);
                let plan = match told.result {
                    Ok(Answer::Planned(plan)) => plan,
                    Ok(Answer::Done(_) | Answer::Waiting(_)) => {
                        return Err(gate::broken(&case.record));
                    }
                    Err(declined) => return Err(named(case, index, part, declined)),
                };
                shown.needs_confirmation |= plan.confirm.is_some();
                step_of(index, *plan)
            } else {
                shown.needs_confirmation = true;
                let asking = approval::of_later_step(case, part, shown.guild);
                shown.asking.extend(asking);
                self.later(case, index, part, at)?
            };
            if whole.on_failure == OnFailure::RollBack
                && let Some(Undo::No { reason }) = step.undo.as_ref().map(|note| &note.undo)
            {
                let reason = Reason::new(
                    "cannot_roll_back",
                    format!(
                        "step {} ({}) cannot be undone: {reason}",
                        step.step, step.tool
                    ),
                )
                .with_hint("leave out `on_failure`, which stops at the first failure");
                return Err(case.record.refuse(None, reason));
            }
            shown.steps.push(step);
        }
        Ok(shown)
    }

    fn later(
        &self,
        case: &Case,
        index: usize,
        part: &Part,
        at: Millis,
    ) -> Result<StepPlan, Declined> {
        let prepared = steps::understood(part, at).map_err(|message| {
            let message = format!("step {} ({}): {message}", index + 1, part.tool.name);
            case.record
                .refuse(None, Reason::new("invalid_arguments", message))
        })?;
        if !gate::may_ever(&case.standing.policy, &case.principal, part.tool) {
            let message = format!("step {}: {} is not allowed", index + 1, part.tool.name);
            let reason = Reason::new("tool_not_allowed", message);
            return Err(case.record.refuse(Some(Stage::PlatformPermission), reason));
        }
        let from: Vec<String> = part.takes.iter().map(|it| it.step.to_string()).collect();
        Ok(StepPlan {
            step: index + 1,
            tool: part.tool.name.to_owned(),
            risk: part.tool.risk,
            request: None,
            change: None,
            undo: match prepared {
                Prepared::Write(plan) => Some(self.undo_note(plan.undo())),
                Prepared::Read(_) | Prepared::Flow(_) => None,
            },
            cost: cost::free(),
            known_by: [0; 32],
            note: Some(format!(
                "takes an id from step {}, and is judged when that is done",
                from.join(" and ")
            )),
        })
    }

    fn plan_whole(
        &self,
        case: &Case,
        whole: &Whole,
        shown: Shown,
        confirm: Option<[u8; 32]>,
        askings: Option<&Askings>,
    ) -> Answer {
        let confirm = confirm.map(|fingerprint| {
            let confirmer = case.confirmer();
            let bound = write::bound(case, &confirmer, fingerprint);
            self.0.seal.token(&bound, case.at)
        });
        let minutes = confirm.as_ref().map(|_| seal::LIFE_MS / 60_000);
        let mut checks = case.record.checks();
        checks.push(stages::not_run());
        let risk = risk_of(&shown.steps);
        let approval = askings.map(|askings| AskPreview::of(askings, case.origin));
        let how_to_run = match &approval {
            Some(ask) => ask.how_to_run(case.tool.name),
            None => preview::how_to_run(case.tool.name, case.risk(), minutes),
        };
        let undo = together(&shown.steps);
        Answer::Planned(Box::new(Plan {
            call_id: case.record.call_id.clone(),
            tool: case.tool.name.to_owned(),
            risk: risk.unwrap_or(case.risk()),
            request: None,
            change: None,
            checks,
            cost: of_all(&shown.steps),
            reversible: undo.is_whole(),
            undo: Some(self.undo_note(undo)),
            steps: shown.steps,
            taking_back: whole.takes_back.as_ref().map(|(it, _)| it.clone()),
            how_to_run,
            approval,
            known_by: [0; 32],
            confirm,
        }))
    }
}

fn step_of(index: usize, plan: Plan) -> StepPlan {
    StepPlan {
        step: index + 1,
        tool: plan.tool,
        risk: plan.risk,
        request: plan.request,
        change: plan.change,
        undo: plan.undo,
        cost: plan.cost,
        known_by: plan.known_by,
        note: None,
    }
}

/// What the plan of a whole is known by: each step's request and change, hidden or not, and what
/// was changed since by others. Arguments and policy are bound beside it.
fn fingerprint(whole: &Whole, shown: &Shown) -> [u8; 32] {
    let steps: Vec<Value> = shown
        .steps
        .iter()
        .map(|step| json!({ "tool": step.tool, "known_by": step.known_by }))
        .collect();
    let since = whole.takes_back.as_ref().map(|(it, _)| &it.changed_since);
    digest::of(&json!({ "steps": steps, "changed_since": since }))
}

/// What the steps cost one after the other; the slowest is what holds them up.
fn of_all(steps: &[StepPlan]) -> Cost {
    let slow = |forecast: &&Forecast| forecast.milliseconds;
    let forecasts = || steps.iter().filter_map(|step| step.cost.forecast.as_ref());
    let forecast = forecasts().max_by_key(slow).map(|slowest| Forecast {
        milliseconds: forecasts().map(|it| it.milliseconds).sum(),
        requests: forecasts().map(|it| it.requests).sum(),
        bottleneck: slowest.bottleneck.clone(),
    });
    let mut note = format!(
        "{} calls, each against the limit of its own route",
        steps.len()
    );
    if let Some(forecast) = &forecast {
        note = format!("{note}; {forecast}");
    }
    Cost {
        route: "several".to_owned(),
        note,
        requests: steps.iter().map(|step| step.cost.requests).sum(),
        forecast,
    }
}

/// How far all the steps can be taken back.
fn together(steps: &[StepPlan]) -> Undo {
    let mut lost = Vec::new();
    for step in steps {
        match step.undo.as_ref().map(|note| &note.undo) {
            None | Some(Undo::Yes) => {}
            Some(Undo::Partly { lost: of_step }) => lost.extend(
                of_step
                    .iter()
                    .map(|what| format!("step {}: {what}", step.step)),
            ),
            Some(Undo::No { reason }) => lost.push(format!("step {}: {reason}", step.step)),
        }
    }
    if lost.is_empty() {
        Undo::Yes
    } else {
        Undo::Partly { lost }
    }
}

fn risk_of(steps: &[StepPlan]) -> Option<Risk> {
    let risks = steps.iter().map(|step| step.risk);
    risks.max_by_key(|risk| rank(*risk))
}

fn rank(risk: Risk) -> u8 {
    match risk {
        Risk::Read => 0,
        Risk::Write => 1,
        Risk::Destructive => 2,
    }
}

/// A step's decline as the whole's: nothing of the whole was done.
pub(crate) fn named(case: &Case, index: usize, part: &Part, declined: Declined) -> Declined {
    let step = format!("step {} ({})", index + 1, part.tool.name);
    let call_id = case.record.call_id.clone();
    match unasked(declined) {
        Declined::Refused(refusal) => {
            let mut reason = refusal.reason;
            reason.message = format!("{step}: {}", reason.message);
            case.record
                .describe(|row| row.stage = refusal.stage.unwrap_or(row.stage));
            Declined::Refused(Box::new(Refusal {
                call_id,
                reason,
                ..*refusal
            }))
        }
        Declined::Failed(failure) => Declined::Failed(Box::new(Failure {
            call_id,
            message: format!("{step}: {}", failure.message),
            ..*failure
        })),
    }
}

/// A step about which people would have to be asked says so in its own way: it cannot wait for them.
pub(crate) fn unasked(declined: Declined) -> Declined {
    match declined {
        Declined::Refused(mut refusal)
            if refusal
                .checks
                .last()
                .is_some_and(|check| matches!(check.verdict, model::Verdict::Ask(_))) =>
        {
            refusal.reason = Reason::new("step_needs_approval", refusal.reason.message).with_hint(
                "this was known only when its turn came: call this tool by itself, and people \
                 are asked about it",
            );
            Declined::Refused(refusal)
        }
        other => other,
    }
}
