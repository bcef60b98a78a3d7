//! One text for both engines: each parses every statement, and nothing is in the list twice.

use model::ManualClock;
use sqlx::{ConnectOptions as _, Executor as _, SqlSafeStr as _};

use crate::{
    fixtures::{START, open, runtime},
    postgres,
};

#[test]
fn every_statement_prepares_on_sqlite() {
    runtime().block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let url = format!("sqlite:{}", path.display());
        open(&url, &ManualClock::at(START)).await.close().await;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
        let mut connection = options.connect().await.unwrap();
        for statement in store::statements() {
            let prepared = (&mut connection).prepare(statement.into_sql_str()).await;
            prepared.unwrap_or_else(|error| panic!("{error} in {statement}"));
        }
    });
}

#[test]
fn every_statement_prepares_on_postgresql() {
    runtime().block_on(async {
        let Some(database) = postgres::database().await else {
            return;
        };
        open(&database.url, &ManualClock::at(START))
            .await
            .close()
            .await;
        let options: sqlx::postgres::PgConnectOptions = database.url.parse().unwrap();
        let mut connection = options.connect().await.unwrap();
        for statement in store::statements() {
            let prepared = (&mut connection).prepare(statement.into_sql_str()).await;
            prepared.unwrap_or_else(|error| panic!("{error} in {statement}"));
        }
        database.forget().await;
    });
}
