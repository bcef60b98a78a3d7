//! Writes a request as HTTP: query, body, multipart, audit-log reason. Pure; built anew for each try.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use model::{Body, FilePart, HandsError, Method, Request, RequestAuth};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::multipart::{Form, Part};

use super::address::ApiUrl;

const REASON: HeaderName = HeaderName::from_static("x-audit-log-reason");
/// Everything but RFC 3986's unreserved characters.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Everything of a request but the multipart form, which is used up by sending.
pub(super) fn write(
    request: &Request,
    base: &ApiUrl,
    authorization: &HeaderValue,
) -> Result<reqwest::Request, HandsError> {
    let url = base
        .join(&request.path.text, &query(&request.query))
        .ok_or_else(|| unsendable("its path would be rewritten on the way"))?;
    let mut wire = reqwest::Request::new(method(request.method), url);
    let headers = wire.headers_mut();
    if request.auth == RequestAuth::Bot {
        headers.insert(header::AUTHORIZATION, authorization.clone());
    }
    if let Some(reason) = &request.reason {
        headers.insert(REASON, percent_encoded(reason));
    }
    match &request.body {
        Body::Json(value) => {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
            *wire.body_mut() = Some(value.to_string().into());
        }
        // Discord and some proxies want a length where a body is usual.
        Body::None if matches!(request.method, Method::Post | Method::Put | Method::Patch) => {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Body::None | Body::Multipart { .. } => {}
    }
    Ok(wire)
}

/// The request's files as `multipart/form-data`, if it has any.
/// Source: Discord documentation, *Reference › Uploading Files*.
pub(super) fn form(request: &Request) -> Result<Option<Form>, HandsError> {
    let Body::Multipart { payload, files } = &request.body else {
        return Ok(None);
    };
    // Discord does not read percent-encoded names such as `files%5B0%5D`.
    let mut form = Form::new().percent_encode_noop();
    let payload = Part::text(payload.to_string())
        .mime_str("application/json")
        .map_err(|_| unsendable("its payload has no MIME type"))?;
    form = form.part("payload_json", payload);
    for (index, file) in files.iter().enumerate() {
        form = form.part(format!("files[{index}]"), part(file)?);
    }
    Ok(Some(form))
}

fn part(file: &FilePart) -> Result<Part, HandsError> {
    if file.filename.chars().any(char::is_control) {
        return Err(unsendable("a file name holds control characters"));
    }
    let length = file.bytes.len() as u64;
    Part::stream_with_length(file.bytes.clone(), length)
        .file_name(file.filename.clone())
        .mime_str(&file.content_type)
        .map_err(|_| unsendable("a file's content type is not a MIME type such as image/png"))
}

/// What goes with every request.
pub(super) fn default_headers(user_agent: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::USER_AGENT, user_agent);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers
}

fn query(pairs: &[(String, String)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

fn percent_encoded(text: &str) -> HeaderValue {
    let text = utf8_percent_encode(text, UNRESERVED).to_string();
    HeaderValue::from_str(&text).expect("percent-encoded text is ASCII without controls")
}

fn method(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
    }
}

fn unsendable(detail: &str) -> HandsError {
    HandsError::Unsendable {
        detail: detail.to_owned(),
    }
}
