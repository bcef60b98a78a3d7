//! The suite's tools of several rounds (2026-07-28).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock,
        InputRequiredResult,
    },
    service::RequestContext,
};
use serde_json::{Map, Value, json};

use crate::Shared;

/// Rounds that may be under way.
const MOST: usize = 4096;

/// States that were handed out: a random name each, so that nobody can make one up.
#[derive(Default)]
pub(crate) struct States(Mutex<HashMap<String, u8>>);

impl States {
    fn issue(&self, round: u8) -> String {
        let name = format!("{:032x}", rand::random::<u128>());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(name.clone(), round);
        name
    }

    fn round(&self, name: &str) -> Result<u8, ErrorData> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(name)
            .copied()
            .ok_or_else(|| ErrorData::invalid_params("requestState is not one of ours", None))
    }
}

fn ask(message: &str, field: &str, kind: &str) -> Value {
    json!({"method": "elicitation/create", "params": {"mode": "form", "message": message,
        "requestedSchema": {"type": "object", "properties": {field: {"type": kind}},
            "required": [field]}}})
}

fn sample(text: &str, tokens: u32) -> Value {
    json!({"method": "sampling/createMessage", "params": {"maxTokens": tokens, "messages": [
        {"role": "user", "content": {"type": "text", "text": text}}]}})
}

fn roots() -> Value {
    json!({"method": "roots/list", "params": {}})
}

fn needed(requests: impl Into<Value>, state: Option<String>) -> CallToolResponse {
    let mut result = json!({"resultType": "input_required", "inputRequests": requests.into()});
    if let Some(state) = state {
        result["requestState"] = state.into();
    }
    crate::read::<InputRequiredResult>(result).into()
}

fn said(text: impl Into<String>) -> CallToolResponse {
    CallToolResult::success(vec![ContentBlock::text(text)]).into()
}

/// Answer a tool of several rounds; `None` for any other tool.
pub(crate) fn call(
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
    shared: &Shared,
) -> Option<Result<CallToolResponse, ErrorData>> {
    let states = &shared.states;
    let answer = |name: &str| {
        request
            .input_responses
            .as_ref()
            .and_then(|all| all.get(name))
    };
    let round = match &request.request_state {
        Some(state) => match states.round(state) {
            Ok(round) => round,
            Err(error) => return Some(Err(error)),
        },
        None => 0,
    };
    let response = match request.name.as_ref() {
        "test_input_required_result_elicitation" => match answer("user_name") {
            Some(answer) if answer["content"]["name"].is_string() => said(format!(
                "Hello, {}!",
                answer["content"]["name"].as_str().unwrap_or_default()
            )),
            _ => needed(
                json!({"user_name": ask("What is your name?", "name", "string")}),
                None,
            ),
        },
        "test_streaming_elicitation" => needed(
            json!({"user_name": ask("What is your name?", "name", "string")}),
            None,
        ),
        "test_input_required_result_sampling" => match answer("capital_question") {
            Some(answer) => said(format!("The model says: {}", answer["content"]["text"])),
            None => needed(
                json!({"capital_question": sample("What is the capital of France?", 100)}),
                None,
            ),
        },
        "test_input_required_result_list_roots" => match answer("client_roots") {
            Some(answer) => said(format!("Roots: {}", answer["roots"])),
            None => needed(json!({"client_roots": roots()}), None),
        },
        "test_input_required_result_request_state"
        | "test_input_required_result_tampered_state" => match answer("confirm") {
            Some(_) if round == 1 => said("state-ok"),
            _ => needed(
                json!({"confirm": ask("Please confirm", "ok", "boolean")}),
                Some(states.issue(1)),
            ),
        },
        "test_input_required_result_multiple_inputs" => {
            let all = ["user_name", "greeting", "client_roots"];
            if all.iter().all(|name| answer(name).is_some()) {
                said("Everything is answered.")
            } else {
                needed(
                    json!({"user_name": ask("What is your name?", "name", "string"),
                        "greeting": sample("Generate a greeting", 50), "client_roots": roots()}),
                    Some(states.issue(1)),
                )
            }
        }
        "test_input_required_result_multi_round" => match (round, answer("step1"), answer("step2"))
        {
            (1, Some(_), _) => needed(
                json!({"step2": ask("Step 2: What is your favorite color?", "color", "string")}),
                Some(states.issue(2)),
            ),
            (2, _, Some(_)) => said("Both steps are done."),
            _ => needed(
                json!({"step1": ask("Step 1: What is your name?", "name", "string")}),
                Some(states.issue(1)),
            ),
        },
        "test_input_required_result_capabilities" => {
            let can = context.client_capabilities().unwrap_or_default();
            needed(Value::Object(questions(&can)), None)
        }
        _ => return None,
    };
    Some(Ok(response))
}

/// Only what the client declared.
fn questions(can: &ClientCapabilities) -> Map<String, Value> {
    let mut all = Map::new();
    if can.elicitation.is_some() {
        all.insert(
            "user_name".to_owned(),
            ask("What is your name?", "name", "string"),
        );
    }
    if can.sampling.is_some() {
        all.insert("greeting".to_owned(), sample("Generate a greeting", 50));
    }
    if can.roots.is_some() {
        all.insert("client_roots".to_owned(), roots());
    }
    all
}
