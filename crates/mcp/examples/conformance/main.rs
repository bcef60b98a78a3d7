//! A server for the official conformance suite: the product's transport, layers and handler, and
//! on top the fixtures (`test_*`) that the suite asks of every implementation. Never shipped.
//!
//! Prints its URL on one line, then serves until it is killed.
#![expect(
    deprecated,
    reason = "the suite still asks for logging in its older revision"
)]

mod hall;
mod prompts;
mod resources;
mod rounds;
mod tools;

use std::{borrow::Cow, error::Error, io::Write as _, sync::Arc};

use mcp::{App, HttpConfig, Service, http_around};
use model::ManualClock;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
        DiscoverResult, GetPromptRequestParams, GetPromptResponse, ListPromptsResult,
        ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
        ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities,
        ServerConfig, SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool,
        UnsubscribeRequestParams,
    },
    service::{RequestContext, SubscriptionContext},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::broadcast};
use tokio_util::sync::CancellationToken;
use web::{Config, Health, HealthReport, Routes};

use crate::{hall::Empty, rounds::States};

/// Changes that may wait for a slow subscriber.
const CHANGES: usize = 16;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let clock = Arc::new(ManualClock::at(1_800_000_000_000));
    let service = Service::new(App {
        hall: Arc::new(Empty),
        clock: clock.clone(),
        seal_key: [1; 32],
        ask_in_place: true,
        approval_wait: std::time::Duration::from_secs(45),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    });
    let shared = Arc::new(Shared {
        states: States::default(),
        changes: broadcast::channel(CHANGES).0,
    });
    let http = http_around(HttpConfig::default(), move || Fixtures {
        product: service.handler(),
        shared: Arc::clone(&shared),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut out = std::io::stdout();
    writeln!(out, "http://{}/mcp", listener.local_addr()?)?;
    out.flush()?;
    let routes = Routes {
        mcp: web::mount(http),
        health: Arc::new(Well),
        api: None,
        keys: None,
        clock,
    };
    web::serve(
        listener,
        Config::default(),
        routes,
        CancellationToken::new(),
    )
    .await?;
    Ok(())
}

struct Well;

#[async_trait::async_trait]
impl Health for Well {
    async fn health(&self) -> HealthReport {
        HealthReport::default()
    }
    async fn not_ready(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Lists that a fixture may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    Tools,
    Prompts,
}

pub(crate) struct Shared {
    pub(crate) states: States,
    pub(crate) changes: broadcast::Sender<Changed>,
}

/// The product's handler, with the suite's fixtures before it.
struct Fixtures<H> {
    product: H,
    shared: Arc<Shared>,
}

/// Fixtures are written as the JSON that the suite's documentation shows.
pub(crate) fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("fixtures have the protocol's form")
}

impl<H: ServerHandler> ServerHandler for Fixtures<H> {
    fn get_info(&self) -> ServerConfig {
        let mut info = self.product.get_info();
        info.capabilities = read::<ServerCapabilities>(json!({
            "tools": {"listChanged": true}, "prompts": {"listChanged": true},
            "resources": {"subscribe": true}, "completions": {}, "logging": {},
        }));
        info
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.product.supported_protocol_versions()
    }

    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        let mut found = self.product.discover(context).await?;
        found.capabilities = self.get_info().capabilities;
        Ok(found)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut result = self.product.list_tools(request, context).await?;
        result.tools.extend(tools::all());
        Ok(result)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::all().into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if self.get_tool(&request.name).is_none() {
            return self.product.call_tool(request, context).await;
        }
        match rounds::call(&request, &context, &self.shared) {
            Some(response) => response,
            None => tools::call(&request, &context, &self.shared).await,
        }
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut result = self.product.list_resources(request, context).await?;
        result.resources.splice(0..0, resources::all());
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let mut result = self
            .product
            .list_resource_templates(request, context)
            .await?;
        result.resource_templates.push(resources::template());
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        match resources::read(&request.uri) {
            Some(result) => Ok(result.into()),
            None => self.product.read_resource(request, context).await,
        }
    }

    async fn list_prompts(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(prompts::all()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompts::get(&request)
    }

    async fn complete(
        &self,
        _request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(CompleteResult::default())
    }

    async fn set_level(
        &self,
        _request: SetLevelRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn subscribe(
        &self,
        _request: SubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(
        &self,
        _request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.shared.changes.subscribe();
        let (sink, wanted) = (context.sink(), context.accepted());
        loop {
            let change = tokio::select! {
                () = context.cancelled() => return Ok(()),
                change = changes.recv() => change,
            };
            let sent = match change {
                Ok(Changed::Tools) if wanted.tools_list_changed == Some(true) => {
                    sink.notify_tool_list_changed().await
                }
                Ok(Changed::Prompts) if wanted.prompts_list_changed == Some(true) => {
                    sink.notify_prompt_list_changed().await
                }
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => Ok(()),
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            };
            if sent.is_err() {
                return Ok(());
            }
        }
    }
}
