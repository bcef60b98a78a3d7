//! The policies that workspaces keep in the database, from the shell: whoever runs this is the
//! operator of the machine, and asks the same office as REST does.

use std::process::ExitCode;

use anyhow::bail;
use gate::{
    manage::{Command, Managed, Office, PolicyVersion},
    policies::read_stored,
};
use model::policies::Expected;
use policy::Moment;

use crate::{cli::StoredPolicyCommand, commands::workspace::ask, config::Config, output, wiring};

/// Run one of them.
pub(super) async fn run(
    command: &StoredPolicyCommand,
    config: &Config,
) -> anyhow::Result<ExitCode> {
    let store = wiring::open_store(config).await?;
    let done = carry_out(&wiring::office(&store), command).await;
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn carry_out(office: &Office, command: &StoredPolicyCommand) -> anyhow::Result<()> {
    let (wish, workspace) = match command.clone() {
        StoredPolicyCommand::List { workspace, json } => {
            let list = Command::ListPolicies {
                workspace: workspace.clone(),
            };
            let Managed::Policies(list) = ask(office, list).await? else {
                bail!("no policies came back");
            };
            if json {
                return output::json(&list.policies);
            }
            if list.policies.is_empty() {
                output::line(&format!(
                    "the workspace {workspace} has no policy of its own"
                ));
                return Ok(());
            }
            let rows: Vec<Vec<String>> = list.policies.iter().map(row).collect();
            output::table(&["NUMBER", "PUT AT", "BY", "WHAT"], &rows);
            return Ok(());
        }
        StoredPolicyCommand::Show { number, workspace } => {
            let show = Command::ShowPolicy { workspace, number };
            let Managed::Policy(shown) = ask(office, show).await? else {
                bail!("no policy came back");
            };
            output::line(shown.text.trim_end());
            return Ok(());
        }
        StoredPolicyCommand::Put {
            file,
            workspace,
            expected,
        } => {
            let text = super::bounded(&file)?;
            // The office says the same, and knows no file.
            if let Err(fault) = read_stored(&text, &cedar::CedarJudges) {
                bail!("{}:{fault}", file.display());
            }
            let put = Command::PutPolicy {
                workspace: workspace.clone(),
                text,
                expected: match expected {
                    None => Expected::Anything,
                    Some(0) => Expected::Nothing,
                    Some(number) => Expected::Version(number),
                },
            };
            (put, workspace)
        }
        StoredPolicyCommand::Rollback { number, workspace } => {
            let back = Command::RollBackPolicy {
                workspace: workspace.clone(),
                number,
                expected: Expected::Anything,
            };
            (back, workspace)
        }
        StoredPolicyCommand::Remove { workspace } => {
            let remove = Command::RemovePolicy {
                workspace: workspace.clone(),
                expected: Expected::Anything,
            };
            (remove, workspace)
        }
    };
    match ask(office, wish).await? {
        Managed::Policy(shown) => {
            let number = shown.version.number;
            output::line(&format!("policy {number} of {workspace} is in force"));
        }
        _ => output::line(&format!("{workspace} has no policy of its own any more")),
    }
    Ok(())
}

fn row(it: &PolicyVersion) -> Vec<String> {
    let mut what = match (it.bytes, it.restored) {
        (0, _) => "no policy of its own".to_owned(),
        (_, Some(number)) => format!("{number} again"),
        (bytes, None) => format!("{bytes} bytes"),
    };
    if it.newest {
        what.push_str(", in force");
    }
    vec![
        it.number.to_string(),
        Moment(it.put_at).to_string(),
        it.put_by.clone(),
        what,
    ]
}
