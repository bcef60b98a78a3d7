//! Worlds that are ready to start, as they come with the sandbox.

use super::WorldSpec;

/// Their descriptions, by name; the first one starts when none is chosen.
const READY: &[(&str, &str)] = &[
    ("square", include_str!("../../worlds/square.toml")),
    ("small-team", include_str!("../../worlds/small-team.toml")),
    (
        "support-community",
        include_str!("../../worlds/support-community.toml"),
    ),
    ("large", include_str!("../../worlds/large.toml")),
];

/// A world that comes with the sandbox.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReadyWorld {
    /// For [`WorldSpec::ready`].
    pub name: String,
    /// One sentence.
    pub description: String,
    /// The TOML that it is read from, as a start for one's own.
    pub toml: &'static str,
}

/// Every world that comes with the sandbox.
pub fn worlds() -> Vec<ReadyWorld> {
    READY
        .iter()
        .map(|(name, toml)| ReadyWorld {
            name: (*name).to_owned(),
            description: read(toml).description,
            toml,
        })
        .collect()
}

impl WorldSpec {
    /// A world that comes with the sandbox; `None` for a name that [`worlds`] does not list.
    pub fn ready(name: &str) -> Option<Self> {
        let (_, toml) = READY.iter().find(|(known, _)| *known == name)?;
        Some(read(toml))
    }
}

impl Default for WorldSpec {
    /// The world that starts when none is chosen.
    fn default() -> Self {
        read(READY[0].1)
    }
}

fn read(toml: &str) -> WorldSpec {
    WorldSpec::from_toml(toml).expect("a test reads every world that comes with the sandbox")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ready_world_says_what_it_is() {
        for world in worlds() {
            let spec = WorldSpec::ready(&world.name).unwrap();
            assert_eq!(spec.name, world.name);
            assert!(!world.description.is_empty());
        }
        assert_eq!(WorldSpec::ready("nowhere"), None);
    }
}
