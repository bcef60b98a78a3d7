//! A request as people and models may see it: tokens in paths hidden, files by name and size.

use model::{Body, Request, Risk};
use serde_json::Value;

use crate::answer::{FilePreview, RequestPreview};

/// Texts longer than this are images in disguise (`data:` URIs) and shown by their size.
const LONGEST_TEXT: usize = 6_000;

/// What would be sent.
pub(crate) fn of(request: &Request) -> RequestPreview {
    let files = match &request.body {
        Body::Multipart { files, .. } => files
            .iter()
            .map(|file| FilePreview {
                filename: file.filename.clone(),
                content_type: file.content_type.clone(),
                size: file.bytes.len(),
            })
            .collect(),
        Body::None | Body::Json(_) => Vec::new(),
    };
    RequestPreview {
        method: request.method.as_str(),
        path: path(request),
        query: request.query.iter().cloned().collect(),
        body: request.body.json().map(shortened),
        files,
        reason: request.reason.clone(),
    }
}

/// The path with every token in it hidden.
pub(crate) fn path(request: &Request) -> String {
    let mut text = request.path.template.clone();
    for (name, value) in &request.path.parameters {
        let shown = if name.contains("token") {
            "[hidden]"
        } else {
            value.as_str()
        };
        text = text.replacen(&format!("{{{name}}}"), shown, 1);
    }
    text
}

/// What a plan says about carrying it out. `valid_minutes` is there where it carries a token.
pub(crate) fn how_to_run(tool: &str, risk: Risk, valid_minutes: Option<i64>) -> String {
    match (risk, valid_minutes) {
        (_, Some(minutes)) => format!(
            "nothing was done; to carry it out, call {tool} again with the same arguments and \
             `confirm` set to this plan's token within {minutes} minutes (it works once)"
        ),
        (Risk::Read, None) => format!("nothing was read; call {tool} without `dry_run`"),
        (Risk::Write | Risk::Destructive, None) => format!(
            "nothing was done; to carry it out, call {tool} again with the same arguments and \
             `dry_run: false`"
        ),
    }
}

fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > LONGEST_TEXT => {
            let start: String = text.chars().take(40).collect();
            Value::from(format!("{start}… ({} bytes)", text.len()))
        }
        Value::Array(items) => items.iter().map(shortened).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shortened(value)))
            .collect(),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_token_is_hidden() {
        let request = Request::post(model::path!(
            "/webhooks/{webhook_id}/{webhook_token}",
            webhook_id = "1",
            webhook_token = "very-secret"
        ));
        assert_eq!(of(&request).path, "/webhooks/1/[hidden]");
    }
}
