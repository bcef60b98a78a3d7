//! Counts open streams for each principal; a stream counts until its body is dropped.

use std::{
    collections::HashMap,
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Response;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;

use super::answers::Body;

/// How many streams each principal has open. Only principals with one are in it.
#[derive(Clone)]
pub(super) struct Streams {
    open: Arc<Mutex<HashMap<String, usize>>>,
    most: usize,
}

/// One open stream.
pub(super) struct Stream {
    streams: Streams,
    principal: String,
}

impl Streams {
    pub(super) fn new(most: usize) -> Self {
        Self {
            open: Arc::default(),
            most,
        }
    }

    /// Count one more; `None` if there are too many.
    pub(super) fn open(&self, principal: &str) -> Option<Stream> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(principal.to_owned()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Stream {
            streams: self.clone(),
            principal: principal.to_owned(),
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut open = self
            .streams
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.principal) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.principal);
            }
        }
    }
}

/// Keep `guard` until the response's body is gone.
pub(super) fn guarded<G>(response: Response<Body>, guard: G) -> Response<Body>
where
    G: Send + Sync + Unpin + 'static,
{
    // A body that is whole already needs no guard.
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|inner| {
        Guarded {
            inner,
            _guard: guard,
        }
        .boxed()
    })
}

struct Guarded<G> {
    inner: Body,
    _guard: G,
}

impl<G: Unpin> http_body::Body for Guarded<G> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
