//! Discord's OpenAPI document as a referee: every answer of the sandbox must fit the schema of its
//! operation and status. The document is not part of the repository.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use jsonschema::{Draft, Registry, Validator};
use serde_json::{Value, json};

/// The name under which the document is registered.
const NAME: &str = "urn:discord";

/// What Discord's documentation names and its OpenAPI document does not: forwards, media channels.
const UNWRITTEN: &[&str] = &[
    "/components/schemas/MessageReferenceType/oneOf 1",
    "/components/schemas/ChannelTypes/oneOf 16",
    "/components/schemas/GuildChannelResponse/properties/type/enum 16",
];

/// Judges answers.
pub(crate) struct Referee {
    document: Value,
    validators: Mutex<BTreeMap<String, Option<Validator>>>,
}

impl Referee {
    /// The document at `DISCORD_OPENAPI`, else beside the workspace; a notice where there is none.
    #[expect(
        clippy::print_stderr,
        reason = "whoever runs the tests must see what is not judged"
    )]
    pub(crate) fn find() -> Option<Self> {
        let beside = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/discord-openapi.json"
        );
        let path = std::env::var_os("DISCORD_OPENAPI").map_or_else(|| beside.into(), PathBuf::from);
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!(
                "NOTICE: no OpenAPI document at {}: answers go unjudged",
                path.display()
            );
            return None;
        };
        let mut document: Value =
            serde_json::from_str(&text).expect("the OpenAPI document is JSON");
        for line in UNWRITTEN {
            let (place, value) = line.split_once(' ').expect("a place and a value");
            let value: u64 = value.parse().expect("a number");
            let constant = place.ends_with("/oneOf");
            let known = document.pointer_mut(place).and_then(Value::as_array_mut);
            let added = if constant {
                json!({ "const": value })
            } else {
                json!(value)
            };
            known.expect("the document has the place").push(added);
        }
        // A field's error has a word for a code (Reference › Error Messages); the document wants a
        // number there, as in the body around it.
        document["components"]["schemas"]["Error"]["properties"]["code"]["type"] =
            json!(["integer", "string"]);
        Some(Self {
            document,
            validators: Mutex::default(),
        })
    }

    /// Panics when an answer does not fit its schema; tells the operation.
    pub(crate) fn judge(&self, method: &str, path: &str, status: u16, body: &Value) -> String {
        let template = self.template(path);
        let operation = &self.document["paths"][&template][method.to_lowercase()];
        assert!(
            operation.is_object(),
            "{method} {path} is not in the document"
        );
        let id = operation["operationId"]
            .as_str()
            .expect("an operation has an id")
            .to_owned();
        let responses = operation["responses"]
            .as_object()
            .expect("an operation has responses");
        let key = if status >= 400 {
            "4XX".to_owned()
        } else {
            status.to_string()
        };
        assert!(
            responses.contains_key(&key),
            "{id} never answers {status}: {body}"
        );
        assert!(
            status < 400 || body["code"].is_u64(),
            "{id}: no code in {body}"
        );
        let mut validators = self
            .validators
            .lock()
            .expect("no test panicked while judging");
        let validator = validators.entry(format!("{id} {key}")).or_insert_with(|| {
            if key == "4XX" {
                return Some(self.compile("/components/schemas/ErrorResponse"));
            }
            let schema = &responses[&key]["content"]["application/json"]["schema"];
            schema
                .is_object()
                .then(|| self.validator(&template, method, &key))
        });
        match validator {
            None => assert!(body.is_null(), "{id} {status} has no body, but: {body}"),
            Some(validator) => {
                let errors: Vec<_> = validator
                    .iter_errors(body)
                    .map(|error| {
                        format!("{}: {}", error.instance_path(), short(&error.to_string()))
                    })
                    .collect();
                assert!(
                    errors.is_empty(),
                    "{id} {status}:\n{}\n{body:#}",
                    errors.join("\n")
                );
            }
        }
        id
    }

    fn validator(&self, template: &str, method: &str, status: &str) -> Validator {
        let path = template.replace('~', "~0").replace('/', "~1");
        let path = path.replace('{', "%7B").replace('}', "%7D");
        let method = method.to_lowercase();
        self.compile(&format!(
            "/paths/{path}/{method}/responses/{status}/content/application~1json/schema"
        ))
    }

    fn compile(&self, pointer: &str) -> Validator {
        let registry = Registry::new()
            .add(NAME, self.document.clone())
            .expect("the document can be registered")
            .prepare()
            .expect("the registry is ready");
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(&registry)
            .build(&json!({ "$ref": format!("{NAME}#{pointer}") }))
            .expect("the schema compiles")
    }

    /// The document's template for a path; literal segments go before parameters.
    fn template(&self, path: &str) -> String {
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
        let paths = self.document["paths"]
            .as_object()
            .expect("the document has paths");
        let found = paths
            .keys()
            .filter(fits)
            .min_by_key(|it| it.matches('{').count());
        found
            .unwrap_or_else(|| panic!("{path} is not in the document"))
            .clone()
    }
}

fn short(text: &str) -> String {
    text.chars().take(300).collect()
}
