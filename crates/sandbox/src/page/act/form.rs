//! A form as a browser sends it: fields in order, and files.

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use percent_encoding::percent_decode_str;

use super::super::{MAX_FORM_BYTES, Page};
use crate::snowflake::Snowflake;

/// Fields of one form; Discord's largest modals and commands have fewer.
const MAX_FIELDS: usize = 200;

/// What a form carries.
#[derive(Debug, Default)]
pub(in super::super) struct Form {
    fields: Vec<(String, String)>,
    pub(super) files: Vec<File>,
    /// When it came, on the sandbox's clock.
    pub(super) now_ms: u64,
}

/// One file of a form.
#[derive(Debug)]
pub(super) struct File {
    pub(super) field: String,
    pub(super) name: String,
    pub(super) kind: Option<String>,
    pub(super) bytes: Bytes,
}

impl Form {
    /// The value of a field; empty when there is none.
    pub(in super::super) fn text(&self, name: &str) -> &str {
        let mut own = self.fields.iter().filter(|(field, _)| field == name);
        own.next().map_or("", |(_, value)| value.as_str())
    }

    /// All values of a field that are not empty.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let own = self.fields.iter().filter(|(field, _)| field == name);
        own.map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
            .collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// A field that holds an id.
    pub(super) fn id(&self, name: &str) -> Option<Snowflake> {
        self.text(name).parse().ok()
    }

    /// Whether it stood on a page of ours.
    pub(in super::super) fn is_from(&self, page: &Page) -> bool {
        let given = self.text("token").as_bytes();
        let known = page.token.as_bytes();
        let differences = given.iter().zip(known).fold(0, |all, (a, b)| all | (a ^ b));
        given.len() == known.len() && differences == 0
    }
}

impl FromRequest<Arc<Page>> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, page: &Arc<Page>) -> Result<Self, Response> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let is_multipart = kind.is_some_and(|it| it.as_bytes().starts_with(b"multipart/form-data"));
        let refused = |what: &str| (StatusCode::BAD_REQUEST, what.to_owned()).into_response();
        if is_multipart {
            let multipart = Multipart::from_request(request, page).await;
            let multipart = multipart.map_err(IntoResponse::into_response)?;
            let mut form = read_parts(multipart)
                .await
                .map_err(|error| refused(&error))?;
            form.now_ms = page.desk.now_ms();
            return Ok(form);
        }
        let bytes = to_bytes(request.into_body(), MAX_FORM_BYTES).await;
        let bytes = bytes.map_err(|_| refused("the form is too large"))?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(Self {
            fields: read_fields(&text),
            files: Vec::new(),
            now_ms: page.desk.now_ms(),
        })
    }
}

fn read_fields(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        let text = percent_decode_str(&text).decode_utf8_lossy();
        unified(&text)
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .take(MAX_FIELDS)
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

async fn read_parts(mut parts: Multipart) -> Result<Form, String> {
    let mut form = Form::default();
    for _ in 0..MAX_FIELDS {
        let part = parts
            .next_field()
            .await
            .map_err(|error| error.body_text())?;
        let Some(part) = part else { break };
        let field = part.name().unwrap_or_default().to_owned();
        let name = part.file_name().map(str::to_owned);
        let kind = part.content_type().map(str::to_owned);
        let bytes = part.bytes().await.map_err(|error| error.body_text())?;
        match name {
            // A field for files that was left empty comes as a file without a name.
            Some(name) if name.is_empty() && bytes.is_empty() => {}
            Some(name) => form.files.push(File {
                field,
                name,
                kind,
                bytes,
            }),
            None => form
                .fields
                .push((field, unified(&String::from_utf8_lossy(&bytes)))),
        }
    }
    Ok(form)
}

/// Browsers send lines with two characters at their end.
fn unified(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_in_order() {
        let form = Form {
            fields: read_fields("a=1&a=%C3%A4+b&c=x%0D%0Ay&d"),
            ..Form::default()
        };
        assert_eq!(form.all("a"), ["1", "ä b"]);
        assert_eq!(form.text("c"), "x\ny");
        assert!(form.has("d") && !form.has("e"));
    }
}
