//! Finding tools, and running those that a list does not show. The flows behind the gate do it.

use model::Risk;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    limits,
    tool::{Needs, Tool, flow},
    undo::Undoing,
};

pub(super) fn tools() -> Vec<Tool> {
    vec![
        flow(
            "discord_find_tools",
            "Find tools",
            Risk::Read,
            &[],
            Needs::NOTHING,
            |_: &FindTools| Vec::new(),
        )
        .repeatable(),
        flow(
            "discord_run_read",
            "Run a read tool",
            Risk::Read,
            &[],
            Needs::NOTHING,
            |_: &RunTool| Vec::new(),
        ),
        flow(
            "discord_run_write",
            "Run a write tool",
            Risk::Write,
            &[],
            Needs::NOTHING,
            |_: &RunTool| Vec::new(),
        )
        .undoing(Undoing::AsItsCalls),
        flow(
            "discord_run_destructive",
            "Run a destructive tool",
            Risk::Destructive,
            &[],
            Needs::NOTHING,
            |_: &RunTool| Vec::new(),
        )
        .undoing(Undoing::AsItsCalls),
    ]
}

/// Find Discord tools beyond this list. Without arguments: the toolsets.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the flow reads the validated map")]
struct FindTools {
    /// Words to look for, or a toolset.
    #[schemars(length(max = limits::QUERY))]
    query: Option<String>,
    risk: Option<OfRisk>,
    /// With full schemas.
    #[serde(default)]
    detail: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum OfRisk {
    Read,
    Write,
    Destructive,
}

/// Run a tool of this risk that `discord_find_tools` named.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the flow reads the validated map")]
struct RunTool {
    tool: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_too_short_to_keep_the_processor_busy() {
        let tool = tools().remove(0);
        let search = |length| {
            let query = Map::from_iter([("query".to_owned(), "w ".repeat(length / 2).into())]);
            tool.prepare(query, 0)
        };
        search(limits::QUERY).unwrap();
        let error = search(limits::QUERY + 2).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("query"));
    }
}
