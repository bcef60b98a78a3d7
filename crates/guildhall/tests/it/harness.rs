//! The real binary beside a sandbox, and a bare MCP client that sees every byte.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use sandbox::{Limits, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The generation of MCP that needs no session.
pub(crate) const MODERN: &str = "2026-07-28";
/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// `guildhall serve` as a process of its own.
pub(crate) struct Hall {
    child: Child,
    pub(crate) url: String,
}

/// What a hall is started with.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: TempDir,
}

impl Scene {
    /// A sandbox with Discord's limits, and an empty folder for the database.
    pub(crate) async fn new() -> Self {
        Self::of(sandbox::Config::default()).await
    }

    /// The same, for stories in which limits are not the subject.
    pub(crate) async fn without_limits() -> Self {
        Self::of(sandbox::Config {
            limits: Limits::off(),
            ..sandbox::Config::default()
        })
        .await
    }

    pub(crate) async fn of(config: sandbox::Config) -> Self {
        let sandbox = Sandbox::start(config).await.unwrap();
        Self {
            sandbox,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The environment that points the binary at the sandbox, and at nothing else.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let info = self.sandbox.info();
        let path = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        [
            ("DISCORD_TOKEN", info.bot_token),
            ("DISCORD_API_URL", info.api_url),
            ("DATABASE_URL", format!("sqlite:{}", path("guildhall.db"))),
            ("HOME", path("home")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// The command `guildhall ARGUMENTS`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall"));
        command
            .args(arguments)
            .env_clear()
            .envs(self.environment())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Run a command to its end: exit code, standard output, standard error.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.command(arguments).output().unwrap();
        (
            output.status.code().unwrap_or(-1),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    /// Start the service on a free port and wait until it says where it is.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Hall {
        self.serve_with(arguments, &[])
    }

    /// The same, with more in its environment.
    pub(crate) fn serve_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Hall {
        self.try_serve(arguments, more)
            .unwrap_or_else(|line| panic!("no ready line, but {line:?}: {}", self.log()))
    }

    /// The same, where it may end before it is ready; then, what it said instead.
    pub(crate) fn try_serve(
        &self,
        arguments: &[&str],
        more: &[(&str, &str)],
    ) -> Result<Hall, String> {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0", "--json"];
        all.extend(arguments);
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let mut child = self
            .command(&all)
            .envs(more.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(log))
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            let _ = child.kill();
            child.wait().unwrap();
            return Err(line);
        };
        Ok(Hall {
            child,
            url: ready["mcp_url"].as_str().unwrap().to_owned(),
        })
    }

    /// What the service wrote to standard error.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Hall {
    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; gives the exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }

    /// Whether the process is still there.
    pub(crate) fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn client(&self) -> Mcp {
        Mcp {
            url: self.url.clone(),
            key: None,
            http: http_client(),
        }
    }

    /// A client of the REST API.
    pub(crate) fn rest(&self) -> Rest {
        Rest {
            base: self.page("/api"),
            key: None,
            http: http_client(),
        }
    }

    /// The address of another page of the service, such as `/health`.
    pub(crate) fn page(&self, path: &str) -> String {
        self.url.trim_end_matches("/mcp").to_owned() + path
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn http_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .build()
        .unwrap()
}

/// A client of the REST API.
#[derive(Clone)]
pub(crate) struct Rest {
    base: String,
    pub(crate) key: Option<String>,
    http: reqwest::Client,
}

/// What came back, byte for byte.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Rest {
    /// The same client with a key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..self.clone()
        }
    }

    /// A request below `/api`, to be completed and sent with [`send`].
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().unwrap();
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(self.request("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        send(self.request("POST", path).json(body)).await
    }
}

/// Send a request and read all of its answer.
pub(crate) async fn send(request: reqwest::RequestBuilder) -> Reply {
    let answer = request.send().await.unwrap();
    Reply {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        text: answer.text().await.unwrap(),
    }
}

/// A client of the stateless generation.
#[derive(Clone)]
pub(crate) struct Mcp {
    pub(crate) url: String,
    pub(crate) key: Option<String>,
    http: reqwest::Client,
}

impl Mcp {
    /// Call a tool; gives the JSON-RPC answer, or `None` where the connection broke.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Option<Value> {
        self.request(
            "tools/call",
            json!({ "name": tool, "arguments": arguments }),
        )
        .await
    }

    /// Call a tool that must go well; gives its structured result.
    pub(crate) async fn done(&self, tool: &str, arguments: Value) -> Value {
        let mut answer = self
            .call(tool, arguments)
            .await
            .expect("the connection holds");
        assert_ne!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["structuredContent"].take()
    }

    /// Call a tool that must be declined; gives its error.
    pub(crate) async fn declined(&self, tool: &str, arguments: Value) -> Value {
        let mut answer = self
            .call(tool, arguments)
            .await
            .expect("the connection holds");
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["structuredContent"]["error"].take()
    }

    pub(crate) async fn request(&self, method: &str, mut params: Value) -> Option<Value> {
        let own = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        for (name, value) in own.as_object().into_iter().flatten() {
            params["_meta"][name] = value.clone();
        }
        let mut request = self
            .http
            .post(&self.url)
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", MODERN)
            .header("mcp-method", method);
        if let Some(name) = params["name"].as_str().or(params["uri"].as_str()) {
            request = request.header("mcp-name", name);
        }
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let text = request.json(&body).send().await.ok()?.text().await.ok()?;
        let json = text
            .lines()
            .find_map(|line| line.strip_prefix("data: "))
            .unwrap_or(&text);
        serde_json::from_str(json).ok()
    }
}

/// Where `./scripts/install-test-tools` put things, or `None` after a visible notice. With
/// `GUILDHALL_TEST_TOOLS` set, what is absent is a failure.
pub(crate) fn tools(what: &str) -> Option<PathBuf> {
    let demanded = std::env::var_os("GUILDHALL_TEST_TOOLS").map(PathBuf::from);
    let folder = demanded
        .clone()
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools"));
    if folder.join(what).exists() {
        return Some(folder.canonicalize().unwrap());
    }
    assert!(demanded.is_none(), "{what} is not in {}", folder.display());
    eprintln!("SKIPPED: {what} is not installed; run ./scripts/test");
    None
}
