//! REST requests a second: reading one message and writing one, in turn.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use sandbox::world::Actor;
use sandbox::{Config, Info, Limits, Sandbox};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::figure::{Figure, Goal};
use crate::http;

const CONNECTIONS: usize = 32;
const WARM_UP: Duration = Duration::from_millis(500);
const TIME: Duration = Duration::from_secs(3);
const GOAL: f64 = 10_000.0;

pub(crate) async fn measure() -> anyhow::Result<()> {
    let sandbox = Sandbox::start(Config {
        limits: Limits::off(),
        ..Config::default()
    })
    .await?;
    let info = sandbox.info();
    let rest = info.api_url.strip_prefix("http://").context("http")?;
    let (address, _) = rest.split_once('/').context("a path")?;
    let messages = format!("/api/v10/channels/{}/messages", info.channel_id);
    let body = json!({ "content": "a line of ordinary length, as people write them" }).to_string();
    let write = http::request("POST", &messages, &info.bot_token, &body);
    let written = http::once(address, &write).await?;
    let message: Value = serde_json::from_slice(&written)?;
    let id = message["id"].as_str().context("an id")?;
    let read = http::request("GET", &format!("{messages}/{id}"), &info.bot_token, "");
    // Written elsewhere than it is read: of the many messages, a channel keeps only the newest.
    let elsewhere = other_channel(&sandbox, &info)?;
    let messages = format!("/api/v10/channels/{elsewhere}/messages");
    let write = http::request("POST", &messages, &info.bot_token, &body);
    let requests: Arc<[Vec<u8>]> = [read, write].into();

    http::rate(address, &requests, CONNECTIONS, WARM_UP).await?;
    let value = http::rate(address, &requests, CONNECTIONS, TIME).await?;
    sandbox.stop().await;
    let reference = echo(&Bytes::from(written), &body).await?;
    Figure {
        name: "rest_requests",
        unit: "1/s",
        value,
        reference,
        reference_is: "axum answering the same bytes",
        goal: Goal::Over(GOAL),
    }
    .tell()?;
    Ok(())
}

fn other_channel(sandbox: &Sandbox, info: &Info) -> anyhow::Result<String> {
    let ada = sandbox.person("ada").context("an owner")?;
    let (owner, body) = (Actor::from(ada.id()), json!({ "name": "elsewhere" }));
    let made = sandbox
        .world()
        .write(|world| world.create_channel(&owner, info.guild_id, &body));
    let made = made.map_err(|refusal| anyhow!("{refusal}"))?;
    Ok(made["id"].as_str().context("an id")?.to_owned())
}

/// A server that knows one answer and looks at nothing.
async fn echo(answer: &Bytes, body: &str) -> anyhow::Result<f64> {
    let (one, other) = (answer.clone(), answer.clone());
    let routes = Router::new()
        .route("/", get(move || async move { one }))
        .route("/", post(move |_body: Bytes| async move { other }));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });
    let requests: Arc<[Vec<u8>]> = [
        http::request("GET", "/", "none", ""),
        http::request("POST", "/", "none", body),
    ]
    .into();
    http::rate(&address, &requests, CONNECTIONS, WARM_UP).await?;
    let rate = http::rate(&address, &requests, CONNECTIONS, TIME).await?;
    server.abort();
    Ok(rate)
}
