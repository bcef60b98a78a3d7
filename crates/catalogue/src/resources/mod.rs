//! One file for each resource of Discord: rows at the top, then arguments and pure functions.

use crate::tool::{Tool, Toolset};

mod channels;
mod discovery;
mod messages;
mod roles;
mod threads;

/// Every tool, by toolset.
pub(crate) fn all() -> Vec<Tool> {
    [
        (Toolset::Discovery, discovery::tools()),
        (Toolset::Messages, messages::tools()),
        (Toolset::Threads, threads::tools()),
        (Toolset::Channels, channels::tools()),
    ]
        .into_iter()
        .flat_map(|(toolset, tools)| {
            tools.into_iter().map(move |tool| tool.of(toolset))
        })
        .collect()
}
