//! The MCP server as one thing to start: over stdio for one principal, over HTTP for many.

use std::{sync::Arc, time::Duration};

use model::{Clock, Principal};
use rmcp::ServerHandler;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use crate::{
    Error,
    calls::Calls,
    confirm::Desk,
    hall::Hall,
    handler::{Caller, Handler, Shared},
    http::{HttpConfig, HttpService},
    stdio,
};

/// How long the end waits for writes under way to be recorded.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// What the server is made of.
pub struct App {
    pub hall: Arc<dyn Hall>,
    pub clock: Arc<dyn Clock>,
    /// Seals what stateless clients carry. Instances behind one address share it.
    pub seal_key: [u8; 32],
    /// Ask a person in place where the client can show a question.
    pub ask_in_place: bool,
    /// How long a call waits for people before it is answered that it waits. Shorter than clients
    /// wait for an answer; clients that hear of progress wait longer.
    pub approval_wait: Duration,
    /// The product's version, as clients see it.
    pub version: String,
}

/// The MCP server.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

impl Service {
    pub fn new(app: App) -> Self {
        let desk = Desk::new(&app.seal_key, app.clock, app.ask_in_place);
        Self {
            shared: Arc::new(Shared {
                calls: Calls::new(Arc::clone(&app.hall), desk, app.approval_wait),
                hall: app.hall,
                version: app.version,
                process: format!("process {:032x}", rand::random::<u128>()),
            }),
        }
    }

    /// Serve one client over this process's standard streams, until it closes its end or
    /// `shutdown` is cancelled. Nothing else may write to stdout meanwhile.
    pub async fn serve_stdio(
        &self,
        principal: Principal,
        shutdown: CancellationToken,
    ) -> Result<(), Error> {
        let (input, output) = rmcp::transport::stdio_pipes();
        self.serve_streams(input, output, principal, shutdown).await
    }

    /// The same over any pair of byte streams.
    pub async fn serve_streams(
        &self,
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
        principal: Principal,
        shutdown: CancellationToken,
    ) -> Result<(), Error> {
        let handler = Handler::new(Arc::clone(&self.shared), Caller::Known(principal));
        let served = stdio::serve(handler, input, output, shutdown).await;
        self.finish().await;
        served
    }

    /// A tower service to mount at `/mcp`. Each request carries its [`Principal`] among its
    /// extensions; one without is refused.
    pub fn http(&self, config: HttpConfig) -> HttpService {
        let shared = Arc::clone(&self.shared);
        http_around(config, move || {
            Handler::new(Arc::clone(&shared), Caller::OfRequest)
        })
    }

    /// The handler alone, for [`http_around`]. Its caller is the principal of each request.
    pub fn handler(&self) -> impl ServerHandler + use<> {
        Handler::new(Arc::clone(&self.shared), Caller::OfRequest)
    }

    /// Wait for writes under way, after the transports have ended.
    pub async fn finish(&self) {
        self.shared.calls.finish(LAST_WRITES).await;
    }
}

/// The HTTP layers around another handler, for protocol test suites that bring their own tools.
pub fn http_around<H: ServerHandler>(
    config: HttpConfig,
    handler: impl Fn() -> H + Send + Sync + 'static,
) -> HttpService {
    HttpService::new(config, handler)
}
