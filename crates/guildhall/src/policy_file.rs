//! The policy of the configuration file while the process runs: a change is in force on the next
//! call, and one that cannot be used changes nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use catalogue::{Toolset, catalogue};
use gate::Gate;
use policy::{Fault, Policy};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::config::FixedPolicy;

/// How often the file is looked at. A look is one system call.
const EVERY: Duration = Duration::from_millis(500);

/// What tells one state of a file from another without reading it.
#[derive(PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            modified: metadata.modified().ok(),
            length: metadata.len(),
        })
    }
}

/// Look at the file until `stop`, and give the gate what it says.
pub(crate) async fn watch(path: PathBuf, fixed: FixedPolicy, gate: Gate, stop: CancellationToken) {
    let mut known = Stamp::of(&path);
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let stamp = Stamp::of(&path);
        if stamp == known {
            continue;
        }
        known = stamp;
        match fs::read_to_string(&path) {
            Err(error) => {
                tracing::error!(%error, file = %path.display(), "the policy cannot be read; the last one stays in force");
            }
            Ok(text) => match changed(&text, &fixed) {
                Ok(policy) => {
                    tracing::warn!(version = policy.version(), "another policy is in force");
                    gate.replace_policy(Arc::new(policy));
                }
                Err(fault) => {
                    tracing::error!(%fault, file = %path.display(), "the policy cannot be used; the last one stays in force");
                }
            },
        }
    }
}

/// The policy of this text, with what flags and environment fix.
fn changed(text: &str, fixed: &FixedPolicy) -> Result<Policy, Fault> {
    let mut policy = read(text)?;
    policy.read_only = fixed.read_only.unwrap_or(policy.read_only);
    if let Some(guilds) = &fixed.allowed_guilds {
        policy.allowed_guilds = Some(guilds.iter().copied().collect());
    }
    Ok(policy)
}

/// A policy that speaks of tools and toolsets that exist.
pub(crate) fn read(text: &str) -> Result<Policy, Fault> {
    let tools: Vec<&str> = catalogue().tools().iter().map(|tool| tool.name).collect();
    let toolsets: Vec<&str> = Toolset::ALL.iter().map(|set| set.as_str()).collect();
    Policy::read(text, &tools, &toolsets)
}
