//! A bare HTTP/1.1 client that sends prepared bytes over kept connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::figure::float;

const BUFFER: usize = 64 * 1024;

/// The bytes of one request.
pub(crate) fn request(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bot {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends the requests in turn over so many connections; answers requests a second.
pub(crate) async fn rate(
    address: &str,
    requests: &Arc<[Vec<u8>]>,
    connections: usize,
    time: Duration,
) -> anyhow::Result<f64> {
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        clients.spawn(hammer(
            address.to_owned(),
            Arc::clone(requests),
            began,
            time,
        ));
    }
    let mut answered = 0;
    while let Some(client) = clients.join_next().await {
        answered += client??;
    }
    Ok(float(answered) / began.elapsed().as_secs_f64())
}

/// The body of one answer.
pub(crate) async fn once(address: &str, request: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    let mut buffer = vec![0; BUFFER];
    stream.write_all(request).await?;
    let (start, end) = answer(&mut stream, &mut buffer).await?;
    Ok(buffer[start..end].to_vec())
}

async fn hammer(
    address: String,
    requests: Arc<[Vec<u8>]>,
    began: Instant,
    time: Duration,
) -> anyhow::Result<u64> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER];
    let mut answered = 0;
    for request in requests.iter().cycle() {
        if began.elapsed() > time {
            break;
        }
        stream.write_all(request).await?;
        answer(&mut stream, &mut buffer).await?;
        answered += 1;
    }
    Ok(answered)
}

/// Reads one answer, which must be a success; where its body starts and ends.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<(usize, usize)> {
    let mut read = 0;
    let mut body = None;
    loop {
        let more = stream.read(&mut buffer[read..]).await?;
        ensure!(more > 0, "the server ended the connection");
        read += more;
        if body.is_none() {
            body = head(&buffer[..read])?;
        }
        if let Some((start, length)) = body
            && read >= start + length
        {
            return Ok((start, start + length));
        }
    }
}

/// Where the body starts and how long it is, once the head is complete.
fn head(bytes: &[u8]) -> anyhow::Result<Option<(usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes[..end])?;
    ensure!(text.starts_with("HTTP/1.1 2"), "{text}");
    let mut lines = text.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    Ok(Some((
        end + 4,
        length.context("no content-length")?.parse()?,
    )))
}
