//! A thin client: standard streams on one side, a running service's `/mcp` on the other.
//!
//! It forwards messages as they are and understands only what it needs for headers and sessions,
//! so it starts in a moment and is never behind the service.

mod events;
mod message;
mod session;
mod trouble;
mod upstream;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::upstream::Upstream;
use self::{message::Message, session::Session, upstream::Link};
use crate::{
    Error,
    jsonrpc::{self, INVALID_REQUEST, UNAVAILABLE},
    stdio::{LONGEST_LINE, Line, Lines, Sender, Writer},
};

/// Requests under way at once; more wait in the client's pipe.
const REQUESTS_AT_ONCE: usize = 128;

/// How long requests under way may take after the client closed its end.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Forward between this process's standard streams and the service, until the client closes its
/// end or `shutdown` is cancelled. Nothing else may write to stdout meanwhile.
pub async fn bridge(upstream: Upstream, shutdown: CancellationToken) -> Result<(), Error> {
    let (input, output) = rmcp::transport::stdio_pipes();
    bridge_streams(upstream, input, output, shutdown).await
}

/// The same over any pair of byte streams.
pub async fn bridge_streams(
    upstream: Upstream,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let (sender, writer) = Writer::start(output);
    let bridge = Arc::new(Bridge {
        link: Link::new(upstream)?,
        session: Session::default(),
        sender,
        open: Mutex::default(),
        room: Arc::new(Semaphore::new(REQUESTS_AT_ONCE)),
    });
    let tasks = TaskTracker::new();
    let mut lines = Lines::new(input);
    loop {
        let line = tokio::select! {
            () = shutdown.cancelled() => break,
            line = lines.next() => line,
        };
        match line {
            Line::Whole(line) if line.iter().all(u8::is_ascii_whitespace) => {}
            Line::Whole(line) => bridge.take(line.into(), &tasks).await,
            Line::TooLong => {
                let message = format!("a message is longer than {LONGEST_LINE} bytes");
                bridge.error(&Value::Null, INVALID_REQUEST, &message).await;
            }
            Line::End => break,
            Line::Broken(error) => {
                tracing::warn!(%error, "the client's stream broke");
                break;
            }
        }
    }
    tasks.close();
    if tokio::time::timeout(LAST_REQUESTS, tasks.wait())
        .await
        .is_err()
    {
        bridge.cancel_all();
        tasks.wait().await;
    }
    bridge.link.close(&bridge.session).await;
    drop(bridge);
    // A client that is gone cannot take the rest; that is no error of ours.
    if let Err(error) = writer.finish().await {
        tracing::debug!(%error, "the last lines could not be written");
    }
    Ok(())
}

/// What all requests share.
struct Bridge {
    link: Link,
    session: Session,
    sender: Sender,
    /// Requests under way by id, to cancel them.
    open: Mutex<HashMap<String, CancellationToken>>,
    room: Arc<Semaphore>,
}

impl Bridge {
    /// Take one line: forward it, or answer it here when it is not a message.
    async fn take(self: &Arc<Self>, line: Bytes, tasks: &TaskTracker) {
        let message = match Message::read(line) {
            Ok(message) => message,
            Err(malformed) => {
                self.write(&malformed.response()).await;
                return;
            }
        };
        if let Some(token) = message.cancels().and_then(|id| self.open_request(&id)) {
            token.cancel();
            // Without a session, closing the answer's stream is what cancels.
            if !self.session.is_open() {
                return;
            }
        }
        if message.opens_session() {
            // What follows depends on it, so nothing overtakes it.
            self.forward(message, CancellationToken::new()).await;
            return;
        }
        let room = Arc::clone(&self.room).acquire_owned().await;
        let cancelled = CancellationToken::new();
        if let Some(id) = &message.id {
            self.book().insert(id.to_string(), cancelled.clone());
        }
        let bridge = Arc::clone(self);
        tasks.spawn(async move {
            let id = message.id.as_ref().map(ToString::to_string);
            bridge.forward(message, cancelled).await;
            if let Some(id) = id {
                bridge.book().remove(&id);
            }
            drop(room);
        });
    }

    /// Send a message on and write what comes back. A request is always answered, unless it was
    /// cancelled.
    async fn forward(&self, message: Message, cancelled: CancellationToken) {
        let sent = tokio::select! {
            sent = self.link.send(&message, &self.session, &self.sender) => sent,
            () = cancelled.cancelled() => return,
        };
        if let Err(trouble) = sent {
            tracing::debug!(%trouble, "a message could not be forwarded");
            if let Some(id) = &message.id {
                self.error(id, UNAVAILABLE, &trouble.to_string()).await;
            }
        }
    }

    async fn error(&self, id: &Value, code: i32, message: &str) {
        self.write(&jsonrpc::error(id, code, message)).await;
    }

    async fn write(&self, message: &Value) {
        let mut line = message.to_string().into_bytes();
        line.push(b'\n');
        if let Err(error) = self.sender.send(line).await {
            tracing::debug!(%error, "the client is gone");
        }
    }

    fn open_request(&self, id: &str) -> Option<CancellationToken> {
        self.book().get(id).cloned()
    }

    fn cancel_all(&self) {
        for token in self.book().values() {
            token.cancel();
        }
    }

    fn book(&self) -> std::sync::MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
