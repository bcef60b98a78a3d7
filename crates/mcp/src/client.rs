//! A small client of any MCP server, in plain JSON: for the demonstration and for tests.

use std::time::Duration;

use rmcp::{
    ClientHandler,
    model::{
        CallToolRequestParams, ClientCapabilities, ClientConfig, ContentBlock, Implementation,
        ProtocolVersion, ReadResourceRequestParams,
    },
    service::{
        ClientLifecycleMode, RoleClient, RunningService, ServiceError, serve_client_with_lifecycle,
    },
    transport::{
        StreamableHttpClientTransport, TokioChildProcess,
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::Value;

use crate::{Error, tls};

/// How long a server may take to answer the opening.
const OPENING: Duration = Duration::from_secs(30);

/// Which generation of the protocol to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Generation {
    /// 2025-11-25, with a session.
    #[default]
    Sessions,
    /// 2026-07-28, each request by itself.
    Stateless,
}

impl Generation {
    fn lifecycle(self) -> ClientLifecycleMode {
        match self {
            Self::Sessions => ClientLifecycleMode::Initialize,
            Self::Stateless => ClientLifecycleMode::Discover {
                preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            },
        }
    }
}

/// An open conversation with a server.
pub struct Client {
    /// Where the server is, for errors.
    name: String,
    running: RunningService<RoleClient, Plain>,
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq)]
pub struct CallResult {
    pub structured: Option<Value>,
    /// All text blocks, one after another.
    pub text: String,
    pub is_error: bool,
}

impl Client {
    /// Open a session over HTTP. `url` may leave out `/mcp`.
    pub async fn connect(url: &str, key: Option<&str>) -> Result<Self, Error> {
        Self::connect_as(url, key, Generation::Sessions).await
    }

    /// The same in a chosen generation.
    pub async fn connect_as(
        url: &str,
        key: Option<&str>,
        generation: Generation,
    ) -> Result<Self, Error> {
        let endpoint = tls::endpoint(url)?;
        let mut config = StreamableHttpClientTransportConfig::with_uri(endpoint.as_str());
        if let Some(key) = key {
            config = config.auth_header(key);
        }
        let transport = StreamableHttpClientTransport::with_client(tls::client(&endpoint)?, config);
        let opening = serve_client_with_lifecycle(Plain, transport, generation.lifecycle());
        Self::open(endpoint.to_string(), opening).await
    }

    /// Start a server as a child process and talk over its standard streams. It ends with this
    /// client.
    pub async fn start(
        command: tokio::process::Command,
        generation: Generation,
    ) -> Result<Self, Error> {
        let name = command
            .as_std()
            .get_program()
            .to_string_lossy()
            .into_owned();
        let transport = TokioChildProcess::new(command)?;
        let opening = serve_client_with_lifecycle(Plain, transport, generation.lifecycle());
        Self::open(name, opening).await
    }

    async fn open<E: std::fmt::Display>(
        name: String,
        opening: impl Future<Output = Result<RunningService<RoleClient, Plain>, E>>,
    ) -> Result<Self, Error> {
        let detail = match tokio::time::timeout(OPENING, opening).await {
            Ok(Ok(running)) => return Ok(Self { name, running }),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "it did not answer in time".to_owned(),
        };
        Err(Error::Server { url: name, detail })
    }

    /// All tools, as the protocol shows them.
    pub async fn list_tools(&self) -> Result<Vec<Value>, Error> {
        let tools = self
            .running
            .list_all_tools()
            .await
            .map_err(|it| self.broken(&it))?;
        Ok(tools.iter().map(json).collect())
    }

    /// Call a tool with an object of arguments.
    pub async fn call(&self, name: &str, arguments: Value) -> Result<CallResult, Error> {
        let mut request = CallToolRequestParams::new(name.to_owned());
        if let Value::Object(arguments) = arguments {
            request = request.with_arguments(arguments);
        }
        let result = self
            .running
            .call_tool(request)
            .await
            .map_err(|it| self.broken(&it))?;
        let text: Vec<_> = result
            .content
            .iter()
            .filter_map(ContentBlock::as_text)
            .map(|block| block.text.as_str())
            .collect();
        Ok(CallResult {
            text: text.join("\n"),
            is_error: result.is_error == Some(true),
            structured: result.structured_content,
        })
    }

    /// All resources, as the protocol shows them.
    pub async fn list_resources(&self) -> Result<Vec<Value>, Error> {
        let all = self
            .running
            .list_all_resources()
            .await
            .map_err(|it| self.broken(&it))?;
        Ok(all.iter().map(json).collect())
    }

    /// The contents of a resource, as the protocol shows them.
    pub async fn read_resource(&self, uri: &str) -> Result<Vec<Value>, Error> {
        let request = ReadResourceRequestParams::new(uri);
        let result = self
            .running
            .read_resource(request)
            .await
            .map_err(|it| self.broken(&it))?;
        Ok(result.contents.iter().map(json).collect())
    }

    /// End the conversation.
    pub async fn close(self) {
        if let Err(error) = self.running.cancel().await {
            tracing::debug!(%error, "a client did not end in order");
        }
    }

    fn broken(&self, error: &ServiceError) -> Error {
        Error::Server {
            url: self.name.clone(),
            detail: error.to_string(),
        }
    }
}

/// A client that can do nothing for its server.
struct Plain;

impl ClientHandler for Plain {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(
            ClientCapabilities::default(),
            Implementation::new("guildhall-client", env!("CARGO_PKG_VERSION")),
        )
    }
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("the protocol's types always have a JSON form")
}
