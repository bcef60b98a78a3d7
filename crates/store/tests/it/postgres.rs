//! A PostgreSQL for tests: the one at `TEST_DATABASE_URL`, or a private one on a free port. Each
//! database handed out is a schema of its own.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions};

use crate::server::{self, Server};

/// An empty schema, with the address that leads into it.
pub(crate) struct Database {
    pub(crate) url: String,
    base: String,
    schema: String,
    _server: Option<Arc<Server>>,
}

/// An empty database, or `None`, with a notice, where no PostgreSQL can be had.
pub(crate) async fn database() -> Option<Database> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's only way to be told of a server"
    )]
    let given = std::env::var("TEST_DATABASE_URL").ok();
    let (base, server) = match given {
        Some(url) => (url, None),
        None => match server::shared() {
            Ok(server) => (server.url(), Some(server)),
            Err(reason) => {
                // Not by `eprintln!`, which the harness swallows when a test passes.
                let notice =
                    format!("NOTICE: skipped on PostgreSQL, no server can be had: {reason}\n");
                io::stderr().write_all(notice.as_bytes()).unwrap();
                return None;
            }
        },
    };
    let schema = format!("test_{}", uuid::Uuid::now_v7().simple());
    run(&base, &format!("CREATE SCHEMA {schema}")).await;
    let join = if base.contains('?') { '&' } else { '?' };
    Some(Database {
        url: format!("{base}{join}options[search_path]={schema}"),
        base,
        schema,
        _server: server,
    })
}

impl Database {
    /// Drop the schema. A private server forgets everything anyway.
    pub(crate) async fn forget(self) {
        run(&self.base, &format!("DROP SCHEMA {} CASCADE", self.schema)).await;
    }
}

async fn run(url: &str, sql: &str) {
    let options: PgConnectOptions = url.parse().unwrap();
    let mut connection = options.disable_statement_logging().connect().await.unwrap();
    let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
    statement.execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
