//! Mirrors: each moved only by whoever saw its last move, and the rows that they read.

use model::{
    WorkspaceId,
    ledger::{Decision, Outcome},
    mirror::{
        MIRROR, Mirror, MirrorFilter, MirrorMessage, MirrorRows, MirrorScope, MirrorTrouble,
        MirrorWish,
    },
    risk::Risk,
    workspaces::{Change, Changed, Setting},
};

use super::Ports;
use crate::fixtures::{decision, thread};

const OUTCOMES: [Outcome; 8] = [
    Outcome::Planned,
    Outcome::Refused,
    Outcome::Started,
    Outcome::Done,
    Outcome::Failed,
    Outcome::Unknown,
    Outcome::Replayed,
    Outcome::Waiting,
];

pub(super) async fn suite(store: &dyn Ports) {
    moves(store).await;
    wishes(store).await;
    rows(store).await;
}

async fn moves(store: &dyn Ports) {
    let scope = MirrorScope::Everything;
    assert_eq!(store.mirror(&scope).await.unwrap(), None);
    let first = Mirror {
        channel: thread(7),
        through: 3,
        message: None,
        trouble: None,
        revision: 0,
    };
    assert!(store.put_mirror(&scope, first.clone()).await.unwrap());
    // Somebody who did not see it begins as well, and is too late.
    assert!(!store.put_mirror(&scope, first.clone()).await.unwrap());
    let second = Mirror {
        message: Some(MirrorMessage {
            from: 4,
            to: 9,
            text: "nine \u{1f426}".to_owned(),
            since: 5,
            lost: 1,
        }),
        trouble: Some(MirrorTrouble {
            why: "gone".to_owned(),
            since: 6,
        }),
        revision: 1,
        ..first.clone()
    };
    assert!(store.put_mirror(&scope, second.clone()).await.unwrap());
    assert!(!store.put_mirror(&scope, second.clone()).await.unwrap());
    let kept = store.mirror(&scope).await.unwrap().unwrap();
    assert_eq!(
        kept,
        Mirror {
            revision: 2,
            ..second
        }
    );
    let other = MirrorScope::Workspace(WorkspaceId::default());
    assert_eq!(store.mirror(&other).await.unwrap(), None);
}

async fn wishes(store: &dyn Ports) {
    let home = WorkspaceId::default();
    let set = async |setting, value: Option<&str>| {
        let change = Change::Set {
            workspace: home.clone(),
            setting,
            value: value.map(str::to_owned),
        };
        assert_eq!(
            store
                .change(change, decision("set", Outcome::Done))
                .await
                .unwrap(),
            Changed::Made
        );
    };
    set(Setting::AuditRows, Some("all")).await;
    assert_eq!(store.mirror_wishes().await.unwrap(), []);
    set(Setting::AuditChannel, Some("7")).await;
    let wish = |rows| MirrorWish {
        scope: MirrorScope::Workspace(home.clone()),
        channel: thread(7),
        rows,
    };
    assert_eq!(
        store.mirror_wishes().await.unwrap(),
        [wish(MirrorRows::All)]
    );
    set(Setting::AuditRows, None).await;
    let told = store.mirror_wishes().await.unwrap();
    assert_eq!(told, [wish(MirrorRows::Writes)]);
    set(Setting::AuditChannel, None).await;
}

/// The query fits what [`MirrorFilter::fits`] does.
async fn rows(store: &dyn Ports) {
    let before = store.last_decision().await.unwrap();
    let bakers: WorkspaceId = "mirrored".parse().unwrap();
    for outcome in OUTCOMES {
        for risk in [None, Some(Risk::Read), Some(Risk::Write)] {
            for (workspace, principal) in [
                (WorkspaceId::default(), "local"),
                (WorkspaceId::default(), MIRROR),
                (bakers.clone(), "local"),
            ] {
                let row = Decision {
                    risk,
                    workspace,
                    principal: principal.to_owned(),
                    ..decision("mirrored", outcome)
                };
                store.record(row).await.unwrap();
            }
        }
    }
    let to = store.last_decision().await.unwrap();
    assert_eq!(to, before + 72);
    let all = store.decisions(before, 1_000).await.unwrap();
    for kinds in [MirrorRows::Writes, MirrorRows::All] {
        for scope in [
            MirrorScope::Everything,
            MirrorScope::Workspace(bakers.clone()),
        ] {
            for (after, to) in [(before, to), (before + 10, to - 20), (to, to)] {
                let filter = MirrorFilter {
                    scope: scope.clone(),
                    rows: kinds,
                    after,
                    to,
                };
                let fits = |row: &&(i64, Decision)| filter.fits(row.0, &row.1);
                let wanted: Vec<_> = all.iter().filter(fits).cloned().collect();
                let found = store.mirror_rows(&filter, 1_000).await.unwrap();
                assert_eq!(found, wanted, "{filter:?}");
                let count = store.count_mirror_rows(&filter).await.unwrap();
                assert_eq!(usize::try_from(count).unwrap(), wanted.len());
                let few = store.mirror_rows(&filter, 3).await.unwrap();
                assert_eq!(few, wanted[..wanted.len().min(3)]);
            }
        }
    }
}
