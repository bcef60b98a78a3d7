//! The policy of the configuration file while the process runs: a change is in force on the next
//! call, and one that cannot be used changes nothing.

use std::{
    fmt, fs,
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

/// Look at the file, and at the Cedar file it names, until `stop`, and give the gate what they say.
pub(crate) async fn watch(path: PathBuf, fixed: FixedPolicy, gate: Gate, stop: CancellationToken) {
    let mut known = stamps(&path, &gate);
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let stamps_now = stamps(&path, &gate);
        if stamps_now == known {
            continue;
        }
        match fs::read_to_string(&path) {
            Err(error) => {
                tracing::error!(%error, file = %path.display(), "the policy cannot be read; the last one stays in force");
            }
            Ok(text) => match changed(&text, path.parent(), &fixed) {
                Ok(policy) => {
                    tracing::warn!(version = policy.version(), "another policy is in force");
                    gate.replace_policy(Arc::new(policy));
                }
                Err(fault) => {
                    tracing::error!(%fault, file = %path.display(), "the policy cannot be used; the last one stays in force");
                }
            },
        }
        known = stamps(&path, &gate);
    }
}

fn stamps(path: &Path, gate: &Gate) -> [Option<Stamp>; 2] {
    let cedar_file = gate.policy().cedar_file.clone();
    let beside = cedar_file.map(|file| beside(path.parent(), &file));
    [Stamp::of(path), beside.and_then(|file| Stamp::of(&file))]
}

/// The policy of this text, with what flags and environment fix.
fn changed(text: &str, folder: Option<&Path>, fixed: &FixedPolicy) -> Result<Policy, Fault> {
    let mut policy = read(text, folder)?;
    policy.read_only = fixed.read_only.unwrap_or(policy.read_only);
    if let Some(guilds) = &fixed.allowed_guilds {
        policy.allowed_guilds = Some(guilds.iter().copied().collect());
    }
    Ok(policy)
}

/// A policy that speaks of tools and toolsets that exist. A Cedar file is looked for in `folder`.
pub(crate) fn read(text: &str, folder: Option<&Path>) -> Result<Policy, Fault> {
    let toolsets: Vec<&str> = Toolset::ALL.iter().map(|set| set.as_str()).collect();
    let policy = Policy::read(text, &tools(), &toolsets)?;
    with_cedar(policy, folder).map_err(|fault| fault.in_policy(text))
}

/// The policy with the text of its Cedar file, once that text is known to be usable.
pub(crate) fn with_cedar(mut policy: Policy, folder: Option<&Path>) -> Result<Policy, CedarFault> {
    let file = policy.cedar_file.clone();
    if let Some(name) = &file {
        let path = beside(folder, name);
        let problem = |what: String| CedarFault {
            file: Some(name.clone()),
            text: String::new(),
            offset: 0,
            what,
        };
        let size = fs::metadata(&path)
            .map_err(|error| problem(error.to_string()))?
            .len();
        if usize::try_from(size).map_or(true, |size| size > policy::CEDAR_MAX) {
            return Err(problem(format!(
                "has more than {} bytes",
                policy::CEDAR_MAX
            )));
        }
        let text = fs::read_to_string(&path).map_err(|error| problem(error.to_string()))?;
        policy.cedar = Some(text);
    }
    cedar::check(&policy, &tools()).map_err(|fault| CedarFault {
        file,
        text: policy.cedar.clone().unwrap_or_default(),
        offset: fault.offset,
        what: fault.what,
    })?;
    Ok(policy)
}

fn tools() -> Vec<&'static str> {
    catalogue().tools().iter().map(|tool| tool.name).collect()
}

fn beside(folder: Option<&Path>, name: &str) -> PathBuf {
    folder.map_or_else(|| PathBuf::from(name), |folder| folder.join(name))
}

/// Something wrong in Cedar text.
#[derive(Debug)]
pub(crate) struct CedarFault {
    /// Where it is not in the policy itself.
    file: Option<String>,
    text: String,
    offset: usize,
    what: String,
}

impl fmt::Display for CedarFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
        }
        let fault = Fault::at(&self.text, self.offset, self.what.clone());
        fault.fmt(f)
    }
}

impl CedarFault {
    /// Where it is in the text of the policy.
    fn in_policy(self, policy: &str) -> Fault {
        if self.file.is_some() {
            let named = policy.find("cedar_file").unwrap_or_default();
            return Fault::at(policy, named, self.to_string());
        }
        Fault::in_cedar(policy, &self.text, self.offset, self.what)
    }
}
