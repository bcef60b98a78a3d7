//! Check 8: carried out and written down. The ledger's transaction says whether it may begin.

use model::{Check, Reason, Stage, Verdict, ledger::Begun};
use policy::Ruling;

use super::{allow, deny};
use crate::{when, words};

/// Longest name of an agent that is shown, in characters.
const AGENT_NAME: usize = 64;

/// Judge by what the ledger did. A replay never comes here.
pub(crate) fn execute_and_audit(begun: &Begun) -> Ruling {
    match begun {
        Begun::Inserted { .. } | Begun::Replay { .. } => {
            allow("written_down", "it is in the outbox and in the audit")
        }
        Begun::OtherArguments => deny(
            Reason::new(
                "idempotency_conflict",
                "this idempotency key was used with other arguments",
            )
            .with_hint("use a new key for a new intention"),
        ),
        Begun::InFlight => deny(
            Reason::new(
                "idempotency_in_flight",
                "the first call with this idempotency key is still under way",
            )
            .with_hint("call again with the same key to get its answer"),
        ),
        Begun::AlreadyConfirmed => deny(
            Reason::new(
                "confirmation_used",
                "this confirmation token was used before; it works once",
            )
            .with_hint("call again without `confirm` to get a new plan and a new token"),
        ),
        Begun::NotGranted => deny(
            Reason::new(
                "approval_used",
                "this approval was carried out before, or is no longer granted",
            )
            .with_hint("look at it with discord_get_approval"),
        ),
        Begun::NotUndoable => deny(
            Reason::new(
                "undone_already",
                "this call was taken back before, or is not known any more",
            )
            .with_hint("`guildhall undo --list` shows what can be undone"),
        ),
        Begun::Leased { by, until } => {
            let holder = match &by.agent {
                Some(agent) => {
                    let agent = words::quoted(agent, AGENT_NAME);
                    format!("agent {agent} of {}", by.principal)
                }
                None => by.principal.clone(),
            };
            deny(
                Reason::new(
                    "thread_leased",
                    format!("{holder} holds this thread until {}", when::shown(*until)),
                )
                .with_hint(
                    "wait for its release, use another thread, or pass the `agent_name` that \
                     holds it",
                ),
            )
        }
    }
}

/// What a plan says about this check.
pub(crate) fn not_run() -> Check {
    Check {
        stage: Stage::ExecuteAndAudit,
        verdict: Verdict::Allow(Reason::new("not_run", "not run: this is only a plan")),
    }
}
