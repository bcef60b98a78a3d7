//! Adding one server to a client's file without disturbing what else is in it.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use indexmap::IndexMap;
use serde_json::value::RawValue;

use super::entry::Format;

/// Largest client configuration that is read.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Objects whose members keep their order and their exact text.
type Object = IndexMap<String, Box<RawValue>>;

/// Put the entry into the file at `path`, replacing an earlier `guildhall` entry. The file is
/// replaced in one step, so it is never half-written.
pub(super) fn add(path: &Path, format: Format, section: &str, entry: &str) -> anyhow::Result<()> {
    let before = match fs::metadata(path) {
        Ok(about) if about.len() > MAX_BYTES => bail!("the file is larger than {MAX_BYTES} bytes"),
        Ok(_) => fs::read_to_string(path)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error.into()),
    };
    let after = match format {
        Format::Json => merged_json(&before, section, entry)?,
        Format::Toml => merged_toml(&before, entry)?,
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut file = fs::File::create(&beside)?;
    file.write_all(after.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    Ok(())
}

/// `before` with the entry under `section.guildhall`.
pub(super) fn merged_json(before: &str, section: &str, entry: &str) -> anyhow::Result<String> {
    let mut whole: Object = if before.trim().is_empty() {
        Object::new()
    } else {
        serde_json::from_str(before)
            .context("it is not plain JSON (comments cannot be kept): add the entry by hand")?
    };
    let mut servers: Object = match whole.get(section) {
        Some(raw) => serde_json::from_str(raw.get())
            .with_context(|| format!("`{section}` in it is not an object"))?,
        None => Object::new(),
    };
    servers.insert(
        "guildhall".to_owned(),
        RawValue::from_string(indented(entry, 4))?,
    );
    let servers = indented(&serde_json::to_string_pretty(&servers)?, 2);
    whole.insert(section.to_owned(), RawValue::from_string(servers)?);
    Ok(serde_json::to_string_pretty(&whole)? + "\n")
}

/// `before` with the entry's table at its end; an earlier one is taken out by its lines.
pub(super) fn merged_toml(before: &str, entry: &str) -> anyhow::Result<String> {
    before
        .parse::<toml::Table>()
        .context("it is not valid TOML: add the entry by hand")?;
    let mut kept = String::new();
    let mut ours = false;
    for line in before.lines() {
        if line.trim_start().starts_with('[') {
            let name = line.trim().trim_matches(['[', ']']);
            ours = name == "mcp_servers.guildhall" || name.starts_with("mcp_servers.guildhall.");
        }
        if !ours {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    let gap = if kept.is_empty() || kept.ends_with("\n\n") {
        ""
    } else {
        "\n"
    };
    let after = format!("{kept}{gap}{entry}");
    after
        .parse::<toml::Table>()
        .context("the entry cannot be added: add it by hand")?;
    Ok(after)
}

/// Nested text, indented but for its first line.
fn indented(text: &str, by: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(by)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_servers_and_their_order_are_kept() {
        let before = r#"{"theme":"dark","mcpServers":{"zeta":{"command":"z","n":1.0},"alpha":{"command":"a"}}}"#;
        let after = merged_json(before, "mcpServers", r#"{"command":"guildhall"}"#).unwrap();
        let keys: Vec<_> = ["theme", "zeta", "alpha", "guildhall"]
            .iter()
            .map(|key| after.find(&format!("\"{key}\"")).unwrap())
            .collect();
        assert!(keys.is_sorted(), "{after}");
        assert!(after.contains("1.0"));
        assert_eq!(
            merged_json(&after, "mcpServers", r#"{"command":"guildhall"}"#).unwrap(),
            after
        );
    }

    #[test]
    fn a_file_with_comments_is_left_alone() {
        assert!(merged_json("{ // mine\n}", "servers", "{}").is_err());
    }

    #[test]
    fn an_earlier_toml_entry_is_replaced() {
        let before =
            "model = \"x\"\n\n[mcp_servers.guildhall]\ncommand = \"old\"\n[other]\na = 1\n";
        let after = merged_toml(before, "[mcp_servers.guildhall]\ncommand = \"new\"\n").unwrap();
        assert!(!after.contains("old") && after.contains("new") && after.contains("[other]"));
    }
}
