//! What the demo says when it is ready: where it is, what to paste, what to try.

use sandbox::Info;
use serde_json::json;

use crate::{commands::serve::Service, output};

/// Print the greeting, or its facts as one JSON line.
pub(super) fn print(sandbox: &Info, service: &Service, as_json: bool) -> anyhow::Result<()> {
    let url = service.mcp_url();
    if as_json {
        return output::json_line(&json!({ "mcp_url": url, "sandbox": sandbox }));
    }
    let configuration = serde_json::to_string_pretty(
        &json!({ "mcpServers": { "guildhall": { "type": "http", "url": url } } }),
    )?;
    let (guild, channel) = (sandbox.guild_id, sandbox.channel_id);
    let page = sandbox.page_url();
    output::line(&format!(
        "Guildhall is open, with a simulated Discord. Nothing here leaves this machine.

  MCP            {url}
  Page           {page}   (live in the simulated Discord, and watch)
  Simulated API  {api}
  Guild          {guild}
  Channel        {channel}  (#general)

Claude Code:

  claude mcp add --transport http guildhall {url}

Cursor (~/.cursor/mcp.json), or .mcp.json for Claude Code:

{configuration}

Three things to try:

  1. Ask your agent: \"Read the last messages of channel {channel} and answer in a thread.\"
  2. Ask it to post in #announcements, and read why it may not.
  3. Let it wait for a message, open {page}, be somebody, and write one.

Ctrl-C stops everything.",
        api = sandbox.api_url,
    ));
    Ok(())
}
