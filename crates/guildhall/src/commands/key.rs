//! `guildhall key`: make, list and revoke the API keys of clients.

use anyhow::{Context as _, bail};
use gate::manage::{Command, Managed, Office};
use model::{Clock, Role, UserId, WorkspaceId, ledger::ApiKey, principal::Scope};
use serde_json::json;

use super::workspace::ask;
use crate::{clock::SystemClock, output};

/// What a key is made with.
pub(crate) struct Wish {
    pub(crate) name: String,
    pub(crate) workspace: WorkspaceId,
    pub(crate) role: Role,
    pub(crate) user: Option<UserId>,
    pub(crate) scopes: Vec<String>,
    /// Days.
    pub(crate) expires: Option<u32>,
}

/// Make a key and show it once.
pub(crate) async fn create(office: &Office, wish: Wish, as_json: bool) -> anyhow::Result<()> {
    let scopes = wish
        .scopes
        .iter()
        .map(|word| {
            Scope::parse(word)
                .with_context(|| format!("unknown scope \"{word}\": read, write, destructive"))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let create = Command::CreateClient {
        workspace: wish.workspace,
        name: wish.name,
        role: wish.role,
        user_id: wish.user,
        scopes,
        expires_in_days: wish.expires,
    };
    let Managed::NewClient(new) = ask(office, create).await? else {
        bail!("no key came back");
    };
    if as_json {
        return output::json(&json!({ "key": new.key, "about": new.client }));
    }
    output::line(&new.key);
    output::line("This key is shown once. Clients send it as `Authorization: Bearer …`.");
    Ok(())
}

/// Show what is known about every key.
pub(crate) async fn list(office: &Office, as_json: bool) -> anyhow::Result<()> {
    let everywhere = Command::ListClients { workspace: None };
    let Managed::Clients(list) = ask(office, everywhere).await? else {
        bail!("no keys came back");
    };
    let keys = list.clients;
    if as_json {
        return output::json(&keys);
    }
    let now = SystemClock.now_ms();
    // Whoever has no workspaces is not told of any.
    let plain = |key: &ApiKey| key.workspace.is_default() && key.role == Role::Operator;
    let all_plain = keys.iter().all(plain);
    let row = |key: &ApiKey| {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        let state = match (key.revoked_at, key.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end <= now => "expired",
            _ => "valid",
        };
        let mut row = vec![key.name.clone(), state.to_owned(), scopes.join(",")];
        if !all_plain {
            row.extend([key.role.as_str().to_owned(), key.workspace.to_string()]);
        }
        row
    };
    let columns = ["NAME", "STATE", "SCOPES", "ROLE", "WORKSPACE"];
    let columns = if all_plain {
        &columns[..3]
    } else {
        &columns[..]
    };
    output::table(columns, &keys.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

/// Revoke a key; the next request with it is refused.
pub(crate) async fn revoke(office: &Office, name: &str) -> anyhow::Result<()> {
    let revoke = Command::RevokeClient {
        name: name.to_owned(),
    };
    ask(office, revoke).await?;
    output::line(&format!("Revoked {name}."));
    Ok(())
}
