//! The whole house measured: the release binary beside a sandbox on loopback, each figure beside
//! a bare reference measured in turn in the same run.
//!
//! Prints one line of JSON for each figure, then a table for people. Run with
//! `cargo bench -p guildhall`; a folder to keep databases in may follow `--`, because what is
//! answered is first on disk and so the disk counts. Only ratios say something about another
//! machine.

mod bucket;
mod disk;
mod figure;
mod http;
mod idle;
mod lists;
mod nothing;
mod paced;
mod process;
mod reference;
mod scene;
mod start;
mod stdio;

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use crate::figure::Report;

/// Seeds the simulated Discord.
const SEED: u64 = 1;

fn main() -> anyhow::Result<()> {
    let mut arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|given| given != "--bench")
        .collect();
    if arguments
        .first()
        .is_some_and(|first| first == reference::FLAG)
    {
        return reference::run(&arguments.split_off(1));
    }
    // `CryptoProvider` is a process's own choice; whoever made it before made the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let root = arguments
        .first()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(Box::pin(measure(&root)))
}

async fn measure(root: &Path) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut report = Report::new(SEED);
    start::measure(root, &mut report).await?;
    idle::measure(root, &mut report).await?;
    lists::measure(root, &mut report).await?;
    nothing::over_stdio(root, &mut report).await?;
    nothing::over_http(root, &mut report).await?;
    paced::measure(root, &mut report).await?;
    bucket::measure(root, &mut report).await?;
    report.table(began.elapsed())
}
