//! Workspaces with their members, guilds and settings: reading them, and one change at a time.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use model::{
    Role, UserId, WorkspaceId,
    ledger::{Decision, StoreError},
    workspaces::{
        Account, Change, Changed, INSTALLATIONS_MAX, Installation, MEMBERS_MAX, Member, Setting,
        WORKSPACES_MAX, Workspace, Workspaces,
    },
};

use crate::{
    Store,
    engine::{Row, Value},
    error::corrupt,
    reader::Readers,
    tenancy::{self, Kept},
    transaction::Transaction,
    writer::Write,
};

pub(crate) const ALL: &str =
    "SELECT id, name, created_at, suspended_at FROM workspaces ORDER BY id LIMIT $1";
pub(crate) const EXISTS: &str = "SELECT COUNT(*) FROM workspaces WHERE id = $1";
pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM workspaces";
pub(crate) const CREATE: &str = "\
INSERT INTO workspaces (id, name, created_at, suspended_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING";
pub(crate) const SUSPEND: &str =
    "UPDATE workspaces SET suspended_at = COALESCE(suspended_at, $2) WHERE id = $1";
pub(crate) const RESUME: &str = "UPDATE workspaces SET suspended_at = NULL WHERE id = $1";

pub(crate) const MEMBERS: &str = "\
SELECT workspace, name, user_id, role, added_at FROM members
WHERE workspace = $1 ORDER BY name LIMIT $2";
pub(crate) const COUNT_MEMBERS: &str = "SELECT COUNT(*) FROM members WHERE workspace = $1";
pub(crate) const ADD_MEMBER: &str = "\
INSERT INTO members (workspace, name, user_id, role, added_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING";
pub(crate) const ROLE: &str = "SELECT role FROM members WHERE workspace = $1 AND name = $2";
pub(crate) const OTHER_OWNERS: &str =
    "SELECT COUNT(*) FROM members WHERE workspace = $1 AND name <> $2 AND role = 'owner'";
pub(crate) const SET_ROLE: &str = "UPDATE members SET role = $3 WHERE workspace = $1 AND name = $2";
pub(crate) const REMOVE_MEMBER: &str = "DELETE FROM members WHERE workspace = $1 AND name = $2";

pub(crate) const ALL_INSTALLATIONS: &str =
    "SELECT guild_id, workspace, installed_at FROM installations ORDER BY guild_id LIMIT $1";
pub(crate) const INSTALLATIONS: &str = "\
SELECT guild_id, workspace, installed_at FROM installations
WHERE workspace = $1 ORDER BY guild_id LIMIT $2";
pub(crate) const COUNT_INSTALLATIONS: &str = "SELECT COUNT(*) FROM installations";
pub(crate) const INSTALL: &str = "\
INSERT INTO installations (guild_id, workspace, installed_at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING";
pub(crate) const UNINSTALL: &str =
    "DELETE FROM installations WHERE workspace = $1 AND guild_id = $2";

pub(crate) const SETTINGS: &str =
    "SELECT name, value FROM settings WHERE workspace = $1 ORDER BY name LIMIT $2";
pub(crate) const SET: &str = "\
INSERT INTO settings (workspace, name, value) VALUES ($1, $2, $3)
ON CONFLICT (workspace, name) DO UPDATE SET value = excluded.value";
pub(crate) const UNSET: &str = "DELETE FROM settings WHERE workspace = $1 AND name = $2";

pub(crate) const ACCOUNT: &str =
    "SELECT user_id, name, connected_at FROM accounts WHERE user_id = $1";
pub(crate) const CONNECT: &str = "\
INSERT INTO accounts (user_id, name, connected_at) VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, connected_at = excluded.connected_at";

/// Settings read of one workspace; there are fewer.
const SETTINGS_MAX: usize = 100;

#[async_trait]
impl Workspaces for Store {
    async fn workspaces(&self) -> Result<Vec<Workspace>, StoreError> {
        all(&self.inner.readers).await
    }

    async fn members(&self, of: &WorkspaceId) -> Result<Vec<Member>, StoreError> {
        let values = [of.as_str().into(), most(MEMBERS_MAX)];
        let rows = self.inner.readers.rows(MEMBERS, values).await?;
        rows.iter().map(member).collect()
    }

    async fn installations(&self, of: &WorkspaceId) -> Result<Vec<Installation>, StoreError> {
        let values = [of.as_str().into(), most(INSTALLATIONS_MAX)];
        let rows = self.inner.readers.rows(INSTALLATIONS, values).await?;
        rows.iter().map(installation).collect()
    }

    async fn settings(&self, of: &WorkspaceId) -> Result<BTreeMap<Setting, String>, StoreError> {
        let values = [of.as_str().into(), most(SETTINGS_MAX)];
        let rows = self.inner.readers.rows(SETTINGS, values).await?;
        let mut settings = BTreeMap::new();
        for row in &rows {
            // An unknown one is perhaps of a later version.
            if let Some(setting) = Setting::parse(&row.text("name")?) {
                settings.insert(setting, row.text("value")?);
            }
        }
        Ok(settings)
    }

    async fn account(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        let values = [user.as_i64().into()];
        let row = self.inner.readers.row(ACCOUNT, values).await?;
        row.as_ref().map(account).transpose()
    }

    async fn change(&self, change: Change, record: Decision) -> Result<Changed, StoreError> {
        let kept = Arc::clone(&self.inner.tenancy);
        let apply = Apply {
            change,
            record,
            kept,
        };
        self.write(apply).await
    }
}

/// Every workspace.
pub(crate) async fn all(readers: &Readers) -> Result<Vec<Workspace>, StoreError> {
    let rows = readers.rows(ALL, [most(WORKSPACES_MAX)]).await?;
    rows.iter().map(workspace).collect()
}

/// Every installation.
pub(crate) async fn all_installations(readers: &Readers) -> Result<Vec<Installation>, StoreError> {
    let values = [most(INSTALLATIONS_MAX)];
    let rows = readers.rows(ALL_INSTALLATIONS, values).await?;
    rows.iter().map(installation).collect()
}

/// Make one change, and write it down.
struct Apply {
    change: Change,
    record: Decision,
    kept: Arc<Kept>,
}

#[async_trait]
impl Write for Apply {
    type Output = Changed;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<Changed, StoreError> {
        let changed = apply(on, &self.change).await?;
        if changed == Changed::Made {
            on.record(&self.record).await?;
        }
        Ok(changed)
    }

    fn committed(&self, _output: &Changed) {
        self.kept.outdate();
    }
}

async fn apply(on: &mut Transaction<'_>, change: &Change) -> Result<Changed, StoreError> {
    match change {
        Change::Create(workspace) => create(on, workspace).await,
        Change::Suspend { workspace, at } => {
            let values = [workspace.as_str().into(), (*at).into()];
            toggle(on, SUSPEND, values.into()).await
        }
        Change::Resume { workspace } => toggle(on, RESUME, vec![workspace.as_str().into()]).await,
        Change::AddMember(member) => add_member(on, member).await,
        Change::SetRole {
            workspace,
            member,
            role,
        } => set_role(on, workspace, member, *role).await,
        Change::RemoveMember { workspace, member } => remove_member(on, workspace, member).await,
        Change::Install(installation) => install(on, installation).await,
        Change::Uninstall { workspace, guild } => {
            let values = [workspace.as_str().into(), guild.as_i64().into()];
            toggle(on, UNINSTALL, values.into()).await
        }
        Change::Set {
            workspace,
            setting,
            value,
        } => set(on, workspace, *setting, value.as_deref()).await,
        Change::Connect(account) => {
            let values = [
                account.user_id.as_i64().into(),
                (&account.name).into(),
                account.connected_at.into(),
            ];
            on.execute(CONNECT, values).await?;
            Ok(Changed::Made)
        }
    }
}

async fn create(on: &mut Transaction<'_>, it: &Workspace) -> Result<Changed, StoreError> {
    if is_full(on.integer(COUNT, []).await?, WORKSPACES_MAX) {
        return Ok(Changed::Full);
    }
    let values: [Value; 4] = [
        it.id.as_str().into(),
        (&it.name).into(),
        it.created_at.into(),
        it.suspended_at.into(),
    ];
    if on.execute(CREATE, values).await? == 0 {
        return Ok(Changed::Taken);
    }
    on.execute(tenancy::CHANGED, []).await?;
    Ok(Changed::Made)
}

/// A statement that touches one row of what every call has to know, or none.
async fn toggle(
    on: &mut Transaction<'_>,
    sql: &'static str,
    values: Vec<Value>,
) -> Result<Changed, StoreError> {
    if on.execute(sql, values).await? == 0 {
        return Ok(Changed::Missing);
    }
    on.execute(tenancy::CHANGED, []).await?;
    Ok(Changed::Made)
}

async fn add_member(on: &mut Transaction<'_>, it: &Member) -> Result<Changed, StoreError> {
    let workspace = it.workspace.as_str();
    if !exists(on, &it.workspace).await? {
        return Ok(Changed::Missing);
    }
    let count = on.integer(COUNT_MEMBERS, [workspace.into()]).await?;
    if is_full(count, MEMBERS_MAX) {
        return Ok(Changed::Full);
    }
    let values: [Value; 5] = [
        workspace.into(),
        (&it.name).into(),
        it.user_id.map(UserId::as_i64).into(),
        it.role.as_str().into(),
        it.added_at.into(),
    ];
    let added = on.execute(ADD_MEMBER, values).await? == 1;
    Ok(if added { Changed::Made } else { Changed::Taken })
}

async fn set_role(
    on: &mut Transaction<'_>,
    workspace: &WorkspaceId,
    member: &str,
    role: Role,
) -> Result<Changed, StoreError> {
    if let Some(stop) = cannot_go(on, workspace, member).await?
        && (stop != Changed::LastOwner || role != Role::Owner)
    {
        return Ok(stop);
    }
    let values: [Value; 3] = [
        workspace.as_str().into(),
        member.into(),
        role.as_str().into(),
    ];
    on.execute(SET_ROLE, values).await?;
    Ok(Changed::Made)
}

async fn remove_member(
    on: &mut Transaction<'_>,
    workspace: &WorkspaceId,
    member: &str,
) -> Result<Changed, StoreError> {
    if let Some(stop) = cannot_go(on, workspace, member).await? {
        return Ok(stop);
    }
    let values = [workspace.as_str().into(), member.into()];
    on.execute(REMOVE_MEMBER, values).await?;
    Ok(Changed::Made)
}

/// Why a member cannot cease to be what it is.
async fn cannot_go(
    on: &mut Transaction<'_>,
    workspace: &WorkspaceId,
    member: &str,
) -> Result<Option<Changed>, StoreError> {
    let values = || [Value::from(workspace.as_str()), member.into()];
    let Some(row) = on.row(ROLE, values()).await? else {
        return Ok(Some(Changed::Missing));
    };
    let is_owner = row.text("role")? == Role::Owner.as_str();
    let last = is_owner && on.integer(OTHER_OWNERS, values()).await? == 0;
    Ok(last.then_some(Changed::LastOwner))
}

async fn install(on: &mut Transaction<'_>, it: &Installation) -> Result<Changed, StoreError> {
    if !exists(on, &it.workspace).await? {
        return Ok(Changed::Missing);
    }
    if is_full(
        on.integer(COUNT_INSTALLATIONS, []).await?,
        INSTALLATIONS_MAX,
    ) {
        return Ok(Changed::Full);
    }
    let values: [Value; 3] = [
        it.guild_id.as_i64().into(),
        it.workspace.as_str().into(),
        it.installed_at.into(),
    ];
    if on.execute(INSTALL, values).await? == 0 {
        return Ok(Changed::Taken);
    }
    on.execute(tenancy::CHANGED, []).await?;
    Ok(Changed::Made)
}

async fn set(
    on: &mut Transaction<'_>,
    workspace: &WorkspaceId,
    setting: Setting,
    value: Option<&str>,
) -> Result<Changed, StoreError> {
    if !exists(on, workspace).await? {
        return Ok(Changed::Missing);
    }
    let mut values: Vec<Value> = vec![workspace.as_str().into(), setting.as_str().into()];
    let sql = match value {
        Some(value) => {
            values.push(value.into());
            SET
        }
        None => UNSET,
    };
    on.execute(sql, values).await?;
    Ok(Changed::Made)
}

async fn exists(on: &mut Transaction<'_>, workspace: &WorkspaceId) -> Result<bool, StoreError> {
    Ok(on.integer(EXISTS, [workspace.as_str().into()]).await? == 1)
}

fn is_full(count: i64, most: usize) -> bool {
    usize::try_from(count).is_ok_and(|count| count >= most)
}

fn most(rows: usize) -> Value {
    i64::try_from(rows).unwrap_or(i64::MAX).into()
}

fn workspace(row: &Row) -> Result<Workspace, StoreError> {
    Ok(Workspace {
        id: id(row, "id")?,
        name: row.text("name")?,
        created_at: row.integer("created_at")?,
        suspended_at: row.optional_integer("suspended_at")?,
    })
}

fn member(row: &Row) -> Result<Member, StoreError> {
    Ok(Member {
        workspace: id(row, "workspace")?,
        name: row.text("name")?,
        user_id: row.optional_id("user_id")?,
        role: role(row)?,
        added_at: row.integer("added_at")?,
    })
}

fn installation(row: &Row) -> Result<Installation, StoreError> {
    Ok(Installation {
        guild_id: row.id("guild_id")?,
        workspace: id(row, "workspace")?,
        installed_at: row.integer("installed_at")?,
    })
}

fn account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        user_id: row.id("user_id")?,
        name: row.text("name")?,
        connected_at: row.integer("connected_at")?,
    })
}

/// A workspace's id in a column.
pub(crate) fn id(row: &Row, column: &'static str) -> Result<WorkspaceId, StoreError> {
    let text = row.text(column)?;
    text.parse().map_err(|_| {
        corrupt(format!(
            "column {column} holds {text}, which is no workspace"
        ))
    })
}

/// A role; an unknown one, perhaps of a later version, is the least.
pub(crate) fn role(row: &Row) -> Result<Role, StoreError> {
    Ok(Role::parse(&row.text("role")?).unwrap_or_default())
}
