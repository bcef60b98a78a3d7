//! `guildhall policy`: check it, ask it, test it, and try it out on what happened.

mod backtest;
mod cases;
mod explain;
#[cfg(test)]
mod recipes;
mod stored;

use std::{fs, path::Path, process::ExitCode};

use anyhow::Context as _;
use policy::Policy;

use crate::{
    cli::PolicyCommand,
    config::{Config, Sources},
    output, policy_file, wiring,
};

/// Run one of them. `check` needs no configuration that can be used: it says what is wrong with it.
pub(crate) async fn run(command: PolicyCommand, config: &Config) -> anyhow::Result<ExitCode> {
    match command {
        // Answered by `check` before the configuration was read.
        PolicyCommand::Check { .. } => Ok(ExitCode::SUCCESS),
        PolicyCommand::Explain(args) => explain::run(&args, config),
        PolicyCommand::Test { cases, policy } => {
            let policy = in_force(policy.as_deref(), config)?;
            cases::run(&cases, policy)
        }
        PolicyCommand::Backtest(args) => backtest::run(&args, config).await,
        PolicyCommand::Stored(command) => stored::run(&command, config).await,
    }
}

/// Whether a policy can be used; what is wrong is named with line and column.
pub(crate) fn check(file: Option<&Path>, sources: &Sources) -> anyhow::Result<ExitCode> {
    let Some(path) = file.or(sources.file.as_deref()) else {
        output::line("there is no guildhall.toml here, so the default policy is in force");
        return Ok(ExitCode::SUCCESS);
    };
    match read(path)? {
        Ok(policy) => {
            output::line(&format!(
                "{}: version {}, {} rules",
                path.display(),
                policy.version(),
                policy.rules.len()
            ));
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            output::line(&format!("{}:{fault}", path.display()));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The policy of a file, or the one that is configured.
fn in_force(file: Option<&Path>, config: &Config) -> anyhow::Result<Policy> {
    match file {
        Some(path) => read(path)?.map_err(|fault| anyhow::anyhow!("{}:{fault}", path.display())),
        None => wiring::policy(config),
    }
}

fn read(path: &Path) -> anyhow::Result<Result<Policy, policy::Fault>> {
    Ok(policy_file::read(&bounded(path)?, path.parent()))
}

/// A file that is no larger than a policy may be.
fn bounded(path: &Path) -> anyhow::Result<String> {
    let size = fs::metadata(path)
        .with_context(|| format!("{}", path.display()))?
        .len();
    anyhow::ensure!(
        usize::try_from(size).is_ok_and(|size| size <= policy::MAX_BYTES),
        "{} has more than {} bytes",
        path.display(),
        policy::MAX_BYTES
    );
    fs::read_to_string(path).with_context(|| format!("{}", path.display()))
}
