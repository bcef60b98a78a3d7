//! SQLite's file: who may read it, and what happens when it is full, damaged, foreign or too new.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use model::{
    ManualClock,
    ledger::{Begun, Journal as _, Ledger as _, Outcome, StoreError},
};
use sqlx::{
    ConnectOptions as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use store::Error;

use crate::fixtures::{
    HOUR, START, claim, decision, event, finish, intent, left_behind, open, runtime, sent, spend,
};

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// Look at the file as somebody else would.
async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    options.connect().await.unwrap()
}

async fn refused(path: &Path) -> Error {
    let clock = Arc::new(ManualClock::at(START));
    match store::open(&url(path), clock).await {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

#[test]
fn the_file_and_its_directory_are_for_their_owner_alone() {
    runtime().block_on(async {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("new/inner");
        let path = directory.join("store.db");
        let store = open(&url(&path), &ManualClock::at(START)).await;
        store.record(decision("x", Outcome::Done)).await.unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700);
        assert_eq!(mode(&root.path().join("new")), 0o700);
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
        store.close().await;
    });
}

#[test]
fn what_was_stored_is_there_after_reopening() {
    runtime().block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let clock = ManualClock::at(START);
        for round in 0..3 {
            let store = open(&url(&path), &clock).await;
            assert_eq!(store.decisions(0, 10).await.unwrap().len(), round);
            store.record(decision("x", Outcome::Done)).await.unwrap();
            if round > 0 {
                // Without a proper goodbye once, too.
                store.close().await;
                let closed = store.record(decision("y", Outcome::Done)).await;
                assert!(matches!(closed, Err(StoreError::Unavailable { .. })));
                assert!(store.latest().await.is_err());
            }
        }
    });
}

#[test]
fn a_full_disk_is_told_and_nothing_is_half_written() {
    runtime().block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let clock = ManualClock::at(START);
        let store = open(&format!("{}?max_page_count=100", url(&path)), &clock).await;
        let mut written = vec![];
        let mut full = 0;
        for number in 0..60 {
            let id = format!("row-{number}");
            let mut large = intent(&id);
            large.request = serde_json::json!({ "content": "x".repeat(8000) });
            match store.begin(large).await {
                Ok(begun) => {
                    assert_eq!(begun, Begun::Inserted { fence: None });
                    written.push(id);
                }
                Err(error) => {
                    assert_eq!(error, StoreError::DiskFull);
                    full += 1;
                }
            }
        }
        assert!(full > 0 && !written.is_empty());

        // Each row that was acknowledged is whole, and no other left a trace.
        let audit = store.decisions(0, 1000).await.unwrap();
        let audited: Vec<&str> = audit.iter().map(|(_, row)| row.call_id.as_str()).collect();
        assert_eq!(audited, written);
        store.close().await;
        let rows = left_behind(&url(&path), &clock).await;
        let mut waiting: Vec<&str> = rows.iter().map(|row| row.outbox_id.as_str()).collect();
        let mut expected: Vec<&str> = written.iter().map(String::as_str).collect();
        waiting.sort_unstable();
        expected.sort_unstable();
        assert_eq!(waiting, expected);

        // With room again, it goes on where it was.
        let store = open(&url(&path), &clock).await;
        store.begin(intent("after")).await.unwrap();
        for id in &written {
            store.finish(finish(id, sent("{}"))).await.unwrap();
        }
        store.close().await;
        assert_eq!(left_behind(&url(&path), &clock).await.len(), 1);
    });
}

#[test]
fn a_write_that_does_not_fit_leaves_room_for_its_neighbours() {
    runtime().block_on(async {
        let clock = ManualClock::at(START);
        let store = open("sqlite::memory:?max_page_count=100", &clock).await;
        let huge = format!("\"{}\"", "x".repeat(1_000_000));
        let calls = (0..20).map(|number| {
            let (store, huge) = (&store, &huge);
            async move {
                if number == 7 {
                    let batch = vec![event("MESSAGE_CREATE", 1, 1, huge)];
                    assert_eq!(store.append(batch, None).await, Err(StoreError::DiskFull));
                    return 0;
                }
                let done = store.record(decision("small", Outcome::Done)).await;
                usize::from(done.is_ok())
            }
        });
        let acknowledged: usize = futures_util::future::join_all(calls).await.iter().sum();
        let rows = store.decisions(0, 1000).await.unwrap().len();
        assert_eq!(
            rows, acknowledged,
            "what was acknowledged is there, and nothing else"
        );
        store
            .record(decision("later", Outcome::Done))
            .await
            .unwrap();
        assert_eq!(store.latest().await.unwrap(), 0);
    });
}

#[test]
fn a_file_that_is_no_database_is_told_and_left_alone() {
    runtime().block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.txt");
        let notes = "these are somebody's notes, not a database\n".repeat(100);
        fs::write(&path, &notes).unwrap();
        let error = refused(&path).await;
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
        assert!(error.to_string().contains("notes.txt"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), notes);
    });
}

#[test]
fn a_damaged_file_is_told_on_opening_or_on_reading() {
    runtime().block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let clock = ManualClock::at(START);
        let store = open(&url(&path), &clock).await;
        for number in 0..200 {
            let row = decision(&format!("row-{number}"), Outcome::Done);
            store.record(row).await.unwrap();
        }
        store.close().await;
        let mut bytes = fs::read(&path).unwrap();
        bytes[4096..].fill(0xa5);
        fs::write(&path, bytes).unwrap();
        match store::open(&url(&path), Arc::new(clock)).await {
            Err(error) => assert!(matches!(error, Error::Damaged { .. }), "{error:?}"),
            Ok(store) => {
                let read = store.decisions(0, 1000).await;
                assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{read:?}");
            }
        }
    });
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    runtime().block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        open(&url(&path), &ManualClock::at(START))
            .await
            .close()
            .await;
        let mut connection = connect(&path).await;
        sqlx::query("INSERT INTO schema_versions (version, applied_at) VALUES (999, 0)")
            .execute(&mut connection)
            .await
            .unwrap();
        let error = refused(&path).await;
        assert!(
            matches!(error, Error::Newer { found: 999, .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains("newer version"), "{error}");
    });
}

#[test]
fn a_place_that_cannot_be_made_is_named() {
    runtime().block_on(async {
        let error = refused(Path::new("/proc/nowhere/store.db")).await;
        assert!(matches!(error, Error::Create { .. }), "{error:?}");
        assert!(
            error.to_string().contains("/proc/nowhere/store.db"),
            "{error}"
        );
        let directory = tempfile::tempdir().unwrap();
        let error = refused(directory.path()).await;
        assert!(matches!(error, Error::Unusable { .. }), "{error:?}");
    });
}

#[test]
fn what_has_expired_is_forgotten() {
    runtime().block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let clock = ManualClock::at(START);
        let store = open(&url(&path), &clock).await;
        for number in 0..3 {
            let mut spent = intent(&format!("row-{number}"));
            spent.idempotency = Some(claim(&number.to_string(), "d", START + HOUR));
            spent.confirmation = Some(spend(&number.to_string(), &clock));
            store.begin(spent).await.unwrap();
        }
        store.finish(finish("row-0", sent("{}"))).await.unwrap();
        let mut connection = connect(&path).await;
        let mut counts = async || {
            let mut counts = [0; 3];
            for (count, sql) in counts.iter_mut().zip([
                "SELECT COUNT(*) FROM idempotency_keys",
                "SELECT COUNT(*) FROM spent_confirmations",
                "SELECT COUNT(*) FROM outbox",
            ]) {
                let row: (i64,) = sqlx::query_as(sql)
                    .fetch_one(&mut connection)
                    .await
                    .unwrap();
                *count = row.0;
            }
            counts
        };
        assert_eq!(counts().await, [3, 3, 3]);
        clock.advance(HOUR);
        store.record(decision("x", Outcome::Done)).await.unwrap();
        assert_eq!(counts().await, [0, 0, 3]);
        // A finished row goes in the end; one that is not finished never does.
        clock.advance(40 * 24 * HOUR);
        store.record(decision("y", Outcome::Done)).await.unwrap();
        assert_eq!(counts().await, [0, 0, 2]);
        store.close().await;
        assert_eq!(left_behind(&url(&path), &clock).await.len(), 2);
    });
}

#[test]
fn a_full_queue_turns_callers_away_and_keeps_its_word_to_the_others() {
    const CALLERS: usize = 6000;
    runtime().block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let store = open(&url(&path), &ManualClock::at(START)).await;
        // Another process holds the write lock for a while.
        let mut other = connect(&path).await;
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut other)
            .await
            .unwrap();
        let mut calls: FuturesUnordered<_> = (0..CALLERS)
            .map(|_| store.record(decision("x", Outcome::Done)))
            .collect();
        assert_eq!(calls.next().await, Some(Err(StoreError::Overloaded)));
        sqlx::query("COMMIT").execute(&mut other).await.unwrap();
        let mut stored = 0;
        while let Some(end) = calls.next().await {
            match end {
                Ok(()) => stored += 1,
                Err(error) => assert_eq!(error, StoreError::Overloaded),
            }
        }
        let row: (i64,) = sqlx::query_as("SELECT COUNT(*) FROM decisions")
            .fetch_one(&mut other)
            .await
            .unwrap();
        assert!(stored > 0);
        assert_eq!(row.0, stored);
        store.close().await;
    });
}
