//! Policies of workspaces: on top of one another, never in place of one.

use model::{
    WorkspaceId,
    ledger::{Outcome, StoreError},
    policies::{Expected, NewPolicy, POLICY_TEXT_MAX, POLICY_VERSIONS_MAX, PutPolicy},
};

use super::Ports;
use crate::fixtures::decision;

fn new(text: &str, expected: Expected) -> NewPolicy {
    NewPolicy {
        workspace: WorkspaceId::default(),
        text: text.to_owned(),
        put_by: "key:admin".to_owned(),
        put_at: 7,
        restored: None,
        expected,
    }
}

async fn put(store: &dyn Ports, new: NewPolicy) -> Result<PutPolicy, StoreError> {
    let record = decision(&format!("put-{}", new.text.len()), Outcome::Done);
    store.put_policy(new, record).await
}

/// How many rows the audit has.
async fn rows(store: &dyn Ports) -> usize {
    store.decisions(0, 10_000).await.unwrap().len()
}

pub(super) async fn suite(store: &dyn Ports) {
    let home = WorkspaceId::default();
    assert_eq!(store.policies_in_force().await.unwrap(), []);
    let before = store.policy_changes().await.unwrap();

    let first = put(store, new("read_only = true", Expected::Version(0))).await;
    assert_eq!(first.unwrap(), PutPolicy::Put { number: 1 });
    assert!(store.policy_changes().await.unwrap() > before);
    let written = rows(store).await;
    let late = put(store, new("", Expected::Version(0))).await;
    assert_eq!(late.unwrap(), PutPolicy::Conflict { current: 1 });
    let taken = put(store, new("x", Expected::Nothing)).await;
    assert_eq!(taken.unwrap(), PutPolicy::Conflict { current: 1 });
    assert_eq!(rows(store).await, written, "what was not put has no row");
    let second = put(store, new("", Expected::Version(1))).await;
    assert_eq!(second.unwrap(), PutPolicy::Put { number: 2 });
    assert_eq!(rows(store).await, written + 1, "one commit has both");
    let back = NewPolicy {
        restored: Some(1),
        ..new("read_only = true", Expected::Nothing)
    };
    let back = put(store, back).await.unwrap();
    assert_eq!(back, PutPolicy::Put { number: 3 });

    let versions = store.policy_versions(&home).await.unwrap();
    let told: Vec<_> = versions
        .iter()
        .map(|it| (it.number, it.text.as_str(), it.restored))
        .collect();
    let read_only = "read_only = true";
    assert_eq!(
        told,
        [(3, read_only, Some(1)), (2, "", None), (1, read_only, None)]
    );
    assert_eq!(
        (versions[2].put_by.as_str(), versions[2].put_at),
        ("key:admin", 7)
    );
    assert_eq!(store.policies_in_force().await.unwrap(), versions[..1]);

    let nobody = NewPolicy {
        workspace: "nobody".parse().unwrap(),
        ..new("", Expected::Anything)
    };
    let nowhere = put(store, nobody).await.unwrap();
    assert_eq!(nowhere, PutPolicy::NoSuchWorkspace);
    let long = "#".repeat(POLICY_TEXT_MAX + 1);
    let long = put(store, new(&long, Expected::Anything)).await.unwrap();
    assert_eq!(long, PutPolicy::TooLong);

    for _ in 0..POLICY_VERSIONS_MAX {
        put(store, new("", Expected::Anything)).await.unwrap();
    }
    let kept = store.policy_versions(&home).await.unwrap();
    assert_eq!(i64::try_from(kept.len()).unwrap(), POLICY_VERSIONS_MAX);
    assert_eq!(kept[0].number, 3 + POLICY_VERSIONS_MAX);
}
