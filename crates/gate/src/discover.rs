//! `discord_find_tools`: search the catalogue by words, toolset and risk.

use std::sync::OnceLock;

use async_trait::async_trait;
use catalogue::{Tool, Toolset, View, catalogue};
use model::Risk;
use policy::Policy;
use serde_json::{Map, Value, json};

use crate::{
    Gate,
    answer::Declined,
    dispatch,
    flow::{Flow, FlowContext},
    gate,
};

/// The tool's name.
pub(crate) const NAME: &str = "discord_find_tools";

/// Tools in one answer, and fewer with full schemas.
const MOST: usize = 25;
const MOST_WITH_SCHEMAS: usize = 8;

/// The flow. It shows only what the caller may use.
pub(crate) struct FindTools;

#[async_trait]
impl Flow for FindTools {
    async fn run(&self, gate: &Gate, call: &FlowContext) -> Result<View, Declined> {
        let policy = gate.standing(&call.principal.workspace).policy;
        let usable = |tool: &Tool| usable(&policy, call, tool);
        let value = match Wish::of(&call.arguments) {
            Wish {
                query: None,
                risk: None,
                ..
            } => toolsets(usable),
            wish => matching(usable, &wish),
        };
        Ok(View {
            value,
            untrusted: &[],
        })
    }
}

struct Wish<'a> {
    query: Option<&'a str>,
    risk: Option<&'a str>,
    detail: bool,
}

impl<'a> Wish<'a> {
    fn of(arguments: &'a Map<String, Value>) -> Self {
        let text = |name: &str| {
            arguments
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.trim().is_empty())
        };
        Self {
            query: text("query"),
            risk: text("risk"),
            detail: arguments.get("detail").and_then(Value::as_bool) == Some(true),
        }
    }
}

fn usable(policy: &Policy, call: &FlowContext, tool: &Tool) -> bool {
    !dispatch::is_dispatcher(tool.name)
        && (!policy.read_only || tool.risk == Risk::Read)
        && gate::may_ever(policy, &call.principal, tool)
}

fn toolsets(usable: impl Fn(&Tool) -> bool) -> Value {
    let usable: Vec<&Tool> = catalogue()
        .tools()
        .iter()
        .filter(|tool| usable(tool))
        .collect();
    let toolsets: Vec<Value> = Toolset::ALL
        .iter()
        .filter_map(|toolset| {
            let tools: Vec<&str> = usable
                .iter()
                .filter(|tool| tool.toolset == *toolset)
                .map(|tool| tool.name)
                .collect();
            (!tools.is_empty()).then(|| json!({ "toolset": toolset.as_str(), "tools": tools }))
        })
        .collect();
    json!({
        "toolsets": toolsets,
        "how_to_run": "call a listed tool directly, or through discord_run_read, \
                       discord_run_write or discord_run_destructive, by its risk",
    })
}

fn matching(usable: impl Fn(&Tool) -> bool, wish: &Wish<'_>) -> Value {
    let words: Vec<String> = wish
        .query
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    // The policy is asked last, about the few tools that fit.
    let mut found: Vec<(usize, &Tool)> = catalogue()
        .tools()
        .iter()
        .zip(searchable())
        .filter(|(tool, _)| wish.risk.is_none_or(|risk| tool.risk.as_str() == risk))
        .map(|(tool, texts)| (likeness(tool, texts, &words), tool))
        .filter(|(likeness, _)| words.is_empty() || *likeness > 0)
        .filter(|(_, tool)| usable(tool))
        .collect();
    // Stable: equally good ones stay in the order of the catalogue.
    found.sort_by_key(|(likeness, _)| std::cmp::Reverse(*likeness));
    let total = found.len();
    let most = if wish.detail { MOST_WITH_SCHEMAS } else { MOST };
    let tools: Vec<Value> = found
        .iter()
        .take(most)
        .map(|(_, tool)| entry(tool, wish.detail))
        .collect();
    let mut value = json!({ "tools": tools, "found": total });
    if total > most {
        value["note"] = Value::from(format!("the first {most} of {total}; narrow the query"));
    }
    if total == 0
        && let Some(near) = wish.query.and_then(|query| catalogue().nearest(query))
    {
        value["did_you_mean"] = Value::from(near);
    }
    value
}

/// What words are looked for in, in small letters.
struct Texts {
    title: String,
    description: String,
}

/// The texts of every tool in the order of the catalogue, made for the first search.
fn searchable() -> &'static [Texts] {
    static TEXTS: OnceLock<Vec<Texts>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let texts = |tool: &Tool| Texts {
            title: tool.title.to_lowercase(),
            description: tool.full_description().to_lowercase(),
        };
        catalogue().tools().iter().map(texts).collect()
    })
}

/// How well a tool fits: a word in its name counts most, then its toolset, title and description.
fn likeness(tool: &Tool, texts: &Texts, words: &[String]) -> usize {
    words
        .iter()
        .map(|word| {
            let stem = word.strip_suffix('s').unwrap_or(word);
            8 * usize::from(tool.name == word)
                + 4 * usize::from(tool.name.contains(stem))
                + 3 * usize::from(tool.toolset.as_str() == word)
                + 2 * usize::from(texts.title.contains(stem))
                + usize::from(texts.description.contains(stem))
        })
        .sum()
}

fn entry(tool: &Tool, detail: bool) -> Value {
    let mut entry = json!({
        "name": tool.name,
        "toolset": tool.toolset.as_str(),
        "risk": tool.risk.as_str(),
        "description": tool.description(),
    });
    if detail {
        entry["input_schema"] = Value::Object((*tool.full_schema()).clone());
    }
    entry
}
