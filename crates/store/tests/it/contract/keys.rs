//! API keys.

use model::{
    Clock, ManualClock, Principal, Role, WorkspaceId,
    ledger::{ApiKey, Outcome},
    principal::Scope,
};

use super::Ports;
use crate::fixtures::decision;

pub(super) async fn suite(store: &dyn Ports, clock: &ManualClock) {
    let now = clock.now_ms();
    let monitor = ApiKey {
        name: "monitor".to_owned(),
        workspace: WorkspaceId::default(),
        role: Role::Operator,
        user_id: model::UserId::new(77),
        scopes: vec![Scope::Read, Scope::Write],
        created_at: now,
        expires_at: None,
        revoked_at: None,
    };
    let brief = ApiKey {
        name: "brief".to_owned(),
        workspace: "bakers".parse().unwrap(),
        role: Role::Viewer,
        user_id: None,
        scopes: vec![],
        created_at: now + 1,
        expires_at: Some(now + 1000),
        revoked_at: None,
    };
    let (first, second, unknown) = ([1; 32], [2; 32], [3; 32]);
    assert!(
        store
            .create(monitor.clone(), first, decision("create", Outcome::Done))
            .await
            .unwrap()
    );
    assert!(
        store
            .create(brief.clone(), second, decision("create", Outcome::Done))
            .await
            .unwrap()
    );
    assert!(
        !store
            .create(monitor.clone(), unknown, decision("create", Outcome::Done))
            .await
            .unwrap(),
        "the name is taken"
    );
    assert_eq!(
        store.list().await.unwrap(),
        [monitor.clone(), brief.clone()]
    );

    let principal = Principal::api_key("monitor", vec![Scope::Read, Scope::Write]);
    assert_eq!(store.find(first, now).await.unwrap(), Some(principal));
    assert_eq!(store.find(unknown, now).await.unwrap(), None);
    let principal = Principal {
        workspace: "bakers".parse().unwrap(),
        role: Role::Viewer,
        ..Principal::api_key("brief", vec![])
    };
    assert_eq!(
        store.find(second, now + 999).await.unwrap(),
        Some(principal)
    );
    assert_eq!(
        store.find(second, now + 1000).await.unwrap(),
        None,
        "it has expired"
    );

    assert!(
        !store
            .revoke("nobody", now, decision("revoke", Outcome::Done))
            .await
            .unwrap()
    );
    assert!(
        store
            .revoke("monitor", now + 5, decision("revoke", Outcome::Done))
            .await
            .unwrap()
    );
    assert!(
        store
            .revoke("monitor", now + 9, decision("revoke", Outcome::Done))
            .await
            .unwrap()
    );
    assert_eq!(store.find(first, now).await.unwrap(), None);
    let revoked = ApiKey {
        revoked_at: Some(now + 5),
        ..monitor.clone()
    };
    assert_eq!(store.list().await.unwrap(), [revoked, brief]);
    assert!(
        !store
            .create(monitor, unknown, decision("create", Outcome::Done))
            .await
            .unwrap(),
        "a revoked key keeps its name"
    );
}
