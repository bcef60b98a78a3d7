//! Gateway events a second: messages told to twenty sessions whose websockets are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use sandbox::world::{Actor, NewMessage};
use sandbox::{Config, Info, Limits, Sandbox};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::figure::{Figure, Goal, float};
use crate::websocket::Socket;

const SESSIONS: u64 = 20;
const MESSAGES: u64 = 20_000;
/// GUILDS, GUILD_MESSAGES, MESSAGE_CONTENT.
const INTENTS: u64 = 1 | 1 << 9 | 1 << 15;
/// Messages that no session has read yet; more would drop slow ones.
const MAX_AHEAD: u64 = 1_500;
const GOAL: f64 = 100_000.0;

pub(crate) async fn measure() -> anyhow::Result<()> {
    let sandbox = Sandbox::start(Config {
        limits: Limits::off(),
        ..Config::default()
    })
    .await?;
    let info = sandbox.info();
    let received = Arc::new(AtomicU64::new(0));
    let mut readers = JoinSet::new();
    for _ in 0..SESSIONS {
        let mut socket = Socket::open(&format!("{}/?v=10", info.gateway_url)).await?;
        socket.identify(&info.bot_token, INTENTS).await?;
        readers.spawn(read(socket, Some(Arc::clone(&received))));
    }
    let began = Instant::now();
    talk(&sandbox, &info, &received).await;
    let mut length = 0;
    while let Some(reader) = readers.join_next().await {
        length = reader??;
    }
    let value = float(SESSIONS * MESSAGES) / began.elapsed().as_secs_f64();
    sandbox.stop().await;
    Figure {
        name: "gateway_events",
        unit: "1/s",
        value,
        reference: bare(length).await?,
        reference_is: "axum sending frames of that size",
        goal: Goal::Over(GOAL),
    }
    .tell()?;
    Ok(())
}

async fn talk(sandbox: &Sandbox, info: &Info, received: &AtomicU64) {
    let world = sandbox.world();
    let ada = sandbox
        .person("ada")
        .map(|ada| ada.id())
        .unwrap_or_default();
    let author = Actor::from(ada);
    for sent in 0..MESSAGES {
        let message = NewMessage::text("a line of ordinary length, as people write them");
        // A refusal shows as events that never come.
        let _ = world.write(|world| world.create_message(&author, info.channel_id, message));
        while sent.saturating_sub(received.load(Ordering::Relaxed) / SESSIONS) > MAX_AHEAD {
            sleep(Duration::from_micros(200)).await;
        }
        if sent % 32 == 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// Reads all events; answers the length of the last frame.
async fn read(mut socket: Socket, received: Option<Arc<AtomicU64>>) -> anyhow::Result<usize> {
    let mut length = 0;
    let mut events = 0;
    while events < MESSAGES {
        let frame = socket.frame().await?;
        if received.is_some() && !frame.is("MESSAGE_CREATE") {
            continue;
        }
        length = frame.length;
        events += 1;
        if let Some(received) = &received {
            received.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(length)
}

/// The same number of frames to as many websockets, from memory.
async fn bare(length: usize) -> anyhow::Result<f64> {
    let text = Utf8Bytes::from("x".repeat(length));
    let handler = move |upgrade: WebSocketUpgrade| async move { pour(upgrade, text) };
    let routes = Router::new().route("/", any(handler));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });
    let began = Instant::now();
    let mut readers = JoinSet::new();
    for _ in 0..SESSIONS {
        let socket = Socket::open(&format!("ws://{address}/")).await?;
        readers.spawn(read(socket, None));
    }
    while let Some(reader) = readers.join_next().await {
        reader??;
    }
    server.abort();
    Ok(float(SESSIONS * MESSAGES) / began.elapsed().as_secs_f64())
}

fn pour(upgrade: WebSocketUpgrade, text: Utf8Bytes) -> Response {
    upgrade.on_upgrade(move |mut socket| async move {
        for _ in 0..MESSAGES {
            if socket.send(Message::Text(text.clone())).await.is_err() {
                return;
            }
        }
        // Until the reader has had enough.
        let _ = socket.recv().await;
    })
}
