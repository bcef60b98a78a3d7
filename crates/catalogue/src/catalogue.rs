//! All the tools, and which of them a list shows.

use std::{collections::HashMap, sync::OnceLock};

use model::Risk;
use serde::Serialize;

use crate::{resources, tool::Tool, toolset::Toolset};

/// What `tools/list` shows unless told otherwise, in this order. Together under 10 KB.
const DEFAULT_LIST: [&str; 16] = [
    "discord_find_tools",
    "discord_send_message",
    "discord_get_messages",
    "discord_wait_for_message",
    "discord_create_thread",
    "discord_list_threads",
    "discord_archive_thread",
    "discord_acquire_thread",
    "discord_release_thread",
    "discord_user_lookup",
    "discord_channel_info",
    "discord_message_history",
    "discord_server_stats",
    "discord_run_read",
    "discord_run_write",
    "discord_run_destructive",
];

/// How far a misspelt name may be from the real one (Jaro–Winkler, 1 is equal).
const NEAR: f64 = 0.75;

/// Every tool, in the order of lists.
#[derive(Debug)]
pub struct Catalogue {
    tools: Vec<Tool>,
    by_name: HashMap<&'static str, usize>,
}

/// The catalogue. Built on first use, without any schema; each schema is made when asked for.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(Catalogue::new)
}

/// Which tools a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ToolsetSelection {
    /// The default list: what agents need daily, search, and the dispatchers to all the rest.
    #[default]
    Default,
    /// Everything.
    All,
    /// These toolsets, and the default list too if `with_default`.
    Some {
        toolsets: Vec<Toolset>,
        with_default: bool,
    },
}

/// A `--toolsets` value that names no toolset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no toolset \"{given}\"{}; choose from default, all, {known}", nearest.as_ref().map(|name| format!(" (did you mean \"{name}\"?)")).unwrap_or_default())]
pub struct UnknownToolset {
    given: String,
    nearest: Option<&'static str>,
    known: String,
}

impl std::str::FromStr for ToolsetSelection {
    type Err = UnknownToolset;

    /// Comma-separated: `default`, `all`, or names of toolsets, e.g. `default,roles`.
    fn from_str(text: &str) -> Result<Self, UnknownToolset> {
        let mut toolsets = Vec::new();
        let mut with_default = false;
        let mut all = false;
        for word in text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            match word {
                "all" => all = true,
                "default" => with_default = true,
                _ => match Toolset::ALL.into_iter().find(|set| set.as_str() == word) {
                    Some(toolset) => toolsets.push(toolset),
                    None => return Err(unknown_toolset(word)),
                },
            }
        }
        Ok(if all {
            Self::All
        } else if toolsets.is_empty() {
            Self::Default
        } else {
            Self::Some {
                toolsets,
                with_default,
            }
        })
    }
}

fn unknown_toolset(word: &str) -> UnknownToolset {
    let known: Vec<&'static str> = Toolset::ALL.iter().map(|set| set.as_str()).collect();
    UnknownToolset {
        given: word.chars().take(32).collect(),
        nearest: nearest(word, known.iter().copied()),
        known: known.join(", "),
    }
}

/// One row of `guildhall tools list --json`.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    pub name: &'static str,
    pub toolset: Toolset,
    pub risk: Risk,
    pub operations: &'static [&'static str],
    /// Names of permissions.
    pub needs: Vec<String>,
    pub description: String,
}

impl Catalogue {
    fn new() -> Self {
        let mut tools: Vec<Tool> = resources::all();
        tools.sort_by_key(|tool| {
            DEFAULT_LIST
                .iter()
                .position(|name| *name == tool.name)
                .unwrap_or(DEFAULT_LIST.len())
        });
        let by_name = tools
            .iter()
            .enumerate()
            .map(|(index, tool)| (tool.name, index))
            .collect();
        Self { tools, by_name }
    }

    /// Every tool: the default list first, then by toolset.
    pub fn tools(&self) -> &[Tool] {
        &self.tools
    }

    /// The tool of this name.
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.by_name.get(name).map(|index| &self.tools[*index])
    }

    /// The name most like this one, for "did you mean".
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.tools.iter().map(|tool| tool.name))
    }

    /// What a list shows, in order. `read_only` leaves only tools of risk `read`.
    pub fn select(&self, selection: &ToolsetSelection, read_only: bool) -> Vec<&Tool> {
        self.tools
            .iter()
            .filter(|tool| !read_only || tool.risk == Risk::Read)
            .filter(|tool| match selection {
                ToolsetSelection::All => true,
                ToolsetSelection::Default => is_default(tool),
                ToolsetSelection::Some {
                    toolsets,
                    with_default,
                } => toolsets.contains(&tool.toolset) || (*with_default && is_default(tool)),
            })
            .collect()
    }

    /// Every tool as data.
    pub fn as_listing(&self) -> Vec<Listed> {
        self.tools
            .iter()
            .map(|tool| Listed {
                name: tool.name,
                toolset: tool.toolset,
                risk: tool.risk,
                operations: tool.operations,
                needs: tool.needs.permissions.names(),
                description: tool.description().to_owned(),
            })
            .collect()
    }
}

fn is_default(tool: &Tool) -> bool {
    DEFAULT_LIST.contains(&tool.name)
}

/// The candidate most like `word`, if any is like it at all.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let clipped: String = word.chars().take(64).collect();
    candidates
        .map(|candidate| (strsim::jaro_winkler(&clipped, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
