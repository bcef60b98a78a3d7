//! The protocol over a pair of byte streams, one message a line. Nothing else is ever written.

mod lines;
mod writer;

use std::{borrow::Cow, io};

use rmcp::{
    RoleServer, ServerHandler, ServiceExt as _,
    model::{ClientJsonRpcMessage, JsonRpcMessage, ServerJsonRpcMessage},
    service::{QuitReason, ServerInitializeError},
    transport::Transport,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    lines::{LONGEST_LINE, Line, Lines},
    writer::{Sender, Writer},
};
use crate::{
    Error,
    contained::Contained,
    jsonrpc::{Envelope, INVALID_REQUEST, Malformed},
};

/// Serve one client until its stream ends. Answers under way get five seconds to leave.
pub(crate) async fn serve<H: ServerHandler>(
    handler: H,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let transport = StdioTransport::new(input, output);
    let served = Contained::new(handler).serve_with_ct(transport, shutdown.clone());
    let running = tokio::select! {
        running = served => match running {
            Ok(running) => running,
            // Closed before a word was said: a client that only looked whether we start.
            Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {
                return Ok(());
            }
            Err(error) => return Err(Error::Opening(error.to_string())),
        },
        () = shutdown.cancelled() => return Ok(()),
    };
    match running.waiting().await {
        Ok(QuitReason::JoinError(error)) | Err(error) => Err(io::Error::other(error).into()),
        Ok(_) => Ok(()),
    }
}

/// Lines in, lines out.
struct StdioTransport<R> {
    lines: Lines<R>,
    /// Dropped to close.
    sender: Option<Sender>,
    writer: Option<Writer>,
    /// An error answer that waits for room.
    reply: Option<Vec<u8>>,
    /// Whether the client has asked for anything yet. Before that, what needs no answer is
    /// dropped: the library would take it for a broken client and end.
    opened: bool,
}

impl<R: AsyncRead + Send + Unpin> StdioTransport<R> {
    fn new(input: R, output: impl AsyncWrite + Send + Unpin + 'static) -> Self {
        let (sender, writer) = Writer::start(output);
        Self {
            lines: Lines::new(input),
            sender: Some(sender),
            writer: Some(writer),
            reply: None,
            opened: false,
        }
    }

    fn refuse(&mut self, malformed: &Malformed) {
        tracing::debug!(code = malformed.code, "a line was not a message");
        let mut line = malformed.response().to_string().into_bytes();
        line.push(b'\n');
        self.reply = Some(line);
    }

    /// A line as a message; `None` where it is answered or ignored.
    fn understand(&mut self, line: &[u8]) -> Option<ClientJsonRpcMessage> {
        match serde_json::from_slice(line) {
            Ok(message) => {
                let asks = matches!(message, JsonRpcMessage::Request(_));
                self.opened |= asks;
                self.opened.then_some(message)
            }
            Err(error) => {
                match Envelope::peek(line) {
                    Err(malformed) => self.refuse(&malformed),
                    Ok(Envelope {
                        id: Some(id),
                        method: Some(_),
                    }) => self.refuse(&Malformed {
                        id,
                        code: INVALID_REQUEST,
                        message: format!("the request has the wrong shape: {error}"),
                    }),
                    // Notifications and responses are never answered.
                    Ok(_) => {}
                }
                None
            }
        }
    }
}

impl<R: AsyncRead + Send + Unpin> Transport<RoleServer> for StdioTransport<R> {
    type Error = io::Error;

    fn name() -> Cow<'static, str> {
        "stdio".into()
    }

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        let sender = self.sender.clone();
        async move {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            match sender {
                Some(sender) => sender.send(line).await,
                None => Err(writer::closed()),
            }
        }
    }

    /// Dropped and called again at any await, so each step keeps what it has in `self`.
    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            let sender = self.sender.as_ref()?;
            if self.reply.is_some() {
                let slot = sender.reserve().await?;
                if let Some(line) = self.reply.take() {
                    slot.send(line);
                }
            }
            // While a client does not read, nothing more is read from it.
            sender.has_room().await;
            let line = match self.lines.next().await {
                Line::Whole(line) => line,
                Line::TooLong => {
                    self.refuse(&Malformed {
                        id: serde_json::Value::Null,
                        code: INVALID_REQUEST,
                        message: format!("a message is longer than {LONGEST_LINE} bytes"),
                    });
                    continue;
                }
                Line::End => return None,
                Line::Broken(error) => {
                    tracing::warn!(%error, "the client's stream broke");
                    return None;
                }
            };
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if let Some(message) = self.understand(&line) {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        self.sender = None;
        match self.writer.take() {
            Some(writer) => writer.finish().await,
            None => Ok(()),
        }
    }
}
