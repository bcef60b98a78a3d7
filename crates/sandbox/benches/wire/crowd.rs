//! A guild of 100,000 members: how soon it stands, what it takes, and how soon all are told.

use std::fs;
use std::time::Instant;

use anyhow::Context as _;
use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocketUpgrade};
use axum::routing::any;
use sandbox::{Config, CrowdSpec, Limits, Sandbox, WorldSpec};
use serde_json::json;
use tokio::net::TcpListener;

use crate::figure::{Figure, Goal, float};
use crate::websocket::Socket;

const PEOPLE: u32 = 100_000;
const ONLINE: u32 = 10_000;
/// Chunks of a thousand: the crowd, and one for those of the default world.
const CHUNKS: usize = 101;
/// GUILDS and GUILD_MEMBERS.
const INTENTS: u64 = 1 | 1 << 1;
const START_GOAL_MS: f64 = 2_000.0;
const MEMORY_GOAL_MB: f64 = 300.0;
const CHUNKS_GOAL_MS: f64 = 2_000.0;

pub(crate) async fn measure() -> anyhow::Result<()> {
    let began = Instant::now();
    let small = Sandbox::start(config(None)).await?;
    let small_ms = milliseconds(began);
    small.stop().await;
    let before_mb = resident_mb()?;

    let crowd = CrowdSpec {
        people: PEOPLE,
        online: ONLINE,
        ..CrowdSpec::default()
    };
    let began = Instant::now();
    let sandbox = Sandbox::start(config(Some(crowd))).await?;
    let start_ms = milliseconds(began);
    let after_mb = resident_mb()?;
    Figure {
        name: "crowd_start",
        unit: "ms",
        value: start_ms,
        reference: small_ms,
        reference_is: "starting the default world",
        goal: Goal::Under(START_GOAL_MS),
    }
    .tell()?;
    Figure {
        name: "crowd_memory",
        unit: "MB",
        value: after_mb,
        reference: before_mb,
        reference_is: "the process before",
        goal: Goal::Under(MEMORY_GOAL_MB),
    }
    .tell()?;

    let info = sandbox.info();
    let mut socket = Socket::open(&format!("{}/?v=10", info.gateway_url)).await?;
    let began = Instant::now();
    socket.identify(&info.bot_token, INTENTS).await?;
    let identify_ms = milliseconds(began);
    let everyone = json!({ "guild_id": info.guild_id, "query": "", "limit": 0 });
    let began = Instant::now();
    socket.send(&json!({ "op": 8, "d": everyone })).await?;
    let mut lengths = Vec::new();
    while lengths.len() < CHUNKS {
        let frame = socket.frame().await?;
        if frame.is("GUILD_MEMBERS_CHUNK") {
            lengths.push(frame.length);
        }
    }
    let chunks_ms = milliseconds(began);
    let loaded_mb = resident_mb()?;
    sandbox.stop().await;
    let bare_ms = bare(&lengths).await?;
    Figure {
        name: "crowd_identify",
        unit: "ms",
        value: identify_ms,
        reference: small_ms,
        reference_is: "starting the default world",
        goal: Goal::Under(CHUNKS_GOAL_MS),
    }
    .tell()?;
    Figure {
        name: "crowd_chunks",
        unit: "ms",
        value: chunks_ms,
        reference: bare_ms,
        reference_is: "axum sending frames of those sizes",
        goal: Goal::Under(CHUNKS_GOAL_MS),
    }
    .tell()?;
    Figure {
        name: "crowd_memory_after_chunks",
        unit: "MB",
        value: loaded_mb,
        reference: before_mb,
        reference_is: "the process before",
        goal: Goal::Under(MEMORY_GOAL_MB),
    }
    .tell()?;
    Ok(())
}

fn config(crowd: Option<CrowdSpec>) -> Config {
    let mut world = WorldSpec::default();
    world.guilds[0].crowd = crowd;
    Config {
        limits: Limits::off(),
        start: world.into(),
        ..Config::default()
    }
}

/// Frames of the same sizes, from memory.
async fn bare(lengths: &[usize]) -> anyhow::Result<f64> {
    let texts: Vec<Utf8Bytes> = lengths
        .iter()
        .map(|length| Utf8Bytes::from("x".repeat(*length)))
        .collect();
    let count = texts.len();
    let handler = move |upgrade: WebSocketUpgrade| async move {
        upgrade.on_upgrade(move |mut socket| async move {
            for text in texts {
                if socket.send(Message::Text(text)).await.is_err() {
                    return;
                }
            }
            let _ = socket.recv().await;
        })
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = Router::new().route("/", any(handler));
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });
    let mut socket = Socket::open(&format!("ws://{address}/")).await?;
    let began = Instant::now();
    for _ in 0..count {
        socket.frame().await?;
    }
    server.abort();
    Ok(milliseconds(began))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

/// What this process keeps in memory.
fn resident_mb() -> anyhow::Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: u64 = line
        .and_then(|line| line.split_whitespace().next())
        .context("a size")?
        .parse()?;
    Ok(float(kilobytes) / 1_024.0)
}
