//! The command line: what people may type, and the examples that help them.

mod policy;
mod workspace;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use policy::{BacktestArgs, ExplainArgs, PolicyCommand, StoredPolicyCommand};
pub(crate) use workspace::{GuildCommand, MemberCommand, SettingCommand, WorkspaceCommand};

/// Safe hands, ears and a voice in Discord for AI agents.
#[derive(Debug, Parser)]
#[command(
    name = "guildhall",
    version,
    about,
    after_help = "Examples:\n  guildhall demo                              a Discord on your laptop, no token needed\n  \
                  guildhall setup --client claude-code        connect Claude Code\n  \
                  DISCORD_TOKEN=… guildhall serve --gateway   the service for many agents\n  \
                  guildhall doctor                            what is configured, reachable, permitted"
)]
pub(crate) struct Cli {
    /// Configuration file [default: ./guildhall.toml, if it is there].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// What to log, e.g. `info` or `warn,discord=debug`. Logs go to standard error.
    #[arg(long, global = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a simulated Discord and the service beside it: no token, no database server.
    Demo(DemoArgs),
    /// Run the service: MCP at /mcp, health at /health, one Discord connection for many agents.
    Serve(ServeArgs),
    /// Speak MCP over standard input and output, for one client.
    ///
    /// With GATEWAY_URL set, this is a thin client of a running service.
    Mcp(McpArgs),
    /// Run only the simulated Discord.
    Sandbox(SandboxArgs),
    /// Look at the tools, or call one from the shell.
    #[command(subcommand)]
    Tools(ToolsCommand),
    /// Check token, intents, permissions, reachability and configuration.
    Doctor(DoctorArgs),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Write (or print) the configuration of an MCP client. The bot token is never written.
    Setup(SetupArgs),
    /// Make, list and revoke the API keys with which clients reach /mcp.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Who works together on which guilds: workspaces, members, guilds, settings.
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Read what the gate decided, refusals and dry runs included.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Take back a call that went through, or list what can be taken back.
    Undo(UndoArgs),
    /// Check, ask, test and try out the policy.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Look at calls that wait for people, and take them back. People approve in Discord alone.
    #[command(subcommand)]
    Approvals(ApprovalsCommand),
}

/// Which tools are offered, and whether anything may be changed at all.
#[derive(Debug, Args, Default, Clone)]
pub(crate) struct Offer {
    /// Toolsets to list, separated by commas; `all` for everything [default: default].
    #[arg(long, value_name = "NAMES")]
    pub(crate) toolsets: Option<String>,

    /// Take away every tool that changes something. Nothing can relax this.
    #[arg(long)]
    pub(crate) read_only: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guildhall undo --list                     what can be undone, newest first\n  \
                  guildhall undo 0198f1d2-7c3b-7aaa-8bbb-…   shows the calls that would take it back\n  \
                  guildhall undo 0198f1d2-7c3b-7aaa-8bbb-… --yes"
)]
pub(crate) struct UndoArgs {
    /// The call's id, from its result or from `--list`.
    #[arg(value_name = "CALL_ID", required_unless_present = "list")]
    pub(crate) call_id: Option<String>,

    /// What can be undone, of every principal of one workspace.
    #[arg(long, conflicts_with_all = ["call_id", "yes", "even_if_changed"])]
    pub(crate) list: bool,

    /// Which workspace is listed. Calls of `default` are taken back here, those of others by their
    /// own clients.
    #[arg(long, value_name = "ID", default_value = "default", requires = "list")]
    pub(crate) workspace: model::WorkspaceId,

    /// Carry it out. Without it only the plan is shown.
    #[arg(long)]
    pub(crate) yes: bool,

    /// Go on though somebody changed it since.
    #[arg(long)]
    pub(crate) even_if_changed: bool,

    /// For programs.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guildhall demo           runs until Ctrl-C\n  \
                        guildhall demo --once    plays a story, prints it, and exits 0 if it went as told"
)]
pub(crate) struct DemoArgs {
    /// Play a scripted story end to end, print its transcript, and exit.
    #[arg(long)]
    pub(crate) once: bool,

    /// Address of the service.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    pub(crate) listen: SocketAddr,

    /// Seed of what is random in the simulated Discord.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Print machine-readable output.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) offer: Offer,
}

#[derive(Debug, Args, Default)]
#[command(
    after_help = "Examples:\n  DISCORD_TOKEN=… guildhall serve --gateway\n  \
                        guildhall serve --sandbox --world support-community\n  \
                        guildhall serve --toolsets channels,roles --read-only"
)]
pub(crate) struct ServeArgs {
    /// Address to listen on [default: 127.0.0.1:8000].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,

    /// Connect to Discord's Gateway, so that events come in and waiting tools need not poll.
    #[arg(long)]
    pub(crate) gateway: bool,

    /// Use a simulated Discord inside this process instead of the real one.
    #[arg(long)]
    pub(crate) sandbox: bool,

    /// Seed of what is random in the simulated Discord.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) world: WorldArgs,

    /// Ask every client for an API key, also on loopback.
    #[arg(long)]
    pub(crate) require_key: bool,

    /// Print one JSON line with the addresses when ready.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) offer: Offer,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  DISCORD_TOKEN=… guildhall mcp\n  \
                        GATEWAY_URL=http://127.0.0.1:8000 guildhall mcp")]
pub(crate) struct McpArgs {
    /// Connect to Discord's Gateway as well.
    #[arg(long)]
    pub(crate) gateway: bool,

    #[command(flatten)]
    pub(crate) offer: Offer,
}

/// Which world a simulated Discord begins with.
#[derive(Debug, Args, Default)]
pub(crate) struct WorldArgs {
    /// A ready world (`--worlds` lists them), or a description in TOML or JSON [default: square].
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "snapshot")]
    pub(crate) world: Option<String>,

    /// Go on with a world that was saved.
    #[arg(long, value_name = "FILE")]
    pub(crate) snapshot: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guildhall sandbox                            a web page, REST and Gateway at 127.0.0.1:4000\n  \
                        guildhall sandbox --listen 127.0.0.1:0 --json --seed 7\n  \
                        guildhall sandbox --world support-community  a lively community; --worlds lists the others\n  \
                        guildhall sandbox --world my-guild.toml      a world of your own\n  \
                        guildhall sandbox --save friday.json         keep the world when it stops\n  \
                        guildhall sandbox --snapshot friday.json     and go on with it\n  \
                        guildhall sandbox -- npm test                run a bot's tests against it, then stop\n\n\
                  A COMMAND finds it in DISCORD_API_URL, DISCORD_GATEWAY_URL, DISCORD_CONTROL_URL, DISCORD_TOKEN,\n\
                  DISCORD_BOT_TOKEN, DISCORD_GUILD_ID and DISCORD_CHANNEL_ID; its exit code is passed on."
)]
pub(crate) struct SandboxArgs {
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:4000, or a free port for a COMMAND].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,

    /// Seed of what is random. Ids carry the time, as Discord's do.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Print one JSON line with the addresses and the bot's token when ready.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) world: WorldArgs,

    /// Save the world here when the sandbox stops.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,

    /// List the ready worlds and stop.
    #[arg(long)]
    pub(crate) worlds: bool,

    /// Run this with the sandbox in its environment, stop with it, and pass its exit code on.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ToolsCommand {
    /// List tools with toolset, risk and needs.
    List(ToolsListArgs),
    /// Show one tool: documentation, schema, permissions.
    Show {
        /// The tool's name.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Call a tool through the gate as the local operator.
    #[command(
        after_help = "Examples:\n  guildhall tools call discord_list_guilds\n  \
                      guildhall tools call discord_send_message '{\"channel_id\":\"1\",\"content\":\"hi\"}'\n  \
                      echo '{\"channel_id\":\"1\"}' | guildhall tools call discord_get_messages -"
    )]
    Call {
        /// The tool's name.
        name: String,
        /// Arguments as a JSON object, or `-` to read them from standard input.
        #[arg(default_value = "{}")]
        arguments: String,
        /// Print the structured result as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ToolsListArgs {
    /// Every tool, not only the selected toolsets.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) offer: Offer,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Also check what the bot may do in this channel.
    #[arg(long, value_name = "CHANNEL_ID")]
    pub(crate) channel: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every key with its value and where the value comes from. Secrets are not shown.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// MCP clients that `setup` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    ClaudeCode,
    ClaudeDesktop,
    Cursor,
    Codex,
    Vscode,
    Generic,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guildhall setup --client cursor                     print what to add\n  \
                        guildhall setup --client cursor --write             add it to ~/.cursor/mcp.json\n  \
                        guildhall setup --client claude-code --url http://127.0.0.1:8000/mcp"
)]
pub(crate) struct SetupArgs {
    /// Which client.
    #[arg(long, value_enum)]
    pub(crate) client: Client,

    /// Write the client's file instead of printing; other servers in it are kept.
    #[arg(long)]
    pub(crate) write: bool,

    /// Connect to a running service at this URL instead of starting a process for the client.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// Write this file instead of the client's own place.
    #[arg(long, value_name = "FILE", requires = "write")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  guildhall key create monitor --scopes read\n  \
                        guildhall key create bakers-bot --workspace bakers --role operator\n  \
                        guildhall key create adas-agent --user 175928847299117063\n  \
                        guildhall key revoke monitor"
)]
pub(crate) enum KeyCommand {
    /// Make a key. It is shown once and stored only as a hash.
    Create {
        /// A name for the client, e.g. `monitor`: 1–64 letters, digits, `-`, `_`, `.`.
        name: String,
        /// What it may do.
        #[arg(long, value_delimiter = ',', default_value = "read,write,destructive")]
        scopes: Vec<String>,
        /// The workspace in which it works.
        #[arg(long, value_name = "ID", default_value = "default")]
        workspace: model::WorkspaceId,
        /// viewer, operator, admin or owner.
        #[arg(long, default_value = "operator", value_parser = workspace::role)]
        role: model::Role,
        /// The Discord user whose key it is: they approve nothing that is asked for with it.
        #[arg(long, value_name = "USER_ID")]
        user: Option<model::UserId>,
        /// Days until it expires [default: never].
        #[arg(long, value_name = "DAYS")]
        expires: Option<u32>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List keys (never the keys themselves).
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key at once.
    Revoke {
        /// The key's name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  guildhall approvals list --state pending\n  \
                        guildhall approvals cancel 1a2b3c4d --reason \"wrong channel\""
)]
pub(crate) enum ApprovalsCommand {
    /// List them, newest first.
    List {
        /// Only those in this state, e.g. pending, done, refused, expired.
        #[arg(long)]
        state: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one: who wants what, how it stands, who said what.
    Show {
        /// Its id, or the short hash that people see.
        id: String,
        /// Print one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take one back. Nothing is done, and a running service takes its buttons away.
    Cancel {
        /// Its id, or the short hash that people see.
        id: String,
        /// For the message and the audit.
        #[arg(long)]
        reason: Option<String>,
        /// Print one line of JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  guildhall audit list --limit 20\n  \
                        guildhall audit show 0199a3c2-7f6e-7d10-8a4e-3b1f0c5d2e71\n  \
                        guildhall audit verify || echo 'somebody changed the audit'\n  \
                        guildhall audit export > audit.jsonl")]
pub(crate) enum AuditCommand {
    /// List decisions, oldest first.
    List {
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Only decisions after this sequence number.
        #[arg(long, default_value_t = 0)]
        after: i64,
        #[command(flatten)]
        only: DecisionArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show every row of one call, with all that is known.
    Show {
        /// The call's id, as refusals, plans and results name it.
        call_id: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Compare the audit with its hashes, seals and signed checkpoints. Exits with 1 and names the
    /// first bad row if anybody changed it.
    Verify(VerifyArgs),
    /// Print rows and checkpoints, one JSON object per line, people's data replaced by salted hashes.
    Export {
        /// Only rows after this sequence number.
        #[arg(long, default_value_t = 0)]
        after: i64,
        /// Leave people's data readable.
        #[arg(long)]
        reveal: bool,
    },
    /// Replace principal, agent and reason by salted hashes in every row of one principal. The
    /// chain stays whole. This cannot be undone.
    Erase {
        /// As `audit list` shows it.
        principal: String,
        /// Do it; without this, only the rows are counted.
        #[arg(long)]
        yes: bool,
    },
    /// Print the public key with which checkpoints are signed.
    Key,
    /// Sign where the audit stands now, and add it to the witness.
    Checkpoint,
    /// Seal the audit with the present key, after the key was lost or changed. Refused where the
    /// rows themselves do not fit together.
    Reseal,
}

/// Which decisions are listed; with any of these, the newest that fit.
#[derive(Debug, Args, Default)]
pub(crate) struct DecisionArgs {
    /// Only of this tool.
    #[arg(long, value_name = "NAME")]
    pub(crate) tool: Option<String>,
    /// Only with this outcome: planned, refused, started, done, failed, unknown or replayed.
    #[arg(long, value_name = "WORD")]
    pub(crate) outcome: Option<String>,
    /// Only of this principal, e.g. key:monitor.
    #[arg(long, value_name = "NAME")]
    pub(crate) principal: Option<String>,
    /// Only in this guild.
    #[arg(long, value_name = "ID")]
    pub(crate) guild: Option<model::GuildId>,
    /// Only of this call.
    #[arg(long = "call", value_name = "ID")]
    pub(crate) call_id: Option<String>,
    /// From this time on, e.g. 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A copy of the checkpoints from elsewhere [default: the configured witness].
    #[arg(long, value_name = "FILE")]
    pub(crate) witness: Option<PathBuf>,
    /// Public key of someone else whose checkpoints count, e.g. of another instance.
    #[arg(long = "signer", value_name = "HEX")]
    pub(crate) signers: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
