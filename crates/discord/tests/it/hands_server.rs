//! A scripted Discord for tests of hands: it notes what arrives and answers as told.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request as Incoming,
    response::Response as Outgoing,
};
use bytes::Bytes;
use discord::{Rest, RestConfig, api_url, user_agent};
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode};
use model::{Hands as _, HandsError, Permitted, Request, Response, hands::Errand};
use tokio::{net::TcpListener, task::JoinHandle};

/// Long enough for any test, so that nothing depends on it.
pub(crate) const PATIENT: Duration = Duration::from_mins(1);

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Listens on a free port of this machine until dropped.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    most_at_once: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// `script` gets each request and how many came before it.
    pub(crate) async fn start<F>(script: F) -> Self
    where
        F: Fn(&Seen, usize) -> Outgoing + Send + Sync + 'static,
    {
        Self::start_far_away(Duration::ZERO, script).await
    }

    /// The same with a latency before each answer.
    pub(crate) async fn start_far_away<F>(latency: Duration, script: F) -> Self
    where
        F: Fn(&Seen, usize) -> Outgoing + Send + Sync + 'static,
    {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let most_at_once: Arc<AtomicUsize> = Arc::default();
        let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&most_at_once));
        let (notes, script) = (Arc::clone(&seen), Arc::new(script));
        let answer = move |request: Incoming| {
            let (notes, script) = (Arc::clone(&notes), Arc::clone(&script));
            let (at_once, most) = (Arc::clone(&at_once), Arc::clone(&most));
            async move {
                let (parts, body) = request.into_parts();
                let arrived = Seen {
                    method: parts.method.to_string(),
                    target: parts.uri.to_string(),
                    headers: parts.headers,
                    body: to_bytes(body, usize::MAX).await.unwrap_or_default(),
                };
                let response = {
                    let mut notes = notes.lock().unwrap();
                    notes.push(arrived.clone());
                    script(&arrived, notes.len() - 1)
                };
                most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                if !latency.is_zero() {
                    tokio::time::sleep(latency).await;
                }
                at_once.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, Infallible>(response)
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            seen,
            most_at_once,
            task,
        }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// How many requests were under way together, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }

    pub(crate) fn hands(&self) -> Bot {
        hands(&format!("http://{}", self.address))
    }

    /// Hands whose limits the test's own script sets, and whose patience is short.
    pub(crate) fn hands_with(&self, change: impl FnOnce(&mut RestConfig)) -> Bot {
        let mut config = config(&format!("http://{}", self.address));
        change(&mut config);
        Bot(Arc::new(Rest::new(config).unwrap()))
    }
}

/// Stands in for the gate's permit.
pub(crate) struct Anything(Request);

impl Permitted for Anything {
    fn request(&self) -> &Request {
        &self.0
    }
}

/// Hands that write whatever a test likes.
#[derive(Clone)]
pub(crate) struct Bot(pub(crate) Arc<Rest<Anything>>);

impl Bot {
    pub(crate) async fn send(&self, request: Request) -> Result<Response, HandsError> {
        self.send_as("ada", request, PATIENT).await
    }

    pub(crate) async fn send_as(
        &self,
        lane: &str,
        request: Request,
        timeout: Duration,
    ) -> Result<Response, HandsError> {
        self.0
            .write(
                &Anything(request),
                &Errand {
                    lane: lane.into(),
                    timeout,
                },
            )
            .await
    }
}

pub(crate) fn config(url: &str) -> RestConfig {
    let agent = user_agent("https://example.org", "1.2.3");
    RestConfig::new(
        api_url(url).unwrap(),
        "secret-token".to_owned().into(),
        agent,
    )
}

pub(crate) fn hands(url: &str) -> Bot {
    Bot(Arc::new(Rest::new(config(url)).unwrap()))
}

/// Hands of a bot that some server knows.
pub(crate) fn hands_with_token(url: &str, token: &str) -> Bot {
    let mut config = config(url);
    config.token = token.to_owned().into();
    Bot(Arc::new(Rest::new(config).unwrap()))
}

/// An answer with headers and a body.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Outgoing {
    let mut response = Outgoing::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.to_owned())).unwrap()
}

pub(crate) fn ok() -> Outgoing {
    answer(200, &[], "{}")
}

/// An answer that promises more than it gives: after `start`, the connection breaks.
pub(crate) fn cut_off(start: &'static str) -> Outgoing {
    let broken = std::io::Error::other("cut");
    // A pause lets the first part leave before the break.
    let parts = stream::iter([Ok(Bytes::from(start))]).chain(stream::once(async {
        tokio::task::yield_now().await;
        Err(broken)
    }));
    let response = Outgoing::builder().status(StatusCode::OK);
    response.body(Body::from_stream(parts)).unwrap()
}

/// An answer whose body begins and never ends.
pub(crate) fn endless_wait() -> Outgoing {
    let parts = stream::iter([Ok::<_, Infallible>(Bytes::from("{"))]).chain(stream::pending());
    Outgoing::new(Body::from_stream(parts))
}

/// An answer that goes on for ever.
pub(crate) fn endless_flood() -> Outgoing {
    let part = Bytes::from(vec![b' '; 1 << 16]);
    Outgoing::new(Body::from_stream(stream::repeat(Ok::<_, Infallible>(part))))
}
