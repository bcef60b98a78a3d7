//! Workspaces as ports: what every call has to know of them, and what those who manage them change.
//!
//! As with every record, an `Ok` means that the commit which carries it is on disk.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    id::{ChannelId, GuildId, UserId},
    ledger::{Decision, StoreError},
    mirror::MirrorRows,
    workspace::{Role, WorkspaceId},
};

/// Most workspaces of one service.
pub const WORKSPACES_MAX: usize = 1_000;
/// Most members of one workspace.
pub const MEMBERS_MAX: usize = 1_000;
/// Most guilds that are installed in workspaces, over all of them; the others are the default's.
pub const INSTALLATIONS_MAX: usize = 100_000;
/// Longest name of a workspace or a member, in characters.
pub const NAME_MAX: usize = 64;
/// Longest value of a setting, in characters.
pub const SETTING_MAX: usize = 200;

// ---------------------------------------------------------------- what there is

/// People and clients who work together on some guilds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Workspace {
    pub id: WorkspaceId,
    /// For people.
    pub name: String,
    pub created_at: Millis,
    /// While it is set, nobody in it may do anything.
    pub suspended_at: Option<Millis>,
}

/// A person in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Member {
    pub workspace: WorkspaceId,
    /// Names the person within the workspace.
    pub name: String,
    /// The person in Discord, where that is known; once in a workspace.
    pub user_id: Option<UserId>,
    pub role: Role,
    pub added_at: Millis,
}

/// A guild that belongs to a workspace. One that belongs to none is the default's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Installation {
    pub guild_id: GuildId,
    pub workspace: WorkspaceId,
    pub installed_at: Millis,
}

/// A person's Discord account, connected by OAuth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    pub user_id: UserId,
    pub name: String,
    pub connected_at: Millis,
}

/// What can be set for the bot in one workspace.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// What messages of the service call the workspace.
    DisplayName,
    /// Where approvals are asked for, unless policy says otherwise.
    ApprovalChannel,
    /// Where the audit is mirrored to.
    AuditChannel,
    /// Which rows are mirrored there.
    AuditRows,
}

impl Setting {
    /// Every setting.
    pub const ALL: [Self; 4] = [
        Self::DisplayName,
        Self::ApprovalChannel,
        Self::AuditChannel,
        Self::AuditRows,
    ];

    /// The setting's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::ApprovalChannel => "approval_channel",
            Self::AuditChannel => "audit_channel",
            Self::AuditRows => "audit_rows",
        }
    }

    /// Read a setting's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// Whether a value fits, and else what would.
    pub fn check(self, value: &str) -> Result<(), &'static str> {
        let fits = match self {
            Self::DisplayName => is_name(value),
            Self::ApprovalChannel | Self::AuditChannel => value.parse::<ChannelId>().is_ok(),
            Self::AuditRows => MirrorRows::parse(value).is_some(),
        };
        if fits { Ok(()) } else { Err(self.form()) }
    }

    fn form(self) -> &'static str {
        match self {
            Self::DisplayName => "1 to 64 characters on one line",
            Self::ApprovalChannel | Self::AuditChannel => "a channel's id",
            Self::AuditRows => "`writes` (how writes ended, and refusals) or `all`",
        }
    }
}

/// Whether a text can name a workspace or a member: 1 to [`NAME_MAX`] characters on one line,
/// without spaces at its ends.
pub fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

// ---------------------------------------------------------------- what every call has to know

/// Whether a workspace takes calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Openness {
    Open,
    Suspended,
    /// There is no such workspace.
    Unknown,
}

/// Who belongs where, at one moment. Pure, so that one call is judged by one state of things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenancy {
    workspaces: HashMap<WorkspaceId, Openness>,
    guilds: HashMap<GuildId, WorkspaceId>,
}

impl Tenancy {
    /// From what is stored.
    pub fn of(
        workspaces: impl IntoIterator<Item = Workspace>,
        installations: impl IntoIterator<Item = Installation>,
    ) -> Self {
        let openness = |workspace: &Workspace| match workspace.suspended_at {
            Some(_) => Openness::Suspended,
            None => Openness::Open,
        };
        Self {
            workspaces: workspaces
                .into_iter()
                .map(|it| (it.id.clone(), openness(&it)))
                .collect(),
            guilds: installations
                .into_iter()
                .map(|it| (it.guild_id, it.workspace))
                .collect(),
        }
    }

    /// Whether this workspace takes calls.
    pub fn openness(&self, workspace: &WorkspaceId) -> Openness {
        self.workspaces
            .get(workspace)
            .copied()
            .unwrap_or(Openness::Unknown)
    }

    /// Whether a guild belongs to a workspace. What nobody claimed is the default's.
    pub fn owns(&self, workspace: &WorkspaceId, guild: GuildId) -> bool {
        match self.guilds.get(&guild) {
            Some(owner) => owner == workspace,
            None => workspace.is_default(),
        }
    }

    /// The workspace to which a guild belongs.
    pub fn home(&self, guild: GuildId) -> WorkspaceId {
        self.guilds.get(&guild).cloned().unwrap_or_default()
    }
}

/// Only the default workspace, to which every guild belongs.
impl Default for Tenancy {
    fn default() -> Self {
        Self {
            workspaces: HashMap::from([(WorkspaceId::default(), Openness::Open)]),
            guilds: HashMap::new(),
        }
    }
}

/// How long a change may take until every instance knows of it, in milliseconds.
pub const TENANCY_FRESH_MS: Millis = 500;

/// Knows who belongs where. Asked by every call, so it answers from memory; what it says is at
/// most [`TENANCY_FRESH_MS`] old.
#[async_trait]
pub trait Tenants: Send + Sync {
    async fn tenancy(&self) -> Result<Arc<Tenancy>, StoreError>;
}

/// For whoever has set up no workspace: only the default one.
#[derive(Debug, Clone, Copy, Default)]
pub struct OneWorkspace;

#[async_trait]
impl Tenants for OneWorkspace {
    async fn tenancy(&self) -> Result<Arc<Tenancy>, StoreError> {
        Ok(Arc::new(Tenancy::default()))
    }
}

// ---------------------------------------------------------------- what is managed

/// One change of the records. Each is one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Create(Workspace),
    Suspend {
        workspace: WorkspaceId,
        at: Millis,
    },
    Resume {
        workspace: WorkspaceId,
    },
    AddMember(Member),
    SetRole {
        workspace: WorkspaceId,
        member: String,
        role: Role,
    },
    RemoveMember {
        workspace: WorkspaceId,
        member: String,
    },
    Install(Installation),
    Uninstall {
        workspace: WorkspaceId,
        guild: GuildId,
    },
    /// `None` forgets the setting.
    Set {
        workspace: WorkspaceId,
        setting: Setting,
        value: Option<String>,
    },
    /// Note an account, or its new name.
    Connect(Account),
}

/// What became of a [`Change`]. Anything but `Made` changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    Made,
    /// The id, the name, the user or the guild is taken.
    Taken,
    /// There is no such workspace, member or installation.
    Missing,
    /// It would leave a workspace that has owners without one.
    LastOwner,
    /// There are as many as there may be.
    Full,
}

/// The records of the control plane.
#[async_trait]
pub trait Workspaces: Tenants {
    /// By id.
    async fn workspaces(&self) -> Result<Vec<Workspace>, StoreError>;
    /// By name.
    async fn members(&self, of: &WorkspaceId) -> Result<Vec<Member>, StoreError>;
    /// By id of the guild.
    async fn installations(&self, of: &WorkspaceId) -> Result<Vec<Installation>, StoreError>;
    /// What is set.
    async fn settings(&self, of: &WorkspaceId) -> Result<BTreeMap<Setting, String>, StoreError>;
    async fn account(&self, user: UserId) -> Result<Option<Account>, StoreError>;
    /// Change one thing and write the audit row of that, in one commit, or say why not. Whatever is
    /// not [`Changed::Made`] wrote neither.
    async fn change(&self, change: Change, record: Decision) -> Result<Changed, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guild_that_nobody_claimed_is_the_defaults_alone() {
        let bakers: WorkspaceId = "bakers".parse().unwrap();
        let (claimed, free) = (GuildId::new(1).unwrap(), GuildId::new(2).unwrap());
        let tenancy = Tenancy::of(
            [Workspace {
                id: bakers.clone(),
                name: "Bakers".to_owned(),
                created_at: 1,
                suspended_at: Some(2),
            }],
            [Installation {
                guild_id: claimed,
                workspace: bakers.clone(),
                installed_at: 1,
            }],
        );
        let default = WorkspaceId::default();
        assert!(tenancy.owns(&bakers, claimed) && !tenancy.owns(&default, claimed));
        assert!(tenancy.owns(&default, free) && !tenancy.owns(&bakers, free));
        assert_eq!(tenancy.openness(&bakers), Openness::Suspended);
        assert_eq!(tenancy.openness(&default), Openness::Unknown);
        assert_eq!(tenancy.home(free), default);
    }

    #[test]
    fn settings_say_what_would_fit() {
        for setting in Setting::ALL {
            assert_eq!(Setting::parse(setting.as_str()), Some(setting));
        }
        assert_eq!(
            Setting::ApprovalChannel.check("general"),
            Err("a channel's id")
        );
        assert!(Setting::DisplayName.check("The bakers").is_ok());
        for bad in ["", " x", "a\nb", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
