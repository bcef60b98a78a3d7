//! `guildhall policy`: what people may type.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  guildhall policy check\n  \
                        guildhall policy explain discord_ban_member --principal key:chat --guild 175928847299117063\n  \
                        guildhall policy test policy-cases.toml\n  \
                        guildhall policy backtest --policy stricter.toml --since 7d")]
pub(crate) enum PolicyCommand {
    /// Say whether a policy can be used; what is wrong is named with line and column.
    Check {
        /// A policy, or a configuration file with `[policy]` [default: the configuration file].
        file: Option<PathBuf>,
    },
    /// Say what would become of a call, and why. Nobody asks Discord.
    Explain(ExplainArgs),
    /// Weigh the calls of a file, and exit with 1 if one does not end as it says.
    #[command(
        after_help = "A case:\n  [[cases]]\n  name = \"the chat agent cannot ban\"\n  principal = \"key:chat\"\n  \
                      tool = \"discord_ban_member\"\n  guild = \"175928847299117063\"\n  expect = \"deny\"      # or ask, confirm, plan, run"
    )]
    Test {
        /// The cases, in TOML.
        cases: PathBuf,
        /// The policy to test [default: the one in force].
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Say what another policy would have made of the calls that were recorded.
    Backtest(BacktestArgs),
    #[command(flatten)]
    Stored(StoredPolicyCommand),
}

/// The policies that workspaces keep in the database. They stand under the configuration file's:
/// both must allow, and the strictest counts.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum StoredPolicyCommand {
    /// List the versions of a workspace's own policy, newest first.
    List {
        #[arg(long, value_name = "ID", default_value = "default")]
        workspace: model::WorkspaceId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a version of it [default: the one in force].
    Show {
        number: Option<i64>,
        #[arg(long, value_name = "ID", default_value = "default")]
        workspace: model::WorkspaceId,
    },
    /// Put a policy in force for a workspace, on every instance within a second.
    #[command(
        after_help = "Examples:\n  guildhall policy put bakers.toml --workspace bakers\n  \
                      guildhall policy put bakers.toml --workspace bakers --expected 3   # only on top of version 3"
    )]
    Put {
        /// A policy, or a configuration file with `[policy]`.
        file: PathBuf,
        #[arg(long, value_name = "ID", default_value = "default")]
        workspace: model::WorkspaceId,
        /// The version that must be in force now; 0 for none.
        #[arg(long, value_name = "NUMBER")]
        expected: Option<i64>,
    },
    /// Put an earlier version in force again, as a new one.
    Rollback {
        number: i64,
        #[arg(long, value_name = "ID", default_value = "default")]
        workspace: model::WorkspaceId,
    },
    /// Leave a workspace without a policy of its own; the versions stay.
    Remove {
        #[arg(long, value_name = "ID", default_value = "default")]
        workspace: model::WorkspaceId,
    },
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  guildhall policy explain discord_ban_member --principal key:chat --guild 175928847299117063\n  \
                  guildhall policy explain discord_send_message --channel 222222222222222222 --inside 333333333333333333 --at 2026-12-01T23:00:00Z\n  \
                  guildhall policy explain discord_ban_member --guild 175928847299117063 --asker-role 444444444444444444 --after-untrusted"
)]
pub(crate) struct ExplainArgs {
    /// The tool's name.
    pub(crate) tool: String,
    /// `local`, `loopback` or `key:NAME`.
    #[arg(long, default_value = "local")]
    pub(crate) principal: String,
    /// What the key may be used for, separated by commas [default: everything].
    #[arg(long, value_name = "SCOPES")]
    scopes: Option<String>,
    /// In this guild.
    #[arg(long, value_name = "ID")]
    pub(crate) guild: Option<model::GuildId>,
    /// In this channel or thread.
    #[arg(long, value_name = "ID")]
    pub(crate) channel: Option<model::ChannelId>,
    /// What the channel is in: a thread's channel, a category. May be given twice.
    #[arg(long, value_name = "ID")]
    pub(crate) inside: Vec<model::ChannelId>,
    /// In a direct message.
    #[arg(long)]
    pub(crate) direct_message: bool,
    /// The principal's workspace [default: default].
    #[arg(long, value_name = "ID")]
    pub(crate) workspace: Option<model::WorkspaceId>,
    /// Its role there: viewer, operator, admin or owner [default: operator].
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// At another time than now: `2026-12-01T23:00:00Z`.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<policy::Moment>,
    /// It comes from a Discord user with this role in the guild. May be given twice.
    #[arg(long, value_name = "ID")]
    asker_role: Vec<model::RoleId>,
    /// It comes from a Discord user, of whatever roles.
    #[arg(long)]
    from_discord: bool,
    /// Its conversation has read words of people whom nobody vouches for.
    #[arg(long)]
    pub(crate) after_untrusted: bool,
    /// Another policy than the one in force.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl ExplainArgs {
    pub(crate) fn role(&self) -> anyhow::Result<Option<model::Role>> {
        let Some(word) = &self.role else {
            return Ok(None);
        };
        model::Role::parse(word).map(Some).ok_or_else(|| {
            anyhow::anyhow!("\"{word}\" is no role: viewer, operator, admin or owner")
        })
    }

    /// Where it comes from a Discord user: the roles of that user.
    pub(crate) fn asker_roles(&self) -> Option<Vec<model::RoleId>> {
        let from_discord = self.from_discord || !self.asker_role.is_empty();
        from_discord.then(|| self.asker_role.clone())
    }

    pub(crate) fn scopes(&self) -> anyhow::Result<Option<Vec<model::principal::Scope>>> {
        let Some(words) = &self.scopes else {
            return Ok(None);
        };
        let scope = |word: &str| {
            model::principal::Scope::parse(word.trim()).ok_or_else(|| {
                anyhow::anyhow!("\"{word}\" is no scope: read, write or destructive")
            })
        };
        words
            .split(',')
            .map(scope)
            .collect::<anyhow::Result<_>>()
            .map(Some)
    }
}

#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {
    /// The other policy.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
    /// How far back: `36h`, `7d`.
    #[arg(long, default_value = "7d", value_parser = span)]
    pub(crate) since: Duration,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A number of minutes, hours or days.
fn span(text: &str) -> Result<Duration, String> {
    let seconds = [("m", 60), ("h", 3_600), ("d", 86_400)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))
        .and_then(|(number, seconds)| number.parse::<u32>().ok().map(|n| u64::from(n) * seconds));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "write a number of minutes, hours or days: 90m, 36h, 7d".to_owned())
}
