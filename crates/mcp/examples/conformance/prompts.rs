//! The suite's prompts.

use rmcp::{
    ErrorData,
    model::{
        GetPromptRequestParams, GetPromptResponse, GetPromptResult, InputRequiredResult, Prompt,
    },
};
use serde_json::{Value, json};

use crate::tools::PIXEL;

pub(crate) fn all() -> Vec<Prompt> {
    let argument =
        |name: &str| json!({"name": name, "description": "An argument.", "required": true});
    crate::read(json!([
        {"name": "test_simple_prompt", "description": "A simple prompt."},
        {"name": "test_prompt_with_arguments", "description": "A prompt with arguments.",
            "arguments": [argument("arg1"), argument("arg2")]},
        {"name": "test_prompt_with_embedded_resource", "description": "A prompt with a resource.",
            "arguments": [argument("resourceUri")]},
        {"name": "test_prompt_with_image", "description": "A prompt with a picture."},
        {"name": "test_input_required_result_prompt", "description": "A prompt that asks."},
    ]))
}

pub(crate) fn get(request: &GetPromptRequestParams) -> Result<GetPromptResponse, ErrorData> {
    let argument = |name: &str| -> Value {
        request
            .arguments
            .as_ref()
            .and_then(|all| all.get(name).cloned())
            .unwrap_or_default()
    };
    let text = |text: &str| json!({"type": "text", "text": text});
    let contents = match request.name.as_str() {
        "test_simple_prompt" => vec![text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => vec![text(&format!(
            "Prompt with arguments: arg1='{}', arg2='{}'",
            argument("arg1").as_str().unwrap_or_default(),
            argument("arg2").as_str().unwrap_or_default()
        ))],
        "test_prompt_with_embedded_resource" => vec![
            json!({"type": "resource", "resource": {"uri": argument("resourceUri"),
                "mimeType": "text/plain", "text": "Embedded resource content for testing."}}),
            text("Please process the embedded resource above."),
        ],
        "test_prompt_with_image" => vec![
            json!({"type": "image", "data": PIXEL, "mimeType": "image/png"}),
            text("Please analyze the image above."),
        ],
        "test_input_required_result_prompt" => {
            let answers = request.input_responses.as_ref();
            match answers.and_then(|answers| answers.get("user_context")) {
                Some(answer) => vec![text(&format!("Use this context: {answer}"))],
                None => return Ok(crate::read::<InputRequiredResult>(question()).into()),
            }
        }
        other => {
            return Err(ErrorData::invalid_params(
                format!("unknown prompt: {other}"),
                None,
            ));
        }
    };
    let messages: Vec<_> = contents
        .into_iter()
        .map(|content| json!({"role": "user", "content": content}))
        .collect();
    Ok(
        crate::read::<GetPromptResult>(json!({"resultType": "complete", "messages": messages}))
            .into(),
    )
}

fn question() -> Value {
    json!({"resultType": "input_required", "inputRequests": {"user_context": {
        "method": "elicitation/create",
        "params": {"mode": "form", "message": "What context should the prompt use?",
            "requestedSchema": {"type": "object",
                "properties": {"context": {"type": "string"}}, "required": ["context"]}}}}})
}
