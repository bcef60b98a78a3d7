//! The record of one call while it is judged: what each check said, and the audit row it ends with.
//! A call that is dropped half-way is written down too.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use model::{
    Call, ChannelId, Check, Clock, GuildId, Reason, Stage, Verdict,
    ledger::{Decision, Ledger, Outcome, StoreError},
};
use policy::Ruling;
use tokio_util::task::TaskTracker;

use crate::{
    answer::{Answer, Declined, Failure, LimitHit, Refusal, Retry},
    approval::Asking,
    stages::{self, Exceeded, Pace},
};

/// One call's page in the book.
pub(crate) struct Record {
    pub call_id: String,
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    tracker: TaskTracker,
    began: Instant,
    page: Mutex<Page>,
}

struct Page {
    decision: Decision,
    checks: Vec<Check>,
    asking: Option<Asking>,
    closed: bool,
}

impl Record {
    /// Open the page. The tool is not known to exist yet, so its name is clipped.
    pub(crate) fn open(
        ledger: &Arc<dyn Ledger>,
        clock: &Arc<dyn Clock>,
        tracker: &TaskTracker,
        call: &Call,
        policy_version: &str,
    ) -> Self {
        let call_id = uuid::Uuid::now_v7().to_string();
        let decision = Decision {
            call_id: call_id.clone(),
            workspace: call.principal.workspace.clone(),
            at: clock.now_ms(),
            principal: call.principal.id.clone(),
            agent: call.agent.clone(),
            origin: call.origin.as_str().to_owned(),
            tool: call.tool.chars().take(64).collect(),
            risk: None,
            guild_id: None,
            channel_id: None,
            digest: String::new(),
            outcome: Outcome::Refused,
            stage: Stage::ClientAuthentication,
            code: String::new(),
            reason: String::new(),
            rules: Vec::new(),
            policy_version: policy_version.to_owned(),
            duration_us: 0,
        };
        Self {
            call_id,
            ledger: Arc::clone(ledger),
            clock: Arc::clone(clock),
            tracker: tracker.clone(),
            began: Instant::now(),
            page: Mutex::new(Page {
                decision,
                checks: Vec::new(),
                asking: None,
                closed: false,
            }),
        }
    }

    /// Go on with the page of an earlier call.
    pub(crate) fn of_call(mut self, call_id: &str) -> Self {
        call_id.clone_into(&mut self.call_id);
        call_id.clone_into(&mut self.page().decision.call_id);
        self
    }

    /// Where the call acts, as far as it is known.
    pub(crate) fn place(&self) -> (Option<GuildId>, Option<ChannelId>) {
        let page = self.page();
        (page.decision.guild_id, page.decision.channel_id)
    }

    /// Note that a check wants people asked, and go on: they are not asked about what would be
    /// refused anyway.
    pub(crate) fn asks(&self, stage: Stage, ruling: Ruling, asking: &Asking) {
        let mut page = self.page();
        page.asking = Some(asking.clone());
        page.decision.stage = stage;
        page.decision.rules.extend(ruling.rules);
        page.checks.push(Check {
            stage,
            verdict: ruling.verdict,
        });
    }

    /// Whom a check wants asked.
    pub(crate) fn asking(&self) -> Option<Asking> {
        self.page().asking.clone()
    }

    /// Fill in what has become known about the call.
    pub(crate) fn describe(&self, fill: impl FnOnce(&mut Decision)) {
        fill(&mut self.page().decision);
    }

    /// Note what a check said, and stop where it says no.
    pub(crate) fn check(&self, stage: Stage, ruling: Ruling) -> Result<(), Declined> {
        self.check_with(stage, ruling, None)
    }

    /// Like [`check`](Self::check), with the time after which it may say yes.
    pub(crate) fn check_with(
        &self,
        stage: Stage,
        ruling: Ruling,
        retry_after_ms: Option<u64>,
    ) -> Result<(), Declined> {
        self.note(stage, ruling, None, retry_after_ms)
    }

    /// The seventh check, with the limit that is used up and the time after which there is room.
    pub(crate) fn check_pace(&self, pace: Pace) -> Result<(), Declined> {
        let ruling = stages::rate_limit(&pace);
        let (limit, retry_after_ms) = match pace.exceeded {
            Some((limit, Exceeded::Wait { wait_ms, .. })) => (Some(limit), Some(wait_ms)),
            Some((limit, Exceeded::ForEver)) => (Some(limit), None),
            None => (None, None),
        };
        self.note(Stage::RateLimit, ruling, limit, retry_after_ms)
    }

    fn note(
        &self,
        stage: Stage,
        ruling: Ruling,
        limit: Option<LimitHit>,
        retry_after_ms: Option<u64>,
    ) -> Result<(), Declined> {
        let mut page = self.page();
        page.decision.stage = stage;
        page.decision.rules.extend(ruling.rules);
        let refusal = match &ruling.verdict {
            Verdict::Allow(_) => None,
            Verdict::Deny(reason) | Verdict::Ask(reason) => Some(reason.clone()),
        };
        page.checks.push(Check {
            stage,
            verdict: ruling.verdict,
        });
        match refusal {
            None => Ok(()),
            Some(reason) => Err(Declined::Refused(Box::new(Refusal {
                call_id: self.call_id.clone(),
                stage: Some(stage),
                reason,
                retry_after_ms,
                limit,
                checks: page.checks.clone(),
            }))),
        }
    }

    /// Say no for something that is not one of the checks.
    pub(crate) fn refuse(&self, stage: Option<Stage>, reason: Reason) -> Declined {
        Declined::Refused(Box::new(Refusal {
            call_id: self.call_id.clone(),
            stage,
            reason,
            retry_after_ms: None,
            limit: None,
            checks: self.checks(),
        }))
    }

    /// Say that something broke.
    pub(crate) fn fail(&self, code: &str, message: impl Into<String>, retry: Retry) -> Declined {
        Declined::Failed(Box::new(Failure {
            call_id: self.call_id.clone(),
            code: code.to_owned(),
            message: message.into(),
            hint: None,
            retry,
        }))
    }

    /// What the checks said so far.
    pub(crate) fn checks(&self) -> Vec<Check> {
        self.page().checks.clone()
    }

    /// The guild that it concerns, as far as that was found out.
    pub(crate) fn guild(&self) -> Option<GuildId> {
        self.page().decision.guild_id
    }

    /// Whether check 7 counted it.
    pub(crate) fn counted(&self) -> bool {
        let page = self.page();
        page.checks
            .iter()
            .any(|check| check.stage == Stage::RateLimit)
    }

    /// The audit row for an outcome, as of now.
    pub(crate) fn row(&self, outcome: Outcome, code: &str, reason: &str) -> Decision {
        let page = self.page();
        Decision {
            at: self.clock.now_ms(),
            outcome,
            code: code.to_owned(),
            reason: reason.to_owned(),
            duration_us: i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX),
            ..page.decision.clone()
        }
    }

    /// The audit row for what the caller gets.
    pub(crate) fn row_for(&self, result: &Result<Answer, Declined>) -> Decision {
        match result {
            Ok(Answer::Done(done)) if done.replayed => {
                self.row(Outcome::Replayed, "replayed", "the key had its answer")
            }
            Ok(Answer::Done(_)) => self.row(Outcome::Done, "ok", "carried out"),
            Ok(Answer::Waiting(_)) => {
                self.row(Outcome::Waiting, "approval_pending", "it waits for people")
            }
            Ok(Answer::Planned(_)) => self.row(Outcome::Planned, "planned", "only planned"),
            Err(Declined::Refused(refusal)) => {
                // Messages about arguments repeat them, and the audit holds no arguments.
                let reason = match refusal.stage {
                    Some(_) => refusal.reason.message.as_str(),
                    None => "refused as it was asked, outside the checks",
                };
                self.row(Outcome::Refused, &refusal.reason.code, reason)
            }
            Err(Declined::Failed(failure)) => {
                let outcome = match failure.retry {
                    Retry::Unknown => Outcome::Unknown,
                    Retry::No | Retry::After(_) => Outcome::Failed,
                };
                self.row(outcome, &failure.code, &failure.message)
            }
        }
    }

    /// Write the last row, unless the way of a write has done it already.
    pub(crate) async fn close(&self, result: &Result<Answer, Declined>) -> Result<(), StoreError> {
        if self.take_closing() {
            return Ok(());
        }
        self.ledger.record(self.row_for(result)).await
    }

    /// From here on somebody else writes the last row. `true` if that was so before.
    pub(crate) fn take_closing(&self) -> bool {
        std::mem::replace(&mut self.page().closed, true)
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The caller went away before there was an answer: that is an outcome too.
impl Drop for Record {
    fn drop(&mut self) {
        if self.take_closing() || tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let row = self.row(
            Outcome::Failed,
            "caller_went_away",
            "the caller went away before there was an answer",
        );
        let ledger = Arc::clone(&self.ledger);
        let _detached = self.tracker.spawn(async move {
            if let Err(error) = ledger.record(row).await {
                tracing::error!(%error, "an abandoned call could not be recorded");
            }
        });
    }
}
