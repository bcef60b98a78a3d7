//! Reading beside the writer: a few connections of their own, or, in memory, the writer's.

use model::ledger::StoreError;
use sqlx::{PgPool, SqlitePool};

use crate::{
    engine::{Row, Session, Value},
    error::{translate, unavailable},
    writer::Slot,
};

/// Who answers queries. Each query is one statement, so it sees one state of the database.
pub(crate) enum Readers {
    Sqlite(SqlitePool),
    Postgres(PgPool),
    /// A database in memory has one connection; a query waits for the group that is being written.
    Writer(Slot),
}

impl Readers {
    pub(crate) async fn rows(
        &self,
        sql: &'static str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(pool) => {
                let mut connection = pool.acquire().await.map_err(|error| translate(&error))?;
                Session::Sqlite(&mut connection).rows(sql, values).await
            }
            Self::Postgres(pool) => {
                let mut connection = pool.acquire().await.map_err(|error| translate(&error))?;
                Session::Postgres(&mut connection).rows(sql, values).await
            }
            Self::Writer(slot) => {
                let mut slot = slot.lock().await;
                let connection = slot.as_mut().ok_or_else(|| unavailable("it is closed"))?;
                connection.session().rows(sql, values).await
            }
        }
    }

    pub(crate) async fn row(
        &self,
        sql: &'static str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
            Self::Writer(_) => {}
        }
    }
}
