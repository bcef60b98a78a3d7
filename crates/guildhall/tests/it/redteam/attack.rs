//! An attack as it is written down.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;
use serde_json::Value;

use super::{client::Generation, ground::Hall};

/// One row of the table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attack {
    /// Letters, digits and hyphens; unique.
    pub(super) name: String,
    /// What is tried, as a sentence for the table.
    pub(super) tried: String,
    /// Filled in from the file.
    #[serde(skip)]
    pub(super) family: String,
    #[serde(default)]
    pub(super) hall: Hall,
    /// Only in this generation of the protocol.
    #[serde(default)]
    pub(super) only: Option<Generation>,
    /// What people do first. Where `{mark}` is in it, `reads` must bring it to the model.
    #[serde(default)]
    pub(super) plant: Vec<Deed>,
    /// How the planted words reach the model.
    #[serde(default)]
    pub(super) reads: Option<Reading>,
    /// What the model, which obeys, does then.
    pub(super) steps: Vec<Step>,
    /// Requests that change something and may happen, as `POST /channels/1/messages`. All others
    /// are a failure, refused by Discord or not.
    #[serde(default)]
    pub(super) happens: Vec<String>,
    /// Who may be mentioned by what is sent: ids, `@everyone`.
    #[serde(default)]
    pub(super) pings: Vec<String>,
    /// Canaries that are not this attack's to hide.
    #[serde(default)]
    pub(super) may_see: Vec<String>,
}

/// Somebody acts through the sandbox's control API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deed {
    /// Their name.
    #[serde(rename = "as")]
    pub(super) who: String,
    /// `POST channels/{chan.plaza}/messages`
    pub(super) does: String,
    #[serde(default)]
    pub(super) body: Value,
    /// The name of a file that goes with it; for bots.
    #[serde(default)]
    pub(super) file: Option<String>,
    /// Again until the answer holds these, by JSON pointer, for what takes a moment.
    #[serde(default)]
    pub(super) until: BTreeMap<String, String>,
    /// Variables from the answer, by JSON pointer.
    #[serde(default)]
    pub(super) save: BTreeMap<String, String>,
}

/// A reading tool call whose answer must hold the mark, as data.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reading {
    pub(super) tool: String,
    #[serde(default)]
    pub(super) with: Value,
}

/// One thing that the model, its client or the attacker does. Exactly one of the first fields says
/// what.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// A tool call.
    #[serde(default)]
    pub(super) tool: Option<String>,
    /// Any other request of the protocol.
    #[serde(default)]
    pub(super) rpc: Option<String>,
    /// A bare HTTP request: `POST /mcp`.
    #[serde(default)]
    pub(super) http: Option<String>,
    /// A command line of the binary.
    #[serde(default)]
    pub(super) command: Option<Vec<String>>,
    /// Somebody in Discord does something meanwhile.
    #[serde(default)]
    pub(super) deed: Option<Deed>,

    /// Arguments of a tool, parameters of a request.
    #[serde(default)]
    pub(super) with: Value,
    /// More members of the parameters of `tools/call`.
    #[serde(default)]
    pub(super) beside: Value,
    /// More members of `_meta`.
    #[serde(default)]
    pub(super) meta: Value,
    /// The name of the key; without, nobody's.
    #[serde(default, rename = "as")]
    pub(super) who: Option<String>,
    /// The client can ask a person, who answers this way: `accept`, `decline`, `cancel`.
    #[serde(default)]
    pub(super) person: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) body: Option<String>,
    /// How often at the same time; exactly `passes` of them must go through, where that is said.
    #[serde(default)]
    pub(super) race: Option<usize>,
    #[serde(default)]
    pub(super) passes: Option<usize>,
    /// Again until it ends so, for what takes effect within a second.
    #[serde(default)]
    pub(super) patiently: bool,

    /// How it must end where it is not what stops the attack: `done`, `planned`, …
    #[serde(default)]
    pub(super) ends: Option<String>,
    /// How it must end where it does.
    #[serde(default)]
    pub(super) stopped: Option<String>,
    /// Why that stops it, where the outcome alone does not say so.
    #[serde(default)]
    pub(super) because: Option<String>,
    /// The answer must hold these.
    #[serde(default)]
    pub(super) shows: Vec<String>,
    /// The answer must not hold these.
    #[serde(default)]
    pub(super) lacks: Vec<String>,
    /// Variables from the answer, by JSON pointer.
    #[serde(default)]
    pub(super) save: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    family: String,
    attack: Vec<Attack>,
}

impl Attack {
    pub(super) fn is_for(&self, generation: Generation) -> bool {
        self.only.is_none_or(|only| only == generation)
    }

    /// What the table says stops it.
    pub(super) fn stops(&self) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        for step in &self.steps {
            if let Some(stopped) = &step.stopped {
                let words = match &step.because {
                    Some(because) => format!("{stopped}: {because}"),
                    None => stopped.clone(),
                };
                if !said.contains(&words) {
                    said.push(words);
                }
            }
        }
        said
    }
}

/// Where this folder is.
pub(super) fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/redteam"))
}

/// Every attack, in the order of the files.
pub(super) fn all() -> Vec<Attack> {
    let mut paths: Vec<_> = fs::read_dir(folder().join("attacks"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .flat_map(|path| {
            let text = fs::read_to_string(path).unwrap();
            let file: File =
                toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            file.attack.into_iter().map(move |mut attack| {
                attack.family.clone_from(&file.family);
                check(&attack);
                attack
            })
        })
        .collect()
}

fn check(attack: &Attack) {
    let name = &attack.name;
    let kinds = |step: &Step| {
        [
            step.tool.is_some(),
            step.rpc.is_some(),
            step.http.is_some(),
            step.command.is_some(),
            step.deed.is_some(),
        ]
        .into_iter()
        .filter(|it| *it)
        .count()
    };
    assert!(
        attack.steps.iter().all(|step| kinds(step) == 1),
        "{name}: a step is one thing"
    );
    assert!(
        attack.steps.iter().any(|step| step.stopped.is_some()),
        "{name}: nothing is said to stop it"
    );
    // A plan that waits for its token stops nobody who obeys: the next call would bring the token.
    let open_ended = ["done", "planned", "confirmation"];
    let says = |stop: &str| !open_ended.contains(&stop);
    assert!(
        attack
            .steps
            .iter()
            .all(|step| step.because.is_some() || step.stopped.as_deref().is_none_or(says)),
        "{name}: why does that stop it?"
    );
    let planted = attack
        .plant
        .iter()
        .any(|deed| format!("{}{}{:?}", deed.does, deed.body, deed.file).contains("{mark}"));
    assert_eq!(
        planted,
        attack.reads.is_some(),
        "{name}: what is planted has to be read, and the other way round"
    );
}
