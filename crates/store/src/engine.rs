//! The two engines behind one face, so that each statement is written, bound and read once.
//!
//! Only values and rows that both engines have: 64-bit integers and text, either of which may be
//! missing.

use model::ledger::StoreError;
use sqlx::{
    Database, Executor, Postgres, Row as _, Sqlite,
    postgres::{PgConnection, PgRow},
    sqlite::{SqliteConnection, SqliteRow},
};

use crate::error::{corrupt, translate};

/// A connection that somebody owns.
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Connection {
    pub(crate) fn session(&mut self) -> Session<'_> {
        match self {
            Self::Sqlite(connection) => Session::Sqlite(connection),
            Self::Postgres(connection) => Session::Postgres(connection),
        }
    }

    /// Say goodbye properly. An error here loses nothing: what was acknowledged is on disk.
    pub(crate) async fn close(self) {
        use sqlx::Connection as _;
        let closed = match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        };
        if let Err(error) = closed {
            tracing::debug!(%error, "a database connection did not close cleanly");
        }
    }
}

/// A borrowed connection, in or out of a transaction.
pub(crate) enum Session<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Session<'_> {
    /// Run a statement; gives the number of rows it touched.
    pub(crate) async fn execute(
        &mut self,
        sql: &'static str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(connection) => execute::<Sqlite>(&mut **connection, sql, values)
                .await
                .map(|done| done.rows_affected()),
            Self::Postgres(connection) => execute::<Postgres>(&mut **connection, sql, values)
                .await
                .map(|done| done.rows_affected()),
        }
        .map_err(|error| translate(&error))
    }

    /// Run a query; gives all its rows, so the statement must bound them.
    pub(crate) async fn rows(
        &mut self,
        sql: &'static str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(connection) => fetch::<Sqlite>(&mut **connection, sql, values)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            Self::Postgres(connection) => fetch::<Postgres>(&mut **connection, sql, values)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        }
        .map_err(|error| translate(&error))
    }

    /// The first row of a query, if any.
    pub(crate) async fn row(
        &mut self,
        sql: &'static str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// The one integer that a query gives.
    pub(crate) async fn integer(
        &mut self,
        sql: &'static str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<i64, StoreError> {
        self.row(sql, values)
            .await?
            .ok_or_else(|| corrupt("a query that always gives a row gave none"))?
            .integer(0)
    }

    /// Run a text of several statements without values, as migrations are.
    pub(crate) async fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        let script = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
        match self {
            Self::Sqlite(connection) => script.execute(&mut **connection).await.map(drop),
            Self::Postgres(connection) => script.execute(&mut **connection).await.map(drop),
        }
        .map_err(|error| translate(&error))
    }
}

async fn execute<'c, D>(
    connection: impl Executor<'c, Database = D>,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<D::QueryResult, sqlx::Error>
where
    D: Speaks,
{
    bind::<D>(sql, values).execute(connection).await
}

async fn fetch<'c, D>(
    connection: impl Executor<'c, Database = D>,
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<D::Row>, sqlx::Error>
where
    D: Speaks,
{
    bind::<D>(sql, values).fetch_all(connection).await
}

fn bind<D: Speaks>(
    sql: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> sqlx::query::Query<'static, D, D::Arguments> {
    values
        .into_iter()
        .fold(sqlx::query(sql), |query, value| D::bind(query, value))
}

/// An engine that can bind our values.
trait Speaks: Database<Arguments: sqlx::IntoArguments<Self>> {
    fn bind(
        query: sqlx::query::Query<'static, Self, Self::Arguments>,
        value: Value,
    ) -> sqlx::query::Query<'static, Self, Self::Arguments>;
}

impl Speaks for Sqlite {
    fn bind(
        query: sqlx::query::Query<'static, Self, Self::Arguments>,
        value: Value,
    ) -> sqlx::query::Query<'static, Self, Self::Arguments> {
        match value {
            Value::Integer(integer) => query.bind(integer),
            Value::Text(text) => query.bind(text),
        }
    }
}

impl Speaks for Postgres {
    fn bind(
        query: sqlx::query::Query<'static, Self, Self::Arguments>,
        value: Value,
    ) -> sqlx::query::Query<'static, Self, Self::Arguments> {
        match value {
            Value::Integer(integer) => query.bind(integer),
            Value::Text(text) => query.bind(text),
        }
    }
}

/// What a statement takes.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(Some(integer))
    }
}

impl From<Option<i64>> for Value {
    fn from(integer: Option<i64>) -> Self {
        Self::Integer(integer)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(storable(text)))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::from(text.clone())
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Text(None), Self::from)
    }
}

/// PostgreSQL's text cannot hold NUL. The same replacement on both engines keeps an agent from
/// making its own audit row impossible to write.
pub(crate) fn storable(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

/// What a query gives.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// Where in a row a value stands: by place or by name.
pub(crate) trait Column: sqlx::ColumnIndex<SqliteRow> + sqlx::ColumnIndex<PgRow> {}
impl<C> Column for C where C: sqlx::ColumnIndex<SqliteRow> + sqlx::ColumnIndex<PgRow> {}

impl Row {
    pub(crate) fn integer(&self, column: impl Column) -> Result<i64, StoreError> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
        .map_err(|error| unreadable(&error))
    }

    pub(crate) fn optional_integer(&self, column: impl Column) -> Result<Option<i64>, StoreError> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
        .map_err(|error| unreadable(&error))
    }

    pub(crate) fn text(&self, column: impl Column) -> Result<String, StoreError> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
        .map_err(|error| unreadable(&error))
    }

    pub(crate) fn optional_text(&self, column: impl Column) -> Result<Option<String>, StoreError> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
        .map_err(|error| unreadable(&error))
    }

    /// A Discord id.
    pub(crate) fn id<K>(
        &self,
        column: impl Column + std::fmt::Display + Copy,
    ) -> Result<model::Id<K>, StoreError> {
        self.optional_id(column)?
            .ok_or_else(|| corrupt(format!("column {column} holds no id")))
    }

    /// A Discord id that may be missing.
    pub(crate) fn optional_id<K>(
        &self,
        column: impl Column + std::fmt::Display + Copy,
    ) -> Result<Option<model::Id<K>>, StoreError> {
        let Some(stored) = self.optional_integer(column)? else {
            return Ok(None);
        };
        u64::try_from(stored)
            .ok()
            .and_then(model::Id::new)
            .map(Some)
            .ok_or_else(|| corrupt(format!("column {column} holds {stored}, which is no id")))
    }
}

fn unreadable(error: &sqlx::Error) -> StoreError {
    corrupt(error.to_string())
}
