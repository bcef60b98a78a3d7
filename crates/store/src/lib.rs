//! What must survive: audit, outbox, keys, leases, journal and drafts, on SQLite or PostgreSQL.
//!
//! This room alone names SQL. It knows nothing of Discord; other rooms see it through the ports of
//! [`model::ledger`]. An `Ok` from any of them follows the commit.

mod approval;
mod approval_port;
mod audit;
mod chain;
mod draft;
mod engine;
mod error;
mod instance;
mod journal;
mod kept;
mod key;
mod lease;
mod listener;
mod migration;
mod mirror;
mod outbox;
mod place;
mod policy;
mod ports;
mod prune;
mod reader;
mod reading;
mod statements;
mod tenancy;
mod transaction;
mod workspace;
mod writer;

use std::sync::Arc;

use model::{Clock, Millis, ledger::StoreError};
use tokio::sync::{Mutex, mpsc, watch};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

pub use crate::{
    audit::Entry,
    chain::{AuditKey, Checkpoint, Problem, Report, Signer, Trust},
    error::Error,
    statements::statements,
};
use crate::{
    instance::Instance,
    place::Place,
    reader::Readers,
    writer::{Job, Slot, Write, Writer},
};

/// A database, opened. Cheap to clone.
///
/// Implements [`model::ledger::Ledger`], [`model::ledger::Keys`], [`model::ledger::Leases`],
/// [`model::ledger::Journal`], [`model::ledger::Drafts`], [`model::workspaces::Workspaces`] [`model::mirror::Mirrors`] and
/// [`model::kept::KeptWrites`].
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    queue: mpsc::Sender<Box<dyn Job>>,
    readers: Readers,
    slot: Slot,
    key: Option<AuditKey>,
    clock: Arc<dyn Clock>,
    /// Who this is to others on the same database.
    instance: Arc<Instance>,
    /// The highest sequence number of the journal that this instance has heard of.
    grown: watch::Sender<i64>,
    /// Who belongs where.
    tenancy: Arc<tenancy::Kept>,
    /// The writer, and on PostgreSQL the listener. They end at [`Store::close`], or when the last
    /// clone of the store goes.
    tasks: TaskTracker,
    stop: DropGuard,
}

/// Open the database at `url`, create it if need be, and bring its schema up to date.
///
/// `sqlite:PATH` (optionally `?max_page_count=N`: never more than N pages of 4 KiB),
/// `sqlite::memory:`, or `postgres://…`. Must be called inside a tokio runtime. A new SQLite file
/// and the directories made for it are for their owner alone.
///
/// The audit's chain is kept, and its ends are not sealed; see [`open_sealed`].
pub async fn open(url: &str, clock: Arc<dyn Clock>) -> Result<Store, Error> {
    open_with(url, clock, None).await
}

/// Like [`open`], with a key that seals the ends of the audit's chains, so that nobody without it
/// can cut rows off or write new ones unseen. Every opening of one database needs the same key.
pub async fn open_sealed(url: &str, clock: Arc<dyn Clock>, key: AuditKey) -> Result<Store, Error> {
    open_with(url, clock, Some(key)).await
}

async fn open_with(
    url: &str,
    clock: Arc<dyn Clock>,
    key: Option<AuditKey>,
) -> Result<Store, Error> {
    let place = Place::parse(url)?;
    place.create()?;
    let mut connection = place.connect().await.map_err(|source| match source {
        StoreError::Corrupt { detail } => Error::Damaged {
            place: place.name(),
            detail,
        },
        source => Error::Unusable {
            place: place.name(),
            source,
        },
    })?;
    migration::migrate(&mut connection, &place, key.as_ref(), clock.now_ms()).await?;

    let slot: Slot = Arc::new(Mutex::new(Some(connection)));
    let readers = place
        .readers()
        .unwrap_or_else(|| Readers::Writer(slot.clone()));
    let (queue, jobs) = mpsc::channel(writer::QUEUE);
    let (grown, _) = watch::channel(0);
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    if let Readers::Postgres(pool) = &readers {
        tasks.spawn(listener::listen(pool.clone(), grown.clone(), stop.clone()));
    }
    let instance = Instance::new();
    let writer = Writer {
        slot: slot.clone(),
        place,
        key: key.clone(),
        clock: clock.clone(),
        instance: instance.clone(),
        queue: jobs,
    };
    tasks.spawn(writer.run(stop.clone()));
    tasks.close();
    Ok(Store {
        inner: Arc::new(Inner {
            queue,
            readers,
            slot,
            key,
            clock,
            instance,
            grown,
            tenancy: Arc::default(),
            tasks,
            stop: stop.drop_guard(),
        }),
    })
}

impl Store {
    /// Write what is queued, end the tasks and close the connections. Rows that stay unfinished are
    /// free for others at once. Later calls on any clone fail with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.inner.stop.token().cancel();
        self.inner.tasks.wait().await;
        self.inner.readers.close().await;
        if let Some(mut connection) = self.inner.slot.lock().await.take() {
            let instance = &self.inner.instance;
            if instance.is_known() {
                let leave = connection
                    .session()
                    .execute(instance::LEAVE, [(&instance.id).into()])
                    .await;
                if let Err(error) = leave {
                    tracing::debug!(%error, "others see that this instance is gone only later");
                }
            }
            connection.close().await;
        }
    }

    /// Queue a write and wait for its commit. The write happens even if the caller goes away.
    async fn write<W: Write>(&self, write: W) -> Result<W::Output, StoreError> {
        let (job, answer) = writer::job(write);
        self.inner
            .queue
            .try_send(job)
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => error::unavailable("it is closed"),
            })?;
        answer
            .await
            .unwrap_or_else(|_| Err(error::unavailable("its writer has ended")))
    }

    fn now(&self) -> Millis {
        self.inner.clock.now_ms()
    }
}
