//! Policies of workspaces: on top of one another, never in place of one.

use model::{
    WorkspaceId,
    policies::{NewPolicy, POLICY_TEXT_MAX, POLICY_VERSIONS_MAX, PutPolicy},
};

use super::Ports;

fn new(text: &str, expected: Option<i64>) -> NewPolicy {
    NewPolicy {
        workspace: WorkspaceId::default(),
        text: text.to_owned(),
        put_by: "key:admin".to_owned(),
        put_at: 7,
        restored: None,
        expected,
    }
}

pub(super) async fn suite(store: &dyn Ports) {
    let home = WorkspaceId::default();
    assert_eq!(store.policies_in_force().await.unwrap(), []);
    let before = store.policy_changes().await.unwrap();

    let put = store.put_policy(new("read_only = true", Some(0))).await;
    assert_eq!(put.unwrap(), PutPolicy::Put { number: 1 });
    assert!(store.policy_changes().await.unwrap() > before);
    let late = store.put_policy(new("", Some(0))).await;
    assert_eq!(late.unwrap(), PutPolicy::Conflict { current: 1 });
    let second = store.put_policy(new("", Some(1))).await;
    assert_eq!(second.unwrap(), PutPolicy::Put { number: 2 });
    let back = NewPolicy {
        restored: Some(1),
        ..new("read_only = true", None)
    };
    let back = store.put_policy(back).await.unwrap();
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
        ..new("", None)
    };
    let nowhere = store.put_policy(nobody).await.unwrap();
    assert_eq!(nowhere, PutPolicy::NoSuchWorkspace);
    let long = "#".repeat(POLICY_TEXT_MAX + 1);
    let long = store.put_policy(new(&long, None)).await.unwrap();
    assert_eq!(long, PutPolicy::TooLong);

    for _ in 0..POLICY_VERSIONS_MAX {
        store.put_policy(new("", None)).await.unwrap();
    }
    let kept = store.policy_versions(&home).await.unwrap();
    assert_eq!(i64::try_from(kept.len()).unwrap(), POLICY_VERSIONS_MAX);
    assert_eq!(kept[0].number, 3 + POLICY_VERSIONS_MAX);
}
