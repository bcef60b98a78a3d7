//! `guildhall setup`: the configuration of an MCP client, printed or written. A token is never
//! written: the client's entry names where the token comes from.

mod entry;
mod file;

use std::path::PathBuf;

use anyhow::Context as _;

use self::entry::{Format, entry_text};
use crate::{
    cli::{Client, SetupArgs},
    config, output,
};

/// Print or write the entry for a client.
pub(crate) fn run(args: &SetupArgs) -> anyhow::Result<()> {
    let program = std::env::current_exe()
        .ok()
        .and_then(|path| path.to_str().map(str::to_owned))
        .unwrap_or_else(|| "guildhall".to_owned());
    let place = Place::of(args.client)?;
    let entry = entry_text(args.client, &program, args.url.as_deref())?;
    if !args.write {
        print(args.client, &place, &entry, &program, args.url.as_deref());
        return Ok(());
    }
    let path = args.file.clone().unwrap_or(place.path);
    file::add(&path, place.format, place.section, &entry)
        .with_context(|| format!("{} was left as it was", path.display()))?;
    output::line(&format!("Added `guildhall` to {}.", path.display()));
    output::line(place.token_advice);
    Ok(())
}

/// Where a client keeps its MCP servers.
struct Place {
    path: PathBuf,
    format: Format,
    /// The table that holds the servers.
    section: &'static str,
    token_advice: &'static str,
}

const FROM_ENVIRONMENT: &str = "The bot token is not in that file: the client passes DISCORD_TOKEN on from its own environment.";
const FROM_FILE: &str = "The bot token is not in that file: put it alone into the file that DISCORD_TOKEN_FILE names, readable only by you.";

impl Place {
    fn of(client: Client) -> anyhow::Result<Self> {
        let home = || config::home().context("no home folder is known: name a file with --file");
        let json = |path, section, token_advice| Self {
            path,
            format: Format::Json,
            section,
            token_advice,
        };
        Ok(match client {
            Client::ClaudeCode => json(".mcp.json".into(), "mcpServers", FROM_ENVIRONMENT),
            Client::ClaudeDesktop => {
                let folder = if cfg!(target_os = "macos") {
                    "Library/Application Support/Claude"
                } else {
                    ".config/Claude"
                };
                json(
                    home()?.join(folder).join("claude_desktop_config.json"),
                    "mcpServers",
                    FROM_FILE,
                )
            }
            Client::Cursor => json(
                home()?.join(".cursor/mcp.json"),
                "mcpServers",
                FROM_ENVIRONMENT,
            ),
            Client::Codex => Self {
                path: home()?.join(".codex/config.toml"),
                format: Format::Toml,
                section: "mcp_servers",
                token_advice: FROM_ENVIRONMENT,
            },
            Client::Vscode => json(".vscode/mcp.json".into(), "servers", FROM_ENVIRONMENT),
            Client::Generic => json("mcp.json".into(), "mcpServers", FROM_ENVIRONMENT),
        })
    }
}

fn print(client: Client, place: &Place, entry: &str, program: &str, url: Option<&str>) {
    if client == Client::ClaudeCode {
        output::line("Run this once:\n");
        match url {
            Some(url) => output::line(&format!(
                "  claude mcp add --transport http guildhall {url} --header \"Authorization: Bearer $GUILDHALL_API_KEY\"\n"
            )),
            None => output::line(&format!("  claude mcp add guildhall -- {program} mcp\n")),
        }
        output::line(&format!("Or add this to {}:\n", place.path.display()));
    } else {
        output::line(&format!("Add this to {}:\n", place.path.display()));
    }
    let text = match place.format {
        Format::Json => file::merged_json("", place.section, entry),
        Format::Toml => file::merged_toml("", entry),
    };
    output::line(&text.expect("an empty file takes any entry"));
    output::line("");
    output::line(place.token_advice);
    output::line("`guildhall setup --client … --write` does this for you and keeps what is there.");
}
