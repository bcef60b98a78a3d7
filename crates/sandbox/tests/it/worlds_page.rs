//! The page about worlds: its example starts, and its tables say what the source says.

use std::fmt::Write as _;
use std::path::PathBuf;

use reqwest::Method;
use sandbox::world::SandboxClock;
use sandbox::{Config, Sandbox, Start, WorldSpec};
use serde_json::Value;

use crate::support::NEW_YEAR_MS;

const TABLES: &str = "<!-- tables -->\n";

fn page_file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/worlds.md")
}

fn page() -> String {
    std::fs::read_to_string(page_file()).expect("the page")
}

#[tokio::test]
async fn the_example_of_the_page_starts() {
    let page = page();
    let toml = page.split("```toml\n").nth(1).expect("an example");
    let toml = toml.split("```\n").next().expect("its end");
    let spec = WorldSpec::from_toml(toml).unwrap_or_else(|error| panic!("{error}"));
    let same = serde_json::to_string(&spec).expect("JSON");
    assert_eq!(WorldSpec::from_json(&same).as_ref(), Ok(&spec));
    let sandbox = Sandbox::start(Config {
        start: Start::World(spec),
        clock: SandboxClock::manual(NEW_YEAR_MS),
        ..Config::default()
    })
    .await
    .unwrap_or_else(|error| panic!("{error}"));
    let guild = sandbox.info().guild_id;
    let librarian = sandbox.person("librarian").expect("the owner");
    let sees = async |path: &str| {
        let path = path.replace("{guild}", &guild.to_string());
        let seen = librarian.does(Method::GET, &path, &Value::Null).await;
        seen.unwrap_or_else(|refusal| panic!("{path}: {refusal}"))
    };
    let whole = sees("/guilds/{guild}?with_counts=true").await;
    assert_eq!(whole["approximate_member_count"], 205);
    let events = sees("/guilds/{guild}/scheduled-events?with_user_count=true").await;
    assert_eq!(
        events[0]["scheduled_start_time"],
        "2026-01-03T04:00:00.000000+00:00"
    );
    assert_eq!(events[0]["user_count"], 2);
    let lobby = sandbox.info().channel_id;
    let before = sees(&format!("/channels/{lobby}/messages")).await;
    sandbox.advance(120_000).await;
    let after = sees(&format!("/channels/{lobby}/messages")).await;
    let count = |page: &Value| page.as_array().map_or(0, Vec::len);
    assert!(count(&after) > count(&before), "the actor acts");
    sandbox.stop().await;
}

/// `UPDATE_DOCS=1 cargo test -p sandbox --test it worlds_page` writes the tables anew.
#[test]
fn the_tables_of_the_page_are_up_to_date() {
    let page = page();
    let before = page.split(TABLES).next().expect("the page's own part");
    let mut expected = format!("{before}{TABLES}\n## Every field\n\n");
    expected.push_str(
        "Fields with `?` may be left out. Generated from the source; `UPDATE_DOCS=1 cargo test -p \
         sandbox --test it worlds_page` writes it anew.\n",
    );
    for source in [
        include_str!("../../src/seed/spec.rs"),
        include_str!("../../src/actors/spec.rs"),
    ] {
        expected.push_str(&tables(source));
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(page_file(), &expected).expect("the page can be written");
        return;
    }
    assert!(
        page == expected,
        "docs/worlds.md is out of date; see the head of this test"
    );
}

/// A table for each struct whose fields are read from a description.
fn tables(source: &str) -> String {
    let mut told = String::new();
    let (mut about, mut attributes) = (String::new(), String::new());
    let mut all_optional = false;
    let mut inside = false;
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            about.push_str(text);
            about.push(' ');
        } else if line.starts_with("#[") {
            attributes.push_str(line);
        } else if let Some(name) = line.strip_prefix("pub struct ") {
            let name = name.trim_end_matches(" {");
            let title = name.trim_end_matches("Spec");
            all_optional = attributes.contains("#[serde(default,");
            inside = true;
            let row = "| field | type | what |\n|---|---|---|";
            write!(
                told,
                "\n### {title}\n\n{}\n\n{row}\n",
                about.replace("[`crate::Info`]", "the first line").trim()
            )
            .expect("text");
            about.clear();
            attributes.clear();
        } else if line == "}" {
            inside = false;
            about.clear();
            attributes.clear();
        } else if let Some((name, kind)) = line
            .strip_prefix("pub ")
            .filter(|_| inside)
            .and_then(|field| field.trim_end_matches(',').split_once(": "))
        {
            let renamed = attributes.split("rename = \"").nth(1);
            let name = renamed
                .and_then(|rest| rest.split('"').next())
                .unwrap_or(name);
            let optional = all_optional || attributes.contains("serde(default");
            let mark = if optional { "?" } else { "" };
            let kind = kind_of(kind, &attributes);
            writeln!(told, "| `{name}`{mark} | {kind} | {} |", about.trim()).expect("text");
            attributes.clear();
        }
        if line.ends_with(',') || line.ends_with('{') || line.is_empty() {
            about.clear();
        }
    }
    told
}

fn kind_of(kind: &str, attributes: &str) -> String {
    for (mark, word) in [
        ("value::permissions", "permissions"),
        ("value::some_permissions", "permissions"),
        ("value::color", "colour"),
        ("value::kind", "kind"),
        ("value::some_length", "length of time"),
        ("value::crowd", "number, or a crowd"),
    ] {
        if attributes.contains(mark) {
            return word.to_owned();
        }
    }
    let bare = kind
        .strip_prefix("Option<")
        .and_then(|kind| kind.strip_suffix('>'));
    let bare = bare.unwrap_or(kind);
    if let Some(inner) = bare
        .strip_prefix("Vec<")
        .and_then(|kind| kind.strip_suffix('>'))
    {
        return format!("list of {}", kind_of(inner, ""));
    }
    match bare {
        "String" => "text",
        "bool" => "true or false",
        "u8" | "u32" | "u64" => "number",
        "When" => "moment",
        "OneOf" => "text, or several",
        "Span" => "number, or two",
        "Map<String, Value>" | "Value" => "Discord's JSON",
        other => other.trim_end_matches("Spec"),
    }
    .to_owned()
}
