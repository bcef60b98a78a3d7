//! Lets an event happen to a stored approval, whoever else is at it: read, step, and write only over
//! what was read. What people should find in the audit is written with it.

use model::{
    Clock, Millis, Stage,
    approval::{Approval, Approvals, Choice, State},
    ledger::{Decision, Outcome, StoreError},
};

use super::{
    demands::quorum,
    machine::{Effect, Event, Ignored, step, yes},
};

/// How often somebody else may be faster before we give up.
const TRIES: u32 = 20;

/// Why an event did not happen.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Trouble {
    #[error("there is no approval {id}")]
    None { id: String },
    #[error("{why}")]
    Ignored {
        why: Ignored,
        approval: Box<Approval>,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Let it happen; gives the approval before and after, and what follows.
pub(crate) async fn happen(
    port: &dyn Approvals,
    clock: &dyn Clock,
    id: &str,
    event: &Event,
) -> Result<(Approval, Approval, Effect), Trouble> {
    for _ in 0..TRIES {
        let Some(before) = port.approval(id).await? else {
            return Err(Trouble::None { id: id.to_owned() });
        };
        let now = clock.now_ms();
        let (mut after, effect) = step(&before, event, now).map_err(|why| Trouble::Ignored {
            why,
            approval: Box::new(before.clone()),
        })?;
        let decision = decision(&before, &after, event, now);
        if port.replace(after.clone(), decision).await? {
            after.revision += 1;
            return Ok((before, after, effect));
        }
    }
    Err(Trouble::Store(StoreError::Overloaded))
}

/// Let it happen only if nobody has changed what was read. `None` where somebody has, or nothing
/// follows.
pub(crate) async fn happen_to(
    port: &dyn Approvals,
    clock: &dyn Clock,
    before: &Approval,
    event: &Event,
) -> Result<Option<(Approval, Effect)>, StoreError> {
    let now = clock.now_ms();
    let Ok((mut after, effect)) = step(before, event, now) else {
        return Ok(None);
    };
    let decision = decision(before, &after, event, now);
    if !port.replace(after.clone(), decision).await? {
        return Ok(None);
    }
    after.revision += 1;
    Ok(Some((after, effect)))
}

/// Take an approval back. For operators: works beside a service that runs.
///
/// # Errors
/// There is no such approval, or it is decided already.
pub async fn cancel(
    port: &dyn Approvals,
    clock: &dyn Clock,
    id: &str,
    why: &str,
) -> Result<Approval, Trouble> {
    let why = why.to_owned();
    let (_, after, _) = happen(port, clock, id, &Event::Cancel { why }).await?;
    Ok(after)
}

/// The audit row of what happened, where it is a decision.
fn decision(before: &Approval, after: &Approval, event: &Event, now: Millis) -> Option<Decision> {
    let call = &after.call;
    let row = |outcome, code: &str, reason: String| Decision {
        call_id: call.call_id.clone(),
        at: now,
        principal: call.principal.id.clone(),
        workspace: call.principal.workspace.clone(),
        agent: call.agent.clone(),
        origin: call.origin.as_str().to_owned(),
        tool: call.tool.clone(),
        risk: Some(call.risk),
        guild_id: call.guild_id,
        channel_id: call.channel_id,
        digest: call.digest.clone(),
        outcome,
        stage: Stage::PlatformPermission,
        code: code.to_owned(),
        reason,
        rules: vec![format!("approval {}", after.id)],
        policy_version: call.policy_version.clone(),
        duration_us: 0,
    };
    if let Event::Said(ballot) = event
        && after.votes != before.votes
    {
        let user = ballot.voter.user;
        return Some(match ballot.choice {
            Choice::Approve => row(
                Outcome::Waiting,
                "approved_by_person",
                format!(
                    "user {user} approved it: {} of {}",
                    yes(after),
                    quorum(after)
                ),
            ),
            Choice::Deny => row(
                Outcome::Refused,
                "refused_by_person",
                format!("user {user} refused it"),
            ),
        });
    }
    if before.state == after.state {
        return None;
    }
    let why = after.reason.clone().unwrap_or_default();
    match after.state {
        State::Expired => Some(row(Outcome::Refused, "approval_expired", why)),
        State::Cancelled => Some(row(Outcome::Refused, "approval_cancelled", why)),
        State::Failed => Some(row(Outcome::Failed, "approval_not_carried_out", why)),
        _ => None,
    }
}
