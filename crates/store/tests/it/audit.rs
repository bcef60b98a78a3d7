//! The audit's chain through the public door: it verifies after every kind of write, whoever changes
//! the database is seen, erasing leaves it whole, and databases from before the chain get one.

use std::sync::Arc;

use model::{
    ManualClock,
    ledger::{Ledger as _, Outcome},
};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, postgres::PgConnectOptions,
};
use store::{AuditKey, Report, Store, Trust};

use crate::{
    fixtures::{START, decision, finish, intent, runtime, sent},
    postgres,
};

const ROWS: u64 = 30;

fn key() -> AuditKey {
    AuditKey::from_seed([7; 32])
}

fn trust() -> Trust {
    Trust {
        key: Some(key()),
        ..Trust::default()
    }
}

async fn open(url: &str) -> Store {
    let clock = Arc::new(ManualClock::at(START));
    store::open_sealed(url, clock, key()).await.unwrap()
}

/// Writes of every kind, in groups and one by one.
async fn live(store: &Store) {
    let rows = (0..ROWS - 4).map(|row| {
        let store = store.clone();
        tokio::spawn(async move {
            let decision = decision(&format!("call-{row}"), Outcome::Refused);
            store.record(decision).await.unwrap();
        })
    });
    for row in rows.collect::<Vec<_>>() {
        row.await.unwrap();
    }
    assert_eq!(store.checkpoint().await.unwrap().len(), 1);
    for id in ["a", "b"] {
        store.begin(intent(id)).await.unwrap();
        store.finish(finish(id, sent("{}"))).await.unwrap();
    }
    // Nothing happened in between; the silence is signed as well.
    store.checkpoint().await.unwrap();
    store.checkpoint().await.unwrap();
}

async fn found(store: &Store, trust: &Trust) -> Report {
    store.verify_audit(trust).await.unwrap()
}

/// The contract, on whichever engine. `change` runs a statement behind the store's back.
async fn suite(url: &str, change: impl AsyncFn(&'static str)) {
    let store = open(url).await;
    assert_eq!(found(&store, &trust()).await.rows, 0);
    live(&store).await;
    let report = found(&store, &trust()).await;
    assert_eq!(report.problem, None);
    assert_eq!((report.rows, report.checkpoints), (ROWS, 3));

    // What another program did is undone afterwards, so that each is seen by itself.
    for (done, undone) in [
        (
            "UPDATE decisions SET reason = 'nothing happened' WHERE seq = 5",
            "UPDATE decisions SET reason = 'it went through' WHERE seq = 5",
        ),
        (
            "UPDATE decisions SET guild_id = 11 WHERE seq = 6",
            "UPDATE decisions SET guild_id = 10 WHERE seq = 6",
        ),
        (
            "UPDATE decisions SET seq = 999 WHERE seq = 8",
            "UPDATE decisions SET seq = 8 WHERE seq = 999",
        ),
        (
            "UPDATE audit_heads SET link = link - 1",
            "UPDATE audit_heads SET link = link + 1",
        ),
        (
            "UPDATE audit_checkpoints SET at = at + 1 WHERE number = 2",
            "UPDATE audit_checkpoints SET at = at - 1 WHERE number = 2",
        ),
    ] {
        change(done).await;
        let problem = found(&store, &trust()).await.problem;
        assert!(problem.is_some(), "{done}");
        change(undone).await;
        assert_eq!(found(&store, &trust()).await.problem, None, "{undone}");
    }

    assert_eq!(store.erase_principal("key:ada").await.unwrap(), ROWS);
    assert_eq!(store.erase_principal("key:ada").await.unwrap(), 0);
    let report = found(&store, &trust()).await;
    assert_eq!((report.problem, report.erased), (None, ROWS));
    let rows = store.decisions(0, 1000).await.unwrap();
    assert!(
        rows.iter()
            .all(|(_, row)| row.principal == "(erased)" && row.agent.is_none())
    );

    let witness = store.audit_checkpoints().await.unwrap();
    change("DELETE FROM outbox").await;
    change("DELETE FROM decisions WHERE seq > 26").await;
    let problem = found(&store, &trust()).await.problem.unwrap();
    assert!(problem.what.contains("missing"), "{problem:?}");

    // Somebody puts an end that fits; only its seal, which nobody else can make, is wrong. The
    // service goes on and does not seal over it.
    change("DELETE FROM audit_checkpoints WHERE number > 1").await;
    change(
        "UPDATE audit_heads SET link = 26, seq = 26, checkpoints = 1,
            hash = (SELECT hash FROM decisions WHERE seq = 26)",
    )
    .await;
    assert!(found(&store, &trust()).await.problem.is_some());
    store
        .record(decision("later", Outcome::Done))
        .await
        .unwrap();
    let problem = found(&store, &trust()).await.problem.unwrap();
    assert!(problem.what.contains("seal"), "{problem:?}");
    let watched = Trust {
        witness,
        ..Trust::default()
    };
    assert!(found(&store, &watched).await.problem.is_some());
    store.close().await;
}

#[test]
fn on_sqlite_the_chain_holds_and_changes_are_seen() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let other = async |sql: &'static str| {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
            let mut connection = options.foreign_keys(false).connect().await.unwrap();
            connection.execute(AssertSqlSafe(sql)).await.unwrap();
        };
        suite(&format!("sqlite:{}", path.display()), other).await;
    });
}

#[test]
fn on_postgresql_the_chain_holds_and_changes_are_seen() {
    runtime().block_on(async {
        let Some(database) = postgres::database().await else {
            return;
        };
        let other = async |sql: &'static str| {
            let options: PgConnectOptions = database.url.parse().unwrap();
            let mut connection = options.connect().await.unwrap();
            connection.execute(AssertSqlSafe(sql)).await.unwrap();
        };
        suite(&database.url, other).await;
        database.forget().await;
    });
}

#[test]
fn rows_from_before_there_was_a_chain_become_its_beginning() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
        let store = open(&url("new.db")).await;
        live(&store).await;
        store.close().await;
        // As the first version left it.
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(folder.path().join("old.db"))
            .create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        let first = include_str!("../../migrations/0001_first.sql")
            .replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY");
        connection.execute(AssertSqlSafe(first)).await.unwrap();
        let attach = format!("ATTACH '{}' AS new", folder.path().join("new.db").display());
        connection.execute(AssertSqlSafe(attach)).await.unwrap();
        for sql in [
            "CREATE TABLE schema_versions (version INTEGER PRIMARY KEY NOT NULL, applied_at BIGINT NOT NULL)",
            "INSERT INTO schema_versions VALUES (1, 1)",
            "INSERT INTO decisions (seq, call_id, at, principal, agent, origin, tool, risk, guild_id, \
             channel_id, digest, outcome, stage, code, reason, rules, policy_version, duration_us) \
             SELECT seq, call_id, at, principal, agent, origin, tool, risk, guild_id, channel_id, digest, \
             outcome, stage, code, reason, rules, policy_version, duration_us FROM new.decisions",
        ] {
            connection.execute(sql).await.unwrap();
        }
        connection.close().await.unwrap();
        let url = url("old.db");
        let store = open(&url).await;
        store.record(decision("new", Outcome::Done)).await.unwrap();
        let report = found(&store, &trust()).await;
        assert_eq!((report.problem, report.rows), (None, ROWS + 1));
        store.close().await;
    });
}

#[test]
fn reading_goes_on_beside_writing_and_sees_no_ghosts() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&format!("sqlite:{}/store.db", folder.path().display())).await;
        store
            .record(decision("first", Outcome::Done))
            .await
            .unwrap();
        let writer = store.clone();
        let writing = tokio::spawn(async move {
            for row in 0..200 {
                let decision = decision(&row.to_string(), Outcome::Done);
                writer.record(decision).await.unwrap();
                if row % 20 == 0 {
                    writer.checkpoint().await.unwrap();
                }
            }
        });
        while !writing.is_finished() {
            assert_eq!(found(&store, &trust()).await.problem, None);
        }
        writing.await.unwrap();
        assert_eq!(found(&store, &trust()).await.rows, 201);
        store.close().await;
    });
}
