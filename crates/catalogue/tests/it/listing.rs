//! What lists show: names, sizes, order, schemas, the reference page.

use std::path::PathBuf;

use catalogue::{Catalogue, Tool, Toolset, ToolsetSelection, catalogue, control, reference};
use model::Risk;
use serde_json::{Value, json};

/// Bytes of the default `tools/list`.
const DEFAULT_LIMIT: usize = 10_240;
/// Bytes of a list of everything.
const WHOLE_LIMIT: usize = 36_000;

/// A tool as MCP lists it; annotations that equal MCP's defaults go without saying.
fn as_mcp(tool: &Tool) -> Value {
    let annotations = tool.annotations();
    let mut hints = json!({});
    if annotations.read_only {
        hints["readOnlyHint"] = json!(true);
    } else {
        if !annotations.destructive {
            hints["destructiveHint"] = json!(false);
        }
        if annotations.idempotent {
            hints["idempotentHint"] = json!(true);
        }
    }
    json!({
        "name": tool.name,
        "title": tool.title,
        "description": tool.description(),
        "inputSchema": *tool.input_schema(),
        "annotations": hints,
    })
}

fn bytes(tools: &[&Tool]) -> usize {
    tools
        .iter()
        .map(|tool| as_mcp(tool).to_string().len() + 1)
        .sum()
}

#[test]
fn lists_stay_small() {
    let default = catalogue().select(&ToolsetSelection::Default, false);
    let all = catalogue().select(&ToolsetSelection::All, false);
    let (small, whole) = (bytes(&default), bytes(&all));
    println!(
        "default list {small} bytes, {} tools; everything {whole} bytes, {} tools",
        default.len(),
        all.len()
    );
    assert!(small < DEFAULT_LIMIT, "the default list has {small} bytes");
    assert!(whole < WHOLE_LIMIT, "everything has {whole} bytes");
}

#[test]
fn names_are_short_unique_and_of_one_form() {
    let mut names: Vec<&str> = catalogue().tools().iter().map(|tool| tool.name).collect();
    for name in &names {
        assert!(name.starts_with("discord_"), "{name}");
        assert!((1..=45).contains(&name.len()), "{name}");
        assert!(
            name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{name}"
        );
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!((55..=70).contains(&count), "{count} tools");
}

#[test]
fn every_tool_has_a_title_and_a_description() {
    for tool in catalogue().tools() {
        assert!(!tool.title.is_empty(), "{}", tool.name);
        let text = tool.description();
        assert!((10..=200).contains(&text.len()), "{}: {text}", tool.name);
        assert!(text.ends_with('.'), "{}: {text}", tool.name);
    }
}

#[test]
fn the_first_tool_can_be_called_without_arguments() {
    let first = catalogue().select(&ToolsetSelection::Default, false)[0];
    assert_eq!(first.name, "discord_find_tools");
    assert!(first.prepare(serde_json::Map::new(), 0).is_ok());
}

#[test]
fn read_only_leaves_only_reads() {
    for tool in catalogue().select(&ToolsetSelection::All, true) {
        assert_eq!(tool.risk, Risk::Read, "{}", tool.name);
    }
}

#[test]
fn toolsets_are_chosen_by_words() {
    let chosen: ToolsetSelection = "roles, members".parse().unwrap();
    let tools = catalogue().select(&chosen, false);
    assert!(
        tools
            .iter()
            .all(|tool| matches!(tool.toolset, Toolset::Roles | Toolset::Members))
    );
    assert_eq!(
        "".parse::<ToolsetSelection>().unwrap(),
        ToolsetSelection::Default
    );
    assert_eq!(
        "roles,all".parse::<ToolsetSelection>().unwrap(),
        ToolsetSelection::All
    );
    let with: ToolsetSelection = "default,roles".parse().unwrap();
    assert!(catalogue().select(&with, false).len() > tools.len());
    let error = "rolls".parse::<ToolsetSelection>().unwrap_err().to_string();
    assert!(error.contains("did you mean \"roles\"?"), "{error}");
    for toolset in Toolset::ALL {
        let one: ToolsetSelection = toolset.as_str().parse().unwrap();
        assert!(!catalogue().select(&one, false).is_empty(), "{toolset:?}");
    }
}

#[test]
fn control_arguments_follow_from_the_risk() {
    for tool in catalogue().tools() {
        let schema = tool.input_schema();
        let has = |name: &str| {
            schema
                .get("properties")
                .is_some_and(|all| all.get(name).is_some())
        };
        assert_eq!(
            has(control::DRY_RUN),
            tool.risk != Risk::Read,
            "{}",
            tool.name
        );
        assert_eq!(
            has(control::CONFIRM),
            tool.annotations().destructive,
            "{}",
            tool.name
        );
        let keyed = tool.risk != Risk::Read && !tool.annotations().idempotent;
        assert_eq!(has(control::IDEMPOTENCY_KEY), keyed, "{}", tool.name);
        let full = tool.full_schema();
        assert_eq!(
            full["properties"].get(control::IDEMPOTENCY_KEY).is_some(),
            tool.risk != Risk::Read,
            "{}",
            tool.name
        );
        let own = tool
            .argument_names()
            .any(|name| name == control::AGENT_NAME);
        assert_eq!(
            has(control::AGENT_NAME),
            own || tool.speaks(),
            "{}",
            tool.name
        );
    }
}

/// Operations of Discord's that change who may do what.
const RIGHTS: &[&str] = &[
    "create_guild_role",
    "update_guild_role",
    "bulk_update_guild_roles",
    "delete_guild_role",
    "add_guild_member_role",
    "delete_guild_member_role",
    "set_channel_permission_overwrite",
    "delete_channel_permission_overwrite",
];

#[test]
fn whatever_gives_or_takes_rights_is_destructive() {
    for tool in catalogue().tools() {
        if tool.risk == Risk::Read {
            continue;
        }
        let operates = tool.operations.iter().any(|name| RIGHTS.contains(name));
        let says = tool.argument_names().any(|name| {
            ["permission", "overwrite", "role", "allow", "deny"]
                .iter()
                .any(|word| name.starts_with(word))
                && name != "allowed_mentions"
        });
        if operates || says {
            assert_eq!(tool.risk, Risk::Destructive, "{}", tool.name);
        }
    }
}

#[test]
fn schemas_are_lean() {
    for tool in catalogue().tools() {
        for (form, schema) in [("lean", tool.input_schema()), ("full", tool.full_schema())] {
            let text = serde_json::to_string(&*schema).unwrap();
            for noise in [
                "\"$schema\"",
                "\"format\"",
                "\"x-",
                "\"$ref\"",
                "\"$defs\"",
                "\"default\":null",
            ] {
                assert!(
                    !text.contains(noise),
                    "{} {form} has {noise}: {text}",
                    tool.name
                );
            }
            assert_eq!(schema["type"], "object", "{}", tool.name);
        }
        let lean = serde_json::to_string(&*tool.input_schema()).unwrap();
        assert!(!lean.contains("\"null\""), "{}: {lean}", tool.name);
    }
}

/// The strict walk knows these words of JSON Schema and no others, so no schema may use more.
#[test]
fn schemas_say_nothing_that_the_check_does_not_know() {
    const KNOWN: [&str; 16] = [
        "type",
        "properties",
        "required",
        "additionalProperties",
        "description",
        "items",
        "enum",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "default",
        "pattern",
        "examples",
    ];
    fn walk(tool: &str, name: &str, schema: &Value) {
        if name == "components" {
            return;
        }
        for (word, below) in schema.as_object().unwrap() {
            assert!(KNOWN.contains(&word.as_str()), "{tool}: {word} in {schema}");
            match word.as_str() {
                "properties" => below
                    .as_object()
                    .unwrap()
                    .iter()
                    .for_each(|(name, below)| walk(tool, name, below)),
                "items" => walk(tool, name, below),
                "pattern" => assert_eq!(below, "^\\d{1,19}$", "{tool}"),
                _ => {}
            }
        }
    }
    for tool in catalogue().tools() {
        walk(tool.name, "", &Value::Object((*tool.full_schema()).clone()));
    }
}

#[test]
fn the_schema_of_every_tool() {
    let listed: Vec<Value> = catalogue().tools().iter().map(as_mcp).collect();
    insta::assert_json_snapshot!("listed", listed);
    let full: serde_json::Map<String, Value> = catalogue()
        .tools()
        .iter()
        .map(|tool| {
            (
                tool.name.to_owned(),
                Value::Object((*tool.full_schema()).clone()),
            )
        })
        .collect();
    insta::assert_json_snapshot!("full_schemas", full);
}

#[test]
fn a_misspelt_name_finds_its_tool() {
    let nearest = |name: &str| catalogue().nearest(name);
    assert_eq!(nearest("discord_send_mesage"), Some("discord_send_message"));
    assert_eq!(nearest("zebra"), None);
}

#[test]
fn the_listing_is_data() {
    let rows = serde_json::to_value(Catalogue::as_listing(catalogue())).unwrap();
    let delete = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "discord_delete_channel")
        .unwrap();
    assert_eq!(
        *delete,
        json!({
            "name": "discord_delete_channel",
            "toolset": "channels",
            "risk": "destructive",
            "operations": ["delete_channel"],
            "needs": ["MANAGE_CHANNELS", "VIEW_CHANNEL"],
            "description": "Delete a channel, category or thread with all its messages, or close a DM. The messages cannot be brought back.",
        })
    );
}

#[test]
fn the_reference_page_is_fresh() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/tools.md");
    let page = reference();
    #[expect(clippy::disallowed_methods, reason = "the one switch of this test")]
    if std::env::var("UPDATE_DOCS").is_ok() {
        std::fs::write(&path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == page,
        "docs/tools.md is stale; run UPDATE_DOCS=1 cargo test -p catalogue"
    );
}
