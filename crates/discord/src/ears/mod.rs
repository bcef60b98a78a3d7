//! Ears: a supervised Gateway connection whose events end up in the journal, in order, once.
//! They only listen: no event is acted on here, and nothing is sent but what keeps the session.
//!
//! The shard library below keeps the protocol (heartbeats, compression, RESUME). The supervisor
//! here keeps the peace: one connection at a time, a jittered wait between any two, a limit on
//! silence, a ledger of IDENTIFYs, a new session where the old one is refused.

mod address;
mod close;
mod connection;
mod frame;
mod identify;
pub mod intents;
mod interaction;
mod memory;
mod once;
mod pace;
mod status;
mod wanted;
mod writer;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use model::{Clock, HandsError, event::ResumePoint, interaction::Interactions, ledger::Journal};
use secrecy::SecretString;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{Error, cache::Cache, facts::Fetch};
use address::Gateway;
use connection::{Connection, Progress};
use memory::{End, Lost, Memory, Session};
use once::Watch;
use pace::Backoff;
use status::Board;
use writer::{Entry, Liveness, QUEUE, SessionName, Writer};

pub use pace::Pace;
pub use status::EarsStatus;
pub use wanted::USUAL as USUAL_KINDS;

/// Resumes that may be refused in a row before a new session is begun.
const REFUSALS_MAX: u32 = 3;
/// Failed attempts at the address for resuming before the general one is tried in turn.
const UNREACHED_MAX: u32 = 2;

/// How to listen.
#[derive(Debug, Clone)]
pub struct EarsConfig {
    pub token: SecretString,
    /// Sum of [`intents`].
    pub intents: u64,
    /// `None`: where `GET /gateway/bot` says.
    pub gateway_url: Option<String>,
    /// Number of this shard, and of all shards.
    pub shard: (u32, u32),
    /// Kinds of events that the journal gets, e.g. [`USUAL_KINDS`].
    pub wanted: BTreeSet<String>,
    pub pace: Pace,
}

impl EarsConfig {
    /// One shard that listens without privileged intents to what is usually wanted.
    pub fn new(token: SecretString) -> Self {
        Self {
            token,
            intents: intents::UNPRIVILEGED,
            gateway_url: None,
            shard: (0, 1),
            wanted: USUAL_KINDS.iter().map(|&kind| kind.to_owned()).collect(),
            pace: Pace::default(),
        }
    }
}

/// What ears work with.
#[derive(Clone)]
pub struct EarsParts {
    pub journal: Arc<dyn Journal>,
    /// Fed by the ears, read by the facts.
    pub cache: Arc<Cache>,
    /// Asked for the Gateway's address.
    pub fetch: Arc<dyn Fetch>,
    pub clock: Arc<dyn Clock>,
}

/// A Gateway connection under supervision.
pub struct Ears {
    config: EarsConfig,
    parts: EarsParts,
    board: Arc<Board>,
    liveness: Arc<Liveness>,
    /// Hears of interactions before they are in the journal, with their tokens.
    interactions: Option<Arc<dyn Interactions>>,
}

impl Ears {
    /// Ears that do not listen yet. Fails if the Gateway's address is unusable.
    pub fn new(mut config: EarsConfig, parts: EarsParts) -> Result<Self, Error> {
        if let Some(url) = &config.gateway_url {
            config.gateway_url = Some(address::checked(url)?);
        }
        let liveness = Arc::new(Liveness::new(Arc::clone(&parts.cache)));
        Ok(Self {
            config,
            parts,
            board: Arc::new(Board::new()),
            liveness,
            interactions: None,
        })
    }

    /// Let somebody answer interactions. Without this nobody can: their tokens are not kept.
    #[must_use]
    pub fn telling(mut self, interactions: Arc<dyn Interactions>) -> Self {
        self.interactions = Some(interactions);
        self
    }

    /// How the ears are, now and whenever that changes.
    pub fn status(&self) -> watch::Receiver<EarsStatus> {
        self.board.watch()
    }

    /// Listen until `cancel`, or until Discord closes for good, which is the error. When it
    /// returns, everything heard is in the journal or will be heard again after a restart.
    pub async fn run(&self, cancel: CancellationToken) -> Result<(), Error> {
        // Fails when there is one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (entries, queue) = mpsc::channel(QUEUE);
        let stopping = cancel.child_token();
        let writer = Writer {
            journal: Arc::clone(&self.parts.journal),
            cache: Arc::clone(&self.parts.cache),
            liveness: Arc::clone(&self.liveness),
            board: Arc::clone(&self.board),
            shard: self.config.shard.0,
            stopping: stopping.clone(),
        };
        // Ends when `entries` is dropped below.
        let writer = tokio::spawn(writer.run(queue));
        let ended = Box::pin(self.supervise(entries, &cancel)).await;
        self.silent();
        stopping.cancel();
        if let Err(error) = writer.await {
            std::panic::resume_unwind(error.into_panic());
        }
        ended
    }

    async fn supervise(
        &self,
        entries: mpsc::Sender<Entry>,
        cancel: &CancellationToken,
    ) -> Result<(), Error> {
        let mut backoff = Backoff::default();
        let Some(mut memory) = self.remember(&mut backoff, cancel).await else {
            return Ok(());
        };
        let (mut refusals, mut unreached) = (0, 0);
        for number in 1.. {
            let resuming = memory.session.is_some();
            let end = match self.address(memory.session.as_ref(), unreached).await {
                Ok(url) => {
                    let connection = Connection {
                        ears: self,
                        memory: &mut memory,
                        entries: &entries,
                        cancel,
                        watch: Watch::new(&url),
                        url,
                        number,
                        progress: Progress::new(self.config.pace.hello),
                    };
                    Box::pin(connection.listen()).await
                }
                Err(end) => end,
            };
            self.silent();
            let lost = match end {
                End::Stopped => return Ok(()),
                End::ForGood(error) => {
                    self.board.error(error.to_string());
                    return Err(error);
                }
                End::Lost(lost) => lost,
            };
            tracing::warn!(why = %lost.why, connection = number, "the Gateway connection ended");
            self.board.error(lost.why.clone());
            unreached = if lost.hello { 0 } else { unreached + 1 };
            let refused = resuming && lost.hello && lost.settled_at.is_none();
            refusals = if refused { refusals + 1 } else { 0 };
            if memory.session.is_some() && (lost.session_over || refusals >= REFUSALS_MAX) {
                refusals = 0;
                memory.session = None;
                memory.missed = true;
                let forgotten = tokio::select! {
                    () = cancel.cancelled() => return Ok(()),
                    sent = entries.send(Entry::Forget) => sent,
                };
                if forgotten.is_err() {
                    return Ok(());
                }
            }
            if !self.wait(&mut backoff, &lost, cancel).await {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Where the last process left off. `None` when the service stops meanwhile.
    async fn remember(&self, backoff: &mut Backoff, cancel: &CancellationToken) -> Option<Memory> {
        loop {
            let journal = &self.parts.journal;
            let read = async {
                let point = journal.resume_point(self.config.shard.0).await?;
                Ok::<_, model::ledger::StoreError>((point, journal.latest().await?))
            };
            match read.await {
                Ok((point, latest)) => {
                    return Some(Memory {
                        missed: point.is_none() && latest > 0,
                        session: point.and_then(session),
                        identified_at: None,
                    });
                }
                Err(error) => {
                    let lost = Lost {
                        why: format!("the journal cannot be read: {error}"),
                        hello: false,
                        settled_at: None,
                        session_over: false,
                        wait_at_least: Duration::ZERO,
                    };
                    tracing::error!(%error, "the journal cannot be read; trying again");
                    self.board.error(lost.why.clone());
                    if !self.wait(backoff, &lost, cancel).await {
                        return None;
                    }
                }
            }
        }
    }

    /// Where to connect next.
    async fn address(&self, session: Option<&Session>, unreached: u32) -> Result<String, End> {
        let elsewhere = unreached >= UNREACHED_MAX && unreached.is_multiple_of(2);
        if let Some(session) = session
            && !elsewhere
        {
            return Ok(session.name.resume_url.clone());
        }
        if let Some(url) = &self.config.gateway_url {
            return Ok(url.clone());
        }
        let lost = |why: String, wait_at_least| {
            End::Lost(Lost {
                why,
                hello: false,
                settled_at: None,
                session_over: false,
                wait_at_least,
            })
        };
        let gateway = match Gateway::ask(&*self.parts.fetch).await {
            Ok(gateway) => gateway,
            Err(HandsError::Unauthorized) => {
                let error = close::for_good(close::TOKEN_REFUSED, self.config.intents);
                return Err(error.map_or(End::Stopped, End::ForGood));
            }
            Err(error) => {
                let why = format!("the Gateway's address cannot be read: {error}");
                return Err(lost(why, Duration::ZERO));
            }
        };
        if let (None, Some(wait)) = (session, gateway.exhausted()) {
            return Err(lost("Discord allows no new session yet".to_owned(), wait));
        }
        address::checked(&gateway.url).map_err(|error| lost(error.to_string(), Duration::ZERO))
    }

    /// Wait before the next connection. `false` when the service stops.
    async fn wait(&self, backoff: &mut Backoff, lost: &Lost, cancel: &CancellationToken) -> bool {
        let lasted = lost.settled_at.map_or(Duration::ZERO, |at| at.elapsed());
        let wait = backoff.wait(&self.config.pace, lasted, rand::random());
        let until = Instant::now() + wait.max(lost.wait_at_least);
        tokio::select! {
            () = cancel.cancelled() => false,
            () = tokio::time::sleep_until(until) => true,
        }
    }

    fn silent(&self) {
        self.liveness.connection(0);
        self.board.connected(false, self.parts.clock.now_ms());
    }
}

/// A stored resume point as a session; one with an unusable address is none.
fn session(point: ResumePoint) -> Option<Session> {
    Some(Session {
        name: Arc::new(SessionName {
            resume_url: address::checked(&point.resume_url).ok()?,
            id: point.session_id,
        }),
        sequence: point.sequence,
    })
}
