//! The wake-up between instances on PostgreSQL: a notification says only that the journal has grown.
//!
//! The rows are the record: a number from a message is never believed, it makes us look.

use std::time::Duration;

use model::ledger::StoreError;
use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    engine::Session,
    error::translate,
    journal::{self, CHANNEL},
};

/// Pause before listening again after the connection was lost. The first thing then is to look.
const AGAIN: Duration = Duration::from_secs(1);

/// Listen until `stop`.
pub(crate) async fn listen(pool: PgPool, grown: watch::Sender<i64>, stop: CancellationToken) {
    let listening = async {
        loop {
            if let Err(error) = listen_once(&pool, &grown).await {
                tracing::info!(%error, "listening for the journal of other instances again");
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    stop.run_until_cancelled(listening).await;
}

/// Listen until the connection is lost.
async fn listen_once(pool: &PgPool, grown: &watch::Sender<i64>) -> Result<(), StoreError> {
    let failed = |error| translate(&error);
    let mut listener = PgListener::connect_with(pool).await.map_err(failed)?;
    listener.listen(CHANNEL).await.map_err(failed)?;
    loop {
        // Also the first time: events may have come before we listened.
        let mut connection = pool.acquire().await.map_err(failed)?;
        let latest = Session::Postgres(&mut connection)
            .integer(journal::LATEST, [])
            .await?;
        drop(connection);
        journal::raise(grown, latest);
        if listener.try_recv().await.map_err(failed)?.is_none() {
            return Ok(());
        }
        // One look answers for all that has been said so far.
        while listener.next_buffered().is_some() {}
    }
}
