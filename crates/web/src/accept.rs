//! Takes connections in, with a cap, and lets them go in order at the end.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

/// How long a client may take to send a request's head, and how long a connection may be idle.
/// Against clients that hold connections by sending a byte now and then.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest request head.
const LARGEST_HEAD: usize = 64 * 1024;

/// How long requests under way may take when the server ends.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Pause after the system refused a connection, e.g. because there are no more descriptors.
const BREATH: Duration = Duration::from_millis(100);

/// Whose connection a request came on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The address of this machine that a request's connection came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Local(pub(crate) IpAddr);

/// Serve until `shutdown`; then requests under way get five seconds.
pub(crate) async fn accept(
    listener: TcpListener,
    app: Router,
    most: usize,
    shutdown: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(most));
    let connections = TaskTracker::new();
    loop {
        // With no room, connections wait in the system's queue.
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = async {
                let permit = Arc::clone(&room).acquire_owned().await.expect("the semaphore is never closed");
                listener.accept().await.map(|(stream, peer)| (stream, peer, permit))
            } => accepted,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                let (app, shutdown) = (app.clone(), shutdown.clone());
                connections.spawn(async move {
                    serve(stream, peer, app, shutdown).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn serve(stream: TcpStream, peer: SocketAddr, app: Router, shutdown: CancellationToken) {
    // Without this, small answers wait 40 ms for the client's acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    // On a listener for all addresses, each connection has its own.
    let local = match stream.local_addr() {
        Ok(local) => Local(local.ip().to_canonical()),
        Err(error) => {
            tracing::debug!(%error, "a connection was gone before it was served");
            return;
        }
    };
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(local);
        let app = app.clone();
        app.oneshot(request.map(axum::body::Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(LAST_REQUESTS, connection).await {
                Ok(ended) => ended,
                Err(_elapsed) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
