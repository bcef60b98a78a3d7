//! One Gateway session: its intents, its sequence, and the frames kept so that a client that lost
//! its socket can resume.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use tokio::sync::mpsc;

use super::close::Close;
use super::frame::{self, Resumable};
use crate::snowflake::Snowflake;
use crate::world::{Audience, Dispatch};

/// Frames kept for a resume.
const MAX_REPLAY_FRAMES: usize = 5_000;
/// Bytes of frames kept for a resume.
const MAX_REPLAY_BYTES: usize = 8 * 1024 * 1024;
/// Frames that may wait for a slow socket; beyond this it is dropped and has to resume.
pub(crate) const MAX_WAITING: usize = 4_096;
/// How long a session outlives its socket, in milliseconds.
pub(crate) const SESSION_LIFETIME_MS: u64 = 3 * 60 * 1_000;

/// What a session asks of the connection that carries it.
#[derive(Debug)]
pub(crate) enum Order {
    /// Send this dispatch.
    Event(Event),
    /// Send this frame, which is no dispatch.
    Frame(Utf8Bytes),
    /// Op 9; the connection stays open without a session.
    Invalidate(Resumable),
    /// Close with a code.
    Close(Close),
    /// Say nothing more, not even heartbeat acknowledgements.
    Silence,
    /// Cut the socket without a close frame.
    Cut,
}

/// A numbered dispatch. Its data is shared by every session that sees the same; the frame is
/// written by the connection, where it holds nobody up.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    kind: &'static str,
    sequence: u64,
    data: Arc<str>,
}

impl Event {
    pub(crate) fn frame(&self) -> Utf8Bytes {
        frame::dispatch(self.kind, self.sequence, &self.data)
    }
}

/// Which connection of a session is meant; an older one must not detach a newer one.
pub(crate) type Epoch = u64;

/// The state of one session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) bot: Snowflake,
    pub(crate) intents: u64,
    pub(crate) shard: (u64, u64),
    /// Members above which a guild is large to it.
    pub(crate) large_threshold: usize,
    sequence: u64,
    replay: VecDeque<Event>,
    replay_bytes: usize,
    connection: Option<mpsc::Sender<Order>>,
    epoch: Epoch,
    detached_at_ms: Option<u64>,
}

impl Session {
    /// A session without a connection yet.
    pub(crate) fn new(
        bot: Snowflake,
        intents: u64,
        shard: (u64, u64),
        large_threshold: usize,
    ) -> Self {
        Self {
            bot,
            intents,
            shard,
            large_threshold,
            sequence: 0,
            replay: VecDeque::new(),
            replay_bytes: 0,
            connection: None,
            epoch: 0,
            detached_at_ms: None,
        }
    }

    /// Connects a socket; an older one of this session loses its channel and ends.
    pub(crate) fn attach(&mut self) -> (Epoch, mpsc::Receiver<Order>) {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        self.connection = Some(sender);
        self.epoch += 1;
        self.detached_at_ms = None;
        (self.epoch, receiver)
    }

    /// Notes that a socket is gone.
    pub(crate) fn detach(&mut self, epoch: Epoch, now_ms: u64) {
        if self.epoch == epoch {
            self.connection = None;
            self.detached_at_ms.get_or_insert(now_ms);
        }
    }

    /// Whether nobody came back in time.
    pub(crate) fn is_expired(&self, now_ms: u64) -> bool {
        self.detached_at_ms
            .is_some_and(|since| now_ms.saturating_sub(since) > SESSION_LIFETIME_MS)
    }

    /// Since when it has had no socket.
    pub(crate) fn detached_at_ms(&self) -> Option<u64> {
        self.detached_at_ms
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Numbers a dispatch and keeps it for a resume; it still has to be sent.
    pub(crate) fn record(&mut self, kind: &'static str, data: Arc<str>) -> Event {
        self.sequence += 1;
        self.replay_bytes += data.len();
        let event = Event {
            kind,
            sequence: self.sequence,
            data,
        };
        self.replay.push_back(event.clone());
        while self.replay.len() > MAX_REPLAY_FRAMES || self.replay_bytes > MAX_REPLAY_BYTES {
            let Some(oldest) = self.replay.pop_front() else {
                break;
            };
            self.replay_bytes -= oldest.data.len();
        }
        event
    }

    /// Numbers, keeps and sends a dispatch.
    pub(crate) fn push(&mut self, now_ms: u64, kind: &'static str, data: Arc<str>) {
        let event = self.record(kind, data);
        self.order(now_ms, Order::Event(event));
    }

    /// Tells the connection something. One that is too slow loses its socket and may resume.
    pub(crate) fn order(&mut self, now_ms: u64, order: Order) {
        let Some(connection) = &self.connection else {
            return;
        };
        if connection.try_send(order).is_err() {
            self.connection = None;
            self.detached_at_ms = Some(now_ms);
        }
    }

    /// The dispatches after `sequence`, or `None` when they are no longer kept.
    pub(crate) fn replay_after(&self, sequence: u64) -> Option<Vec<Event>> {
        let oldest = self.replay.front();
        let oldest = oldest.map_or(self.sequence + 1, |first| first.sequence);
        if sequence.saturating_add(1) < oldest {
            return None;
        }
        let missed = self.replay.iter();
        Some(
            missed
                .filter(|event| event.sequence > sequence)
                .cloned()
                .collect(),
        )
    }

    /// Whether a dispatch concerns this session's intents and shard; the audience is the world's
    /// to judge.
    pub(crate) fn wants(&self, dispatch: &Dispatch) -> bool {
        let asked = dispatch.intents == 0 || dispatch.intents & self.intents != 0;
        asked && self.has_shard_of(dispatch)
    }

    /// Whether a guild belongs to this session's shard (Discord: Gateway › Sharding).
    pub(crate) fn has_guild(&self, guild: Snowflake) -> bool {
        let (index, count) = self.shard;
        (guild.0 >> 22) % count == index
    }

    fn has_shard_of(&self, dispatch: &Dispatch) -> bool {
        if self.shard.1 == 1 {
            return true;
        }
        match dispatch.audience {
            Audience::Guild(guild) | Audience::Channel { guild, .. } => self.has_guild(guild),
            Audience::Dm(_) => self.shard.0 == 0,
            Audience::User(_) => {
                let key = if dispatch.kind.starts_with("GUILD_") {
                    "id"
                } else {
                    "guild_id"
                };
                let guild = dispatch
                    .data
                    .get("guild_id")
                    .or_else(|| dispatch.data.get(key));
                let guild = guild.and_then(|id| id.as_str()?.parse().ok());
                guild.is_none_or(|guild| self.has_guild(guild))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session::new(Snowflake(1), 0, (0, 1), 50)
    }

    #[test]
    fn what_was_missed_is_replayed_in_order() {
        let mut session = session();
        for number in 0..4 {
            session.push(0, "TYPING_START", number.to_string().into());
        }
        let missed = session.replay_after(2).unwrap();
        assert_eq!(missed.len(), 2);
        assert!(missed[0].frame().contains("\"s\":3,"));
        assert!(session.replay_after(4).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_longer_kept_cannot_be_replayed() {
        let mut session = session();
        for _ in 0..=MAX_REPLAY_FRAMES {
            session.push(0, "TYPING_START", "null".into());
        }
        assert!(session.replay_after(0).is_none());
        assert!(session.replay_after(1).is_some());
    }

    #[test]
    fn an_older_connection_does_not_detach_a_newer_one() {
        let mut session = session();
        let (first, mut lost) = session.attach();
        let (_, _kept) = session.attach();
        session.detach(first, 5);
        assert!(session.is_connected());
        assert!(lost.try_recv().is_err());
    }

    #[test]
    fn a_slow_connection_is_dropped_and_its_session_lives_on() {
        let mut session = session();
        let (_, _unread) = session.attach();
        for _ in 0..=MAX_WAITING {
            session.push(7, "TYPING_START", "null".into());
        }
        assert!(!session.is_connected());
        assert!(!session.is_expired(7 + SESSION_LIFETIME_MS));
        assert!(session.is_expired(8 + SESSION_LIFETIME_MS));
    }
}
