//! The policies that workspaces keep in the database, from the shell: whoever runs this is the
//! operator of the machine.

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use model::{
    Clock as _, Principal, WorkspaceId,
    policies::{NewPolicy, Policies as _, PutPolicy, StoredPolicy},
};
use policy::Moment;
use store::Store;

use crate::{
    cli::StoredPolicyCommand, clock::SystemClock, config::Config, output, stored_policy, wiring,
};

/// Run one of them.
pub(super) async fn run(
    command: &StoredPolicyCommand,
    config: &Config,
) -> anyhow::Result<ExitCode> {
    let store = wiring::open_store(config).await?;
    let done = match command {
        StoredPolicyCommand::List { workspace, json } => list(&store, workspace, *json).await,
        StoredPolicyCommand::Show { number, workspace } => show(&store, workspace, *number).await,
        StoredPolicyCommand::Put {
            file,
            workspace,
            expected,
        } => put(&store, file, workspace, *expected).await,
        StoredPolicyCommand::Rollback { number, workspace } => {
            rollback(&store, workspace, *number).await
        }
        StoredPolicyCommand::Remove { workspace } => {
            keep(&store, workspace, String::new(), None, None).await
        }
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list(store: &Store, workspace: &WorkspaceId, json: bool) -> anyhow::Result<()> {
    let versions = store.policy_versions(workspace).await?;
    if json {
        return output::json(&versions);
    }
    if versions.is_empty() {
        output::line(&format!(
            "the workspace {workspace} has no policy of its own"
        ));
        return Ok(());
    }
    let rows: Vec<Vec<String>> = versions.iter().enumerate().map(row).collect();
    output::table(&["NUMBER", "PUT AT", "BY", "WHAT"], &rows);
    Ok(())
}

fn row((index, it): (usize, &StoredPolicy)) -> Vec<String> {
    let mut what = match (it.text.is_empty(), it.restored) {
        (true, _) => "no policy of its own".to_owned(),
        (false, Some(number)) => format!("{number} again"),
        (false, None) => format!("{} bytes", it.text.len()),
    };
    if index == 0 {
        what.push_str(", in force");
    }
    vec![
        it.number.to_string(),
        Moment(it.put_at).to_string(),
        it.put_by.clone(),
        what,
    ]
}

async fn show(store: &Store, workspace: &WorkspaceId, number: Option<i64>) -> anyhow::Result<()> {
    let found = find(store, workspace, number).await?;
    output::line(found.text.trim_end());
    Ok(())
}

async fn put(
    store: &Store,
    file: &Path,
    workspace: &WorkspaceId,
    expected: Option<i64>,
) -> anyhow::Result<()> {
    let text = super::bounded(file)?;
    if let Err(what) = stored_policy::usable(&text) {
        bail!("{}:{what}", file.display());
    }
    keep(store, workspace, text, None, expected).await
}

async fn rollback(store: &Store, workspace: &WorkspaceId, number: i64) -> anyhow::Result<()> {
    let found = find(store, workspace, Some(number)).await?;
    if !found.text.is_empty()
        && let Err(what) = stored_policy::usable(&found.text)
    {
        bail!("version {number} cannot be used any more: {what}");
    }
    keep(store, workspace, found.text, Some(number), None).await
}

async fn find(
    store: &Store,
    workspace: &WorkspaceId,
    number: Option<i64>,
) -> anyhow::Result<StoredPolicy> {
    let versions = store.policy_versions(workspace).await?;
    let found = versions
        .into_iter()
        .find(|it| number.is_none_or(|number| it.number == number));
    match (found, number) {
        (Some(found), _) => Ok(found),
        (None, Some(number)) => bail!(
            "the workspace {workspace} has no policy {number}; `guildhall policy list` shows those it has"
        ),
        (None, None) => bail!("the workspace {workspace} has no policy of its own"),
    }
}

async fn keep(
    store: &Store,
    workspace: &WorkspaceId,
    text: String,
    restored: Option<i64>,
    expected: Option<i64>,
) -> anyhow::Result<()> {
    let new = NewPolicy {
        workspace: workspace.clone(),
        text,
        put_by: Principal::local_operator().id,
        put_at: SystemClock.now_ms(),
        restored,
        expected,
    };
    match store.put_policy(new).await? {
        PutPolicy::Put { number } => {
            output::line(&format!("policy {number} of {workspace} is in force"));
            Ok(())
        }
        PutPolicy::Conflict { current } => bail!(
            "policy {current} is in force meanwhile; look at it, and put yours with --expected {current}"
        ),
        PutPolicy::NoSuchWorkspace => bail!("there is no workspace {workspace}"),
        PutPolicy::TooLong => bail!(
            "a stored policy has at most {} bytes",
            model::policies::POLICY_TEXT_MAX
        ),
    }
}
