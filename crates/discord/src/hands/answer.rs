//! Reads Discord's answers: JSON or nothing on success, its error object otherwise, with nested
//! form errors flattened. Whatever else stands in an answer is not shown to anyone.

use http::StatusCode;
use model::{HandsError, Response, hands::FieldError};
use serde_json::{Map, Value};

/// Form errors kept of one answer.
const MAX_FIELDS: usize = 50;
/// Longest message kept, in characters.
const MAX_MESSAGE: usize = 1_000;
/// Deepest nesting followed.
const MAX_DEPTH: usize = 32;

/// A whole answer with status 2xx.
pub(super) fn success(status: StatusCode, body: &[u8]) -> Result<Response, HandsError> {
    let status = status.as_u16();
    if body.is_empty() {
        return Ok(Response {
            status,
            body: Value::Null,
        });
    }
    match serde_json::from_slice(body) {
        Ok(body) => Ok(Response { status, body }),
        Err(_) => Err(HandsError::NotJson { status }),
    }
}

/// An answer with any other status; its body may be empty or nonsense.
pub(super) fn failure(status: StatusCode, body: &[u8]) -> HandsError {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut fields = Vec::new();
    if let Some(errors) = body.get("errors") {
        flatten(errors, "", 0, &mut fields);
    } else if let (None, Some(legacy)) = (body.get("message"), body.as_object()) {
        flatten_lists(legacy, &mut fields);
    }
    let message = match body.get("message").and_then(Value::as_str) {
        Some(message) => clip(message),
        None if status.is_redirection() => "a redirect, which is not followed".to_owned(),
        None => status
            .canonical_reason()
            .unwrap_or("no explanation")
            .to_owned(),
    };
    HandsError::Api {
        status: status.as_u16(),
        code: body.get("code").and_then(Value::as_u64).unwrap_or(0),
        message,
        fields,
    }
}

/// `{"embeds": {"0": {"title": {"_errors": [{"code", "message"}]}}}}` → `embeds[0].title`.
/// Source: Discord documentation, *Reference › Error Messages*.
fn flatten(node: &Value, path: &str, depth: usize, into: &mut Vec<FieldError>) {
    let Some(object) = node.as_object() else {
        return;
    };
    if depth > MAX_DEPTH {
        return;
    }
    for (name, child) in object {
        if into.len() >= MAX_FIELDS {
            return;
        }
        if name == "_errors" {
            let text = |error: &Value, key: &str| {
                error
                    .get(key)
                    .and_then(Value::as_str)
                    .map(clip)
                    .unwrap_or_default()
            };
            let errors = child.as_array().map(Vec::as_slice).unwrap_or_default();
            let room = MAX_FIELDS - into.len();
            into.extend(errors.iter().take(room).map(|error| FieldError {
                path: path.to_owned(),
                code: text(error, "code"),
                message: text(error, "message"),
            }));
        } else {
            flatten(child, &below(path, name), depth + 1, into);
        }
    }
}

/// Older endpoints answer `{"content": ["Must be shorter."]}`.
fn flatten_lists(object: &Map<String, Value>, into: &mut Vec<FieldError>) {
    for (name, list) in object {
        for message in list
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if into.len() < MAX_FIELDS {
                into.push(FieldError {
                    path: clip(name),
                    code: String::new(),
                    message: clip(message),
                });
            }
        }
    }
}

fn below(path: &str, name: &str) -> String {
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{path}[{name}]");
    }
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn clip(text: &str) -> String {
    text.chars().take(MAX_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(status: u16, body: &Value) -> (u64, String, Vec<(String, String)>) {
        let status = StatusCode::from_u16(status).unwrap();
        match failure(status, body.to_string().as_bytes()) {
            HandsError::Api {
                code,
                message,
                fields,
                ..
            } => (
                code,
                message,
                fields.into_iter().map(|f| (f.path, f.code)).collect(),
            ),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nested_form_errors_become_paths() {
        let required = json!([{"code": "BASE_TYPE_REQUIRED", "message": "This field is required"}]);
        let (code, message, mut fields) = read(
            400,
            &json!({
                "code": 50035,
                "message": "Invalid Form Body",
                "errors": {
                    "_errors": [{"code": "WHOLE", "message": "all of it"}],
                    "embeds": {"0": {"fields": {"12": {"name": {"_errors": required}}}}},
                    "activities": {"0": {"platform": {"_errors": required}}},
                }
            }),
        );
        assert_eq!((code, message.as_str()), (50035, "Invalid Form Body"));
        fields.sort();
        let required = "BASE_TYPE_REQUIRED".to_owned();
        assert_eq!(
            fields,
            [
                (String::new(), "WHOLE".to_owned()),
                ("activities[0].platform".to_owned(), required.clone()),
                ("embeds[0].fields[12].name".to_owned(), required),
            ]
        );
    }

    #[test]
    fn an_older_form_error_is_understood() {
        let (_, message, fields) = read(400, &json!({"recipient_id": ["No such user."]}));
        assert_eq!(message, "Bad Request");
        assert_eq!(fields, [("recipient_id".to_owned(), String::new())]);
    }

    #[test]
    fn an_error_page_keeps_its_status_and_nothing_else() {
        let error = failure(StatusCode::BAD_GATEWAY, b"<html>secret</html>");
        let bad_gateway = HandsError::Api {
            status: 502,
            code: 0,
            message: "Bad Gateway".to_owned(),
            fields: Vec::new(),
        };
        assert_eq!(error, bad_gateway);
    }

    #[test]
    fn an_endless_list_of_errors_is_cut() {
        let many: Vec<Value> = (0..1_000)
            .map(|_| json!({"code": "X", "message": "y"}))
            .collect();
        let (_, _, fields) = read(
            400,
            &json!({"message": "m", "errors": {"a": {"_errors": many}}}),
        );
        assert_eq!(fields.len(), MAX_FIELDS);
    }

    #[test]
    fn success_is_json_or_nothing() {
        let empty = success(StatusCode::NO_CONTENT, b"").unwrap();
        assert_eq!(
            empty,
            Response {
                status: 204,
                body: Value::Null
            }
        );
        assert_eq!(
            success(StatusCode::OK, b"<html>"),
            Err(HandsError::NotJson { status: 200 })
        );
    }
}
