//! Several instances on one database: they wake one another, and number and claim as if they were one.

use std::sync::Arc;

use model::{
    ManualClock,
    ledger::{Begun, EventFilter, Journal as _, Leases as _, Ledger as _, Outcome},
    policies::{Expected, NewPolicy, Policies as _, PutPolicy},
    workspaces::{
        Change, Installation, TENANCY_FRESH_MS, Tenants as _, Workspace, Workspaces as _,
    },
};
use store::Store;

use crate::{
    fixtures::{
        HOUR, MINUTE, START, claim, decision, event, holder, intent, open, runtime, thread,
    },
    postgres,
};

pub(crate) fn on_postgresql(story: impl AsyncFnOnce(&str)) {
    runtime().block_on(async {
        if let Some(database) = postgres::database().await {
            story(&database.url).await;
            database.forget().await;
        }
    });
}

pub(crate) fn on_a_file(story: impl AsyncFnOnce(&str)) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("store.db").display());
    runtime().block_on(story(&url));
}

#[test]
fn an_append_wakes_those_who_wait_on_another_instance() {
    on_postgresql(waking);
}

#[test]
fn an_append_is_found_by_those_who_wait_on_another_instance_of_a_file() {
    on_a_file(waking);
}

async fn waking(url: &str) {
    let clock = ManualClock::at(START);
    // On an empty database, so both would create it.
    let (here, there) = tokio::join!(open(url, &clock), open(url, &clock));
    for expected in 1..=3 {
        let waits = async {
            while here.latest().await.unwrap() < expected {
                here.grown_past(expected - 1).await;
            }
            let all = EventFilter::default();
            here.after(expected - 1, &all, 10).await.unwrap()
        };
        let append = there.append(vec![event("MESSAGE_CREATE", 1, 1, "{}")], None);
        let (events, appended) = tokio::join!(waits, append);
        assert_eq!(appended.unwrap(), expected);
        assert_eq!(events[0].seq, expected);
    }
    // One who waits for what will never come is let go when the store closes.
    tokio::join!(here.grown_past(1000), here.close());
    there.close().await;
}

#[test]
fn numbers_have_no_gaps_and_never_appear_out_of_order() {
    on_postgresql(numbering);
}

#[test]
fn numbers_have_no_gaps_and_never_appear_out_of_order_in_a_shared_file() {
    on_a_file(numbering);
}

async fn numbering(url: &str) {
    const BATCHES: i64 = 60;
    let clock = ManualClock::at(START);
    let (one, two) = tokio::join!(open(url, &clock), open(url, &clock));
    let append = async |store: Store| {
        for _ in 0..BATCHES {
            let batch = vec![event("MESSAGE_CREATE", 1, 1, "{}"); 2];
            let record = store.record(decision("x", Outcome::Done));
            let (appended, recorded) = tokio::join!(store.append(batch, None), record);
            appended.unwrap();
            recorded.unwrap();
        }
    };
    let follow = async {
        let mut seen = 0;
        while seen < BATCHES * 4 {
            one.grown_past(seen).await;
            let all = EventFilter::default();
            for event in one.after(seen, &all, 1000).await.unwrap() {
                seen += 1;
                assert_eq!(event.seq, seen, "a reader was shown a gap");
            }
        }
    };
    tokio::join!(append(one.clone()), append(two.clone()), follow);
    let audit = one.decisions(0, 1000).await.unwrap();
    let numbers: Vec<i64> = audit.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, (1..=BATCHES * 2).collect::<Vec<i64>>());
    one.close().await;
    two.close().await;
}

#[test]
fn a_key_and_a_lease_are_won_by_one_instance_alone() {
    on_postgresql(winning);
}

#[test]
fn a_key_and_a_lease_in_a_shared_file_are_won_by_one_instance_alone() {
    on_a_file(winning);
}

async fn winning(url: &str) {
    let clock = ManualClock::at(START);
    let stores = [
        open(url, &clock).await,
        open(url, &clock).await,
        open(url, &clock).await,
    ];
    for round in 0..20 {
        let attempts = stores.iter().enumerate().map(|(number, store)| async move {
            let mut intent = intent(&format!("{round}-{number}"));
            intent.idempotency = Some(claim(&format!("key-{round}"), "d", START + HOUR));
            let agent = holder(&format!("agent-{number}"));
            let lease = store.acquire(thread(round + 1), &agent, MINUTE);
            tokio::join!(store.begin(intent), lease)
        });
        let (mut begun, mut leased) = (0, 0);
        for (begin, lease) in futures_util::future::join_all(attempts).await {
            match begin.unwrap() {
                Begun::Inserted { .. } => begun += 1,
                Begun::InFlight => {}
                other => panic!("{other:?} was not expected"),
            }
            leased += i32::from(lease.unwrap().is_ok());
        }
        assert_eq!((begun, leased), (1, 1));
    }
    for store in stores {
        store.close().await;
    }
}

#[test]
fn lost_connections_are_opened_again() {
    on_postgresql(async |url| {
        let clock = ManualClock::at(START);
        let store = open(&format!("{url}&application_name=lost"), &clock).await;
        let record = async |call| store.record(decision(call, Outcome::Done)).await.unwrap();
        record("before").await;
        assert_eq!(store.latest().await.unwrap(), 0);
        let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
        let mut other = sqlx::ConnectOptions::connect(&options).await.unwrap();
        let ended = sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lost'",
        )
        .fetch_all(&mut other)
        .await
        .unwrap();
        assert!(ended.len() >= 2, "at least the writer and a reader");
        record("after").await;
        assert_eq!(store.decisions(0, 10).await.unwrap().len(), 2);
        let seq = store.latest().await.unwrap();
        let append = store.append(vec![event("MESSAGE_CREATE", 1, 1, "{}")], None);
        let (appended, ()) = tokio::join!(append, store.grown_past(seq));
        assert_eq!(appended.unwrap(), seq + 1);
        store.close().await;
    });
}

#[test]
fn a_server_that_is_not_there_is_told_without_the_password() {
    runtime().block_on(async {
        // Port 1 is nobody's.
        let url = "postgres://ada:secret@127.0.0.1:1/guildhall";
        let error = store::open(url, Arc::new(ManualClock::at(START))).await;
        let error = error.err().expect("nothing listens there").to_string();
        assert!(error.contains("guildhall at 127.0.0.1:1"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    });
}

async fn changes_of_workspaces_are_known(url: &str) {
    const { assert!(TENANCY_FRESH_MS < 1_000) };
    let clock = ManualClock::at(START);
    let (here, there) = (open(url, &clock).await, open(url, &clock).await);
    let (bakers, guild) = ("bakers".parse().unwrap(), model::Id::new(1).unwrap());
    assert!(!there.tenancy().await.unwrap().owns(&bakers, guild));
    let made = Workspace {
        id: bakers.clone(),
        name: "Bakers".to_owned(),
        created_at: START,
        suspended_at: None,
    };
    here.change(Change::Create(made), decision("made", Outcome::Done))
        .await
        .unwrap();
    let installed = Installation {
        guild_id: guild,
        workspace: bakers.clone(),
        installed_at: START,
    };
    here.change(
        Change::Install(installed),
        decision("installed", Outcome::Done),
    )
    .await
    .unwrap();
    assert!(here.tenancy().await.unwrap().owns(&bakers, guild));
    clock.advance(TENANCY_FRESH_MS);
    assert!(there.tenancy().await.unwrap().owns(&bakers, guild));
    here.close().await;
    there.close().await;
}

#[test]
fn what_one_instance_changes_another_knows_within_a_second() {
    on_a_file(async |url| changes_of_workspaces_are_known(url).await);
    on_postgresql(async |url| changes_of_workspaces_are_known(url).await);
}

#[test]
fn a_policy_that_one_instance_puts_is_seen_by_the_other() {
    on_postgresql(policies);
    on_a_file(policies);
}

async fn policies(url: &str) {
    let clock = ManualClock::at(START);
    let (here, there) = tokio::join!(open(url, &clock), open(url, &clock));
    let before = there.policy_changes().await.unwrap();
    let new = |text: &str| NewPolicy {
        workspace: model::WorkspaceId::default(),
        text: text.to_owned(),
        put_by: "local".to_owned(),
        put_at: START,
        restored: None,
        expected: Expected::Version(0),
    };
    // Both write against the same version: one of them is told.
    let (a, b) = tokio::join!(
        here.put_policy(new("a"), decision("a", Outcome::Done)),
        there.put_policy(new("b"), decision("b", Outcome::Done))
    );
    let both = [a.unwrap(), b.unwrap()];
    assert!(both.contains(&PutPolicy::Put { number: 1 }), "{both:?}");
    assert!(
        both.contains(&PutPolicy::Conflict { current: 1 }),
        "{both:?}"
    );
    assert!(there.policy_changes().await.unwrap() > before);
    assert_eq!(
        here.policies_in_force().await.unwrap(),
        there.policies_in_force().await.unwrap()
    );
    tokio::join!(here.close(), there.close());
}
