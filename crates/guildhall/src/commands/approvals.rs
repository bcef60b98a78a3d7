//! `guildhall approvals`: what waits for people, and taking it back. Nobody approves from here: that
//! is for people in Discord.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use model::{
    Clock as _,
    approval::{Approval, ApprovalFilter, Approvals as _, State},
};
use store::Store;

use crate::{cli::ApprovalsCommand, clock::SystemClock, config::Config, output, wiring};

/// How many approvals an abbreviated id is looked for in.
const LOOKED_AT: u32 = 500;

/// Run one of them.
pub(crate) async fn run(command: ApprovalsCommand, config: &Config) -> anyhow::Result<ExitCode> {
    let store = wiring::open_store(config).await?;
    let done = match command {
        ApprovalsCommand::List { state, limit, json } => {
            list(&store, state.as_deref(), limit, json).await
        }
        ApprovalsCommand::Show { id, json } => show(&store, &id, json).await,
        ApprovalsCommand::Cancel { id, reason, json } => {
            cancel(&store, &id, reason.as_deref(), json).await
        }
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list(store: &Store, state: Option<&str>, limit: u32, json: bool) -> anyhow::Result<()> {
    let state = state
        .map(|word| {
            State::parse(word).with_context(|| {
                let words: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
                format!(
                    "unknown state \"{word}\"; it is one of {}",
                    words.join(", ")
                )
            })
        })
        .transpose()?;
    let filter = ApprovalFilter {
        state,
        principal: None,
    };
    let found = store.list_approvals(&filter, limit).await?;
    if json {
        return output::json(
            &found
                .iter()
                .map(gate::approval_view_marked)
                .collect::<Vec<_>>(),
        );
    }
    let row = |approval: &Approval| {
        vec![
            gate::approval_code(approval),
            approval.state.as_str().to_owned(),
            approval.call.principal.id.clone(),
            approval.call.tool.clone(),
            approval.id.clone(),
        ]
    };
    output::table(
        &["HASH", "STATE", "PRINCIPAL", "TOOL", "ID"],
        &found.iter().map(row).collect::<Vec<_>>(),
    );
    Ok(())
}

async fn show(store: &Store, id: &str, json: bool) -> anyhow::Result<()> {
    let shown = gate::approval_view_marked(&find(store, id).await?);
    if json {
        return output::json_line(&shown);
    }
    output::json(&shown)
}

/// A running service edits the message within seconds.
async fn cancel(store: &Store, id: &str, reason: Option<&str>, json: bool) -> anyhow::Result<()> {
    let id = find(store, id).await?.id;
    let why = match reason {
        Some(reason) => format!("an operator took it back: {reason}"),
        None => "an operator took it back".to_owned(),
    };
    let cancelled = gate::cancel_approval(store, &SystemClock, &id, &why).await?;
    if cancelled.state != State::Cancelled {
        bail!("it had expired at {}", SystemClock.now_ms());
    }
    if json {
        return output::json_line(&gate::approval_view_marked(&cancelled));
    }
    output::line(&format!(
        "Cancelled {id}: nothing is done, and its buttons go."
    ));
    Ok(())
}

/// By its id, or by the short hash that people see.
async fn find(store: &Store, id: &str) -> anyhow::Result<Approval> {
    if let Some(found) = store.approval(id).await? {
        return Ok(found);
    }
    let all = store
        .list_approvals(&ApprovalFilter::default(), LOOKED_AT)
        .await?;
    all.into_iter()
        .find(|approval| gate::approval_code(approval) == id)
        .with_context(|| {
            format!("there is no approval {id}; `guildhall approvals list` shows them")
        })
}
