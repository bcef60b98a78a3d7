//! What another policy would have made of the calls that were recorded, in every workspace: each is
//! weighed under the policy that its workspace has of its own today.

use std::{process::ExitCode, sync::Arc, time::Duration};

use gate::policies::{Backtest, Backtested, CALLS_MAX, Judging, backtest, read_stored};
use model::{Clock as _, WorkspaceId, ledger::Keys as _, policies::Policies as _};
use policy::Policy;
use store::Store;

use crate::{cli::BacktestArgs, clock::SystemClock, config::Config, output, wiring};

/// Compare the policy in force with another one, over the calls of some days.
pub(super) async fn run(args: &BacktestArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let before = wiring::policy(config)?;
    let after = super::in_force(Some(&args.policy), config)?;
    let since = SystemClock.now_ms() - millis(args.since);
    let store = wiring::open_store(config).await?;
    let found = compare(&store, since, before, after).await;
    store.close().await;
    let found = found?;
    if args.json {
        output::json(&found)?;
    } else {
        say(&found);
    }
    Ok(ExitCode::SUCCESS)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

async fn compare(
    store: &Store,
    since: i64,
    before: Policy,
    after: Policy,
) -> anyhow::Result<Backtested> {
    let own = own_policies(store).await?;
    let judging = |ceiling| {
        let judges = Arc::new(cedar::CedarJudges);
        Judging::new(judges, Arc::new(ceiling), own.clone())
    };
    let test = Backtest {
        workspace: None,
        since,
        before: judging(before),
        after: judging(after),
        keys: store.list().await?,
    };
    Ok(backtest(store, test).await?)
}

/// Those that can be used; the service lets the others do nothing, before and after.
async fn own_policies(store: &Store) -> anyhow::Result<Vec<(WorkspaceId, Policy)>> {
    let stored = store.policies_in_force().await?;
    let with_text = stored.into_iter().filter(|it| !it.text.is_empty());
    Ok(with_text
        .filter_map(|it| {
            let policy = read_stored(&it.text, &cedar::CedarJudges).ok()?;
            Some((it.workspace, policy))
        })
        .collect())
}

fn say(found: &Backtested) {
    let rows: Vec<Vec<String>> = found
        .changes
        .iter()
        .map(|change| {
            vec![
                change.calls.to_string(),
                format!("{} → {}", change.before.as_str(), change.after.as_str()),
                change.tool.clone(),
                change.principal.clone(),
                change.rules.join(", "),
                change.example.clone(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        output::table(
            &["CALLS", "CHANGE", "TOOL", "PRINCIPAL", "RULES", "EXAMPLE"],
            &rows,
        );
        output::line("");
    }
    let gone = match found.unknown {
        0 => String::new(),
        gone => format!(", {gone} were of tools that are gone"),
    };
    output::line(&format!(
        "{} of {} calls would have had the same fate{gone}.",
        found.same, found.calls
    ));
    if found.with_scopes_of_today > 0 {
        output::line(&format!(
            "Decisions keep no scopes and no roles: {} calls were weighed with those that their keys have today.",
            found.with_scopes_of_today
        ));
    }
    if found.with_every_scope > 0 {
        output::line(&format!(
            "{} calls are of keys that are gone, and were weighed with every scope.",
            found.with_every_scope
        ));
    }
    if found.truncated {
        output::line(&format!(
            "Only the newest {CALLS_MAX} calls were weighed; look at a shorter time for the others."
        ));
    }
}
