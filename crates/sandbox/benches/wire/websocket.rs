//! A bare websocket client that counts frames without looking into them.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const BUFFER: usize = 256 * 1024;
/// Bytes of a frame that are looked at.
const HEAD: usize = 40;

/// A connected websocket.
pub(crate) struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What of the buffer was read and not yet used.
    start: usize,
    end: usize,
}

/// A frame that was read: its length, and its first bytes.
pub(crate) struct Frame {
    pub(crate) length: usize,
    head: [u8; HEAD],
}

impl Frame {
    /// Whether it is a dispatch of this kind.
    pub(crate) fn is(&self, kind: &str) -> bool {
        let start = format!("{{\"t\":\"{kind}\"");
        self.head.starts_with(start.as_bytes())
    }
}

impl Socket {
    /// Opens `ws://address/path`.
    pub(crate) async fn open(url: &str) -> anyhow::Result<Self> {
        let rest = url.strip_prefix("ws://").context("a ws:// address")?;
        let (address, path) = rest.split_once('/').context("a path")?;
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let hello = format!(
            "GET /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(hello.as_bytes()).await?;
        let mut socket = Self {
            stream,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
        };
        let head = loop {
            socket.fill().await?;
            let bytes = &socket.buffer[..socket.end];
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        ensure!(socket.buffer.starts_with(b"HTTP/1.1 101"), "no upgrade");
        socket.start = head;
        Ok(socket)
    }

    /// Identifies and reads everything up to the first GUILD_CREATE.
    pub(crate) async fn identify(&mut self, token: &str, intents: u64) -> anyhow::Result<()> {
        let data = json!({ "token": token, "intents": intents, "properties": {} });
        self.send(&json!({ "op": 2, "d": data })).await?;
        while !self.frame().await?.is("GUILD_CREATE") {}
        Ok(())
    }

    /// Sends a short text, masked with zeros.
    pub(crate) async fn send(&mut self, frame: &Value) -> anyhow::Result<()> {
        let text = frame.to_string();
        let length = u16::try_from(text.len())?;
        let mut bytes = vec![0x81, 0x80 | 0x7e];
        bytes.extend(length.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(text.as_bytes());
        self.stream.write_all(&bytes).await?;
        Ok(())
    }

    /// Reads one frame.
    pub(crate) async fn frame(&mut self) -> anyhow::Result<Frame> {
        let first = self.bytes(2).await?;
        let (kind, short) = (first[0] & 0x0f, first[1] & 0x7f);
        ensure!(matches!(kind, 1 | 2), "a frame of kind {kind}");
        let length = match short {
            126 => {
                let bytes = self.bytes(2).await?;
                usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))
            }
            127 => {
                let bytes: [u8; 8] = self.bytes(8).await?.try_into()?;
                usize::try_from(u64::from_be_bytes(bytes))?
            }
            short => usize::from(short),
        };
        let mut head = [0; HEAD];
        let shown = self.bytes(length.min(HEAD)).await?;
        head[..shown.len()].copy_from_slice(shown);
        let mut left = length.saturating_sub(HEAD);
        while left > 0 {
            if self.start == self.end {
                self.fill().await?;
            }
            let here = left.min(self.end - self.start);
            self.start += here;
            left -= here;
        }
        Ok(Frame { length, head })
    }

    async fn bytes(&mut self, count: usize) -> anyhow::Result<&[u8]> {
        while self.end - self.start < count {
            self.fill().await?;
        }
        let at = self.start;
        self.start += count;
        Ok(&self.buffer[at..at + count])
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let more = self.stream.read(&mut self.buffer[self.end..]).await?;
        ensure!(more > 0, "the server ended the connection");
        self.end += more;
        Ok(())
    }
}
