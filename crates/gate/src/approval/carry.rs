//! Carrying out what people agreed to: judged again, all of it, by today's policy and Discord's state
//! of today, and once, because the approval is used up with the outbox row.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, PoisonError},
};

use model::{
    Call, Millis, Mode, Principal, UserId,
    approval::{Approval, Choice, State, Terms},
};

use policy::Question;

use super::{happen::Trouble, machine::Event, people, terms, view};
use crate::{
    Gate,
    answer::{Answer, Declined, Retry},
    gate,
    manner::Manner,
    record::Record,
    standing::Standing,
    trouble,
};

/// A yes of people, as it was given.
#[derive(Debug, Clone)]
pub(crate) struct Agreed {
    pub approval_id: String,
    pub by: Vec<UserId>,
    pub terms: Terms,
    /// Hex digest of the plan that people saw.
    pub fingerprint: String,
    pub planned_at: Millis,
}

impl Agreed {
    fn of(approval: &Approval) -> Self {
        let votes = approval.votes.iter();
        Self {
            approval_id: approval.id.clone(),
            by: votes
                .filter(|vote| vote.choice == Choice::Approve)
                .map(|vote| vote.user)
                .collect(),
            terms: approval.terms.clone(),
            fingerprint: approval.call.fingerprint.clone(),
            planned_at: approval.call.planned_at,
        }
    }

    /// Who agreed, for plans and the audit.
    pub(crate) fn in_words(&self) -> String {
        let by: Vec<String> = self.by.iter().map(|user| format!("user {user}")).collect();
        format!("approved by {}", by.join(" and "))
    }

    /// Whether those who agreed are those whom this question asks.
    pub(crate) fn covers(&self, standing: &Standing, question: &Question<'_>) -> bool {
        people::asked(standing, question).is_some_and(|it| terms::cover(&self.terms, &it))
    }

    /// Whether this is the plan that people saw.
    pub(crate) fn fits(&self, plan: [u8; 32]) -> bool {
        self.fingerprint == hex::encode(plan)
    }
}

impl Gate {
    /// Carry out a granted approval, unless somebody else does. Whatever stands in its way for good
    /// ends it; what passes is left for the next round.
    pub(crate) async fn carry_out_granted(&self, approval: Approval) {
        if !self.at_hand().insert(approval.id.clone()) {
            return;
        }
        let id = approval.id.clone();
        self.carry_one(approval).await;
        self.at_hand().remove(&id);
        self.0.approvals.changed.notify_waiters();
    }

    async fn carry_one(&self, approval: Approval) {
        let (record, result) = match self.judged_again(&approval).await {
            Ok(judged) => judged,
            Err(why) => return self.not_done(&approval.id, why).await,
        };
        let later = passes(&result);
        // Somebody else carries it out, or it will be tried again: that is no outcome.
        let elsewhere = matches!(&result, Err(declined) if declined.code() == "approval_used");
        if later || elsewhere {
            record.take_closing();
        } else if let Err(error) = record.close(&result).await {
            tracing::error!(%error, "the end of an approved call could not be recorded");
        }
        if elsewhere {
            return;
        }
        let left = match self.approvals() {
            Some(port) => port.approval(&approval.id).await,
            None => return,
        };
        // What began is closed with its outbox row.
        if !matches!(&left, Ok(Some(left)) if left.state == State::Granted) {
            return;
        }
        match result {
            Err(_) if later => {
                let again = self.happens(&approval.id, &Event::Later).await;
                log(again.map(drop));
            }
            Err(declined) => self.not_done(&approval.id, in_words(&declined)).await,
            Ok(Answer::Done(_)) => {
                let why = "its idempotency key had its answer already".to_owned();
                self.not_done(&approval.id, why).await;
            }
            Ok(_) => {
                let why = "today's policy only plans it".to_owned();
                self.not_done(&approval.id, why).await;
            }
        }
    }

    /// Judge it once more, from the first check on, and carry it out where that allows it.
    ///
    /// # Errors
    /// Why whoever asked may ask for nothing any more.
    async fn judged_again(
        &self,
        approval: &Approval,
    ) -> Result<(Arc<Record>, Result<Answer, Declined>), String> {
        let standing = self.standing(&approval.call.principal.workspace);
        let principal = self.principal_today(&approval.call.principal).await?;
        let held = &approval.call;
        let call = Call {
            principal,
            tool: held.tool.clone(),
            arguments: held.arguments.clone().unwrap_or_default(),
            mode: Mode::Execute,
            idempotency_key: held.idempotency_key.clone(),
            agent: held.agent.clone(),
            session: held.session.clone(),
            origin: held.origin,
        };
        let record = Record::open(
            &self.0.ledger,
            &self.0.clock,
            &self.0.tracker,
            &call,
            &standing.version,
        )
        .of_call(&held.call_id);
        let record = Arc::new(record);
        let agreed = Agreed::of(approval);
        let result = self
            .judge_contained(call, standing, &record, Manner::Alone, Some(agreed))
            .await;
        Ok((record, result))
    }

    /// What people agreed that whoever asked may read: given to them now, once. Nothing of it is
    /// kept, and what passes leaves it for another try. A box, for the gate calls itself here.
    pub(super) fn fetch(&self, approval: Approval) -> Fetched<'_> {
        Box::pin(async move {
            let id = &approval.id;
            let (record, result) = match self.judged_again(&approval).await {
                Ok(judged) => judged,
                Err(why) => {
                    self.not_done(id, why.clone()).await;
                    return {
                        let call_id = approval.call.call_id.clone();
                        view::ended(&failed(approval, why), &call_id)
                    };
                }
            };
            if result.is_err() && !passes(&result) {
                let why = result.as_ref().map_or_else(in_words, |_| String::new());
                self.not_done(id, why).await;
            }
            let result = match result {
                Ok(answer) => match self.happens(id, &Event::Fetched).await {
                    Ok(_) => Ok(answer),
                    // Somebody asked at the same moment, and has it.
                    Err(Trouble::Ignored { approval, .. }) => {
                        record.take_closing();
                        return view::ended(&approval, &record.call_id);
                    }
                    Err(Trouble::Store(error)) => Err(trouble::storing(&record, &error)),
                    Err(Trouble::None { .. }) => Err(gate::broken(&record)),
                },
                declined => declined,
            };
            match record.close(&result).await {
                Ok(()) => result,
                Err(error) => Err(trouble::storing(&record, &error)),
            }
        })
    }

    async fn not_done(&self, id: &str, why: String) {
        log(self.happens(id, &Event::NotDone { why }).await.map(drop));
    }

    /// Who asked, with the rights of today.
    async fn principal_today(&self, asked: &Principal) -> Result<Principal, String> {
        let today = self
            .principal_named(&asked.id, &asked.workspace)
            .await
            .map_err(|objection| objection.reason.message)?;
        if today.workspace != asked.workspace {
            return Err(format!("{} works in another workspace now", asked.id));
        }
        Ok(today)
    }

    fn at_hand(&self) -> std::sync::MutexGuard<'_, std::collections::HashSet<String>> {
        let at_hand = &self.0.approvals.at_hand;
        at_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Fetched<'a> = Pin<Box<dyn Future<Output = Result<Answer, Declined>> + Send + 'a>>;

/// Whether what stands in its way passes.
fn passes(result: &Result<Answer, Declined>) -> bool {
    match result {
        Ok(_) => false,
        Err(Declined::Refused(refusal)) => refusal.retry_after_ms.is_some(),
        Err(Declined::Failed(failure)) => matches!(failure.retry, Retry::After(_)),
    }
}

/// As it is for whoever asked, once that is written down.
fn failed(approval: Approval, why: String) -> Approval {
    Approval {
        state: State::Failed,
        reason: Some(why),
        ..approval
    }
}

fn in_words(declined: &Declined) -> String {
    match declined.code() {
        "plan_changed" => "plan_changed".to_owned(),
        _ => declined.message().to_owned(),
    }
}

fn log(result: Result<(), Trouble>) {
    if let Err(Trouble::Store(error)) = result {
        tracing::warn!(%error, "what became of an approval is written down later");
    }
}
