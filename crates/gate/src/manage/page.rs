//! The record of one attempt to manage something.

use std::time::Instant;

use model::{
    Origin, Principal, Reason, Risk, Stage, WorkspaceId,
    ledger::{Decision, Outcome, StoreError},
};
use serde_json::json;

use super::{Command, Desk, PER_MINUTE};
use crate::{
    answer::{Declined, Failure, Refusal, Retry},
    digest,
};

/// What to wait for when the books cannot be written, in milliseconds.
const SHORTLY: u64 = 1_000;

/// One attempt's page in the book.
pub(super) struct Page<'a> {
    desk: &'a Desk,
    began: Instant,
    decision: Decision,
}

impl<'a> Page<'a> {
    /// In the chain of whoever asks, until it is clear that they may.
    pub(super) fn open(
        desk: &'a Desk,
        principal: &Principal,
        origin: Origin,
        command: &Command,
    ) -> Self {
        Self {
            desk,
            began: Instant::now(),
            decision: Decision {
                call_id: uuid::Uuid::now_v7().to_string(),
                workspace: principal.workspace.clone(),
                at: 0,
                principal: principal.id.clone(),
                agent: None,
                origin: origin.as_str().to_owned(),
                tool: command.name().to_owned(),
                risk: command.only_reads().then_some(Risk::Read),
                guild_id: command.guild(),
                channel_id: None,
                digest: digest::of_call(command.name(), &json!(command)),
                outcome: Outcome::Refused,
                stage: Stage::ClientAuthentication,
                code: String::new(),
                reason: String::new(),
                rules: Vec::new(),
                policy_version: String::new(),
                duration_us: 0,
            },
        }
    }

    /// It is about this workspace, by somebody who may.
    pub(super) fn belongs_to(&mut self, workspace: &WorkspaceId) {
        self.decision.workspace = workspace.clone();
        self.decision.stage = Stage::ExecuteAndAudit;
    }

    /// Count the attempt, or refuse it. Of refusals of this kind one a second is written down.
    pub(super) async fn in_time(&mut self, principal: &Principal) -> Result<(), Declined> {
        let now = self.desk.books.clock.now_ms();
        let counted = self.desk.attempts.managing(&principal.id, PER_MINUTE, now);
        let Err((wait, written)) = counted else {
            return Ok(());
        };
        let reason = Reason::new(
            "too_many_attempts",
            "too many attempts to manage in a minute",
        )
        .with_hint(format!("try again in {wait} ms"));
        let mut declined = match written {
            Some(_) => self.refuse(Some(Stage::RateLimit), reason).await,
            None => self.refusal(Some(Stage::RateLimit), reason),
        };
        if let Declined::Refused(refusal) = &mut declined {
            refusal.retry_after_ms = Some(wait);
        }
        Err(declined)
    }

    /// Write down that it was refused.
    pub(super) async fn refuse(&mut self, stage: Option<Stage>, reason: Reason) -> Declined {
        if let Some(stage) = stage {
            self.decision.stage = stage;
        }
        // What the arguments said stays out of the audit.
        let said = match stage {
            Some(_) => reason.message.clone(),
            None => "refused as it was asked".to_owned(),
        };
        match self.note(Outcome::Refused, &reason.code, &said).await {
            Ok(()) => self.refusal(stage, reason),
            Err(declined) => declined,
        }
    }

    /// Write a row.
    pub(super) async fn note(
        &self,
        outcome: Outcome,
        code: &str,
        reason: &str,
    ) -> Result<(), Declined> {
        let row = self.row(outcome, code, reason);
        let written = self.desk.books.ledger.record(row).await;
        written.map_err(|error| self.broke(&error))
    }

    /// The row of a change, to be committed with it.
    pub(super) fn done(&self) -> Decision {
        self.row(Outcome::Done, "ok", "carried out")
    }

    fn row(&self, outcome: Outcome, code: &str, reason: &str) -> Decision {
        let micros = self.began.elapsed().as_micros();
        Decision {
            at: self.desk.books.clock.now_ms(),
            outcome,
            code: code.to_owned(),
            reason: reason.to_owned(),
            duration_us: i64::try_from(micros).unwrap_or(i64::MAX),
            ..self.decision.clone()
        }
    }

    /// The books cannot be read or written.
    pub(super) fn broke(&self, error: &StoreError) -> Declined {
        let call_id = &self.decision.call_id;
        tracing::error!(%call_id, %error, "something could not be managed");
        Declined::Failed(Box::new(Failure {
            call_id: call_id.clone(),
            code: "store_unavailable".to_owned(),
            message: "the service's database could not be used".to_owned(),
            hint: Some("look whether it happened before trying again".to_owned()),
            retry: Retry::After(SHORTLY),
        }))
    }

    fn refusal(&self, stage: Option<Stage>, reason: Reason) -> Declined {
        Declined::Refused(Box::new(Refusal {
            call_id: self.decision.call_id.clone(),
            stage,
            reason,
            retry_after_ms: None,
            limit: None,
            checks: Vec::new(),
        }))
    }
}
