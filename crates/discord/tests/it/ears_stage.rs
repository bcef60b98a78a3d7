//! What the tests of the ears stand on: a journal in memory, and a Gateway that follows a script.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    routing::get,
};
use discord::{
    Error,
    cache::Cache,
    ears::{Ears, EarsConfig, EarsParts, EarsStatus, Pace},
    facts::Fetch,
};
use futures_util::future::BoxFuture;
use model::{
    Event, HandsError, ManualClock, Millis, Request, Response,
    event::ResumePoint,
    ledger::{EventFilter, Journal, StoreError},
};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A test that hangs fails after this.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits short enough for tests.
pub(crate) fn quick() -> Pace {
    Pace {
        shortest: Duration::from_millis(10),
        longest: Duration::from_millis(200),
        identify: Duration::from_millis(10),
        ..Pace::default()
    }
}

/// A journal in memory that can refuse to write.
#[derive(Default)]
pub(crate) struct Notebook {
    events: Mutex<Vec<Event>>,
    points: Mutex<HashMap<u32, ResumePoint>>,
    pub(crate) identifies: AtomicU32,
    pub(crate) broken: AtomicBool,
    pub(crate) refusals: AtomicUsize,
    grown: watch::Sender<usize>,
}

impl Notebook {
    pub(crate) fn point(&self) -> Option<ResumePoint> {
        self.points.lock().unwrap().get(&0).cloned()
    }

    pub(crate) fn set_point(&self, point: ResumePoint) {
        self.points.lock().unwrap().insert(0, point);
    }

    /// What was written in messages, in order.
    pub(crate) fn messages(&self) -> Vec<String> {
        let events = self.events.lock().unwrap();
        events
            .iter()
            .filter(|event| event.kind == "MESSAGE_CREATE")
            .map(|event| {
                let data: Value = serde_json::from_str(event.data.get()).unwrap();
                data["content"].as_str().unwrap_or_default().to_owned()
            })
            .collect()
    }

    /// Returns when these messages were heard, and no others, in this order.
    pub(crate) async fn hears(&self, expected: &[&str]) {
        let mut grown = self.grown.subscribe();
        let heard = grown.wait_for(|_| self.messages().len() >= expected.len());
        let heard = tokio::time::timeout(PATIENCE, heard).await;
        assert!(heard.is_ok(), "only heard {:?}", self.messages());
        assert_eq!(self.messages(), expected);
    }
}

#[async_trait]
impl Journal for Notebook {
    async fn append(
        &self,
        events: Vec<Event>,
        resume: Option<ResumePoint>,
    ) -> Result<i64, StoreError> {
        if self.broken.load(Ordering::SeqCst) {
            self.refusals.fetch_add(1, Ordering::SeqCst);
            return Err(StoreError::DiskFull);
        }
        let mut kept = self.events.lock().unwrap();
        for mut event in events {
            event.seq = i64::try_from(kept.len()).unwrap() + 1;
            kept.push(event);
        }
        if let Some(point) = resume {
            self.points.lock().unwrap().insert(point.shard, point);
        }
        let length = kept.len();
        drop(kept);
        self.grown.send_replace(length);
        Ok(i64::try_from(length).unwrap())
    }

    async fn after(&self, _: i64, _: &EventFilter, _: u32) -> Result<Vec<Event>, StoreError> {
        Ok(self.events.lock().unwrap().clone())
    }

    async fn latest(&self) -> Result<i64, StoreError> {
        Ok(i64::try_from(self.events.lock().unwrap().len()).unwrap())
    }

    async fn grown_past(&self, _: i64) {}

    async fn resume_point(&self, shard: u32) -> Result<Option<ResumePoint>, StoreError> {
        Ok(self.points.lock().unwrap().get(&shard).cloned())
    }

    async fn forget_resume_point(&self, shard: u32) -> Result<(), StoreError> {
        self.points.lock().unwrap().remove(&shard);
        Ok(())
    }

    async fn note_identify(&self, _: Millis) -> Result<u32, StoreError> {
        Ok(self.identifies.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

/// Answers nothing: the tests say where the Gateway is.
pub(crate) struct NoRest;

#[async_trait]
impl Fetch for NoRest {
    async fn fetch(&self, _: &Request) -> Result<Response, HandsError> {
        Err(HandsError::Unreachable {
            detail: "no REST here".to_owned(),
        })
    }
}

/// Ears that listen in a task of their own.
pub(crate) struct Listening {
    pub(crate) status: watch::Receiver<EarsStatus>,
    pub(crate) cache: Arc<Cache>,
    cancel: CancellationToken,
    task: JoinHandle<Result<(), Error>>,
}

impl Listening {
    pub(crate) fn start(
        config: EarsConfig,
        journal: &Arc<Notebook>,
        fetch: Arc<dyn Fetch>,
    ) -> Self {
        let cache = Arc::new(Cache::of_the_bot());
        let parts = EarsParts {
            journal: Arc::clone(journal) as _,
            cache: Arc::clone(&cache),
            fetch,
            clock: Arc::new(ManualClock::at(1_000)),
        };
        let ears = Ears::new(config, parts).unwrap();
        let (status, cancel) = (ears.status(), CancellationToken::new());
        let stop = cancel.clone();
        let task = tokio::spawn(async move { ears.run(stop).await });
        Self {
            status,
            cache,
            cancel,
            task,
        }
    }

    /// Ears for a scripted Gateway.
    pub(crate) fn to(gateway: &Gateway, journal: &Arc<Notebook>, pace: Pace) -> Self {
        let config = EarsConfig {
            gateway_url: Some(gateway.url.clone()),
            pace,
            ..EarsConfig::new("token".to_owned().into())
        };
        Self::start(config, journal, Arc::new(NoRest))
    }

    /// Returns when the status is as wanted.
    pub(crate) async fn until(&mut self, wanted: impl FnMut(&EarsStatus) -> bool) {
        let waited = tokio::time::timeout(PATIENCE, self.status.wait_for(wanted)).await;
        let waited = waited.map(|status| status.is_ok());
        assert!(waited.unwrap_or(false), "{:?}", *self.status.borrow());
    }

    pub(crate) async fn stop(self) -> Result<(), Error> {
        self.cancel.cancel();
        self.ended().await
    }

    /// Returns when the ears give up by themselves.
    pub(crate) async fn ended(self) -> Result<(), Error> {
        let ended = tokio::time::timeout(PATIENCE, self.task).await;
        ended.expect("the ears go on").unwrap()
    }
}

type Script = dyn Fn(usize, Talk) -> BoxFuture<'static, ()> + Send + Sync;

/// A Gateway that plays a script for each connection, numbered from 1, and then drops it.
pub(crate) struct Gateway {
    pub(crate) url: String,
    pub(crate) connections: Arc<AtomicUsize>,
    /// Every command that a client sent, heartbeats left out.
    pub(crate) commands: Arc<Mutex<Vec<Value>>>,
    server: JoinHandle<()>,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Gateway {
    pub(crate) async fn start<F>(script: F) -> Self
    where
        F: Fn(usize, Talk) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let (connections, commands) = <(Arc<AtomicUsize>, Arc<Mutex<Vec<Value>>>)>::default();
        let script: Arc<Script> = Arc::new(script);
        let route = {
            let (connections, commands) = (Arc::clone(&connections), Arc::clone(&commands));
            get(move |upgrade: WebSocketUpgrade| {
                let (script, commands) = (Arc::clone(&script), Arc::clone(&commands));
                let number = connections.fetch_add(1, Ordering::SeqCst) + 1;
                async move {
                    upgrade.on_upgrade(move |socket| script(number, Talk { socket, commands }))
                }
            })
        };
        let app = Router::new().route("/", route);
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            url,
            connections,
            commands,
            server,
        }
    }

    /// How many commands with this opcode came.
    pub(crate) fn heard(&self, op: u64) -> usize {
        let commands = self.commands.lock().unwrap();
        commands
            .iter()
            .filter(|command| command["op"] == op)
            .count()
    }
}

/// One conversation on a scripted Gateway.
pub(crate) struct Talk {
    socket: WebSocket,
    commands: Arc<Mutex<Vec<Value>>>,
}

impl Talk {
    pub(crate) async fn hello(&mut self) {
        self.says(r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}"#)
            .await;
    }

    pub(crate) async fn says(&mut self, frame: &str) {
        // A client that has gone is the client's affair.
        let _ = self.socket.send(Message::text(frame.to_owned())).await;
    }

    /// A dispatch, its header first as Discord writes it.
    pub(crate) async fn dispatches(&mut self, sequence: u64, kind: &str, data: &Value) {
        self.says(&format!(
            r#"{{"t":"{kind}","s":{sequence},"op":0,"d":{data}}}"#
        ))
        .await;
    }

    pub(crate) async fn ready(&mut self, session: &str, resume_url: &str) {
        let data = json!({"v": 10, "user": {"id": "2"}, "guilds": [], "session_id": session,
            "resume_gateway_url": resume_url});
        self.dispatches(1, "READY", &data).await;
    }

    pub(crate) async fn message(&mut self, sequence: u64, content: &str) {
        let data = json!({"id": "9", "channel_id": "5", "guild_id": "1", "content": content});
        self.dispatches(sequence, "MESSAGE_CREATE", &data).await;
    }

    /// The next command but heartbeats; `None` when the client has gone.
    pub(crate) async fn hears(&mut self) -> Option<Value> {
        loop {
            let Message::Text(text) = self.socket.recv().await?.ok()? else {
                continue;
            };
            let command: Value = serde_json::from_str(&text).unwrap();
            if command["op"] != 1 {
                self.commands.lock().unwrap().push(command.clone());
                return Some(command);
            }
        }
    }

    pub(crate) async fn closes(mut self, code: u16) {
        let frame = CloseFrame {
            code,
            reason: "".into(),
        };
        let _ = self.socket.send(Message::Close(Some(frame))).await;
        while let Some(Ok(_)) = self.socket.recv().await {}
    }

    /// Returns when the client has gone.
    pub(crate) async fn stays(mut self) {
        while self.hears().await.is_some() {}
    }
}
