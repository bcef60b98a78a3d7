//! Following an approval: the call that asked waits a while for its end, and the gate's own words on
//! where it stands.

use std::{sync::Arc, time::Duration};

use model::{
    Principal,
    approval::{Approval, ApprovalFilter, Approvals, State},
    ledger::StoreError,
};

use super::{
    ask,
    happen::{self, Trouble},
    machine::{Effect, Event},
    view,
};
use crate::{
    Gate,
    answer::{Answer, Declined, Failure, Retry},
};

/// How often to look for what another instance did.
const LOOK: Duration = Duration::from_secs(1);

impl Gate {
    /// Keep approvals here. Said once, before the first call; later words change nothing.
    pub fn know_approvals(&self, port: Arc<dyn Approvals>) {
        let _the_first_counts = self.0.approvals.port.set(port);
    }

    /// Wait for people, at most `patience`, and give the end of the call, or that it still waits.
    /// Only whoever asked can follow.
    pub async fn follow(
        &self,
        principal: &Principal,
        approval_id: &str,
        patience: Duration,
    ) -> Result<Answer, Declined> {
        let Some(port) = self.approvals() else {
            return Err(unknown(approval_id));
        };
        let until = tokio::time::Instant::now() + patience;
        loop {
            let changed = self.0.approvals.changed.notified();
            let found = port.approval(approval_id).await;
            let approval = match found {
                Ok(Some(approval)) if approval.call.principal.id == principal.id => approval,
                Ok(_) => return Err(unknown(approval_id)),
                Err(error) => return Err(unreadable(approval_id, &error.to_string())),
            };
            if approval.state == State::Granted && approval.call.is_fetched() {
                return self.fetch(approval).await;
            }
            if !approval.state.is_open() {
                self.collected(&approval).await;
                let call_id = approval.call.call_id.clone();
                return view::ended(&approval, &call_id);
            }
            if tokio::time::Instant::now() >= until || self.0.closing.is_cancelled() {
                return Ok(ask::waiting(&approval));
            }
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(until.min(tokio::time::Instant::now() + LOOK)) => {}
                () = self.0.closing.cancelled() => {}
            }
        }
    }

    /// Wait until nobody's word is missing any more and what follows from it is done, at most
    /// `patience`. Collects nothing: for doors that only look.
    pub async fn await_approval(&self, approval_id: &str, patience: Duration) {
        let Some(port) = self.approvals() else {
            return;
        };
        let until = tokio::time::Instant::now() + patience;
        loop {
            let changed = self.0.approvals.changed.notified();
            let waits = |it: &Approval| {
                it.state.is_open() && !(it.state == State::Granted && it.call.is_fetched())
            };
            match port.approval(approval_id).await {
                Ok(Some(approval)) if waits(&approval) => {}
                _ => return,
            }
            if tokio::time::Instant::now() >= until || self.0.closing.is_cancelled() {
                return;
            }
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep_until(until.min(tokio::time::Instant::now() + LOOK)) => {}
                () = self.0.closing.cancelled() => {}
            }
        }
    }

    /// Take an approval back.
    ///
    /// # Errors
    /// There is none of this id, or it is decided already.
    pub async fn cancel_approval(&self, id: &str, why: &str) -> Result<Approval, Trouble> {
        let why = why.to_owned();
        let (after, _) = self.happens(id, &Event::Cancel { why }).await?;
        Ok(after)
    }

    /// Approvals, newest first: of one principal, or of all. Who may see them is for doors to say.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn list_approvals(
        &self,
        principal: Option<String>,
        state: Option<State>,
        limit: u32,
    ) -> Result<Vec<Approval>, StoreError> {
        let filter = ApprovalFilter { state, principal };
        match self.approvals() {
            Some(port) => port.list_approvals(&filter, limit).await,
            None => Ok(Vec::new()),
        }
    }

    /// One approval. Who may see it is for doors to say.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn find_approval(&self, id: &str) -> Result<Option<Approval>, StoreError> {
        match self.approvals() {
            Some(port) => port.approval(id).await,
            None => Ok(None),
        }
    }

    pub(crate) fn approvals(&self) -> Option<Arc<dyn Approvals>> {
        self.0.approvals.port.get().cloned()
    }

    /// Let an event happen, and wake whoever follows.
    pub(crate) async fn happens(
        &self,
        id: &str,
        event: &Event,
    ) -> Result<(Approval, Effect), Trouble> {
        let Some(port) = self.approvals() else {
            return Err(Trouble::None { id: id.to_owned() });
        };
        let (_, after, effect) = happen::happen(&*port, &*self.0.clock, id, event).await?;
        self.0.approvals.changed.notify_waiters();
        Ok((after, effect))
    }
}

fn unknown(id: &str) -> Declined {
    declined(
        id,
        "unknown_approval",
        format!("there is no approval {id} of yours"),
        Retry::No,
    )
}

fn unreadable(id: &str, error: &str) -> Declined {
    tracing::warn!(%error, "an approval could not be read");
    let message = "the approval cannot be read at the moment".to_owned();
    declined(id, "store_unavailable", message, Retry::After(1_000))
}

fn declined(id: &str, code: &str, message: String, retry: Retry) -> Declined {
    Declined::Failed(Box::new(Failure {
        call_id: id.to_owned(),
        code: code.to_owned(),
        message,
        hint: None,
        retry,
    }))
}
