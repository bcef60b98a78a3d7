//! The suite's tools of one round.
#![expect(deprecated, reason = "the suite still asks for sampling and logging")]

use std::time::Duration;

use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock,
        ProgressNotificationParam, Tool,
    },
    service::{RequestContext, ServiceError},
};
use serde_json::{Value, json};

use crate::{Changed, Shared};

/// A picture of one pixel.
pub(crate) const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

/// A sound without samples.
const SILENCE: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

const PAUSE: Duration = Duration::from_millis(50);

const NAMES: [&str; 26] = [
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_tool_with_logging",
    "test_error_handling",
    "test_tool_with_progress",
    "test_sampling",
    "test_elicitation",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_missing_capability",
    "test_streaming_elicitation",
    "test_logging_tool",
    "test_trigger_tool_change",
    "test_trigger_prompt_change",
    "test_input_required_result_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_tampered_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_capabilities",
    "test_slow",
];

pub(crate) fn all() -> Vec<Tool> {
    let schema = |name: &str| match name {
        "test_sampling" => string("prompt"),
        "test_elicitation" => string("message"),
        _ => json!({"type": "object", "properties": {}}),
    };
    let mut tools: Vec<_> = NAMES
        .iter()
        .map(|name| json!({"name": name, "description": "A fixture.", "inputSchema": schema(name)}))
        .collect();
    tools.push(
        json!({"name": "test_x_mcp_header", "description": "A fixture with a header.",
        "inputSchema": {"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"}}, "required": ["region"]}}),
    );
    tools.push(json!({"name": "json_schema_2020_12_tool",
        "description": "Tool with JSON Schema 2020-12 features", "inputSchema": rich_schema()}));
    crate::read(Value::Array(tools))
}

fn string(name: &str) -> Value {
    json!({"type": "object", "properties": {name: {"type": "string"}}, "required": [name]})
}

fn rich_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": {"$anchor": "addressDef", "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
        "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"}, "email": {"type": "string"}},
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": false
    })
}

fn content(blocks: Value) -> CallToolResponse {
    CallToolResult::success(crate::read(blocks)).into()
}

fn text(text: impl Into<String>) -> CallToolResponse {
    CallToolResult::success(vec![ContentBlock::text(text)]).into()
}

fn failed(reason: impl std::fmt::Display) -> CallToolResponse {
    CallToolResult::error(vec![ContentBlock::text(reason.to_string())]).into()
}

/// Answer a tool of one round.
pub(crate) async fn call(
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
    shared: &Shared,
) -> Result<CallToolResponse, ErrorData> {
    let argument = |name: &str| -> String {
        let all = request.arguments.as_ref();
        let value = all.and_then(|all| all.get(name)?.as_str());
        value.unwrap_or_default().to_owned()
    };
    let image = || json!({"type": "image", "data": PIXEL, "mimeType": "image/png"});
    Ok(match request.name.as_ref() {
        "test_simple_text" => text("This is a simple text response for testing."),
        "test_image_content" => content(json!([image()])),
        "test_audio_content" => {
            content(json!([{"type": "audio", "data": SILENCE, "mimeType": "audio/wav"}]))
        }
        "test_embedded_resource" => content(json!([{"type": "resource", "resource": {
            "uri": "test://embedded-resource", "mimeType": "text/plain",
            "text": "This is an embedded resource content."}}])),
        "test_multiple_content_types" => content(json!([
            {"type": "text", "text": "Multiple content types test:"},
            image(),
            {"type": "resource", "resource": {"uri": "test://mixed-content-resource",
                "mimeType": "application/json", "text": "{\"test\":\"data\",\"value\":123}"}},
        ])),
        "test_error_handling" => failed("This tool intentionally returns an error for testing"),
        "test_tool_with_logging" => logging(context).await,
        "test_tool_with_progress" => progress(context).await,
        "test_sampling" => sampling(&argument("prompt"), context).await,
        "test_elicitation" => {
            elicit(&argument("message"), contact(), "User response: ", context).await
        }
        "test_elicitation_sep1034_defaults" => {
            elicit(
                "Please confirm.",
                defaults(),
                "Elicitation completed: ",
                context,
            )
            .await
        }
        "test_elicitation_sep1330_enums" => {
            elicit(
                "Please choose.",
                enums(),
                "Elicitation completed: ",
                context,
            )
            .await
        }
        "test_missing_capability"
            if context
                .client_capabilities()
                .is_none_or(|can| can.sampling.is_none()) =>
        {
            return Err(ErrorData::missing_required_client_capability(crate::read(
                json!({"sampling": {}}),
            )));
        }
        "test_trigger_tool_change" => {
            // Nobody may be listening.
            let _ = shared.changes.send(Changed::Tools);
            text("The tools have changed.")
        }
        "test_trigger_prompt_change" => {
            let _ = shared.changes.send(Changed::Prompts);
            text("The prompts have changed.")
        }
        _ => text("Done."),
    })
}

async fn logging(context: &RequestContext<RoleServer>) -> CallToolResponse {
    for line in [
        "Tool execution started",
        "Tool processing data",
        "Tool execution completed",
    ] {
        let message = crate::read(json!({"level": "info", "data": line}));
        if let Err(error) = context.peer.notify_logging_message(message).await {
            return failed(error);
        }
        tokio::time::sleep(PAUSE).await;
    }
    text("Logged three times.")
}

async fn progress(context: &RequestContext<RoleServer>) -> CallToolResponse {
    for done in [0.0, 50.0, 100.0] {
        if let Some(token) = context.meta.get_progress_token() {
            let step = ProgressNotificationParam::new(token, done).with_total(100.0);
            if let Err(error) = context.peer.notify_progress(step).await {
                return failed(error);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    text("Progressed to the end.")
}

async fn sampling(prompt: &str, context: &RequestContext<RoleServer>) -> CallToolResponse {
    let params = crate::read(json!({"maxTokens": 100, "messages": [
        {"role": "user", "content": {"type": "text", "text": prompt}}]}));
    match context.peer.create_message(params).await {
        Ok(answer) => {
            let answer = serde_json::to_value(answer).unwrap_or_default();
            text(format!(
                "LLM response: {}",
                answer["content"]["text"].as_str().unwrap_or_default()
            ))
        }
        Err(error) => failed(error),
    }
}

async fn elicit(
    message: &str,
    schema: Value,
    before: &str,
    context: &RequestContext<RoleServer>,
) -> CallToolResponse {
    let params =
        crate::read(json!({"mode": "form", "message": message, "requestedSchema": schema}));
    let answer: Result<_, ServiceError> = context.peer.create_elicitation(params).await;
    match answer {
        Ok(answer) => {
            let answer = serde_json::to_value(answer).unwrap_or_default();
            let action = answer["action"].as_str().unwrap_or_default();
            text(format!(
                "{before}action={action}, content={}",
                answer["content"]
            ))
        }
        Err(error) => failed(error),
    }
}

fn contact() -> Value {
    json!({"type": "object", "properties": {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"}},
        "required": ["username", "email"]})
}

fn defaults() -> Value {
    json!({"type": "object", "properties": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": true}}})
}

fn enums() -> Value {
    let titled = |values: &[(&str, &str)]| -> Vec<Value> {
        values
            .iter()
            .map(|(value, title)| json!({"const": value, "title": title}))
            .collect()
    };
    let options = [
        ("value1", "First Option"),
        ("value2", "Second Option"),
        ("value3", "Third Option"),
    ];
    let choices = [
        ("value1", "First Choice"),
        ("value2", "Second Choice"),
        ("value3", "Third Choice"),
    ];
    json!({"type": "object", "properties": {
        "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
        "titledSingle": {"type": "string", "oneOf": titled(&options)},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"]},
        "untitledMulti": {"type": "array", "items": {"type": "string",
            "enum": ["option1", "option2", "option3"]}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled(&choices)}}}})
}
