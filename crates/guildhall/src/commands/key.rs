//! `guildhall key`: make, list and revoke the API keys of clients.

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{
    Clock, Millis, Role, WorkspaceId,
    ledger::{ApiKey, Keys},
    principal::Scope,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::Store;

use crate::{clock::SystemClock, output};

const DAY_MS: Millis = 24 * 60 * 60 * 1000;
/// Random bytes in a key: 43 characters after the prefix.
const SECRET_BYTES: usize = 32;

/// Make a key and show it once.
pub(crate) async fn create(
    store: &Store,
    name: &str,
    scopes: &[String],
    expires: Option<u32>,
    as_json: bool,
) -> anyhow::Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        bail!("a key's name has 1 to 64 letters, digits, `-`, `_` or `.`");
    }
    let scopes = scopes
        .iter()
        .map(|word| {
            Scope::parse(word)
                .with_context(|| format!("unknown scope \"{word}\": read, write, destructive"))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let secret = format!(
        "gh_{}",
        URL_SAFE_NO_PAD.encode(rand::random::<[u8; SECRET_BYTES]>())
    );
    let now = SystemClock.now_ms();
    let key = ApiKey {
        name: name.to_owned(),
        workspace: WorkspaceId::default(),
        role: Role::Operator,
        scopes,
        created_at: now,
        expires_at: expires.map(|days| now + Millis::from(days) * DAY_MS),
        revoked_at: None,
    };
    if !store
        .create(key.clone(), Sha256::digest(secret.as_bytes()).into())
        .await?
    {
        bail!("there is a key called {name} already; revoked names stay taken, for the audit");
    }
    if as_json {
        return output::json(&json!({ "key": secret, "about": key }));
    }
    output::line(&secret);
    output::line("This key is shown once. Clients send it as `Authorization: Bearer …`.");
    Ok(())
}

/// Show what is known about every key.
pub(crate) async fn list(store: &Store, as_json: bool) -> anyhow::Result<()> {
    let keys = Keys::list(store).await?;
    if as_json {
        return output::json(&keys);
    }
    let now = SystemClock.now_ms();
    let row = |key: &ApiKey| {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        let state = match (key.revoked_at, key.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end <= now => "expired",
            _ => "valid",
        };
        vec![key.name.clone(), state.to_owned(), scopes.join(",")]
    };
    output::table(
        &["NAME", "STATE", "SCOPES"],
        &keys.iter().map(row).collect::<Vec<_>>(),
    );
    Ok(())
}

/// Revoke a key; the next request with it is refused.
pub(crate) async fn revoke(store: &Store, name: &str) -> anyhow::Result<()> {
    if !store.revoke(name, SystemClock.now_ms()).await? {
        bail!("there is no key called {name}");
    }
    output::line(&format!("Revoked {name}."));
    Ok(())
}
