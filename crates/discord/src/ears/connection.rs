//! One connection, from HELLO to its end. It never reconnects: the shard below is thrown away with
//! its socket, and the supervisor decides when and how there is another.

use std::{sync::Arc, time::Duration};

use model::Millis;
use secrecy::ExposeSecret;
use serde_json::value::RawValue;
use tokio::{
    sync::mpsc::{self, Permit},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use twilight_gateway::{
    CloseFrame, ConfigBuilder, Intents, Message, Session as ShardSession, Shard, ShardId,
    error::{ReceiveMessageError, ReceiveMessageErrorType},
};
use twilight_model::gateway::payload::outgoing::identify::IdentifyProperties;

use super::{
    Ears, address, close,
    frame::{self, Header, op},
    identify::Leave,
    interaction,
    memory::{End, Lost, Memory, Session},
    once::{self, Pulled, Watch},
    writer::{Entry, Heard, SessionName},
};
use crate::cache;

/// IDENTIFYs in 24 hours, well below Discord's 1,000.
const IDENTIFIES_A_DAY: u32 = 900;
/// While nothing wanted arrives, the resume point is saved this often.
const POINT_EVERY: Duration = Duration::from_secs(30);

/// One connection at work.
pub(super) struct Connection<'a> {
    pub(super) ears: &'a Ears,
    pub(super) memory: &'a mut Memory,
    pub(super) entries: &'a mpsc::Sender<Entry>,
    pub(super) cancel: &'a CancellationToken,
    /// Where to connect.
    pub(super) url: String,
    /// Counts connections, from 1.
    pub(super) number: u64,
    pub(super) progress: Progress,
    pub(super) watch: Watch,
}

/// What may be kept of an event. Whoever answers interactions hears of them here, before the journal,
/// because Discord waits only seconds.
fn keepable(
    ears: &Ears,
    kind: &str,
    data: Arc<RawValue>,
    received_at: Millis,
) -> Option<Arc<RawValue>> {
    if kind != interaction::KIND {
        return Some(data);
    }
    let (kept, interaction) = interaction::without_token(&data, received_at)?;
    if let (Some(listener), Some(interaction)) = (&ears.interactions, interaction) {
        listener.came(interaction);
    }
    Some(kept)
}

/// How far the connection has come.
#[derive(Debug)]
pub(super) struct Progress {
    hello: bool,
    settled_at: Option<Instant>,
    /// When silence becomes too long; counts until READY or RESUMED.
    deadline: Instant,
    /// When the shard may identify, if it wants to.
    identify_at: Option<Instant>,
    /// When the queue last got an entry that carries a resume point.
    saved_at: Instant,
}

impl Progress {
    pub(super) fn new(hello_within: Duration) -> Self {
        let now = Instant::now();
        Self {
            hello: false,
            settled_at: None,
            deadline: now + hello_within,
            identify_at: None,
            saved_at: now,
        }
    }
}

impl Connection<'_> {
    /// Listen until the connection ends.
    pub(super) async fn listen(mut self) -> End {
        let leave = Leave::default();
        let mut shard = self.shard(leave.clone());
        let end = self.pull(&mut shard, &leave).await;
        // Best effort: without it the next session starts a little earlier and hears things twice,
        // which the journal's resume point sorts out.
        if let Some(session) = &self.memory.session {
            let point = session
                .name
                .point(self.ears.config.shard.0, session.sequence);
            let _ = self.entries.try_send(Entry::Point(point));
        }
        end
    }

    fn shard(&self, leave: Leave) -> Shard<Leave> {
        let config = &self.ears.config;
        let token = config.token.expose_secret().to_owned();
        let os = std::env::consts::OS;
        let mut builder = ConfigBuilder::new(token, Intents::from_bits_retain(config.intents))
            .queue(leave)
            .identify_properties(IdentifyProperties::new("guildhall", "guildhall", os))
            .proxy_url(self.url.clone());
        if let Some(session) = &self.memory.session {
            let known = ShardSession::new(session.sequence, session.name.id.clone());
            builder = builder.session(known).resume_url(self.url.clone());
        }
        let (number, total) = config.shard;
        Shard::with_config(ShardId::new(number, total), builder.build())
    }

    async fn pull(&mut self, shard: &mut Shard<Leave>, leave: &Leave) -> End {
        let entries = self.entries;
        loop {
            // Room first: nothing is pulled that could not be handed on.
            let room = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return self.stop(shard).await,
                room = entries.reserve() => room,
            };
            let Ok(room) = room else {
                return End::Stopped;
            };
            let pulled = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return self.stop(shard).await,
                () = sleep_until(self.progress.deadline), if self.progress.settled_at.is_none() => {
                    return self.too_silent();
                }
                () = leave.asked() => {
                    let earliest = self.memory.identified_at.map(|at| at + self.ears.config.pace.identify);
                    let now = Instant::now();
                    self.progress.identify_at = Some(earliest.map_or(now, |at| at.max(now)));
                    continue;
                }
                () = identify_time(self.progress.identify_at) => {
                    if let Some(end) = self.identify(leave).await {
                        return end;
                    }
                    continue;
                }
                pulled = self.watch.next(shard) => pulled,
            };
            let end = match pulled {
                Pulled::Message(Ok(Message::Text(text))) => self.text(shard, &text, room).await,
                Pulled::Message(Ok(Message::Close(frame))) => Some(self.closed(frame.as_ref())),
                Pulled::Message(Err(error)) => self.failed(&error),
                Pulled::Ended => Some(self.lost("the connection was dropped")),
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    async fn text(
        &mut self,
        shard: &mut Shard<Leave>,
        text: &str,
        room: Permit<'_, Entry>,
    ) -> Option<End> {
        let header = frame::header(text)?;
        match header.op {
            op::DISPATCH => {
                self.dispatch(shard, &header, text, room);
                None
            }
            op::HELLO => {
                self.progress.hello = true;
                self.progress.deadline = Instant::now() + self.ears.config.pace.settle;
                None
            }
            op::HEARTBEAT_ACK => {
                if let Some(latency) = shard.latency().average() {
                    let millis = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
                    self.ears.board.latency(millis);
                }
                None
            }
            op::RECONNECT => {
                once::send_close(shard).await;
                Some(self.lost("Discord asked for a new connection"))
            }
            op::INVALID_SESSION => {
                once::send_close(shard).await;
                let session_over = !frame::resumable(text);
                Some(End::Lost(Lost {
                    session_over,
                    ..self.loss("Discord refused the session")
                }))
            }
            _ => None,
        }
    }

    fn dispatch(
        &mut self,
        shard: &Shard<Leave>,
        header: &Header<'_>,
        text: &str,
        room: Permit<'_, Entry>,
    ) {
        let (Some(kind), Some(sequence)) = (header.kind.as_deref(), header.sequence) else {
            return;
        };
        let mut settles = None;
        if kind == "READY" {
            self.begin(shard, sequence);
            settles = Some(self.settled());
        } else if kind == "RESUMED" {
            settles = Some(self.settled());
        }
        let Some(session) = &mut self.memory.session else {
            return;
        };
        let again = sequence <= session.sequence && settles.is_none();
        if again {
            return;
        }
        session.sequence = session.sequence.max(sequence);
        let journal = self.ears.config.wanted.contains(kind);
        let now = Instant::now();
        if journal || settles.is_some() || cache::feeds_on(kind) {
            let received_at = self.ears.parts.clock.now_ms();
            let data =
                frame::data(text).and_then(|data| keepable(self.ears, kind, data, received_at));
            let Some(data) = data else {
                tracing::warn!(kind, "an event could not be read");
                return;
            };
            self.progress.saved_at = now;
            room.send(Entry::Event(Heard {
                session: Arc::clone(&session.name),
                sequence: session.sequence,
                kind: kind.into(),
                data,
                received_at,
                journal,
                settles,
            }));
        } else if now - self.progress.saved_at >= POINT_EVERY {
            self.progress.saved_at = now;
            let point = session
                .name
                .point(self.ears.config.shard.0, session.sequence);
            room.send(Entry::Point(point));
        }
    }

    /// READY: a new session, and a gap if there was another before.
    fn begin(&mut self, shard: &Shard<Leave>, sequence: u64) {
        let Some(session) = shard.session() else {
            return;
        };
        let name = SessionName {
            id: session.id().to_owned(),
            resume_url: address::for_resuming(shard.resume_url(), &self.url),
        };
        self.memory.session = Some(Session {
            name: Arc::new(name),
            sequence,
        });
        if std::mem::take(&mut self.memory.missed) {
            self.ears.board.gap(self.ears.parts.clock.now_ms());
            tracing::warn!(
                "a session was lost; what happened meanwhile is not in the journal (gap)"
            );
        }
    }

    fn settled(&mut self) -> u64 {
        self.progress.settled_at = Some(Instant::now());
        self.ears.liveness.connection(self.number);
        self.ears
            .board
            .connected(true, self.ears.parts.clock.now_ms());
        tracing::info!(
            connection = self.number,
            "the ears are connected to the Gateway"
        );
        self.number
    }

    /// Let the shard identify, if the ledger has room.
    async fn identify(&mut self, leave: &Leave) -> Option<End> {
        self.progress.identify_at = None;
        let now = self.ears.parts.clock.now_ms();
        let noted = match self.ears.parts.journal.note_identify(now).await {
            Ok(noted) => noted,
            Err(error) => {
                return Some(
                    self.lost(&format!("the ledger of IDENTIFYs cannot be kept: {error}")),
                );
            }
        };
        if noted > IDENTIFIES_A_DAY {
            let why = format!(
                "{IDENTIFIES_A_DAY} IDENTIFYs in 24 hours are used up; Discord would reset the token"
            );
            return Some(End::Lost(Lost {
                wait_at_least: self.ears.config.pace.exhausted,
                ..self.loss(&why)
            }));
        }
        self.memory.identified_at = Some(Instant::now());
        self.progress.deadline = Instant::now() + self.ears.config.pace.settle;
        leave.grant();
        None
    }

    fn too_silent(&self) -> End {
        self.lost(if self.progress.hello {
            "neither READY nor RESUMED came in time"
        } else {
            "HELLO did not come in time"
        })
    }

    fn closed(&self, frame: Option<&CloseFrame<'_>>) -> End {
        let Some(frame) = frame else {
            return self.lost("Discord closed the connection");
        };
        if let Some(error) = close::for_good(frame.code, self.ears.config.intents) {
            return End::ForGood(error);
        }
        End::Lost(Lost {
            session_over: close::ends_session(frame.code),
            ..self.loss(&format!("the connection was closed ({})", frame.code))
        })
    }

    /// The error's own words are not repeated: they may quote a whole event.
    fn failed(&self, error: &ReceiveMessageError) -> Option<End> {
        match error.kind() {
            ReceiveMessageErrorType::Reconnect => {
                let source = std::error::Error::source(error);
                let detail = source.map(ToString::to_string).unwrap_or_default();
                Some(self.lost(&format!("the Gateway cannot be reached: {detail}")))
            }
            ReceiveMessageErrorType::Deserializing { .. } => {
                tracing::warn!("a frame could not be read and was skipped");
                None
            }
            _ => Some(self.lost("the compressed stream is broken")),
        }
    }

    fn lost(&self, why: &str) -> End {
        End::Lost(self.loss(why))
    }

    fn loss(&self, why: &str) -> Lost {
        Lost {
            why: why.to_owned(),
            hello: self.progress.hello,
            settled_at: self.progress.settled_at,
            session_over: false,
            wait_at_least: Duration::ZERO,
        }
    }

    /// Close so that the session can be resumed after a restart.
    async fn stop(&self, shard: &mut Shard<Leave>) -> End {
        if self.progress.hello {
            shard.close(CloseFrame::RESUME);
            once::send_close(shard).await;
        }
        End::Stopped
    }
}

async fn identify_time(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
