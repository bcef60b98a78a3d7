//! Keeps a shard to one connection. Where a socket ends without a close frame, the shard connects
//! anew by itself, at once and in silence; the watch notices, and the shard is thrown away.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::{Stream, task::AtomicWaker};
use twilight_gateway::{Message, Shard, ShardState, error::ReceiveMessageError};

use super::identify::Leave;

/// How often a connection may wake its shard while it is being made: name, TCP, TLS and upgrade
/// need fewer. A socket that ends in the moment of its upgrade cannot be told from one still being
/// made, so this bounds how often such a server is called in a row: about four times.
const WAKES_PLAIN: u32 = 8;
const WAKES_TLS: u32 = 32;

/// What a shard gave.
pub(super) enum Pulled {
    Message(Result<Message, ReceiveMessageError>),
    /// The one connection is over.
    Ended,
}

/// What was seen of the connection.
#[derive(Debug)]
pub(super) struct Watch {
    connected: bool,
    wakes_left: u32,
    bell: Arc<Bell>,
}

/// Tells the shard's own wakes from those of the task around it.
#[derive(Debug, Default)]
struct Bell {
    rung: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl Watch {
    /// A watch for a connection to `url`.
    pub(super) fn new(url: &str) -> Self {
        Self {
            connected: false,
            wakes_left: if url.starts_with("ws://") {
                WAKES_PLAIN
            } else {
                WAKES_TLS
            },
            bell: Arc::default(),
        }
    }

    /// The next message. Safe to drop: nothing is lost.
    pub(super) async fn next(&mut self, shard: &mut Shard<Leave>) -> Pulled {
        std::future::poll_fn(|cx| self.poll(shard, cx)).await
    }

    fn poll(&mut self, shard: &mut Shard<Leave>, cx: &mut Context<'_>) -> Poll<Pulled> {
        if self.connected {
            return self.poll_shard(shard, cx);
        }
        self.bell.task.register(cx.waker());
        if self.bell.rung.swap(false, Ordering::AcqRel) {
            self.wakes_left = self.wakes_left.saturating_sub(1);
        }
        if self.wakes_left == 0 {
            return Poll::Ready(Pulled::Ended);
        }
        let waker = Waker::from(Arc::clone(&self.bell));
        self.poll_shard(shard, &mut Context::from_waker(&waker))
    }

    fn poll_shard(&mut self, shard: &mut Shard<Leave>, cx: &mut Context<'_>) -> Poll<Pulled> {
        let polled = Pin::new(&mut *shard).poll_next(cx);
        let disconnected = matches!(shard.state(), ShardState::Disconnected { .. });
        match polled {
            Poll::Ready(Some(message)) => {
                self.connected |= message.is_ok();
                Poll::Ready(Pulled::Message(message))
            }
            Poll::Ready(None) => Poll::Ready(Pulled::Ended),
            Poll::Pending if disconnected && self.connected => Poll::Ready(Pulled::Ended),
            Poll::Pending => {
                self.connected |= !disconnected;
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
