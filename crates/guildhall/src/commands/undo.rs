//! `guildhall undo`: what can be taken back, and taking it back, as the local operator.

use std::process::ExitCode;

use gate::{Answer, Gate};
use model::{
    Call, Mode, Origin, Principal, WorkspaceId,
    kept::{KeptFilter, KeptWrite, Open},
};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::UndoArgs,
    commands::{audit::rows::instant, tools},
    config::Config,
    output,
    wiring::{self, House},
};

/// How many calls are listed, of the newest so many of all workspaces.
const LISTED: usize = 100;
const LOOKED_AT: u32 = 1_000;
const TOOL: &str = "discord_undo";

/// Exit code 2 means that it was refused, 1 that it failed.
pub(crate) async fn run(args: UndoArgs, config: Config) -> anyhow::Result<ExitCode> {
    let Some(call_id) = args.call_id.filter(|_| !args.list) else {
        return list(&args.workspace, args.json, &config).await;
    };
    let house = House::build(config, CancellationToken::new()).await?;
    let mut arguments = Map::from_iter([("call_id".to_owned(), Value::from(call_id))]);
    if args.even_if_changed {
        arguments.insert("even_if_changed".to_owned(), true.into());
    }
    let planned = ask(&house.gate, &arguments, Mode::DryRun).await;
    let answer = match planned {
        Ok(Answer::Planned(plan)) if args.yes => {
            let mode = match plan.confirm {
                Some(confirm) => Mode::Confirmed(confirm.token),
                None => Mode::Execute,
            };
            ask(&house.gate, &arguments, mode).await
        }
        other => other,
    };
    house.close().await;
    tools::tell(answer, args.json)
}

async fn ask(
    gate: &Gate,
    arguments: &Map<String, Value>,
    mode: Mode,
) -> Result<Answer, gate::Declined> {
    gate.call(Call {
        principal: Principal::local_operator(),
        tool: TOOL.to_owned(),
        arguments: arguments.clone(),
        mode,
        idempotency_key: None,
        agent: None,
        session: None,
        origin: Origin::CommandLine,
    })
    .await
}

/// Needs no token: nothing is asked of Discord.
async fn list(workspace: &WorkspaceId, as_json: bool, config: &Config) -> anyhow::Result<ExitCode> {
    let store = wiring::open_store(config).await?;
    let filter = KeptFilter {
        principal: None,
        guild_id: None,
        open: Open::Only,
        limit: LOOKED_AT,
    };
    let rows = model::kept::KeptWrites::list_kept(&store, &filter).await;
    store.close().await;
    let mut rows = rows?;
    rows.retain(|row| row.keep.workspace == *workspace);
    rows.truncate(LISTED);
    if as_json {
        let rows: Vec<Value> = rows.iter().map(row_of).collect();
        output::json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    if rows.is_empty() {
        output::line("nothing can be undone");
        return Ok(ExitCode::SUCCESS);
    }
    let row = |row: &KeptWrite| {
        vec![
            row.call_id.clone(),
            row.tool.clone(),
            row.guild_id.map_or_else(String::new, |id| id.to_string()),
            row.principal.clone(),
            instant(row.at),
        ]
    };
    output::table(
        &["CALL", "TOOL", "GUILD", "WHO", "WHEN"],
        &rows.iter().map(row).collect::<Vec<_>>(),
    );
    Ok(ExitCode::SUCCESS)
}

fn row_of(row: &KeptWrite) -> Value {
    json!({
        "call_id": row.call_id,
        "tool": row.tool,
        "guild_id": row.guild_id,
        "channel_id": row.channel_id,
        "principal": row.principal,
        "at": row.at,
        "until": row.keep.expires_at,
    })
}
