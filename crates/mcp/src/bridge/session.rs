//! The service's session on behalf of the client, with what is needed to open it again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// A session that may have to be opened again, because the service restarted.
#[derive(Default)]
pub(super) struct Session {
    state: Mutex<State>,
    /// Only one request at a time may open it again.
    reopening: tokio::sync::Mutex<()>,
}

#[derive(Default, Clone)]
pub(super) struct State {
    pub(super) id: Option<String>,
    /// The negotiated version.
    pub(super) version: Option<String>,
    /// The client's own opening words, to say them again.
    pub(super) initialize: Option<Bytes>,
}

impl Session {
    pub(super) fn state(&self) -> State {
        self.lock().clone()
    }

    pub(super) fn is_open(&self) -> bool {
        self.lock().id.is_some()
    }

    pub(super) fn opened(&self, state: State) {
        *self.lock() = state;
    }

    /// Wait for the right to open it again.
    pub(super) async fn reopen(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.reopening.lock().await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
