//! Which world a sandbox begins with: a ready one, a described one, or a saved one.

use std::{fs, path::Path};

use anyhow::{Context as _, bail};
use sandbox::{Snapshot, Start, WorldSpec};

use crate::{cli::WorldArgs, output};

/// The world that the command line names; by default the square.
pub(crate) fn start(args: &WorldArgs) -> anyhow::Result<Start> {
    if let Some(path) = &args.snapshot {
        let document = fs::read(path).with_context(|| format!("{}", path.display()))?;
        let snapshot = Snapshot::read(document).with_context(|| format!("{}", path.display()))?;
        return Ok(Start::Snapshot(snapshot));
    }
    let Some(name) = &args.world else {
        return Ok(Start::default());
    };
    if let Some(ready) = WorldSpec::ready(name) {
        return Ok(Start::World(ready));
    }
    let path = Path::new(name);
    if !path.exists() {
        let known: Vec<_> = sandbox::worlds()
            .into_iter()
            .map(|world| world.name)
            .collect();
        bail!(
            "there is no world and no file {name}; ready ones are {}",
            known.join(", ")
        );
    }
    let text = fs::read_to_string(path).with_context(|| name.clone())?;
    let is_json = path
        .extension()
        .is_some_and(|extension| extension == "json");
    let spec = if is_json {
        WorldSpec::from_json(&text)
    } else {
        WorldSpec::from_toml(&text)
    };
    spec.map(Start::World).with_context(|| name.clone())
}

/// The ready worlds, for people to choose from.
pub(super) fn list() {
    let rows: Vec<Vec<String>> = sandbox::worlds()
        .into_iter()
        .map(|world| vec![world.name.clone(), world.description.clone()])
        .collect();
    output::table(&["WORLD", "WHAT"], &rows);
}
