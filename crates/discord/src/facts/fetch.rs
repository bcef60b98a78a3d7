//! How facts reach Discord where the cache does not know: by reading, never by writing.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use model::{HandsError, Request, Response, hands::Errand};

use crate::Reader;

/// Sends reads to Discord.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Send a `GET`.
    async fn fetch(&self, request: &Request) -> Result<Response, HandsError>;
}

/// The hands' reader with an errand of its own.
#[derive(Clone)]
pub struct ByReader {
    reader: Reader,
    errand: Errand,
}

impl ByReader {
    /// Read in this lane, each read within `timeout`.
    pub fn new(reader: Reader, lane: Arc<str>, timeout: Duration) -> Self {
        Self {
            reader,
            errand: Errand { lane, timeout },
        }
    }
}

#[async_trait]
impl Fetch for ByReader {
    async fn fetch(&self, request: &Request) -> Result<Response, HandsError> {
        self.reader.read(request, &self.errand).await
    }
}
