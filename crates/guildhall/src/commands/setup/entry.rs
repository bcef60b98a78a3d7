//! The entry that each client wants for one MCP server.

use serde_json::{Value, json};

use crate::cli::Client;

/// The form of a client's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Toml,
}

/// The entry called `guildhall`, as JSON or (Codex) TOML text.
pub(super) fn entry_text(
    client: Client,
    program: &str,
    url: Option<&str>,
) -> anyhow::Result<String> {
    if client == Client::Codex {
        return Ok(codex(program, url));
    }
    let entry = match url {
        Some(url) => over_http(client, url),
        None => as_process(client, program),
    };
    Ok(serde_json::to_string_pretty(&entry)?)
}

/// A process of its own. How a variable of the user's environment is named differs by client.
fn as_process(client: Client, program: &str) -> Value {
    let mut entry = json!({ "command": program, "args": ["mcp"] });
    let environment = match client {
        Client::ClaudeCode => Some(json!({ "DISCORD_TOKEN": "${DISCORD_TOKEN}" })),
        Client::Cursor | Client::Vscode => Some(json!({ "DISCORD_TOKEN": "${env:DISCORD_TOKEN}" })),
        // Claude Desktop expands no variables, so the entry names a file that holds the token.
        Client::ClaudeDesktop => {
            let folder = crate::config::home()
                .unwrap_or_default()
                .join(".config/guildhall/token");
            Some(json!({ "DISCORD_TOKEN_FILE": folder.to_string_lossy() }))
        }
        Client::Generic | Client::Codex => None,
    };
    if let Some(environment) = environment {
        entry["env"] = environment;
    }
    if client == Client::Vscode {
        entry["type"] = json!("stdio");
    }
    entry
}

/// A running service, reached with a key from the user's environment.
fn over_http(client: Client, url: &str) -> Value {
    let key = match client {
        Client::ClaudeCode => "Bearer ${GUILDHALL_API_KEY}",
        Client::Cursor | Client::Vscode => "Bearer ${env:GUILDHALL_API_KEY}",
        Client::ClaudeDesktop | Client::Generic | Client::Codex => "Bearer YOUR_GUILDHALL_API_KEY",
    };
    match client {
        // Claude Desktop starts processes only: the thin client stands between.
        Client::ClaudeDesktop => json!({
            "command": std::env::current_exe().unwrap_or_else(|_| "guildhall".into()).to_string_lossy(),
            "args": ["mcp"],
            "env": { "GATEWAY_URL": url.trim_end_matches("/mcp") },
        }),
        Client::Cursor => json!({ "url": url, "headers": { "Authorization": key } }),
        _ => json!({ "type": "http", "url": url, "headers": { "Authorization": key } }),
    }
}

fn codex(program: &str, url: Option<&str>) -> String {
    let mut server = toml::Table::new();
    if let Some(url) = url {
        server.insert("url".into(), url.into());
        server.insert("bearer_token_env_var".into(), "GUILDHALL_API_KEY".into());
    } else {
        server.insert("command".into(), program.into());
        server.insert("args".into(), vec!["mcp"].into());
        server.insert("env_vars".into(), vec!["DISCORD_TOKEN"].into());
    }
    format!("[mcp_servers.guildhall]\n{server}")
}
