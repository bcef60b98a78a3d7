//! Whether the audit is as it was written.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use model::ledger::Ledger as _;
use store::{Report, Store, Trust};

use crate::{cli::VerifyArgs, config::Config, output, wiring, witness};

/// Compare it with its hashes, seals and checkpoints.
pub(super) async fn run(
    store: &Store,
    args: &VerifyArgs,
    config: &Config,
) -> anyhow::Result<ExitCode> {
    let witness = match (&args.witness, &config.audit_witness) {
        // A witness that somebody names has to be there.
        (Some(path), _) if !path.exists() => bail!("there is no witness {}", path.display()),
        (Some(path), _) | (None, Some(path)) => witness::read(path)?,
        (None, None) => Vec::new(),
    };
    let signers = args.signers.iter().map(|text| text.parse());
    let trust = Trust {
        key: wiring::audit_key(config)?,
        signers: signers.collect::<Result<_, _>>().context("--signer")?,
        witness,
    };
    let report = store.verify_audit(&trust).await?;
    if args.json {
        output::json(&report)?;
    } else {
        say(&report);
    }
    Ok(match report.problem {
        None => ExitCode::SUCCESS,
        Some(_) => ExitCode::FAILURE,
    })
}

fn say(report: &Report) {
    let Report {
        rows,
        checkpoints,
        erased,
        witnessed,
        ..
    } = report;
    match &report.problem {
        None => {
            output::line(&format!(
                "The audit is whole: {rows} rows ({erased} of them erased), {checkpoints} checkpoints, \
                 {witnessed} of them witnessed."
            ));
            if !report.sealed {
                output::line(
                    "Its end is not sealed, so rows that were cut off after the last checkpoint would not show.",
                );
            }
        }
        Some(problem) => {
            let row = problem
                .seq
                .map_or_else(String::new, |seq| format!("row {seq}: "));
            output::line(&format!(
                "The audit is NOT as it was written. {row}{}. {rows} rows before that are whole.",
                problem.what
            ));
        }
    }
}

/// Seal it anew, where rows and checkpoints fit together by themselves.
pub(super) async fn reseal(store: &Store, config: &Config) -> anyhow::Result<ExitCode> {
    let checkpoints = store.audit_checkpoints().await?;
    let signers = checkpoints.iter().map(|one| one.signer.parse());
    let trust = Trust {
        key: None,
        signers: signers.collect::<Result<_, _>>()?,
        witness: config
            .audit_witness
            .as_deref()
            .map(witness::read)
            .transpose()?
            .unwrap_or_default(),
    };
    let report = store.verify_audit(&trust).await?;
    if report.problem.is_some() {
        say(&report);
        return Ok(ExitCode::FAILURE);
    }
    store.reseal_audit().await?;
    let what = format!("the audit was sealed anew over {} rows", report.rows);
    store.record(super::note("audit_reseal", &what)).await?;
    output::line(&format!(
        "{what}; checkpoints of other keys count with --signer"
    ));
    Ok(ExitCode::SUCCESS)
}
