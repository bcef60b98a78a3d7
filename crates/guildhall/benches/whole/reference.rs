//! The bare references, each a process of its own: this program, started again with a flag.
//!
//! They end when their standard input does, so none outlives its owner.

use std::{fs, io::Write as _, process::Command, sync::Arc};

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use axum::{
    Router,
    body::Bytes,
    http::header,
    routing::{get, post},
};
use mcp::{Answer, App, Card, Declined, Done, Hall, Service};
use model::{Call, ManualClock, Principal, Risk};
use serde_json::{Map, Value};
use tokio::{io::AsyncReadExt as _, net::TcpListener};
use tokio_util::sync::CancellationToken;

/// Says that this process is to be a reference.
pub(crate) const FLAG: &str = "--reference";

/// The command of a reference.
pub(crate) fn command(kind: &str, arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(FLAG).arg(kind).args(arguments);
    Ok(command)
}

/// Be one.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async {
        match arguments[..] {
            ["echo-stdio", answer] => echo_stdio(answer).await,
            ["echo-http", answer] => echo_http(answer).await,
            ["forward", url, token] => forward(url, token).await,
            _ => bail!("there is no such reference: {arguments:?}"),
        }
    });
    runtime.shutdown_background();
    ended
}

/// The product's transport and handler over standard streams, around a hall that knows one answer.
async fn echo_stdio(answer: &str) -> anyhow::Result<()> {
    let service = Service::new(App {
        hall: Arc::new(Echo(serde_json::from_slice(&fs::read(answer)?)?)),
        clock: Arc::new(ManualClock::at(1_800_000_000_000)),
        seal_key: [1; 32],
        ask_in_place: true,
        approval_wait: std::time::Duration::from_secs(45),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    });
    Ok(service
        .serve_stdio(Principal::local_operator(), CancellationToken::new())
        .await?)
}

struct Echo(Value);

#[async_trait]
impl Hall for Echo {
    fn tools(&self, _principal: &Principal) -> Vec<Card> {
        vec![Card {
            name: "echo".into(),
            title: "Echo".into(),
            description: "Answers.".into(),
            risk: Risk::Read,
            idempotent: true,
            open_world: false,
            input_schema: Arc::new(Map::from_iter([("type".to_owned(), "object".into())])),
        }]
    }

    fn risk(&self, _tool: &str) -> Option<Risk> {
        Some(Risk::Read)
    }

    fn nearest(&self, _tool: &str) -> Option<String> {
        None
    }

    async fn call(&self, _call: Call) -> Result<Answer, Declined> {
        Ok(Answer::Done(Done {
            call_id: "01900000-0000-7000-8000-000000000000".to_owned(),
            value: self.0.clone(),
            untrusted: Vec::new(),
            replayed: false,
        }))
    }
}

/// Reads a body and answers with another: no layer, no key, no gate.
async fn echo_http(answer: &str) -> anyhow::Result<()> {
    let answer = Bytes::from(fs::read(answer)?);
    let echo =
        move |_asked: Bytes| async move { ([(header::CONTENT_TYPE, "application/json")], answer) };
    serve(Router::new().route("/", post(echo))).await
}

/// Fetches what it is told and hands the bytes on.
async fn forward(url: &str, token: &str) -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let (url, token) = (url.to_owned(), format!("Bot {token}"));
    let fetch = move || async move {
        let fetched = client
            .get(url)
            .header(header::AUTHORIZATION, token)
            .send()
            .await;
        match fetched {
            Ok(fetched) => fetched.bytes().await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    };
    serve(Router::new().route("/", get(fetch))).await
}

async fn serve(routes: Router) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "http://{}/",
        listener.local_addr().context("it has no address")?
    )?;
    out.flush()?;
    axum::serve(NoDelay(listener), routes)
        .with_graceful_shutdown(end_of_input())
        .await?;
    Ok(())
}

async fn end_of_input() {
    let mut rest = Vec::new();
    let _ = tokio::io::stdin().read_to_end(&mut rest).await;
}

/// A listener whose answers leave at once.
struct NoDelay(TcpListener);

impl axum::serve::Listener for NoDelay {
    type Io = tokio::net::TcpStream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.0).await;
        let _ = stream.set_nodelay(true);
        (stream, address)
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}
