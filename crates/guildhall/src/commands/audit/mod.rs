//! `guildhall audit`: what the gate decided, and whether anybody changed the record of it.

mod export;
pub(crate) mod rows;
mod verify;

use std::process::ExitCode;

use anyhow::Context as _;
use model::{
    Clock as _, Principal, Stage,
    ledger::{Decision, Ledger as _, Outcome},
};
use store::{AuditKey, Store};

use crate::{cli::AuditCommand, clock::SystemClock, config::Config, output, wiring, witness};

/// Run one of them.
pub(crate) async fn run(command: AuditCommand, config: &Config) -> anyhow::Result<ExitCode> {
    if matches!(command, AuditCommand::Key) {
        output::line(&key(config)?.signer().to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let store = wiring::open_store(config).await?;
    let ended = on(&store, command, config).await;
    store.close().await;
    ended
}

async fn on(store: &Store, command: AuditCommand, config: &Config) -> anyhow::Result<ExitCode> {
    match command {
        AuditCommand::List {
            limit,
            after,
            only,
            json,
        } => rows::list(store, after, limit, &only, json).await?,
        AuditCommand::Show { call_id, json } => rows::show(store, &call_id, json).await?,
        AuditCommand::Verify(args) => return verify::run(store, &args, config).await,
        AuditCommand::Export { after, reveal } => export::run(store, after, reveal).await?,
        AuditCommand::Erase { principal, yes } => erase(store, &principal, yes).await?,
        AuditCommand::Key => {}
        AuditCommand::Checkpoint => checkpoint(store, config).await?,
        AuditCommand::Reseal => return verify::reseal(store, config).await,
    }
    Ok(ExitCode::SUCCESS)
}

fn key(config: &Config) -> anyhow::Result<AuditKey> {
    wiring::audit_key(config)?.context("there is no key to seal the audit with: set audit.key")
}

async fn checkpoint(store: &Store, config: &Config) -> anyhow::Result<()> {
    key(config)?;
    let signed = witness::sign(store, config.audit_witness.as_deref()).await?;
    for signed in signed {
        let whose = match signed.workspace.as_str() {
            "default" => String::new(),
            workspace => format!(" of {workspace}"),
        };
        output::line(&format!(
            "checkpoint {}{whose}: {} rows, the last of them {}",
            signed.number, signed.link, signed.hash
        ));
    }
    Ok(())
}

async fn erase(store: &Store, principal: &str, yes: bool) -> anyhow::Result<()> {
    if !yes {
        let found = rows::count_of(store, principal).await?;
        output::line(&format!(
            "{found} rows of {principal} would lose principal, agent and reason for good; add --yes to do it"
        ));
        return Ok(());
    }
    let erased = store.erase_principal(principal).await?;
    let what = format!("{erased} rows of one principal were erased");
    store.record(note("audit_erase", &what)).await?;
    output::line(&format!("{erased} rows were erased"));
    Ok(())
}

/// What an operator did to the audit is in the audit.
fn note(tool: &str, what: &str) -> Decision {
    Decision {
        call_id: uuid::Uuid::now_v7().to_string(),
        workspace: Principal::local_operator().workspace,
        at: SystemClock.now_ms(),
        principal: Principal::local_operator().id,
        agent: None,
        origin: "command_line".to_owned(),
        tool: tool.to_owned(),
        risk: None,
        guild_id: None,
        channel_id: None,
        digest: String::new(),
        outcome: Outcome::Done,
        stage: Stage::ExecuteAndAudit,
        code: "ok".to_owned(),
        reason: what.to_owned(),
        rules: Vec::new(),
        policy_version: String::new(),
        duration_us: 0,
    }
}
