//! How facts reach Discord where the cache does not know: by reading, never by writing.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use model::{Hands, HandsError, Permitted, Request, Response, hands::Errand};

/// Sends reads to Discord.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Send a `GET`.
    async fn fetch(&self, request: &Request) -> Result<Response, HandsError>;
}

/// Hands, used for reading only; whatever permit they take for writing, nobody here has one.
pub struct ByHands<P> {
    hands: Arc<dyn Hands<P>>,
    errand: Errand,
}

impl<P: Permitted> ByHands<P> {
    /// Read through `hands`, in a lane of their own, each read within `timeout`.
    pub fn new(hands: Arc<dyn Hands<P>>, lane: Arc<str>, timeout: Duration) -> Self {
        Self {
            hands,
            errand: Errand { lane, timeout },
        }
    }
}

#[async_trait]
impl<P: Permitted> Fetch for ByHands<P> {
    async fn fetch(&self, request: &Request) -> Result<Response, HandsError> {
        self.hands.read(request, &self.errand).await
    }
}
