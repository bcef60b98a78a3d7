//! API keys, known by the SHA-256 of their secret; the secret itself never comes here.

use async_trait::async_trait;
use model::{
    Millis, UserId,
    ledger::{ApiKey, Decision, StoreError},
    principal::Scope,
};

use crate::{
    engine::{Row, Value},
    transaction::Transaction,
    workspace,
    writer::Write,
};

pub(crate) const CREATE: &str = "\
INSERT INTO api_keys (
    name, secret_digest, scopes, created_at, expires_at, revoked_at, workspace, role,
    user_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";

// An index finds the digest; that its comparison is not constant in time tells nothing, because
// nobody can choose what a secret's SHA-256 begins with.
pub(crate) const FIND: &str = "\
SELECT name, workspace, role, user_id, scopes, created_at, expires_at, revoked_at FROM api_keys
WHERE secret_digest = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";

pub(crate) const LIST: &str = "\
SELECT name, workspace, role, user_id, scopes, created_at, expires_at, revoked_at FROM api_keys
ORDER BY created_at, name LIMIT $1";

pub(crate) const REVOKE: &str =
    "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $2) WHERE name = $1";

/// Store a key; gives `false` if its name is taken.
pub(crate) struct Create {
    pub(crate) key: ApiKey,
    pub(crate) secret_digest: String,
    pub(crate) record: Decision,
}

#[async_trait]
impl Write for Create {
    type Output = bool;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let ApiKey {
            name,
            workspace,
            role,
            user_id,
            scopes,
            created_at,
            expires_at,
            revoked_at,
        } = &self.key;
        let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let values: [Value; 9] = [
            name.into(),
            (&self.secret_digest).into(),
            words.join(",").into(),
            (*created_at).into(),
            (*expires_at).into(),
            (*revoked_at).into(),
            workspace.as_str().into(),
            role.as_str().into(),
            user_id.map(UserId::as_i64).into(),
        ];
        let made = on.execute(CREATE, values).await? == 1;
        if made {
            on.record(&self.record).await?;
        }
        Ok(made)
    }
}

/// Revoke a key, for good; gives `false` if there is no such key.
pub(crate) struct Revoke {
    pub(crate) name: String,
    pub(crate) now: Millis,
    pub(crate) record: Decision,
}

#[async_trait]
impl Write for Revoke {
    type Output = bool;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let values = [(&self.name).into(), self.now.into()];
        let revoked = on.execute(REVOKE, values).await? == 1;
        if revoked {
            on.record(&self.record).await?;
        }
        Ok(revoked)
    }
}

pub(crate) fn read(row: &Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        name: row.text("name")?,
        workspace: workspace::id(row, "workspace")?,
        role: workspace::role(row)?,
        user_id: row.optional_id("user_id")?,
        // An unknown scope, perhaps of a later version, is no scope.
        scopes: row
            .text("scopes")?
            .split(',')
            .filter_map(Scope::parse)
            .collect(),
        created_at: row.integer("created_at")?,
        expires_at: row.optional_integer("expires_at")?,
        revoked_at: row.optional_integer("revoked_at")?,
    })
}
