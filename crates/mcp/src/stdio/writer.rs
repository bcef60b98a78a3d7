//! Writes lines together: under load many answers leave in one system call.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinHandle,
};

/// Lines that may wait.
const LINES: usize = 1024;

/// Bytes that may wait; a single line may be longer and then waits alone.
const BYTES: usize = 32 * 1024 * 1024;

/// Bytes written at once.
const BATCH: usize = 256 * 1024;

/// How long the last lines may take to leave when the connection closes.
const LAST_LINES: Duration = Duration::from_secs(5);

type Waiting = (Vec<u8>, Option<OwnedSemaphorePermit>);

/// Where lines are handed in.
#[derive(Clone)]
pub(crate) struct Sender {
    queue: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
}

/// Room for one line outside the budget of bytes; for short answers to broken input.
pub(crate) struct Slot<'a>(mpsc::Permit<'a, Waiting>);

impl Slot<'_> {
    pub(crate) fn send(self, line: Vec<u8>) {
        self.0.send((line, None));
    }
}

impl Sender {
    /// Hand in a line; waits while too much is waiting already.
    pub(crate) async fn send(&self, line: Vec<u8>) -> io::Result<()> {
        let size = u32::try_from(line.len().min(BYTES)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room)
            .acquire_many_owned(size)
            .await
            .map_err(|_| closed())?;
        self.queue
            .send((line, Some(room)))
            .await
            .map_err(|_| closed())
    }

    /// `None` once the connection is closed.
    pub(crate) async fn reserve(&self) -> Option<Slot<'_>> {
        self.queue.reserve().await.ok().map(Slot)
    }

    /// Wait until something may be handed in.
    pub(crate) async fn has_room(&self) {
        // Closed counts as room: whoever goes on will find out.
        let _ = self.room.acquire().await;
    }
}

/// The task that writes; it ends when all senders are gone or the stream breaks.
pub(crate) struct Writer(JoinHandle<io::Result<()>>);

impl Writer {
    pub(crate) fn start(output: impl AsyncWrite + Send + Unpin + 'static) -> (Sender, Self) {
        let (queue, waiting) = mpsc::channel(LINES);
        let room = Arc::new(Semaphore::new(BYTES));
        let sender = Sender {
            queue,
            room: Arc::clone(&room),
        };
        let task = tokio::spawn(async move {
            let written = write(output, waiting).await;
            // Nobody may wait for room that will never come.
            room.close();
            written
        });
        (sender, Self(task))
    }

    /// Let what waits leave, but not for ever.
    pub(crate) async fn finish(self) -> io::Result<()> {
        let Self(mut task) = self;
        match tokio::time::timeout(LAST_LINES, &mut task).await {
            Ok(Ok(written)) => written,
            Ok(Err(error)) => Err(io::Error::other(error)),
            Err(_elapsed) => {
                task.abort();
                Err(io::ErrorKind::TimedOut.into())
            }
        }
    }
}

async fn write(
    mut output: impl AsyncWrite + Unpin,
    mut waiting: mpsc::Receiver<Waiting>,
) -> io::Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut rooms = Vec::new();
    while let Some((line, room)) = waiting.recv().await {
        batch.extend_from_slice(&line);
        rooms.extend(room);
        while batch.len() < BATCH
            && let Ok((line, room)) = waiting.try_recv()
        {
            batch.extend_from_slice(&line);
            rooms.extend(room);
        }
        output.write_all(&batch).await?;
        output.flush().await?;
        rooms.clear();
        batch.clear();
        batch.shrink_to(BATCH * 2);
    }
    output.shutdown().await
}

/// The connection is gone.
pub(crate) fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the connection is closed")
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        sync::Mutex,
        task::{Context, Poll},
    };

    use super::*;

    /// Remembers each write.
    #[derive(Clone, Default)]
    struct Writes(Arc<Mutex<Vec<Vec<u8>>>>);

    impl AsyncWrite for Writes {
        fn poll_write(
            self: Pin<&mut Self>,
            _context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.0.lock().unwrap().push(bytes.to_vec());
            Poll::Ready(Ok(bytes.len()))
        }
        fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn lines_that_wait_together_leave_together_and_in_order() {
        let writes = Writes::default();
        let (sender, writer) = Writer::start(writes.clone());
        let lines: Vec<_> = (0..100).map(|n| format!("{n}\n")).collect();
        for line in &lines {
            sender.send(line.clone().into_bytes()).await.unwrap();
        }
        drop(sender);
        writer.finish().await.unwrap();
        let writes = writes.0.lock().unwrap();
        assert!(writes.len() < 10, "{} writes", writes.len());
        assert_eq!(writes.concat(), lines.concat().into_bytes());
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_stops_what_comes_after_it() {
        let (near, _far) = tokio::io::duplex(64);
        let (sender, _writer) = Writer::start(near);
        sender.send(vec![b'x'; BYTES]).await.unwrap();
        tokio::select! {
            biased;
            () = sender.has_room() => panic!("there is no room"),
            () = std::future::ready(()) => {}
        }
    }
}
