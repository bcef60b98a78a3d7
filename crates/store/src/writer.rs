//! Group commit: one connection writes for everybody; many callers share one transaction and one sync.
//!
//! It must never answer `Ok` before the commit that carries the answer is on disk.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use model::{Clock, Millis, crash, ledger::StoreError};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    chain::AuditKey,
    engine::Connection,
    error::unavailable,
    instance::{self, Instance, Sign},
    place::Place,
    prune::{self, Prune},
    transaction::Transaction,
};

/// How many writes may wait. More are turned away with [`StoreError::Overloaded`].
pub(crate) const QUEUE: usize = 4096;
/// How many writes share one transaction at most; bounds how long the first of them waits.
const GROUP: usize = 256;
/// After this long a group on PostgreSQL is given up and its connection dropped: a server that
/// neither answers nor hangs up must not stop everything for ever.
const GROUP_DEADLINE: Duration = Duration::from_secs(30);

/// The connection that writes. Empty after it broke; an in-memory database never gives it up.
pub(crate) type Slot = Arc<Mutex<Option<Connection>>>;

/// Something to write. It may run more than once before it is committed, so it changes nothing
/// but the database.
#[async_trait]
pub(crate) trait Write: Send + Sync + 'static {
    type Output: Send + 'static;

    /// Whether it may leave this instance with rows to finish.
    const TAKES_ROWS: bool = false;

    /// Run inside a transaction in which nobody else writes.
    async fn run(&self, on: &mut Transaction<'_>) -> Result<Self::Output, StoreError>;

    /// Called once, after the commit.
    fn committed(&self, _output: &Self::Output) {}
}

/// A [`Write`] whose output type is forgotten, so that different ones can share a group.
#[async_trait]
pub(crate) trait Job: Send {
    async fn attempt(
        &mut self,
        on: &mut Transaction<'_>,
        isolation: Isolation,
    ) -> Result<(), StoreError>;
    /// Whether it may leave this instance with rows to finish.
    fn takes_rows(&self) -> bool;
    /// Tell the caller. `Err` means that the whole group was lost.
    fn answer(self: Box<Self>, group: Result<(), StoreError>);
}

struct Pending<W: Write> {
    write: W,
    output: Result<W::Output, StoreError>,
    reply: oneshot::Sender<Result<W::Output, StoreError>>,
}

/// Where a caller hears how its write ended.
type Answer<T> = oneshot::Receiver<Result<T, StoreError>>;

/// Make a job of a write; the receiver hears how it ended.
pub(crate) fn job<W: Write>(write: W) -> (Box<dyn Job>, Answer<W::Output>) {
    let (reply, answer) = oneshot::channel();
    let pending = Pending {
        write,
        output: Err(unavailable("the write did not run")),
        reply,
    };
    (Box::new(pending), answer)
}

#[async_trait]
impl<W: Write> Job for Pending<W> {
    async fn attempt(
        &mut self,
        on: &mut Transaction<'_>,
        isolation: Isolation,
    ) -> Result<(), StoreError> {
        self.output = self.write.run(on).await;
        // What stands apart fails by itself, so its audit rows cannot wait for the others'.
        if isolation == Isolation::Apart
            && self.output.is_ok()
            && let Err(error) = on.flush().await
        {
            self.output = Err(error);
        }
        match &self.output {
            Ok(_) => {
                crash::point(name_of::<W>(), "written");
                Ok(())
            }
            Err(error) => Err(error.clone()),
        }
    }

    fn takes_rows(&self) -> bool {
        W::TAKES_ROWS
    }

    fn answer(self: Box<Self>, group: Result<(), StoreError>) {
        let answer = group.and(self.output);
        if let Ok(output) = &answer {
            crash::point(name_of::<W>(), "committed");
            self.write.committed(output);
        }
        // A caller that went away does not undo what it asked for.
        drop(self.reply.send(answer));
    }
}

/// `outbox::Begin`, for those who let the process die there.
fn name_of<W>() -> &'static str {
    std::any::type_name::<W>().trim_start_matches("store::")
}

/// The task that owns the writing.
pub(crate) struct Writer {
    pub(crate) slot: Slot,
    pub(crate) place: Place,
    pub(crate) key: Option<AuditKey>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) instance: Arc<Instance>,
    pub(crate) queue: mpsc::Receiver<Box<dyn Job>>,
}

impl Writer {
    /// Run until `stop` or until every sender is gone; what is queued by then is still written.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut group = Vec::with_capacity(GROUP);
        let mut pruned_at = None;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled(), if !self.queue.is_closed() => {
                    self.queue.close();
                    continue;
                }
                taken = self.queue.recv_many(&mut group, GROUP) => if taken == 0 { break },
                () = tokio::time::sleep(instance::EVERY), if self.instance.is_at_work() => {}
            }
            self.add_sign_of_life(&mut group);
            if group.is_empty() {
                continue;
            }
            self.add_pruning(&mut group, &mut pruned_at);
            let key = self.key.as_ref();
            let end = commit(&self.slot, &self.place, key, &mut group).await;
            for job in group.drain(..) {
                job.answer(end.clone());
            }
            // Those who were just answered often have more to write: let them, so that the next
            // group is not the first of them alone.
            tokio::task::yield_now().await;
        }
    }

    /// Whoever has rows to finish, or is about to, shows that they are somebody's.
    fn add_sign_of_life(&self, group: &mut Vec<Box<dyn Job>>) {
        let now = self.clock.now_ms();
        let has_rows = self.instance.is_at_work() || group.iter().any(|job| job.takes_rows());
        if has_rows && self.instance.should_sign(now) {
            group.push(job(Sign::at(now, &self.instance)).0);
        }
    }

    /// Forgetting rides along with a group now and then; it needs no timer and no sync of its own.
    fn add_pruning(&self, group: &mut Vec<Box<dyn Job>>, pruned_at: &mut Option<Millis>) {
        let now = self.clock.now_ms();
        if pruned_at.is_some_and(|at| (at..at.saturating_add(prune::EVERY_MS)).contains(&now)) {
            return;
        }
        *pruned_at = Some(now);
        group.push(job(Prune { now }).0);
    }
}

/// Where an attempt broke.
enum Broken {
    /// Nothing was committed; trying again is safe.
    BeforeCommit,
    /// Nobody knows, or trying again is useless.
    ForGood(StoreError),
}

/// Commit all jobs in one transaction. The common way has no savepoints; should a job fail, all
/// is rolled back and run again with a savepoint around each, so that only that job fails.
async fn commit(
    slot: &Slot,
    place: &Place,
    key: Option<&AuditKey>,
    group: &mut [Box<dyn Job>],
) -> Result<(), StoreError> {
    let mut slot = slot.lock().await;
    for isolation in [Isolation::Together, Isolation::Apart] {
        let attempt = attempt(&mut slot, place, key, group, isolation);
        let end = if place.is_remote() {
            tokio::time::timeout(GROUP_DEADLINE, attempt)
                .await
                .unwrap_or_else(|_| Err(Broken::ForGood(unavailable("it does not answer"))))
        } else {
            attempt.await
        };
        match end {
            Ok(()) => return Ok(()),
            Err(Broken::BeforeCommit) => {}
            Err(Broken::ForGood(error)) => {
                if place.is_remote() {
                    *slot = None;
                }
                tracing::warn!(%error, "a group of writes was not stored");
                return Err(error);
            }
        }
    }
    Err(unavailable("the transaction could not be repeated"))
}

/// How the jobs of a group share their transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    Together,
    /// A savepoint around each.
    Apart,
}

async fn attempt(
    slot: &mut Option<Connection>,
    place: &Place,
    key: Option<&AuditKey>,
    group: &mut [Box<dyn Job>],
    isolation: Isolation,
) -> Result<(), Broken> {
    begin(slot, place).await.map_err(Broken::ForGood)?;
    let connection = slot
        .as_mut()
        .ok_or_else(|| Broken::ForGood(unavailable("there is no connection")))?;
    let mut on = Transaction::new(connection.session(), key);
    for job in group {
        let run = match isolation {
            Isolation::Together => job
                .attempt(&mut on, isolation)
                .await
                .map_err(|_| Broken::BeforeCommit),
            Isolation::Apart => apart(job.as_mut(), &mut on).await.map_err(Broken::ForGood),
        };
        if let Err(broken) = run {
            roll_back(slot, place).await;
            return Err(broken);
        }
    }
    if on.flush().await.is_err() {
        roll_back(slot, place).await;
        return Err(Broken::BeforeCommit);
    }
    if let Err(error) = on.script(COMMIT).await {
        roll_back(slot, place).await;
        return Err(Broken::ForGood(error));
    }
    Ok(())
}

pub(crate) const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";
const SAVEPOINT: &str = "SAVEPOINT job";
const RELEASE: &str = "RELEASE SAVEPOINT job";
const ROLLBACK_TO: &str = "ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job";

/// Run one job so that its failure leaves the others alone. An error means that the transaction
/// itself is lost, as SQLite does when the disk is full.
async fn apart(job: &mut dyn Job, on: &mut Transaction<'_>) -> Result<(), StoreError> {
    on.script(SAVEPOINT).await?;
    match job.attempt(on, Isolation::Apart).await {
        Ok(()) => on.script(RELEASE).await,
        Err(error) => {
            on.forget();
            on.script(ROLLBACK_TO).await.map_err(|_| error)
        }
    }
}

/// Begin a transaction in which nobody else writes; on a broken connection, once more on a new one.
async fn begin(slot: &mut Option<Connection>, place: &Place) -> Result<(), StoreError> {
    if let Some(connection) = slot {
        match place.begin(&mut connection.session()).await {
            Ok(()) => return Ok(()),
            Err(error) if !place.is_remote() => return Err(error),
            Err(error) => tracing::info!(%error, "the database connection is opened again"),
        }
    }
    let connection = slot.insert(place.connect().await?);
    place.begin(&mut connection.session()).await
}

/// Undo what is open. SQLite may have undone it already, which is no error.
async fn roll_back(slot: &mut Option<Connection>, place: &Place) {
    let Some(connection) = slot else { return };
    let undone = connection.session().script(ROLLBACK).await;
    if undone.is_err() && place.is_remote() {
        *slot = None;
    }
}
