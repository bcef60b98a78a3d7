//! `/api/approvals`: what waits for people, and taking it back. Nobody approves over REST: that is
//! for people in Discord.

use std::time::Duration;

use axum::{Json, extract::State};
use gate::{Ignored, approval_view_marked};
use http::StatusCode;
use model::{Principal, Role, approval, ledger::StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Api,
    parts::{Asked, Named, Who},
    route::Route,
};
use crate::problem::Problem;

/// How many a list gives unless it says otherwise, and at most.
const USUAL: u32 = 50;
const MOST: u32 = 200;
/// How long a look may wait, in seconds.
const LONGEST_WAIT: u64 = 60;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/approvals", "list_approvals", list)
            .about(
                "Calls that wait for people, or waited, newest first. A caller sees its own; admins \
                 and owners see those of their workspace. `state` narrows the list, `limit` is 1 to 200.",
            )
            .answers::<Approvals>(StatusCode::OK),
        Route::get("/approvals/{id}", "show_approval", show)
            .about(
                "How one approval stands, and who said what. With `wait_seconds` (at most 60) the answer \
                 comes once it is decided and carried out, or when that time is over.",
            )
            .answers::<Value>(StatusCode::OK),
        Route::post("/approvals/{id}/cancel", "cancel_approval", cancel)
            .about(
                "Take an approval back: nothing is done, and its buttons go. For whoever asked, and \
                 for admins and owners.",
            )
            .answers::<Value>(StatusCode::OK),
    ]
}

#[derive(Debug, Serialize, JsonSchema)]
struct Approvals {
    approvals: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    state: Option<String>,
    limit: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Patience {
    wait_seconds: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Which {
    id: String,
}

async fn list(
    State(api): State<Api>,
    Who(principal): Who,
    Asked(wish): Asked<Wish>,
) -> Result<Json<Approvals>, Problem> {
    let state = match wish.state.as_deref() {
        None => None,
        Some(word) => Some(approval::State::parse(word).ok_or_else(|| {
            let words: Vec<&str> = approval::State::ALL.iter().map(|it| it.as_str()).collect();
            Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_arguments",
                format!("`state` is one of {}", words.join(", ")),
            )
        })?),
    };
    let of = (!sees_all(&principal)).then(|| principal.id.clone());
    let limit = wish.limit.unwrap_or(USUAL).clamp(1, MOST);
    let found = api.gate.list_approvals(of, state, limit).await;
    let mut found = found.map_err(|error| unreadable(&error))?;
    found.retain(|it| is_theirs(&principal, it));
    Ok(Json(Approvals {
        approvals: found.iter().map(approval_view_marked).collect(),
    }))
}

async fn show(
    State(api): State<Api>,
    Who(principal): Who,
    Named(Which { id }): Named<Which>,
    Asked(Patience { wait_seconds }): Asked<Patience>,
) -> Result<Json<Value>, Problem> {
    let mut found = of(&api, &principal, &id).await?;
    if let Some(seconds) = wait_seconds {
        let patience = Duration::from_secs(seconds.min(LONGEST_WAIT));
        api.gate.await_approval(&found.id, patience).await;
        found = of(&api, &principal, &id).await?;
    }
    Ok(Json(approval_view_marked(&found)))
}

async fn cancel(
    State(api): State<Api>,
    Who(principal): Who,
    Named(Which { id }): Named<Which>,
) -> Result<Json<Value>, Problem> {
    let id = of(&api, &principal, &id).await?.id;
    let why = format!("{} took it back", principal.id);
    match api.gate.cancel_approval(&id, &why).await {
        Ok(cancelled) => Ok(Json(approval_view_marked(&cancelled))),
        Err(gate::ApprovalTrouble::Ignored {
            why: Ignored::Over(state),
            ..
        }) => Err(Problem::new(
            StatusCode::CONFLICT,
            "approval_over",
            format!("it is decided already: {}", state.as_str()),
        )),
        Err(gate::ApprovalTrouble::Store(error)) => Err(unreadable(&error)),
        Err(_) => Err(nothing(&id)),
    }
}

/// What is not theirs looks to them as if it were not there.
async fn of(api: &Api, principal: &Principal, id: &str) -> Result<approval::Approval, Problem> {
    let found = api.gate.find_approval(id).await;
    found
        .map_err(|error| unreadable(&error))?
        .filter(|it| is_theirs(principal, it))
        .ok_or_else(|| nothing(id))
}

/// Whoever asked, and those who manage the workspace in which it was asked.
fn is_theirs(principal: &Principal, approval: &approval::Approval) -> bool {
    let asker = &approval.call.principal;
    asker.id == principal.id || (sees_all(principal) && asker.workspace == principal.workspace)
}

fn sees_all(principal: &Principal) -> bool {
    principal.role >= Role::Admin
}

fn nothing(id: &str) -> Problem {
    let id: String = id.chars().take(64).collect();
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown_approval",
        format!("there is no approval {id} that you asked for"),
    )
}

fn unreadable(error: &StoreError) -> Problem {
    tracing::error!(%error, "approvals could not be read");
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "store_unavailable",
        "approvals cannot be read at the moment",
    )
}
