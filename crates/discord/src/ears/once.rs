//! Keeps a shard to one connection. Where a socket ends without a close frame, the shard connects
//! anew by itself, at once and in silence; the watch notices, and the shard is thrown away.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::Stream;
use twilight_gateway::{Message, Shard, ShardState, error::ReceiveMessageError};

use super::identify::Leave;

/// Polls that one connection may take to be made: name, TCP, TLS and upgrade need far fewer. A
/// server that drops a socket in the moment of its upgrade would otherwise be called for ever.
const POLLS_TO_CONNECT: u32 = 64;

/// What a shard gave.
pub(super) enum Pulled {
    Message(Result<Message, ReceiveMessageError>),
    /// The one connection is over.
    Ended,
}

/// What was seen of the connection.
#[derive(Debug, Default)]
pub(super) struct Watch {
    connected: bool,
    polls: u32,
}

impl Watch {
    /// The next message. Safe to drop: nothing is lost.
    pub(super) async fn next(&mut self, shard: &mut Shard<Leave>) -> Pulled {
        std::future::poll_fn(|cx| self.poll(shard, cx)).await
    }

    fn poll(&mut self, shard: &mut Shard<Leave>, cx: &mut Context<'_>) -> Poll<Pulled> {
        match Pin::new(&mut *shard).poll_next(cx) {
            Poll::Ready(Some(message)) => {
                self.connected |= message.is_ok();
                Poll::Ready(Pulled::Message(message))
            }
            Poll::Ready(None) => Poll::Ready(Pulled::Ended),
            Poll::Pending if !matches!(shard.state(), ShardState::Disconnected { .. }) => {
                self.connected = true;
                Poll::Pending
            }
            Poll::Pending => {
                self.polls += 1;
                if self.connected || self.polls > POLLS_TO_CONNECT {
                    return Poll::Ready(Pulled::Ended);
                }
                Poll::Pending
            }
        }
    }
}

/// Send the close frame that the shard holds ready. One poll does it; a second might find the
/// socket closed, and the shard would connect anew.
pub(super) async fn send_close(shard: &mut Shard<Leave>) {
    std::future::poll_fn(|cx| {
        let _ = Pin::new(&mut *shard).poll_next(cx);
        Poll::Ready(())
    })
    .await;
}
