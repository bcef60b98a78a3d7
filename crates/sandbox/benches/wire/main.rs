//! How fast the sandbox is: REST requests and Gateway events a second, and a guild of 100,000
//! members. Load, server and references share one machine, and each figure stands beside a bare
//! reference measured in the same run.
//!
//! Prints one line of JSON for each figure. Run with `cargo bench -p sandbox`; words that follow
//! `--` choose among `rest`, `events` and `crowd`. Only ratios say something about another machine.

mod crowd;
mod events;
mod figure;
mod http;
mod rest;
mod websocket;

/// The cores that everything runs on.
const CORES: usize = 2;

fn main() -> anyhow::Result<()> {
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|given| given != "--bench")
        .collect();
    let runs = |name: &str| chosen.is_empty() || chosen.iter().any(|one| one == name);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CORES)
        .enable_all()
        .build()?;
    runtime.block_on(Box::pin(async {
        // First, while nothing else has taken memory.
        if runs("crowd") {
            crowd::measure().await?;
        }
        if runs("rest") {
            rest::measure().await?;
        }
        if runs("events") {
            events::measure().await?;
        }
        Ok(())
    }))
}
