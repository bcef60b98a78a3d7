//! A running sandbox and two clients of it: one of REST, one of the Gateway, both written from
//! Discord's documentation only.

use std::io::Write;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, Response, StatusCode};
use sandbox::world::SandboxClock;
use sandbox::{Config, Info, Limits, Sandbox};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::client::Request;

use crate::control_document;

/// The first day of 2026, where manual clocks start.
pub(crate) const NEW_YEAR_MS: u64 = 1_767_225_600_000;
/// GUILDS, GUILD_MESSAGES and MESSAGE_CONTENT.
pub(crate) const TALK: u64 = 1 | 1 << 9 | 1 << 15;
/// A test that waits so long is stuck.
const STUCK: Duration = Duration::from_secs(20);

/// A sandbox with a manual clock.
pub(crate) struct App {
    pub(crate) sandbox: Sandbox,
    pub(crate) info: Info,
    http: reqwest::Client,
}

/// No limits and a clock that stands still: what most stories need.
pub(crate) fn quiet() -> Config {
    Config {
        limits: Limits::off(),
        clock: SandboxClock::manual(NEW_YEAR_MS),
        ..Config::default()
    }
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::start_with(quiet()).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(config)
            .await
            .expect("a sandbox starts on a free port");
        let info = sandbox.info();
        Self {
            sandbox,
            info,
            http: reqwest::Client::new(),
        }
    }

    /// A REST request of the bot.
    pub(crate) fn bot(&self, method: Method, path: &str) -> Request {
        let url = format!("{}{path}", self.info.api_url);
        let token = format!("Bot {}", self.info.bot_token);
        Request::new(&self.http, method, url).header("authorization", token)
    }

    /// A REST request without a token.
    pub(crate) fn nobody(&self, method: Method, path: &str) -> Request {
        Request::new(&self.http, method, format!("{}{path}", self.info.api_url))
    }

    /// A request to the control API that is still to be sent.
    pub(crate) fn told(&self, method: Method, path: &str) -> Request {
        Request::new(
            &self.http,
            method,
            format!("{}{path}", self.info.control_url),
        )
    }

    /// A request to the control API; a null body is none.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.info.control_url));
        if !body.is_null() {
            request = request.json(&body);
        }
        let sent = request.send().await.expect("the control API answers");
        let (status, answer) = answer(sent).await;
        control_document::judge(&method, path, &body, status, &answer);
        (status, answer)
    }

    /// Like [`App::ask`], for what must succeed.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(method.clone(), path, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {answer}");
        answer
    }

    /// The id of a user by name.
    pub(crate) fn user(&self, username: &str) -> String {
        let person = self.sandbox.person(username).expect("the user exists");
        person.id().to_string()
    }

    /// The id of a channel by name.
    pub(crate) async fn channel(&self, name: &str) -> String {
        let state = self.control(Method::GET, "/state", Value::Null).await;
        let channels = state["guilds"][0]["channels"]
            .as_array()
            .expect("channels")
            .clone();
        let channel = channels.iter().find(|channel| channel["name"] == name);
        channel.expect("the channel exists")["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// A person writes into a channel.
    pub(crate) async fn says(&self, who: &str, channel: &str, content: &str) -> Value {
        let body = json!({ "as": self.user(who), "content": content });
        self.control(Method::POST, &format!("/channels/{channel}/messages"), body)
            .await
    }

    /// Opens a websocket and reads HELLO.
    pub(crate) async fn gateway(&self, query: &str) -> Socket {
        let mut socket = self.gateway_silent(query).await;
        let hello = socket.next().await;
        assert_eq!(hello["op"], 10);
        assert!(hello["d"]["heartbeat_interval"].is_u64());
        socket
    }

    /// Opens a websocket, whatever comes.
    pub(crate) async fn gateway_silent(&self, query: &str) -> Socket {
        let url = format!("{}{query}", self.info.gateway_url);
        let (stream, _) = connect_async(url)
            .await
            .expect("the Gateway takes websockets");
        Socket {
            stream,
            inflate: None,
            heads: Vec::new(),
        }
    }

    /// Identifies with these intents and reads READY and the GUILD_CREATE.
    pub(crate) async fn identified(&self, intents: u64) -> (Socket, Value) {
        let mut socket = self.gateway("/?v=10&encoding=json").await;
        socket.identify(&self.info.bot_token, intents).await;
        let ready = socket.until("READY").await;
        if intents & 1 != 0 {
            socket.until("GUILD_CREATE").await;
        }
        (socket, ready)
    }
}

/// The status and the JSON of an answer; null where there is none.
pub(crate) async fn answer(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

enum Inflate {
    Zlib(flate2::write::ZlibDecoder<Vec<u8>>),
    Zstd(zstd::stream::write::Decoder<'static, Vec<u8>>),
}

/// A Gateway client.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    inflate: Option<Inflate>,
    /// The first 60 characters of each frame, as they came.
    pub(crate) heads: Vec<String>,
}

impl Socket {
    pub(crate) fn inflate_zlib(mut self) -> Self {
        self.inflate = Some(Inflate::Zlib(flate2::write::ZlibDecoder::new(Vec::new())));
        self
    }

    pub(crate) fn inflate_zstd(mut self) -> Self {
        let decoder = zstd::stream::write::Decoder::new(Vec::new()).expect("a decoder");
        self.inflate = Some(Inflate::Zstd(decoder));
        self
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.stream
            .send(Message::text(text))
            .await
            .expect("the socket is open");
    }

    pub(crate) async fn identify(&mut self, token: &str, intents: u64) {
        let properties = json!({ "os": "linux", "browser": "test", "device": "test" });
        let data = json!({ "token": token, "intents": intents, "properties": properties });
        self.send(json!({ "op": 2, "d": data })).await;
    }

    pub(crate) async fn resume(&mut self, token: &str, session: &Value, seq: u64) {
        let data = json!({ "token": token, "session_id": session, "seq": seq });
        self.send(json!({ "op": 6, "d": data })).await;
    }

    /// A round trip: everything sent before it has been handled when it returns.
    pub(crate) async fn beats(&mut self) {
        self.send(json!({ "op": 1, "d": null })).await;
        while self.next().await["op"] != 11 {}
    }

    /// Sends bytes, as text where they are text and that is wanted. A socket that the server has
    /// closed already takes nothing, which shows when it is read.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8], as_text: bool) {
        let message = match std::str::from_utf8(bytes) {
            Ok(text) if as_text => Message::text(text),
            _ => Message::binary(bytes.to_vec()),
        };
        let _ = self.stream.send(message).await;
    }

    /// A round trip, or the code with which the server closes instead.
    pub(crate) async fn beats_or_closes(&mut self) -> Option<u16> {
        self.send_bytes(b"{\"op\":1,\"d\":null}", true).await;
        loop {
            let frame = match self.message().await {
                Some(Message::Close(Some(frame))) => return Some(frame.code.into()),
                Some(Message::Text(text)) => self.parsed(text.as_str()),
                Some(Message::Binary(bytes)) => self.inflated(&bytes),
                other => panic!("expected a frame, got {other:?}"),
            };
            if frame["op"] == 11 {
                return None;
            }
        }
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> Value {
        match self.message().await {
            Some(Message::Text(text)) => self.parsed(text.as_str()),
            Some(Message::Binary(bytes)) => self.inflated(&bytes),
            other => panic!("expected a frame, got {other:?}"),
        }
    }

    /// The next message as it came: its bytes, and whether it was a binary one.
    pub(crate) async fn raw(&mut self) -> (Vec<u8>, bool) {
        match self.message().await {
            Some(Message::Text(text)) => (text.as_bytes().to_vec(), false),
            Some(Message::Binary(bytes)) => (bytes.to_vec(), true),
            other => panic!("expected a frame, got {other:?}"),
        }
    }

    /// The data of the next dispatch of a kind; what comes before it is skipped.
    pub(crate) async fn until(&mut self, kind: &str) -> Value {
        self.frame(kind).await["d"].clone()
    }

    /// The next dispatch of a kind, whole.
    pub(crate) async fn frame(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["t"] == kind {
                return frame;
            }
        }
    }

    /// The code with which the server closes; frames before it are skipped.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match self.message().await {
                Some(Message::Close(Some(frame))) => return frame.code.into(),
                Some(Message::Close(None)) | None => panic!("the socket ended without a code"),
                Some(_) => {}
            }
        }
    }

    /// Waits until the socket ends without a close frame.
    pub(crate) async fn cut(&mut self) {
        while let Some(message) = self.message().await {
            assert!(!matches!(message, Message::Close(_)), "a close frame came");
        }
    }

    async fn message(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(STUCK, self.stream.next()).await;
        next.expect("the Gateway says something")
            .and_then(Result::ok)
    }

    fn inflated(&mut self, bytes: &[u8]) -> Value {
        let bytes = match &mut self.inflate {
            Some(Inflate::Zlib(decoder)) => inflated(decoder, bytes, ZlibOut::take),
            Some(Inflate::Zstd(decoder)) => inflated(decoder, bytes, ZstdOut::take),
            // A frame compressed by itself.
            None => inflated(&mut ZlibOut::new(Vec::new()), bytes, ZlibOut::take),
        };
        self.parsed(&String::from_utf8(bytes).expect("UTF-8"))
    }

    fn parsed(&mut self, text: &str) -> Value {
        self.heads.push(text.chars().take(60).collect());
        serde_json::from_str(text).expect("frames are JSON")
    }
}

type ZlibOut = flate2::write::ZlibDecoder<Vec<u8>>;
type ZstdOut = zstd::stream::write::Decoder<'static, Vec<u8>>;

trait Take {
    fn take(&mut self) -> Vec<u8>;
}

impl Take for ZlibOut {
    fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.get_mut())
    }
}

impl Take for ZstdOut {
    fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.get_mut())
    }
}

fn inflated<D: Write>(decoder: &mut D, bytes: &[u8], take: fn(&mut D) -> Vec<u8>) -> Vec<u8> {
    decoder.write_all(bytes).expect("valid compression");
    decoder.flush().expect("valid compression");
    take(decoder)
}
