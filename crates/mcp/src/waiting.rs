//! A call that waits for people: a while with its client, which hears of it where it asked to, and
//! then on without.

use std::time::Duration;

use model::Principal;
use rmcp::{
    RoleServer,
    model::{ProgressNotificationParam, ProgressToken},
    service::RequestContext,
};
use tokio::time::Instant;

use crate::hall::{Answer, Declined, Hall, Waiting};

/// How long to wait for people where the client hears that it waits: it then waits as long as it
/// likes, and the call must end within the deadline of all calls.
const WITH_PROGRESS: Duration = Duration::from_mins(4);
/// How often the client hears of it. Clients give up after 60 s of silence.
const EVERY: Duration = Duration::from_secs(10);
/// How long telling the client may take; a client that does not listen holds up nothing.
const TELLING: Duration = Duration::from_secs(2);

/// Wait, and say so. Gives the end of the call, or that it still waits.
pub(crate) async fn follow(
    hall: &dyn Hall,
    principal: &Principal,
    waiting: Box<Waiting>,
    patience: Duration,
    context: &RequestContext<RoleServer>,
) -> Result<Answer, Declined> {
    let Some(token) = context.meta.get_progress_token() else {
        return or_gone(hall, principal, waiting, patience, context).await;
    };
    let started = Instant::now();
    let until = started + WITH_PROGRESS.max(patience);
    let mut waiting = waiting;
    loop {
        tell(context, token.clone(), started, &waiting).await;
        let left = until.saturating_duration_since(Instant::now());
        let answer = or_gone(hall, principal, waiting, EVERY.min(left), context).await?;
        match answer {
            Answer::Waiting(still) if Instant::now() < until && !context.ct.is_cancelled() => {
                waiting = still;
            }
            answer => return Ok(answer),
        }
    }
}

/// Whoever cancels needs no answer; the approval goes on without them.
async fn or_gone(
    hall: &dyn Hall,
    principal: &Principal,
    waiting: Box<Waiting>,
    patience: Duration,
    context: &RequestContext<RoleServer>,
) -> Result<Answer, Declined> {
    let left = waiting.clone();
    tokio::select! {
        answer = hall.follow(principal, waiting, patience) => answer,
        () = context.ct.cancelled() => Ok(Answer::Waiting(left)),
    }
}

async fn tell(
    context: &RequestContext<RoleServer>,
    token: ProgressToken,
    started: Instant,
    waiting: &Waiting,
) {
    let progress = ProgressNotificationParam::new(token, started.elapsed().as_secs_f64())
        .with_message(format!("{} waits for people in Discord", waiting.tool));
    let telling = context.peer.notify_progress(progress);
    if let Ok(Err(error)) = tokio::time::timeout(TELLING, telling).await {
        tracing::debug!(%error, "a client does not hear that its call waits");
    }
}
