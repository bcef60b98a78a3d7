//! The layer around every handler: a panic, a hang or a cancelled request ends in an answer.
//!
//! The library leaves a request unanswered for ever when its handler panics, so builds unwind and
//! each entry is caught here. It also signs the results of the stateless generation.
#![expect(
    deprecated,
    reason = "the session generation still has methods that the next one drops"
)]

use std::{borrow::Cow, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
        CustomRequest, CustomResult, DiscoverResult, ErrorCode, GetPromptRequestParams,
        GetPromptResponse, Implementation, InitializeRequestParams, InitializeResult,
        ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
        MetaObject, PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams,
        ReadResourceResponse, ServerConfig, SetLevelRequestParams, SubscribeRequestParams,
        SubscriptionFilter, UnsubscribeRequestParams,
    },
    service::{NotificationContext, RequestContext, SubscriptionContext},
};

use crate::{
    hall::{Declined, Retry},
    render,
};

/// No request takes longer: clients give up at 300 s and would never see the answer.
pub(crate) const LONGEST_REQUEST: Duration = Duration::from_secs(285);

/// Methods that both generations have. One that arrives as a custom request had parameters of the
/// wrong shape; any other is simply not there.
const METHODS: [&str; 8] = [
    "completion/complete",
    "prompts/get",
    "prompts/list",
    "tools/call",
    "tools/list",
    "resources/read",
    "resources/list",
    "resources/templates/list",
];

/// A handler that always answers.
pub(crate) struct Contained<H> {
    inner: H,
}

impl<H: ServerHandler> Contained<H> {
    pub(crate) fn new(inner: H) -> Self {
        Self { inner }
    }

    /// Sign a result with who answered; only the stateless generation asks for it.
    fn sign(&self, modern: bool, meta: &mut Option<MetaObject>) {
        if modern {
            let server: Implementation = self.inner.get_info().server_info;
            if let Ok(value) = serde_json::to_value(server) {
                meta.get_or_insert_default()
                    .0
                    .insert("io.modelcontextprotocol/serverInfo".to_owned(), value);
            }
        }
    }
}

/// Whether a request belongs to the stateless generation.
pub(crate) fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context
        .protocol_version()
        .is_some_and(|version| !version.has_initialize())
}

/// Wait for a handler's future, but neither for ever nor past a panic.
async fn contain<T>(
    what: &'static str,
    future: impl Future<Output = Result<T, ErrorData>>,
) -> Result<T, ErrorData> {
    match tokio::time::timeout(LONGEST_REQUEST, AssertUnwindSafe(future).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_panic)) => {
            tracing::error!(
                method = what,
                "a handler panicked; the request was answered with an error"
            );
            Err(ErrorData::internal_error(
                "something broke inside the server; the request was not finished",
                None,
            ))
        }
        Err(_elapsed) => {
            tracing::error!(method = what, "a handler took too long and was given up");
            Err(ErrorData::internal_error(
                "the request took too long and was given up",
                None,
            ))
        }
    }
}

impl<H: ServerHandler> ServerHandler for Contained<H> {
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        contain("initialize", self.inner.initialize(request, context)).await
    }

    fn negotiate_initialize(
        &self,
        request: &InitializeRequestParams,
    ) -> Result<InitializeResult, ErrorData> {
        self.inner.negotiate_initialize(request)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.inner.supported_protocol_versions()
    }

    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        contain("server/discover", self.inner.discover(context)).await
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let modern = is_modern(&context);
        let mut result =
            contain("completion/complete", self.inner.complete(request, context)).await?;
        self.sign(modern, &mut result.meta);
        Ok(result)
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if is_modern(&context) {
            return Err(ErrorData::new(
                ErrorCode::METHOD_NOT_FOUND,
                "logging/setLevel",
                None,
            ));
        }
        contain("logging/setLevel", self.inner.set_level(request, context)).await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let modern = is_modern(&context);
        let mut response = contain("prompts/get", self.inner.get_prompt(request, context)).await?;
        if let GetPromptResponse::Complete(result) = &mut response {
            self.sign(modern, &mut result.meta);
        }
        Ok(response)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let modern = is_modern(&context);
        let mut result = contain("prompts/list", self.inner.list_prompts(request, context)).await?;
        self.sign(modern, &mut result.meta);
        Ok(result)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let modern = is_modern(&context);
        let mut result = contain(
            "resources/list",
            self.inner.list_resources(request, context),
        )
        .await?;
        self.sign(modern, &mut result.meta);
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let modern = is_modern(&context);
        let mut result = contain(
            "resources/templates/list",
            self.inner.list_resource_templates(request, context),
        )
        .await?;
        self.sign(modern, &mut result.meta);
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let modern = is_modern(&context);
        let mut response =
            contain("resources/read", self.inner.read_resource(request, context)).await?;
        if let ReadResourceResponse::Complete(result) = &mut response {
            self.sign(modern, &mut result.meta);
        }
        Ok(response)
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        self.inner.accepted_subscription_filter(requested)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        // A stream lives as long as its client, so only panics are contained here.
        AssertUnwindSafe(self.inner.listen(context))
            .catch_unwind()
            .await
            .unwrap_or_else(|_panic| {
                tracing::error!("a subscription's handler panicked; its stream was closed");
                Err(ErrorData::internal_error(
                    "the subscription broke inside the server",
                    None,
                ))
            })
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        contain(
            "resources/subscribe",
            self.inner.subscribe(request, context),
        )
        .await
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        contain(
            "resources/unsubscribe",
            self.inner.unsubscribe(request, context),
        )
        .await
    }

    /// A panic inside a tool is a tool's error, so that the model reads it.
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let modern = is_modern(&context);
        let call = AssertUnwindSafe(self.inner.call_tool(request, context)).catch_unwind();
        let mut response = match tokio::time::timeout(LONGEST_REQUEST, call).await {
            Ok(Ok(response)) => response?,
            Ok(Err(_panic)) => {
                tracing::error!(
                    method = "tools/call",
                    "a tool panicked; the call was answered with an error"
                );
                render::declined(&broken()).into()
            }
            Err(_elapsed) => render::declined(&too_slow()).into(),
        };
        if let CallToolResponse::Complete(result) = &mut response {
            self.sign(modern, &mut result.meta);
        }
        Ok(response)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let modern = is_modern(&context);
        let mut result = contain("tools/list", self.inner.list_tools(request, context)).await?;
        self.sign(modern, &mut result.meta);
        Ok(result)
    }

    fn get_tool(&self, name: &str) -> Option<rmcp::model::Tool> {
        self.inner.get_tool(name)
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if METHODS.contains(&request.method.as_str()) {
            return Err(ErrorData::invalid_params(
                format!("the parameters of {} have the wrong shape", request.method),
                None,
            ));
        }
        contain("custom", self.inner.on_custom_request(request, context)).await
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.inner.on_initialized(context).await;
    }

    fn get_info(&self) -> ServerConfig {
        self.inner.get_info()
    }
}

/// What a call that panicked is answered with.
pub(crate) fn broken() -> Declined {
    Declined::new(
        "internal_error",
        "something broke inside the server while it handled this call",
        Retry::Unknown,
    )
}

/// What a call past its time is answered with.
pub(crate) fn too_slow() -> Declined {
    Declined::new(
        "deadline_exceeded",
        "the call took too long",
        Retry::Unknown,
    )
    .with_hint("look whether it happened; ask for less at once, or wait for a shorter time")
}
