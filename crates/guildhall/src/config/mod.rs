//! Configuration: read once, here, then handed on as plain values.

#[cfg(test)]
mod reference;
mod settings;
mod show;
mod sources;

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use anyhow::Context as _;
use model::{
    GuildId,
    mirror::{MirrorRows, MirrorScope, MirrorWish},
};
use secrecy::SecretString;

use crate::cli::{Cli, Command, Offer};

use self::sources::Source;
pub(crate) use self::{show::shown, sources::Sources};

/// The longest wait of a call for people, in seconds: every call ends before clients give up.
const APPROVAL_WAIT_MAX: u64 = 240;

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// What `guildhall mcp` speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Stdio,
    Http,
}

/// Everything that the wiring needs, parsed.
pub(crate) struct Config {
    pub(crate) token: Option<SecretString>,
    pub(crate) api_url: String,
    pub(crate) gateway_url: Option<String>,
    pub(crate) gateway: bool,
    pub(crate) message_content: bool,
    pub(crate) members: bool,
    /// `sqlite:PATH`, `sqlite::memory:` or `postgres://…`.
    pub(crate) database_url: SecretString,
    pub(crate) listen: SocketAddr,
    pub(crate) require_key: bool,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) toolsets: Vec<String>,
    pub(crate) transport: Transport,
    pub(crate) ask_in_place: bool,
    pub(crate) approval_wait: Duration,
    pub(crate) service_url: Option<String>,
    pub(crate) service_key: Option<SecretString>,
    pub(crate) read_only: bool,
    /// `None`: every guild the bot is in. Empty: none.
    pub(crate) allowed_guilds: Option<Vec<GuildId>>,
    /// The configuration file, where one was read; its policy may change while the process runs.
    pub(crate) file: Option<PathBuf>,
    /// What flags and environment say about the policy, whatever the file says.
    pub(crate) fixed: FixedPolicy,
    /// Seals the audit; `None` for the one in the data folder.
    pub(crate) audit_key: Option<SecretString>,
    /// Where copies of the audit's checkpoints go.
    pub(crate) audit_witness: Option<PathBuf>,
    /// Where each decision is mirrored, if anywhere.
    pub(crate) audit_mirror: Option<PathBuf>,
    /// The Discord channel into which each decision is mirrored, if any.
    pub(crate) audit_channel: Option<MirrorWish>,
    pub(crate) checkpoint_minutes: NonZeroU32,
    /// For how many days a call can be undone.
    pub(crate) undo_days: u32,
    /// Where the SQLite file and the keys are.
    pub(crate) data_dir: Option<PathBuf>,
    /// The rest of `[policy]`, for the policy room to read.
    pub(crate) policy: Option<toml::Table>,
    pub(crate) log_filter: String,
    pub(crate) log_format: LogFormat,
}

/// The file of checkpoints in the data folder.
const WITNESS: &str = "audit-witness.jsonl";

/// Read the sources that the command line, the environment and the file give.
pub(crate) fn sources(cli: &Cli) -> anyhow::Result<Sources> {
    if let Some(problem) = sources::misspelt(environment_names()) {
        anyhow::bail!(problem);
    }
    Sources::read(&flags(cli), &environment, cli.config.as_deref())
}

fn environment_names() -> impl Iterator<Item = String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment is read here and nowhere else"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Config {
    /// Parse what was found; the first thing that is wrong is named with its source.
    pub(crate) fn parse(sources: &Sources) -> anyhow::Result<Self> {
        let transport = match sources.text("mcp.transport") {
            None | Some("stdio") => Transport::Stdio,
            Some("http") => Transport::Http,
            Some(other) => anyhow::bail!("mcp.transport is \"{other}\"; write stdio or http"),
        };
        let log_format = match sources.text("log.format") {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(other) => anyhow::bail!("log.format is \"{other}\"; write text or json"),
        };
        let owned = |key| sources.text(key).map(str::to_owned);
        let secret = |key| {
            sources
                .text(key)
                .map(|text| SecretString::from(text.to_owned()))
        };
        Ok(Self {
            token: secret("discord.token"),
            api_url: owned("discord.api_url").context("discord.api_url must not be empty")?,
            gateway_url: owned("discord.gateway_url"),
            gateway: sources.switch("discord.gateway")?,
            message_content: sources.switch("discord.message_content")?,
            members: sources.switch("discord.members")?,
            database_url: match owned("store.database_url") {
                Some(url) => url,
                None => format!(
                    "sqlite:{}",
                    data_dir(sources)?.join("guildhall.db").display()
                ),
            }
            .into(),
            listen: sources.parse("http.listen", "127.0.0.1:8000")?,
            require_key: sources.switch("http.require_key")?,
            allowed_hosts: sources.list("http.allowed_hosts"),
            allowed_origins: sources.list("http.allowed_origins"),
            toolsets: sources.list("mcp.toolsets"),
            transport,
            ask_in_place: sources.switch("mcp.ask_in_place")?,
            approval_wait: Duration::from_secs(
                sources
                    .parse::<u64>("mcp.approval_wait_seconds", "45")?
                    .min(APPROVAL_WAIT_MAX),
            ),
            service_url: owned("service.url"),
            service_key: secret("service.api_key"),
            read_only: sources.switch("policy.read_only")?,
            allowed_guilds: guilds(sources)?,
            file: sources.file.clone(),
            fixed: FixedPolicy {
                read_only: if from_outside(sources, "policy.read_only") {
                    Some(sources.switch("policy.read_only")?)
                } else {
                    None
                },
                allowed_guilds: if from_outside(sources, "policy.allowed_guilds") {
                    guilds(sources)?
                } else {
                    None
                },
            },
            audit_key: secret("audit.key"),
            audit_witness: match owned("audit.witness") {
                Some(path) => Some(path.into()),
                None => data_dir(sources).ok().map(|folder| folder.join(WITNESS)),
            },
            audit_mirror: owned("audit.mirror").map(PathBuf::from),
            audit_channel: audit_channel(sources)?,
            checkpoint_minutes: sources.parse("audit.checkpoint_minutes", "60")?,
            undo_days: sources.parse("undo_days", "7")?,
            data_dir: data_dir(sources).ok(),
            policy: sources.policy.clone(),
            log_filter: owned("log.filter").unwrap_or_else(|| "warn".to_owned()),
            log_format,
        })
    }
}

/// Where the operator wants the audit to be mirrored.
fn audit_channel(sources: &Sources) -> anyhow::Result<Option<MirrorWish>> {
    let words = sources.text("audit.channel_rows").unwrap_or("writes");
    let rows = MirrorRows::parse(words)
        .with_context(|| format!("audit.channel_rows is \"{words}\"; write writes or all"))?;
    let Some(channel) = sources.text("audit.channel") else {
        return Ok(None);
    };
    let channel = channel
        .parse()
        .with_context(|| format!("audit.channel is \"{channel}\", which is no channel's id"))?;
    Ok(Some(MirrorWish {
        scope: MirrorScope::Everything,
        channel,
        rows,
    }))
}

/// Parts of the policy that a changed file does not change: flags and environment set them.
#[derive(Debug, Clone)]
pub(crate) struct FixedPolicy {
    pub(crate) read_only: Option<bool>,
    pub(crate) allowed_guilds: Option<Vec<GuildId>>,
}

fn from_outside(sources: &Sources, key: &str) -> bool {
    matches!(
        sources.get(key).source,
        Source::Flag(_) | Source::Variable(_) | Source::SecretFile(_)
    )
}

/// A list that was set narrows the bot's world, also where nothing is in it.
fn guilds(sources: &Sources) -> anyhow::Result<Option<Vec<GuildId>>> {
    let key = "policy.allowed_guilds";
    let source = &sources.get(key).source;
    if *source == Source::Default {
        return Ok(None);
    }
    let ids = sources.list(key);
    if ids.is_empty() && matches!(source, Source::Variable(_)) {
        anyhow::bail!("{key} ({source}) is set, but names no guild: unset it, or name some");
    }
    let parsed = ids.iter().map(|text| {
        text.parse()
            .with_context(|| format!("{key} has \"{text}\" ({source}), which is no guild id"))
    });
    parsed.collect::<anyhow::Result<_>>().map(Some)
}

/// The folder of the SQLite file: configured, or the user's data folder (XDG base directories).
fn data_dir(sources: &Sources) -> anyhow::Result<PathBuf> {
    if let Some(folder) = sources.text("store.data_dir") {
        return Ok(PathBuf::from(folder));
    }
    let base = match environment("XDG_DATA_HOME").filter(|path| !path.is_empty()) {
        Some(base) => PathBuf::from(base),
        None => home()
            .context("no home folder is known: set GUILDHALL_DATA_DIR or DATABASE_URL")?
            .join(".local/share"),
    };
    Ok(base.join("guildhall"))
}

/// The user's home folder.
pub(crate) fn home() -> Option<PathBuf> {
    environment("HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

/// The command line's part, with the names under which `config show` cites it.
fn flags(cli: &Cli) -> Vec<(&'static str, &'static str, String)> {
    let mut flags = Vec::new();
    if let Some(filter) = &cli.log {
        flags.push(("log.filter", "--log", filter.clone()));
    }
    match &cli.command {
        Command::Serve(args) => {
            if let Some(listen) = args.listen {
                flags.push(("http.listen", "--listen", listen.to_string()));
            }
            if args.gateway {
                flags.push(("discord.gateway", "--gateway", "true".to_owned()));
            }
            if args.require_key {
                flags.push(("http.require_key", "--require-key", "true".to_owned()));
            }
            offer_flags(&args.offer, &mut flags);
        }
        Command::Mcp(args) => {
            if args.gateway {
                flags.push(("discord.gateway", "--gateway", "true".to_owned()));
            }
            offer_flags(&args.offer, &mut flags);
        }
        Command::Demo(args) => {
            flags.push(("http.listen", "--listen", args.listen.to_string()));
            offer_flags(&args.offer, &mut flags);
        }
        Command::Tools(crate::cli::ToolsCommand::List(args)) => {
            offer_flags(&args.offer, &mut flags);
        }
        _ => {}
    }
    flags
}

fn offer_flags(offer: &Offer, flags: &mut Vec<(&'static str, &'static str, String)>) {
    if let Some(toolsets) = &offer.toolsets {
        flags.push(("mcp.toolsets", "--toolsets", toolsets.clone()));
    }
    if offer.read_only {
        flags.push(("policy.read_only", "--read-only", "true".to_owned()));
    }
}
