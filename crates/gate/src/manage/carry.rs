//! Carrying out what was allowed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{
    Millis, Principal, Reason, Stage, WorkspaceId,
    ledger::{ApiKey, StoreError},
    workspaces::{Change, Changed, Installation, Member, SETTING_MAX, Setting, Workspace, is_name},
};
use sha2::{Digest as _, Sha256};

use super::{
    Command, Desk,
    authority::{role_in, runs_the_service, too_low},
    managed::{
        ClientList, InstallationList, Managed, MemberList, NewClient, SettingList, WorkspaceDetail,
        WorkspaceList,
    },
    page::Page,
    policy, senseless,
};

const DAY_MS: Millis = 24 * 60 * 60 * 1_000;
/// Random bytes in a key: 43 characters after the prefix.
const SECRET_BYTES: usize = 32;
/// Longest name of a client, in characters.
const CLIENT_NAME_MAX: usize = 64;
/// Most clients of one service, revoked ones included: their names stay taken.
const CLIENTS_MAX: usize = 10_000;

/// Why it was not done.
pub(super) enum Trouble {
    Refused(Option<Stage>, Reason),
    Broken(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Broken(error)
    }
}

impl From<(Option<Stage>, Reason)> for Trouble {
    fn from((stage, reason): (Option<Stage>, Reason)) -> Self {
        Self::Refused(stage, reason)
    }
}

/// Do it.
pub(super) async fn out(
    desk: &Desk,
    principal: &Principal,
    page: &Page<'_>,
    command: Command,
) -> Result<Managed, Trouble> {
    let now = desk.books.clock.now_ms();
    let books = &desk.books.workspaces;
    Ok(match command {
        Command::ListWorkspaces => Managed::Workspaces(list(desk, principal).await?),
        Command::ShowWorkspace { workspace } => show(desk, &workspace).await?,
        Command::CreateWorkspace { workspace, name } => {
            let made = Workspace {
                id: workspace,
                name: named(name)?,
                created_at: now,
                suspended_at: None,
            };
            let taken = format!("there is a workspace \"{}\" already", made.id);
            change(desk, page, Change::Create(made.clone()), &taken).await?;
            Managed::Workspace(made)
        }
        Command::SuspendWorkspace { workspace } => {
            let suspend = Change::Suspend {
                workspace: workspace.clone(),
                at: now,
            };
            change(desk, page, suspend, "").await?;
            Managed::Workspace(find(desk, &workspace).await?)
        }
        Command::ResumeWorkspace { workspace } => {
            let resume = Change::Resume {
                workspace: workspace.clone(),
            };
            change(desk, page, resume, "").await?;
            Managed::Workspace(find(desk, &workspace).await?)
        }
        Command::ListMembers { workspace } => Managed::Members(MemberList {
            members: books.members(&workspace).await?,
        }),
        Command::AddMember {
            workspace,
            name,
            user_id,
            role,
        } => {
            let member = Member {
                workspace,
                name: named(name)?,
                user_id,
                role,
                added_at: now,
            };
            let taken = "somebody in the workspace has this name, or this Discord account";
            change(desk, page, Change::AddMember(member.clone()), taken).await?;
            Managed::Member(member)
        }
        Command::SetRole {
            workspace,
            member,
            role,
        } => {
            let set = Change::SetRole {
                workspace: workspace.clone(),
                member: member.clone(),
                role,
            };
            change(desk, page, set, "").await?;
            let members = books.members(&workspace).await?;
            let found = members.into_iter().find(|it| it.name == member);
            Managed::Member(found.ok_or_else(|| missing("member"))?)
        }
        Command::RemoveMember { workspace, member } => {
            change(desk, page, Change::RemoveMember { workspace, member }, "").await?;
            Managed::Gone
        }
        Command::ListInstallations { workspace } => Managed::Installations(InstallationList {
            installations: books.installations(&workspace).await?,
        }),
        Command::Install {
            workspace,
            guild_id,
        } => {
            let installed = Installation {
                guild_id,
                workspace,
                installed_at: now,
            };
            let taken = format!("guild {guild_id} is installed in a workspace already");
            change(desk, page, Change::Install(installed.clone()), &taken).await?;
            Managed::Installation(installed)
        }
        Command::Uninstall {
            workspace,
            guild_id: guild,
        } => {
            change(desk, page, Change::Uninstall { workspace, guild }, "").await?;
            Managed::Gone
        }
        Command::ListSettings { workspace } => Managed::Settings(SettingList {
            settings: books.settings(&workspace).await?,
        }),
        Command::Set {
            workspace,
            setting,
            value,
        } => {
            fits(setting, value.as_deref())?;
            let set = Change::Set {
                workspace: workspace.clone(),
                setting,
                value,
            };
            change(desk, page, set, "").await?;
            Managed::Settings(SettingList {
                settings: books.settings(&workspace).await?,
            })
        }
        Command::ListClients { workspace } => {
            let mut clients = desk.books.keys.list().await?;
            clients.retain(|key| workspace.as_ref().is_none_or(|it| key.workspace == *it));
            Managed::Clients(ClientList { clients })
        }
        Command::CreateClient { .. } => create_client(desk, principal, page, command, now).await?,
        Command::RevokeClient { .. } => revoke_client(desk, principal, page, &command, now).await?,
        command => policy::out(desk, principal, page, command).await?,
    })
}

/// Those that the principal may know of.
async fn list(desk: &Desk, principal: &Principal) -> Result<WorkspaceList, Trouble> {
    let mut workspaces = desk.books.workspaces.workspaces().await?;
    if !runs_the_service(principal) {
        workspaces.retain(|it| it.id == principal.workspace);
    }
    Ok(WorkspaceList { workspaces })
}

async fn show(desk: &Desk, workspace: &WorkspaceId) -> Result<Managed, Trouble> {
    let books = &desk.books.workspaces;
    Ok(Managed::Shown(Box::new(WorkspaceDetail {
        workspace: find(desk, workspace).await?,
        members: books.members(workspace).await?,
        installations: books.installations(workspace).await?,
        settings: books.settings(workspace).await?,
    })))
}

async fn find(desk: &Desk, workspace: &WorkspaceId) -> Result<Workspace, Trouble> {
    let all = desk.books.workspaces.workspaces().await?;
    let found = all.into_iter().find(|it| it.id == *workspace);
    found.ok_or_else(|| missing("workspace"))
}

async fn create_client(
    desk: &Desk,
    principal: &Principal,
    page: &Page<'_>,
    command: Command,
    now: Millis,
) -> Result<Managed, Trouble> {
    let Command::CreateClient {
        workspace,
        name,
        role,
        user_id,
        mut scopes,
        expires_in_days,
    } = command
    else {
        return Err(missing("client"));
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !(1..=CLIENT_NAME_MAX).contains(&name.len()) || !name.chars().all(plain) {
        return Err(senseless("a key's name has 1 to 64 letters, digits, `-`, `_` or `.`").into());
    }
    scopes.sort_unstable();
    scopes.dedup();
    let known = desk.books.keys.list().await?;
    if known.len() >= CLIENTS_MAX {
        return Err(full());
    }
    // Who makes a key with a key of theirs does not become somebody else.
    let made_with = principal.id.strip_prefix("key:");
    let maker = known
        .iter()
        .find(|key| Some(key.name.as_str()) == made_with);
    let user_id = user_id.or(maker.and_then(|key| key.user_id));
    let client = ApiKey {
        name,
        workspace,
        role,
        user_id,
        scopes,
        created_at: now,
        expires_at: expires_in_days
            .map(|days| now.saturating_add(Millis::from(days).saturating_mul(DAY_MS))),
        revoked_at: None,
    };
    let key = format!(
        "gh_{}",
        URL_SAFE_NO_PAD.encode(rand::random::<[u8; SECRET_BYTES]>())
    );
    let digest = Sha256::digest(key.as_bytes()).into();
    if !desk
        .books
        .keys
        .create(client.clone(), digest, page.done())
        .await?
    {
        return Err(conflict(
            "taken",
            format!(
                "there is a key called {} already; revoked names stay taken, for the audit",
                client.name
            ),
        ));
    }
    Ok(Managed::NewClient(Box::new(NewClient { key, client })))
}

/// Only where the principal manages, and never one that may do more than it.
async fn revoke_client(
    desk: &Desk,
    principal: &Principal,
    page: &Page<'_>,
    command: &Command,
    now: Millis,
) -> Result<Managed, Trouble> {
    let Command::RevokeClient { name } = command else {
        return Err(missing("client"));
    };
    let nobody = || missing(&format!("key called {name}"));
    let all = desk.books.keys.list().await?;
    let key = all.into_iter().find(|key| key.name == *name);
    let Some(key) = key else {
        return Err(nobody());
    };
    // Those of other workspaces are as if they were not there.
    let Some(role) = role_in(principal, &key.workspace) else {
        return Err(nobody());
    };
    if key.role > role {
        let objection = too_low(principal, role, key.role, command);
        return Err(Trouble::Refused(Some(objection.stage), objection.reason));
    }
    if !desk.books.keys.revoke(name, now, page.done()).await? {
        return Err(nobody());
    }
    Ok(Managed::Gone)
}

async fn change(desk: &Desk, page: &Page<'_>, change: Change, taken: &str) -> Result<(), Trouble> {
    let what = match &change {
        Change::SetRole { .. } | Change::RemoveMember { .. } => "member",
        Change::Uninstall { .. } => "installation",
        _ => "workspace",
    };
    match desk.books.workspaces.change(change, page.done()).await? {
        Changed::Made => Ok(()),
        Changed::Taken => Err(conflict("taken", taken)),
        Changed::Missing => Err(missing(what)),
        Changed::LastOwner => Err(conflict(
            "last_owner",
            "a workspace that has owners keeps one; make somebody else an owner first",
        )),
        Changed::Full => Err(full()),
    }
}

fn named(name: String) -> Result<String, Trouble> {
    if is_name(&name) {
        return Ok(name);
    }
    Err(senseless("a name has 1 to 64 characters on one line, without spaces at its ends").into())
}

fn fits(setting: Setting, value: Option<&str>) -> Result<(), Trouble> {
    let Some(value) = value else {
        return Ok(());
    };
    let short = value.chars().count() <= SETTING_MAX;
    let wanted = match setting.check(value) {
        Ok(()) if short => return Ok(()),
        Ok(()) => "shorter",
        Err(wanted) => wanted,
    };
    Err(senseless(format!("`{}` must be {wanted}", setting.as_str())).into())
}

pub(super) fn missing(what: &str) -> Trouble {
    Trouble::Refused(
        Some(Stage::ExecuteAndAudit),
        Reason::new("not_found", format!("there is no such {what}")),
    )
}

fn full() -> Trouble {
    conflict("full", "there are as many as there may be")
}

pub(super) fn conflict(code: &str, message: impl Into<String>) -> Trouble {
    Trouble::Refused(Some(Stage::ExecuteAndAudit), Reason::new(code, message))
}
