//! From the socket to the journal, in a task of its own: batches are committed with the resume
//! point that covers them, so that a crash resumes after what is on disk and loses nothing.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use model::{
    Event, Millis,
    event::ResumePoint,
    ledger::{Journal, StoreError},
};
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{frame, status::Board};
use crate::cache::{self, Cache};

/// Entries between socket and journal. When it is full the socket is not read: heartbeats stop
/// after a while, Discord closes, and the session is resumed later. Nothing is lost.
pub(super) const QUEUE: usize = 1_024;
/// Entries of one commit.
const BATCH: usize = 256;
/// Waits between attempts to write.
const RETRY_SHORTEST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_secs(10);
/// Attempts once the service is stopping.
const ATTEMPTS_WHEN_STOPPING: u32 = 3;

/// What the socket's side hands over, in the order in which it happened.
#[derive(Debug)]
pub(super) enum Entry {
    Event(Heard),
    /// Everything up to here was handled, wanted or not.
    Point(ResumePoint),
    /// The session cannot be resumed.
    Forget,
}

/// One dispatch that somebody wants.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) session: Arc<SessionName>,
    pub(super) sequence: u64,
    pub(super) kind: Box<str>,
    pub(super) data: Arc<RawValue>,
    pub(super) received_at: Millis,
    /// Whether it goes into the journal.
    pub(super) journal: bool,
    /// Set for READY and RESUMED: the number of the connection that is established with it.
    pub(super) settles: Option<u64>,
}

/// What stays the same for all events of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SessionName {
    pub(super) id: String,
    pub(super) resume_url: String,
}

impl SessionName {
    pub(super) fn point(&self, shard: u32, sequence: u64) -> ResumePoint {
        ResumePoint {
            shard,
            session_id: self.id.clone(),
            sequence,
            resume_url: self.resume_url.clone(),
        }
    }
}

/// Whether the cache may answer: only while the connection lives and its events are in.
#[derive(Debug)]
pub(super) struct Liveness {
    cache: Arc<Cache>,
    connection: Mutex<u64>,
}

impl Liveness {
    pub(super) fn new(cache: Arc<Cache>) -> Self {
        cache.set_live(false);
        Self {
            cache,
            connection: Mutex::new(0),
        }
    }

    /// The connection with this number lives; 0 for none. The cache is silent until it caught up.
    pub(super) fn connection(&self, number: u64) {
        let mut current = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *current = number;
        self.cache.set_live(false);
    }

    fn caught_up(&self, number: u64) {
        let current = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *current == number && number != 0 {
            self.cache.set_live(true);
        }
    }
}

/// Writes what was heard. It ends when the socket's side drops its end of the queue.
pub(super) struct Writer {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) cache: Arc<Cache>,
    pub(super) liveness: Arc<Liveness>,
    pub(super) board: Arc<Board>,
    pub(super) shard: u32,
    pub(super) stopping: CancellationToken,
}

/// Entries taken together, as one commit.
#[derive(Default)]
struct Batch {
    events: Vec<Event>,
    point: Option<ResumePoint>,
    forget: bool,
    settled: Option<u64>,
    heard_at: Option<Millis>,
}

impl Writer {
    pub(super) async fn run(self, mut entries: mpsc::Receiver<Entry>) {
        let mut taken = Vec::with_capacity(BATCH);
        let mut settled = 0;
        while entries.recv_many(&mut taken, BATCH).await > 0 {
            let batch = self.take_in(&mut taken);
            settled = batch.settled.unwrap_or(settled);
            let Some(troubled) = self.commit(&batch).await else {
                // Whatever follows must not be written either: its resume point would skip this.
                return;
            };
            if troubled || batch.settled.is_some() {
                self.liveness.caught_up(settled);
            }
            self.board.heard(batch.heard_at, self.cache.guild_count());
        }
    }

    fn take_in(&self, taken: &mut Vec<Entry>) -> Batch {
        let mut batch = Batch::default();
        let mut last: Option<(Arc<SessionName>, u64)> = None;
        for entry in taken.drain(..) {
            match entry {
                Entry::Event(heard) => {
                    last = Some((Arc::clone(&heard.session), heard.sequence));
                    batch.settled = heard.settles.or(batch.settled);
                    self.feed(&heard);
                    if heard.journal {
                        batch.heard_at = Some(heard.received_at);
                        let event = frame::event(&heard.kind, heard.data, heard.received_at);
                        batch.events.push(event);
                    }
                }
                Entry::Point(point) => {
                    last = None;
                    batch.point = Some(point);
                    batch.forget = false;
                }
                Entry::Forget => {
                    last = None;
                    batch.point = None;
                    batch.forget = true;
                }
            }
        }
        if let Some((session, sequence)) = last {
            batch.point = Some(session.point(self.shard, sequence));
            batch.forget = false;
        }
        batch
    }

    fn feed(&self, heard: &Heard) {
        if !cache::feeds_on(&heard.kind) {
            return;
        }
        // The reason is not logged: it may quote what people wrote.
        if self.cache.apply(&heard.kind, heard.data.get()).is_err() {
            tracing::warn!(kind = %heard.kind, "an event has an unexpected shape; its guild will be read anew");
        }
    }

    /// Write until it is written: `Some(whether it took more than one attempt)`. `None` when the
    /// service stops and the store still refuses.
    async fn commit(&self, batch: &Batch) -> Option<bool> {
        let (mut failures, mut wait) = (0, RETRY_SHORTEST);
        loop {
            let written = self.write(batch).await;
            let Err(error) = written else {
                return Some(failures > 0);
            };
            failures += 1;
            self.liveness.cache.set_live(false);
            self.board
                .error(format!("events cannot be stored: {error}"));
            tracing::error!(%error, failures, "events cannot be stored; trying again");
            if self.stopping.is_cancelled() {
                if failures >= ATTEMPTS_WHEN_STOPPING {
                    return None;
                }
                tokio::time::sleep(RETRY_SHORTEST).await;
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => wait = (wait * 2).min(RETRY_LONGEST),
                () = self.stopping.cancelled() => failures = 0,
            }
        }
    }

    async fn write(&self, batch: &Batch) -> Result<(), StoreError> {
        if batch.forget {
            self.journal.forget_resume_point(self.shard).await?;
        }
        if !batch.events.is_empty() || batch.point.is_some() {
            // Retried as a whole, so that events and resume point stay together.
            self.journal
                .append(batch.events.clone(), batch.point.clone())
                .await?;
        }
        Ok(())
    }
}
