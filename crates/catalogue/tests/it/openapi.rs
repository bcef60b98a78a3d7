//! Every request that tools make, against Discord's own description of its API.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use catalogue::{MAX_READS, Prepared, Tool, catalogue};
use model::Request;
use serde_json::{Value, json};

use crate::generator::{self, ATTEMPTS, NOW};

/// Fields that Discord takes as strings of digits although the document says integer.
const DIGITS: [&str; 3] = ["permissions", "allow", "deny"];

struct Document {
    whole: Value,
    validators: BTreeMap<String, jsonschema::Validator>,
}

impl Document {
    /// `None` where the document is not at hand; says so.
    fn load() -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests find the referee by the environment"
        )]
        let given = std::env::var("DISCORD_OPENAPI").ok().map(PathBuf::from);
        let beside =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/discord-openapi.json");
        let path = given.unwrap_or(beside);
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!(
                "NOTICE: requests are not validated, {} is not there",
                path.display()
            );
            return None;
        };
        Some(Self {
            whole: serde_json::from_str(&text).unwrap(),
            validators: BTreeMap::new(),
        })
    }

    fn operation(&self, request: &Request) -> &Value {
        let method = request.method.as_str().to_lowercase();
        let found = &self.whole["paths"][&request.path.template][&method];
        assert!(
            found.is_object(),
            "Discord has no {method} {}",
            request.path.template
        );
        found
    }

    fn check(&mut self, what: &str, schema: &Value, instance: &Value) {
        let key = schema.to_string();
        if !self.validators.contains_key(&key) {
            let whole = json!({"allOf": [schema], "components": self.whole["components"]});
            let validator = jsonschema::validator_for(&whole).unwrap();
            self.validators.insert(key.clone(), validator);
        }
        let errors: Vec<String> = self.validators[&key]
            .iter_errors(instance)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{what}: {errors:#?}\n{instance:#}");
    }

    /// Check a request; gives its operation's id.
    fn validate(&mut self, tool: &str, request: &Request) -> String {
        let operation = self.operation(request).clone();
        let id = operation["operationId"].as_str().unwrap().to_owned();
        let what = format!("{tool}: {id}");
        self.query(&what, &operation, request);
        self.path(&what, request);
        if let Some(reason) = &request.reason {
            assert!((1..=512).contains(&reason.chars().count()), "{what}");
        }
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        match request.body.json() {
            Some(body) => {
                assert!(schema.is_object(), "{what} takes no body");
                self.check(&what, schema, &as_documented(body));
            }
            None => assert!(
                operation["requestBody"]["required"] != true,
                "{what} needs a body"
            ),
        }
        id
    }

    fn query(&mut self, what: &str, operation: &Value, request: &Request) {
        for (name, text) in &request.query {
            let parameter = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|parameter| parameter["in"] == "query" && parameter["name"] == *name);
            let Some(parameter) = parameter else {
                panic!("{what} has no query parameter {name}");
            };
            let schema = parameter["schema"].clone();
            // A query is text; try it as each type it could stand for.
            let value = match schema_type(&self.whole, &schema).as_str() {
                "integer" | "boolean" => serde_json::from_str(text).unwrap(),
                _ => json!(text),
            };
            self.check(&format!("{what}?{name}"), &schema, &value);
        }
    }

    fn path(&mut self, what: &str, request: &Request) {
        let shared = self.whole["paths"][&request.path.template]["parameters"].clone();
        for (name, text) in &request.path.parameters {
            let parameter = shared
                .as_array()
                .into_iter()
                .flatten()
                .find(|parameter| parameter["in"] == "path" && parameter["name"] == *name)
                .unwrap_or_else(|| panic!("{what} has no path parameter {name}"))
                .clone();
            self.check(
                &format!("{what}/{name}"),
                &parameter["schema"],
                &json!(text),
            );
        }
    }
}

/// The JSON type a query parameter stands for, references and `oneOf` followed.
fn schema_type(document: &Value, schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        return schema_type(document, &document["components"]["schemas"][name]);
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").cloned(),
        kind => Some(kind.clone()),
    };
    kind.and_then(|kind| kind.as_str().map(str::to_owned))
        .or_else(|| {
            schema["oneOf"]
                .get(0)
                .map(|first| schema_type(document, first))
        })
        .unwrap_or_default()
}

fn as_documented(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(fields) = body.as_object_mut() {
        for name in DIGITS {
            if let Some(digits) = fields.get(name).and_then(Value::as_str) {
                let number: u64 = digits.parse().unwrap();
                fields.insert(name.to_owned(), json!(number));
            }
        }
    }
    body
}

/// Everything a tool asks for with these arguments: its own requests, and what surrounds them.
fn requests(prepared: &Prepared) -> (Vec<Request>, Vec<Request>) {
    match prepared {
        Prepared::Read(plan) => {
            let mut all = plan.requests.clone();
            let mut answers: Vec<Value> = Vec::new();
            let mut batch = plan.requests.len();
            while batch > 0 {
                answers.extend((0..batch).map(|_| json!({"guild_id": "175928847299117063"})));
                let next = plan.more(&answers);
                batch = next.len();
                all.extend(next);
                assert!(all.len() <= MAX_READS);
            }
            (all, Vec::new())
        }
        Prepared::Write(plan) => {
            let answers: Vec<Value> = plan
                .fetch
                .iter()
                .map(|_| json!({"token": "abc-DEF_123"}))
                .collect();
            let mut numbered = plan.clone();
            numbered.set_nonce("0123456789abcdef");
            let sent = numbered.with_fetched(&answers).unwrap();
            let around = plan.live.iter().chain(&plan.fetch).cloned().collect();
            (vec![sent], around)
        }
        Prepared::Flow(call) => (Vec::new(), call.target.clone()),
    }
}

fn prepared(tool: &Tool) -> Vec<Prepared> {
    (0..ATTEMPTS)
        .filter_map(|seed| tool.prepare(generator::arguments(tool, seed), NOW).ok())
        .collect()
}

#[test]
fn every_request_of_every_tool_is_one_that_discord_documents() {
    let Some(mut document) = Document::load() else {
        return;
    };
    for tool in catalogue().tools() {
        let plans = prepared(tool);
        let mut distinct = BTreeSet::new();
        let mut operations = BTreeSet::new();
        for plan in &plans {
            let (own, around) = requests(plan);
            for request in &own {
                distinct.insert(serde_json::to_string(request).unwrap());
                operations.insert(document.validate(tool.name, request));
            }
            for request in &around {
                assert_eq!(request.method, model::Method::Get, "{}", tool.name);
                distinct.insert(serde_json::to_string(request).unwrap());
                let id = document.validate(tool.name, request);
                if tool.operations.contains(&id.as_str()) {
                    operations.insert(id);
                }
            }
        }
        let declared: BTreeSet<String> =
            tool.operations.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(operations.is_empty(), declared.is_empty(), "{}", tool.name);
        if !declared.is_empty() {
            assert_eq!(
                operations, declared,
                "{}: what it does, and what it declares",
                tool.name
            );
            assert!(distinct.len() >= 3, "{} made only {distinct:#?}", tool.name);
        }
    }
}

#[test]
fn generated_arguments_are_mostly_good() {
    for tool in catalogue().tools() {
        let good = prepared(tool).len();
        assert!(
            good >= 3,
            "{}: only {good} of {ATTEMPTS} were accepted",
            tool.name
        );
    }
}

#[test]
fn a_sample_request_of_every_tool() {
    let mut samples = BTreeMap::new();
    for tool in catalogue().tools() {
        let sample = prepared(tool).into_iter().next().expect("one is good");
        let (own, around) = requests(&sample);
        let told = |request: &Request| {
            let query: Vec<String> = request
                .query
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            json!({
                "line": format!("{} {}?{}", request.method.as_str(), request.path.text, query.join("&")),
                "body": request.body.json(),
            })
        };
        samples.insert(
            tool.name,
            json!({
                "requests": own.iter().map(told).collect::<Vec<_>>(),
                "around": around.iter().map(told).collect::<Vec<_>>(),
            }),
        );
    }
    insta::assert_json_snapshot!("sample_requests", samples);
}
