//! Discord's OpenAPI document as a referee: every answer of the sandbox must fit the schema of its
//! operation and status, and a request that is accepted must fit the schema of its body.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::{Draft, Registry, Validator};
use serde_json::{Value, json};

use crate::rest_document::document;

/// The name under which the document is registered.
const NAME: &str = "urn:discord";

/// Routes of Discord's that its OpenAPI document leaves out, so that nobody can judge them.
const UNDOCUMENTED: &[(&str, &str)] = &[
    (
        "/interactions",
        "how a client acts; bots never call it, people who are played do",
    ),
    ("/skus", "Discord's documentation has it (SKU › List SKUs)"),
];

/// An answer as it came.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    /// `Content-Type`.
    pub(crate) kind: &'a str,
    pub(crate) body: &'a [u8],
}

/// Judges answers and requests.
pub(crate) struct Referee {
    document: Value,
    registry: Registry<'static>,
    /// By the pointer to the schema.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One of the document's operations.
struct Operation<'a> {
    id: &'a str,
    /// Pointer to it in the document.
    pointer: String,
    told: &'a Value,
}

impl Referee {
    /// The one of this process: it compiles each schema once. `None` without a document.
    pub(crate) fn get() -> Option<&'static Self> {
        static REFEREE: OnceLock<Option<Referee>> = OnceLock::new();
        REFEREE.get_or_init(|| document().map(Self::new)).as_ref()
    }

    fn new(document: Value) -> Self {
        let registry = Registry::new()
            .add(NAME, document.clone())
            .expect("the document can be registered")
            .prepare()
            .expect("the registry is ready");
        Self {
            document,
            registry,
            validators: Mutex::default(),
        }
    }

    /// Judges what a client sent and got. Faults that a test asked for are no answers of ours: a
    /// server's error, a page of the proxy in front, a body that was cut.
    pub(crate) fn judge_exchange(
        &self,
        method: &str,
        path: &str,
        sent: Option<&Value>,
        answer: &Answer<'_>,
    ) {
        let Some(path) = path.strip_prefix("/api/v10") else {
            return;
        };
        let text = String::from_utf8_lossy(answer.body);
        assert!(
            answer.status < 500 || !text.contains("panicked"),
            "{method} {path}: a panic: {text}"
        );
        if answer.status >= 500 || answer.kind.starts_with("text/html") {
            return;
        }
        let body = if answer.body.is_empty() || !answer.kind.starts_with("application/json") {
            Value::Null
        } else {
            match serde_json::from_slice(answer.body) {
                Ok(body) => body,
                Err(_) => return,
            }
        };
        let Some(operation) = self.operation(method, path) else {
            let known = UNDOCUMENTED
                .iter()
                .any(|(part, _)| path.starts_with(part) || path.ends_with(part));
            let refused = answer.status == 404 || answer.status == 405;
            assert!(
                known || refused,
                "{method} {path} is not in Discord's document, yet: {} {body}",
                answer.status
            );
            return;
        };
        self.judge_answer(&operation, answer.status, answer.kind, &body);
        if let Some(sent) = sent.filter(|_| answer.status < 300) {
            self.judge_request(&operation, sent);
        }
    }

    /// Panics when an answer does not fit its schema; tells the operation.
    pub(crate) fn judge(&self, method: &str, path: &str, status: u16, body: &Value) -> String {
        let operation = self.operation(method, path);
        let operation = operation.unwrap_or_else(|| panic!("{method} {path} is not documented"));
        self.judge_answer(&operation, status, "application/json", body);
        operation.id.to_owned()
    }

    fn judge_answer(&self, operation: &Operation<'_>, status: u16, kind: &str, body: &Value) {
        let id = operation.id;
        if status >= 400 {
            let schema = if status == 429 && body["code"].as_u64().unwrap_or_default() == 0 {
                "/components/schemas/RatelimitedResponse"
            } else {
                assert!(body["code"].is_u64(), "{id} {status}: no code in {body}");
                "/components/schemas/ErrorResponse"
            };
            return self.fits(&format!("{id} {status}"), Some(schema), body);
        }
        let response = &operation.told["responses"][status.to_string()];
        assert!(response.is_object(), "{id} never answers {status}: {body}");
        let content = response["content"].as_object();
        let written = content.and_then(|content| content.keys().next());
        if let Some(other) = written.filter(|it| *it != "application/json") {
            assert!(
                kind.starts_with(other.as_str()),
                "{id}: {kind}, not {other}"
            );
            return;
        }
        let schema = written.map(|_| {
            let at = &operation.pointer;
            format!("{at}/responses/{status}/content/application~1json/schema")
        });
        self.fits(&format!("{id} {status}"), schema.as_deref(), body);
    }

    fn judge_request(&self, operation: &Operation<'_>, sent: &Value) {
        let content = &operation.told["requestBody"]["content"]["application/json"];
        if content.is_object() {
            let at = &operation.pointer;
            let schema = format!("{at}/requestBody/content/application~1json/schema");
            let what = format!("{} was accepted, but its request", operation.id);
            self.fits(&what, Some(&schema), sent);
        }
    }

    /// Panics when a value does not fit the schema at a pointer; without one, null fits.
    fn fits(&self, what: &str, schema: Option<&str>, value: &Value) {
        let Some(schema) = schema else {
            assert!(value.is_null(), "{what} has no body, but: {value}");
            return;
        };
        let validator = self.validator(schema);
        let errors: Vec<_> = validator
            .iter_errors(value)
            .map(|error| format!("{}: {}", error.instance_path(), short(&error.to_string())))
            .collect();
        assert!(
            errors.is_empty(),
            "{what}:\n{}\n{value:#}",
            errors.join("\n")
        );
    }

    fn validator(&self, pointer: &str) -> Arc<Validator> {
        let mut validators = self
            .validators
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let compile = || {
            let schema = json!({ "$ref": format!("{NAME}#{pointer}") });
            let validator = jsonschema::options()
                .with_draft(Draft::Draft202012)
                .with_registry(&self.registry)
                .build(&schema);
            Arc::new(validator.expect("the schema compiles"))
        };
        Arc::clone(validators.entry(pointer.to_owned()).or_insert_with(compile))
    }

    fn operation(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let template = self.template(path)?;
        let method = method.to_lowercase();
        let told = &self.document["paths"][template][&method];
        let id = told["operationId"].as_str()?;
        let escaped = template.replace('~', "~0").replace('/', "~1");
        let escaped = escaped.replace('{', "%7B").replace('}', "%7D");
        Some(Operation {
            id,
            pointer: format!("/paths/{escaped}/{method}"),
            told,
        })
    }

    /// The document's template for a path; literal segments go before parameters.
    fn template(&self, path: &str) -> Option<&str> {
        let path = path.split('?').next().unwrap_or_default();
        let segments: Vec<_> = path.split('/').collect();
        let fits = |template: &&String| {
            let parts: Vec<_> = template.split('/').collect();
            parts.len() == segments.len()
                && parts
                    .iter()
                    .zip(&segments)
                    .all(|(part, it)| part.starts_with('{') || part == it)
        };
        let paths = self.document["paths"].as_object()?;
        let fewest = paths
            .keys()
            .filter(fits)
            .min_by_key(|it| it.matches('{').count());
        fewest.map(String::as_str)
    }
}

fn short(text: &str) -> String {
    text.chars().take(300).collect()
}
