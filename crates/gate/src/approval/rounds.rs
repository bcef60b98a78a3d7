//! The rounds: what is due is seen to, on whichever instance comes first. A restart needs nothing
//! else, because all that must happen is in the rows.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use model::{
    Call, Mode, Stage,
    approval::{Approval, ApprovalFilter, Approvals, State},
    ledger::StoreError,
};

use super::{
    ROOM,
    happen::{Trouble, happen_to},
    machine::{Effect, Event},
};
use crate::{
    Gate,
    answer::{Answer, Declined},
    manner::Manner,
    record::Record,
    standing::Standing,
};

/// How often to look.
const ROUND: Duration = Duration::from_secs(2);
/// Approvals seen to in one round.
const AT_ONCE: u32 = 50;

impl Gate {
    /// See to approvals until [`Gate::drain`]: expiry, reminders, escalation, messages that show
    /// what is true, and granted calls that nobody carries out yet.
    pub fn attend_approvals(&self) {
        let gate = self.clone();
        let _ends_by_itself = self.0.tracker.spawn(async move {
            let closing = gate.0.closing.clone();
            loop {
                if let Err(error) = gate.round_of_approvals().await {
                    tracing::warn!(%error, "approvals could not be seen to; again in a moment");
                }
                let pause = async {
                    tokio::select! {
                        () = gate.0.approvals.changed.notified() => {}
                        () = tokio::time::sleep(ROUND) => {}
                    }
                };
                if closing.run_until_cancelled(pause).await.is_none() {
                    return;
                }
            }
        });
    }

    /// One round.
    ///
    /// # Errors
    /// The store cannot be used; nothing is lost.
    pub async fn round_of_approvals(&self) -> Result<(), StoreError> {
        let Some(port) = self.approvals() else {
            return Ok(());
        };
        self.weigh_again(&*port).await?;
        let now = self.0.clock.now_ms();
        for approval in port.due_approvals(now, AT_ONCE).await? {
            if self.0.closing.is_cancelled() {
                return Ok(());
            }
            // Whoever wins this is the one who attends; if it dies, it is due again.
            let attended = happen_to(&*port, &*self.0.clock, &approval, &Event::Attend).await?;
            let Some((approval, _)) = attended else {
                continue;
            };
            match self.attend(&*port, approval).await {
                Ok(()) | Err(Trouble::Ignored { .. } | Trouble::None { .. }) => {}
                Err(Trouble::Store(error)) => return Err(error),
            }
            self.0.approvals.changed.notify_waiters();
        }
        Ok(())
    }

    async fn attend(&self, port: &dyn Approvals, mut approval: Approval) -> Result<(), Trouble> {
        // What time alone does, step by step.
        while let Some((after, effect)) =
            happen_to(port, &*self.0.clock, &approval, &Event::Tick).await?
        {
            approval = after;
            if effect == Effect::Remind {
                self.remind(&approval).await;
            }
        }
        match approval.state {
            State::Posting | State::Pending => approval = self.post_all(approval).await?,
            State::Granted if !approval.call.is_fetched() => {
                let (gate, granted) = (self.clone(), approval.clone());
                // Ends when it is carried out, or put off for the next round.
                self.0
                    .tracker
                    .spawn(async move { gate.carry_out_granted(granted).await });
                return Ok(());
            }
            _ => {}
        }
        self.show_all(approval).await.map(drop)
    }

    /// After a change of policy: what it does not allow any more, or does not ask about any more, is
    /// taken back.
    async fn weigh_again(&self, port: &dyn Approvals) -> Result<(), StoreError> {
        let versions = self.policy_versions();
        let weighed = &self.0.approvals.weighed;
        let known = weighed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if known == versions {
            return Ok(());
        }
        let filter = ApprovalFilter {
            state: Some(State::Pending),
            principal: None,
        };
        for approval in port.list_approvals(&filter, ROOM.all).await? {
            let standing = self.standing(&approval.call.principal.workspace);
            if approval.call.policy_version == *standing.version {
                continue;
            }
            if let Some(why) = self.objection_today(&approval, standing).await {
                let cancelled = self.happens(&approval.id, &Event::Cancel { why }).await;
                if let Err(Trouble::Store(error)) = cancelled {
                    return Err(error);
                }
            }
        }
        *weighed.lock().unwrap_or_else(PoisonError::into_inner) = versions;
        Ok(())
    }

    /// Why today's policy would not ask the same people about this call.
    async fn objection_today(&self, approval: &Approval, standing: Standing) -> Option<String> {
        if !super::terms::still_stand(&approval.terms, &standing.policy) {
            return Some("the policy asks other people now".to_owned());
        }
        let held = &approval.call;
        let call = Call {
            principal: held.principal.clone(),
            tool: held.tool.clone(),
            arguments: held.arguments.clone().unwrap_or_default(),
            mode: Mode::DryRun,
            idempotency_key: None,
            agent: held.agent.clone(),
            session: held.session.clone(),
            origin: held.origin,
        };
        let record = Arc::new(Record::open(
            &self.0.ledger,
            &self.0.clock,
            &self.0.tracker,
            &call,
            &standing.version,
        ));
        // A question to ourselves, which is no decision.
        record.take_closing();
        match self
            .judge_contained(call, standing, &record, Manner::Alone, None)
            .await
        {
            Ok(Answer::Planned(plan)) if plan.approval.is_none() => {
                Some("the policy asks nobody about this any more; call again".to_owned())
            }
            Err(Declined::Refused(refusal))
                if refusal.retry_after_ms.is_none()
                    && refusal
                        .stage
                        .is_none_or(|stage| stage <= Stage::ChannelPolicy) =>
            {
                let why = &refusal.reason.message;
                Some(format!("the policy does not allow it any more: {why}"))
            }
            _ => None,
        }
    }
}
