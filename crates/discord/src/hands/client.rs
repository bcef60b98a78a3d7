//! The HTTP client, built when first needed: loading root certificates takes milliseconds that
//! the start of a stdio server should not pay.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::HeaderValue;
use model::HandsError;
use reqwest::{Client, redirect, retry};

use super::outgoing::default_headers;

/// Longest wait for a connection, TLS included.
const CONNECT: Duration = Duration::from_secs(5);
/// A connection that was idle this long is not used again.
const IDLE: Duration = Duration::from_secs(50);
/// Between two pings of a busy HTTP/2 connection, and how long one may stay unanswered.
const PING: Duration = Duration::from_secs(15);
/// Idle connections kept.
const KEPT: usize = 32;

pub(super) struct LazyClient {
    user_agent: HeaderValue,
    built: OnceLock<Result<Client, String>>,
}

impl LazyClient {
    pub(super) fn new(user_agent: HeaderValue) -> Self {
        Self {
            user_agent,
            built: OnceLock::new(),
        }
    }

    pub(super) fn get(&self) -> Result<&Client, HandsError> {
        self.built
            .get_or_init(|| build(self.user_agent.clone()))
            .as_ref()
            .map_err(|detail| HandsError::Unreachable {
                detail: detail.clone(),
            })
    }
}

fn build(user_agent: HeaderValue) -> Result<Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Client::builder()
        .tls_backend_preconfigured(tls)
        .default_headers(default_headers(user_agent))
        // A token must not follow a redirect, nor pass through a proxy nobody chose.
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        // Repeating is decided where it is known what may be repeated.
        .retry(retry::never())
        .tcp_nodelay(true)
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(KEPT)
        .http2_keep_alive_interval(PING)
        .http2_keep_alive_timeout(PING)
        .build()
        .map_err(|error| format!("the HTTP client cannot be set up: {error}"))
}
