//! A bare HTTP/1.1 client that sends the same bytes again and again over kept connections.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use http::Uri;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use crate::stdio::DECLINED;

/// The generation of MCP in which each request stands by itself.
const VERSION: &str = "2026-07-28";
const BUFFER: usize = 64 * 1024;

/// A request as bytes, and where it goes.
#[derive(Clone)]
pub(crate) struct Prepared {
    address: String,
    bytes: Vec<u8>,
}

/// A tool call with an API key.
pub(crate) fn call(
    url: &str,
    key: &str,
    tool: &str,
    arguments: &Value,
) -> anyhow::Result<Prepared> {
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": tool, "arguments": arguments, "_meta": {
            "io.modelcontextprotocol/protocolVersion": VERSION,
            "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        } },
    });
    let headers = format!(
        "accept: application/json, text/event-stream\r\ncontent-type: application/json\r\n\
         mcp-protocol-version: {VERSION}\r\nmcp-method: tools/call\r\nmcp-name: {tool}\r\n\
         authorization: Bearer {key}\r\n"
    );
    prepare("POST", url, &headers, &body.to_string())
}

/// A request without a body.
pub(crate) fn get(url: &str) -> anyhow::Result<Prepared> {
    prepare("GET", url, "", "")
}

fn prepare(method: &str, url: &str, headers: &str, body: &str) -> anyhow::Result<Prepared> {
    let url: Uri = url.parse()?;
    let address = url
        .authority()
        .context("the address has no host")?
        .to_string();
    let text = format!(
        "{method} {} HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {}\r\n\r\n{body}",
        url.path(),
        body.len(),
    );
    Ok(Prepared {
        address,
        bytes: text.into_bytes(),
    })
}

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    request: Prepared,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(request: &Prepared) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(&request.address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            request: request.clone(),
            buffer: Vec::with_capacity(BUFFER),
        })
    }

    /// Send the request once; gives the answer's body.
    pub(crate) async fn send(&mut self) -> anyhow::Result<&[u8]> {
        self.stream.write_all(&self.request.bytes).await?;
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "the connection ended");
            if let Some((start, length)) = head(&self.buffer)?
                && self.buffer.len() >= start + length
            {
                let body = &self.buffer[start..start + length];
                let text = std::str::from_utf8(body)?;
                ensure!(!text.contains(DECLINED), "the call was declined: {text}");
                return Ok(body);
            }
        }
    }
}

/// Where the body starts and how long it is, once the whole head is there.
fn head(buffer: &[u8]) -> anyhow::Result<Option<(usize, usize)>> {
    let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&buffer[..end])?;
    ensure!(
        head.starts_with("HTTP/1.1 200"),
        "not what was expected: {head}"
    );
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("the answer does not say how long it is")?;
    Ok(Some((end + 4, length.1.trim().parse()?)))
}

/// Keep so many requests in flight for so long; gives requests a second.
pub(crate) async fn flood(
    request: &Prepared,
    in_flight: usize,
    time: Duration,
) -> anyhow::Result<f64> {
    let mut connections = Vec::with_capacity(in_flight);
    for _ in 0..in_flight {
        connections.push(Connection::open(request).await?);
    }
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        tasks.spawn(async move {
            let mut done = 0.0;
            while began.elapsed() < time {
                connection.send().await?;
                done += 1.0;
            }
            anyhow::Ok(done)
        });
    }
    let mut done = 0.0;
    while let Some(ended) = tasks.join_next().await {
        done += ended??;
    }
    Ok(done / began.elapsed().as_secs_f64())
}
