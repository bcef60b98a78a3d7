//! Several instances on one PostgreSQL: they wake one another, and number and claim as if they were one.

use std::sync::Arc;

use model::{
    ManualClock,
    ledger::{Begun, EventFilter, Journal as _, Leases as _, Ledger as _, Outcome},
};

use crate::{
    fixtures::{
        HOUR, MINUTE, START, claim, decision, event, holder, intent, open, runtime, thread,
    },
    postgres,
};

#[test]
fn an_append_wakes_those_who_wait_on_another_instance() {
    runtime().block_on(async {
        let Some(database) = postgres::database().await else {
            return;
        };
        let clock = ManualClock::at(START);
        let (here, there) = tokio::join!(open(&database.url, &clock), open(&database.url, &clock));
        for expected in 1..=5 {
            let waits = async {
                while here.latest().await.unwrap() < expected {
                    here.grown_past(expected - 1).await;
                }
                here.after(expected - 1, &EventFilter::default(), 10)
                    .await
                    .unwrap()
            };
            let append = there.append(vec![event("MESSAGE_CREATE", 1, 1, "{}")], None);
            let (events, appended) = tokio::join!(waits, append);
            assert_eq!(appended.unwrap(), expected);
            assert_eq!(events[0].seq, expected);
        }
        here.close().await;
        there.close().await;
        database.forget().await;
    });
}

#[test]
fn numbers_have_no_gaps_and_never_appear_out_of_order() {
    const BATCHES: i64 = 60;
    runtime().block_on(async {
        let Some(database) = postgres::database().await else {
            return;
        };
        let clock = ManualClock::at(START);
        let (one, two) = tokio::join!(open(&database.url, &clock), open(&database.url, &clock));
        let append = async |store: store::Store| {
            for _ in 0..BATCHES {
                let batch = vec![
                    event("MESSAGE_CREATE", 1, 1, "{}"),
                    event("MESSAGE_CREATE", 1, 1, "{}"),
                ];
                let (appended, recorded) = tokio::join!(
                    store.append(batch, None),
                    store.record(decision("x", Outcome::Done))
                );
                appended.unwrap();
                recorded.unwrap();
            }
        };
        let reader = one.clone();
        let follow = async {
            let mut seen = 0;
            while seen < BATCHES * 4 {
                reader.grown_past(seen).await;
                let events = reader
                    .after(seen, &EventFilter::default(), 1000)
                    .await
                    .unwrap();
                for event in events {
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
        database.forget().await;
    });
}

#[test]
fn a_key_and_a_lease_are_won_by_one_instance_alone() {
    runtime().block_on(async {
        let Some(database) = postgres::database().await else {
            return;
        };
        let clock = ManualClock::at(START);
        let stores = [
            open(&database.url, &clock).await,
            open(&database.url, &clock).await,
            open(&database.url, &clock).await,
        ];
        for round in 0..20 {
            let attempts = stores.iter().enumerate().map(|(number, store)| async move {
                let mut intent = intent(&format!("{round}-{number}"));
                let key = format!("key-{round}");
                intent.idempotency = Some(claim(&key, "d", START + HOUR));
                let agent = holder(&format!("agent-{number}"));
                let lease = store.acquire(thread(round + 1), &agent, MINUTE);
                tokio::join!(store.begin(intent), lease)
            });
            let ends = futures_util::future::join_all(attempts).await;
            let (mut begun, mut leased) = (0, 0);
            for (begin, lease) in ends {
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
        database.forget().await;
    });
}

#[test]
fn a_lost_connection_is_opened_again() {
    runtime().block_on(async {
        let Some(database) = postgres::database().await else {
            return;
        };
        let clock = ManualClock::at(START);
        let store = open(&database.url, &clock).await;
        store
            .record(decision("before", Outcome::Done))
            .await
            .unwrap();
        let options: sqlx::postgres::PgConnectOptions = database.url.parse().unwrap();
        let mut other = sqlx::ConnectOptions::connect(&options).await.unwrap();
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = 'guildhall' AND pid IN (
                 SELECT pid FROM pg_stat_activity WHERE query LIKE 'COMMIT%')",
        )
        .execute(&mut other)
        .await
        .unwrap();
        store
            .record(decision("after", Outcome::Done))
            .await
            .unwrap();
        assert_eq!(store.decisions(0, 10).await.unwrap().len(), 2);
        store.close().await;
        database.forget().await;
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
