//! One websocket: HELLO, then a loop over what the client sends, what its session has for it, and
//! the heartbeat's deadline. Ends when the socket does, or when the server's token is cancelled.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::SinkExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::close::Close;
use super::command::{Command, Identify, Resume};
use super::compress::{Encoder, packed};
use super::frame::{self, Resumable};
use super::hub::{Hub, Opened, Refused};
use super::members;
use super::requests;
use super::session::{Event, Order};
use super::spoil;
use crate::faults::{FaultBook, FaultKind};
use crate::server::panics::Panics;
use crate::server::wire::CutHandle;
use crate::world::Shared;

/// The minute of the limit on what a client sends.
const COMMAND_WINDOW: Duration = Duration::from_mins(1);
/// A socket that takes no bytes for so long is given up.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a closing client has to answer with its own close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Orders that are obeyed before the socket is flushed and read again.
const MAX_BATCH: usize = 256;
/// Frames from this size on come compressed to a client that asked for it in IDENTIFY.
const MIN_PACKED_BYTES: usize = 1_024;

/// What every connection needs.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) faults: Arc<FaultBook>,
    pub(crate) panics: Panics,
    pub(crate) heartbeat_interval: Duration,
    /// Cancelled when the server stops.
    pub(crate) cancel: CancellationToken,
}

/// How a connection ends.
pub(super) enum End {
    /// The server closes with a code.
    Close(Close),
    /// The client is gone, or the server gives up on it.
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

/// Serves one websocket until it ends.
pub(crate) async fn serve(
    socket: WebSocket,
    context: Context,
    opening: Result<Encoder, Close>,
    cut: CutHandle,
) {
    let (encoder, refused) = match opening {
        Ok(encoder) => (encoder, None),
        Err(close) => (Encoder::Plain, Some(close)),
    };
    let mut connection = Connection {
        socket,
        encoder,
        packs: false,
        context,
        cut,
        session: None,
        silent: false,
        commands: 0,
        window_ends: Instant::now() + COMMAND_WINDOW,
    };
    let end = match refused {
        Some(close) => End::Close(close),
        None => connection.run().await,
    };
    connection.end(end).await;
}

struct Connection {
    socket: WebSocket,
    encoder: Encoder,
    /// Whether large frames come compressed, each by itself.
    packs: bool,
    context: Context,
    cut: CutHandle,
    session: Option<Opened>,
    silent: bool,
    commands: u32,
    window_ends: Instant,
}

impl Connection {
    async fn run(&mut self) -> End {
        match self.talk().await {
            Ok(never) => never,
            Err(end) => end,
        }
    }

    async fn talk(&mut self) -> Result<End, End> {
        let interval = self.context.heartbeat_interval;
        let interval_ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        if self.spared(FaultKind::NoHello) {
            self.send(frame::hello(interval_ms)).await?;
        }
        let cancel = self.context.cancel.clone();
        // Half an interval of grace, for jitter and slow networks.
        let grace = interval + interval / 2;
        let mut deadline = Instant::now() + grace;
        loop {
            // The client is heard first: a busy session must not starve its heartbeats.
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(Close::GOING_AWAY.into()),
                message = self.socket.recv() => {
                    if self.hear(message).await? {
                        deadline = Instant::now() + grace;
                    }
                }
                order = next_order(self.session.as_mut()) => self.obey_all(order).await?,
                () = sleep_until(deadline) => return Err(self.missed_heartbeat()),
            }
        }
    }

    /// False when a fault of this kind strikes now.
    fn spared(&self, kind: FaultKind) -> bool {
        self.context.faults.strike_gateway(&[kind]).is_none()
    }

    fn missed_heartbeat(&mut self) -> End {
        if self.session.is_none() {
            return Close::NOT_AUTHENTICATED.into();
        }
        Close::SESSION_TIMED_OUT.into()
    }

    /// Obeys an order and those that wait behind it, then flushes once.
    async fn obey_all(&mut self, first: Option<Order>) -> Result<(), End> {
        let work = async {
            self.obey(first).await?;
            for _ in 1..MAX_BATCH {
                let Some(session) = self.session.as_mut() else {
                    break;
                };
                let Ok(order) = session.orders.try_recv() else {
                    break;
                };
                self.obey(Some(order)).await?;
            }
            self.socket.flush().await.map_err(|_| End::Gone)
        };
        timeout(SEND_TIMEOUT, work).await.unwrap_or(Err(End::Gone))
    }

    async fn obey(&mut self, order: Option<Order>) -> Result<(), End> {
        match order {
            Some(Order::Event(event)) => self.feed_event(&event).await,
            Some(Order::Frame(text)) => self.feed(text).await,
            Some(Order::Invalidate(resumable)) => {
                self.feed(frame::invalid_session(resumable)).await?;
                self.detach();
                Ok(())
            }
            Some(Order::Close(close)) => Err(close.into()),
            Some(Order::Silence) => {
                self.silent = true;
                Ok(())
            }
            Some(Order::Cut) => {
                // What was said before has left the house.
                let _ = self.socket.flush().await;
                self.cut.cut();
                Err(End::Gone)
            }
            // The session went to a newer connection, was forgotten, or outran this socket.
            None => Err(Close::UNKNOWN_ERROR.into()),
        }
    }

    /// Sends what the session has for the client so far, so that answers come after it.
    async fn catch_up(&mut self) -> Result<(), End> {
        let waiting = self
            .session
            .as_mut()
            .map(|session| session.orders.try_recv());
        match waiting {
            Some(Ok(order)) => self.obey_all(Some(order)).await,
            _ => Ok(()),
        }
    }

    /// Handles one message; whether it was a heartbeat.
    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<bool, End> {
        let bytes = match message {
            Some(Ok(Message::Text(text))) => text.into(),
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(false),
            Some(Ok(Message::Close(frame))) => return Err(self.closed_by_client(frame.as_ref())),
            Some(Err(_)) | None => return Err(End::Gone),
        };
        let rules = self.context.hub.rules();
        self.count_command(rules.commands_per_minute)?;
        match Command::parse(&bytes, rules.frame_bytes)? {
            Command::Heartbeat => {
                self.catch_up().await?;
                if self.spared(FaultKind::NoAck) {
                    self.send(frame::heartbeat_ack()).await?;
                }
                return Ok(true);
            }
            Command::Identify(identify) => self.identify(&identify).await?,
            Command::Resume(resume) => self.resume(&resume).await?,
            Command::Presence(presence) => {
                let bot = self.session()?.bot;
                requests::change_presence(&self.context.shared, bot, &presence)?;
            }
            Command::Voice(change) => {
                let bot = self.session()?.bot;
                requests::change_voice(&self.context.shared, bot, &change);
            }
            Command::RequestMembers(request) => {
                let session = self.session()?;
                let (bot, id) = (session.bot, session.session_id.clone());
                let (shared, hub) = (&self.context.shared, &self.context.hub);
                for chunks in members::members(shared, hub, bot, &id, &request)? {
                    for number in 0..chunks.count() {
                        chunks.send(&self.context.shared, &self.context.hub, &id, number);
                        self.catch_up().await?;
                    }
                }
            }
            Command::RequestSounds(request) => {
                let session = self.session()?;
                let (shared, hub) = (&self.context.shared, &self.context.hub);
                requests::send_sounds(shared, hub, session.bot, &session.session_id, &request);
            }
        }
        Ok(false)
    }

    /// A client that closes with 1000 or 1001 ends its session (Discord: Gateway › Disconnecting).
    fn closed_by_client(&mut self, frame: Option<&CloseFrame>) -> End {
        if frame.is_some_and(|frame| matches!(frame.code, 1000 | 1001)) {
            self.leave();
        }
        End::Gone
    }

    /// Ends the session for good.
    fn leave(&mut self) {
        if let Some(session) = self.session.take() {
            let (shared, hub) = (&self.context.shared, &self.context.hub);
            requests::leave(shared, hub, session.bot, &session.session_id);
        }
    }

    /// Leaves the session for a later resume.
    fn detach(&mut self) {
        if let Some(session) = self.session.take() {
            let now_ms = self.context.shared.clock().now_ms();
            self.context
                .hub
                .detach(&session.session_id, session.epoch, now_ms);
        }
    }

    fn count_command(&mut self, per_minute: u32) -> Result<(), Close> {
        if Instant::now() >= self.window_ends {
            self.window_ends = Instant::now() + COMMAND_WINDOW;
            self.commands = 0;
        }
        self.commands += 1;
        if self.commands > per_minute {
            Err(Close::RATE_LIMITED)
        } else {
            Ok(())
        }
    }

    fn session(&self) -> Result<&Opened, Close> {
        self.session.as_ref().ok_or(Close::NOT_AUTHENTICATED)
    }

    async fn identify(&mut self, identify: &Identify) -> Result<(), End> {
        if self.session.is_some() {
            return Err(Close::ALREADY_AUTHENTICATED.into());
        }
        if let Some(late) = self.context.faults.strike_gateway(&[FaultKind::LateReady]) {
            sleep(late.lateness()).await;
        }
        // Clients that compress the whole transport ask for this as well, to no effect.
        self.packs = identify.compress && matches!(self.encoder, Encoder::Plain);
        let opened = self.context.hub.identify(&self.context.shared, identify);
        if let Ok(opened) = &opened {
            requests::arrive(&self.context.shared, opened.bot, identify.presence.as_ref());
        }
        self.open(opened).await
    }

    async fn resume(&mut self, resume: &Resume) -> Result<(), End> {
        if self.session.is_some() {
            return Err(Close::ALREADY_AUTHENTICATED.into());
        }
        let hub = Arc::clone(&self.context.hub);
        let opened = if self.spared(FaultKind::RefuseResume) {
            self.context.shared.read(|world| hub.resume(world, resume))
        } else {
            Err(Refused::InvalidSession)
        };
        self.open(opened).await
    }

    async fn open(&mut self, opened: Result<Opened, Refused>) -> Result<(), End> {
        match opened {
            Ok(mut opened) => {
                let first = std::mem::take(&mut opened.first);
                self.session = Some(opened);
                for event in first {
                    let sent = timeout(SEND_TIMEOUT, self.feed_event(&event)).await;
                    sent.unwrap_or(Err(End::Gone))?;
                }
                self.flush().await
            }
            Err(Refused::InvalidSession) => self.send(frame::invalid_session(Resumable::No)).await,
            Err(Refused::Close(close)) => Err(close.into()),
        }
    }

    /// Puts a dispatch into the socket's buffer, unless a fault has other plans for it.
    async fn feed_event(&mut self, event: &Event) -> Result<(), End> {
        let text = event.frame();
        for text in spoil::spoiled(&self.context.faults, text) {
            self.feed(text).await?;
        }
        Ok(())
    }

    /// Puts a frame into the socket's buffer.
    async fn feed(&mut self, text: Utf8Bytes) -> Result<(), End> {
        if self.silent {
            return Ok(());
        }
        let message = if self.packs && text.len() >= MIN_PACKED_BYTES {
            packed(&text)
        } else {
            self.encoder.encode(text)
        };
        let message = message.map_err(|_| End::Gone)?;
        self.socket.feed(message).await.map_err(|_| End::Gone)
    }

    /// Sends a frame at once.
    async fn send(&mut self, text: Utf8Bytes) -> Result<(), End> {
        let sent = timeout(SEND_TIMEOUT, self.feed(text)).await;
        sent.unwrap_or(Err(End::Gone))?;
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), End> {
        match timeout(SEND_TIMEOUT, self.socket.flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    async fn end(mut self, end: End) {
        if matches!(&end, End::Close(close) if *close == Close::SESSION_TIMED_OUT) {
            self.leave();
        }
        self.detach();
        let End::Close(close) = end else { return };
        let frame = CloseFrame {
            code: close.code,
            reason: close.reason.into(),
        };
        let farewell = async {
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                while let Some(Ok(_)) = self.socket.recv().await {}
            }
        };
        // A client that never answers the close frame loses the socket anyway.
        let _ = timeout(CLOSE_TIMEOUT, farewell).await;
    }
}

/// The session's next order; waits for ever while there is no session.
async fn next_order(session: Option<&mut Opened>) -> Option<Order> {
    let orders: &mut mpsc::Receiver<Order> = match session {
        Some(session) => &mut session.orders,
        None => std::future::pending().await,
    };
    orders.recv().await
}
