//! `guildhall workspace`: what people may type.

use clap::Subcommand;
use model::{GuildId, Role, UserId, WorkspaceId, workspaces::Setting};

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  guildhall workspace create bakers --name \"The bakers\"\n  \
                        guildhall workspace guild add bakers 175928847299117063\n  \
                        guildhall key create bakers-bot --workspace bakers --role operator\n  \
                        guildhall workspace member add bakers ada --role owner --user 80351110224678912\n  \
                        guildhall workspace config set bakers approval_channel 175928847299117064\n\n\
                  Nobody needs one: without workspaces everything belongs to `default`."
)]
pub(crate) enum WorkspaceCommand {
    /// Make a workspace.
    Create {
        /// 1 to 32 lower-case letters, digits or `-`. It stays for good.
        workspace: WorkspaceId,
        /// A name for people [default: the id].
        #[arg(long)]
        name: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List workspaces.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show a workspace with its members, guilds and settings.
    Show {
        workspace: WorkspaceId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let nobody in a workspace do anything, until it is resumed.
    Suspend {
        workspace: WorkspaceId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let a suspended workspace work again.
    Resume {
        workspace: WorkspaceId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// People and their roles.
    #[command(subcommand)]
    Member(MemberCommand),
    /// Guilds that belong to a workspace. Every other one is the default's.
    #[command(subcommand)]
    Guild(GuildCommand),
    /// What is set for the bot in a workspace.
    #[command(subcommand)]
    Config(SettingCommand),
}

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  guildhall workspace member add bakers ada --role owner\n  \
                        guildhall workspace member role bakers ada admin\n  \
                        guildhall workspace member list bakers --json"
)]
pub(crate) enum MemberCommand {
    /// Add somebody.
    Add {
        workspace: WorkspaceId,
        /// Names the person within the workspace.
        name: String,
        /// viewer, operator, admin or owner.
        #[arg(long, value_parser = role)]
        role: Role,
        /// The person's user id in Discord.
        #[arg(long, value_name = "ID")]
        user: Option<UserId>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List members.
    List {
        workspace: WorkspaceId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give somebody another role. The last owner stays one.
    Role {
        workspace: WorkspaceId,
        name: String,
        /// viewer, operator, admin or owner.
        #[arg(value_parser = role)]
        role: Role,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove somebody. The last owner cannot be removed.
    Remove {
        workspace: WorkspaceId,
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  guildhall workspace guild add bakers 175928847299117063\n  \
                        guildhall workspace guild list bakers"
)]
pub(crate) enum GuildCommand {
    /// Give a guild to a workspace. It belongs to one at a time.
    Add {
        workspace: WorkspaceId,
        guild: GuildId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the guilds of a workspace.
    List {
        workspace: WorkspaceId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take a guild from a workspace; it is the default's then.
    Remove {
        workspace: WorkspaceId,
        guild: GuildId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Settings:\n  display_name      what messages of the service call the workspace\n  \
                        approval_channel  where approvals are asked for, unless policy says otherwise\n  \
                        audit_channel     where the audit is mirrored to\n  \
                        audit_rows        which rows: writes (how they ended, and refusals) or all\n\n\
                  Examples:\n  guildhall workspace config set bakers display_name \"The bakers\"\n  \
                        guildhall workspace config get bakers approval_channel"
)]
pub(crate) enum SettingCommand {
    /// Set something.
    Set {
        workspace: WorkspaceId,
        #[arg(value_parser = setting)]
        setting: Setting,
        value: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print one value; exits with 1 where it is not set.
    Get {
        workspace: WorkspaceId,
        #[arg(value_parser = setting)]
        setting: Setting,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List what is set.
    List {
        workspace: WorkspaceId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Forget a setting.
    Unset {
        workspace: WorkspaceId,
        #[arg(value_parser = setting)]
        setting: Setting,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// A role's word.
pub(crate) fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| "write viewer, operator, admin or owner".to_owned())
}

fn setting(word: &str) -> Result<Setting, String> {
    Setting::parse(word).ok_or_else(|| {
        let all: Vec<&str> = Setting::ALL.iter().map(|it| it.as_str()).collect();
        format!("write one of {}", all.join(", "))
    })
}
