//! What a call came back with, in the structured form that MCP clients get, as one JSON object.
//!
//! A retry gets the same bytes, so what differs from call to call stands in headers.

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use gate::{Answer, Done, Plan, marks};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// Names the call in the audit.
const CALL_ID: HeaderName = HeaderName::from_static("x-call-id");
/// Says that an earlier answer is given again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A call that went through.
pub(super) fn response(answer: Answer) -> Response {
    let (body, call_id, replayed) = match answer {
        Answer::Done(Done {
            call_id,
            view,
            replayed,
        }) => {
            let mut body = match view.value {
                Value::Object(fields) => fields,
                other => Map::from_iter([("result".to_owned(), other)]),
            };
            marks::mark(&mut body, view.untrusted);
            (body, call_id, replayed)
        }
        Answer::Planned(plan) => {
            let call_id = plan.call_id.clone();
            (planned(&plan), call_id, false)
        }
        Answer::Waiting(waiting) => {
            let call_id = waiting.call_id.clone();
            let shown = serde_json::to_value(&waiting).expect("what waits has a JSON form");
            let mut body = Map::new();
            body.insert("outcome".to_owned(), "waiting_for_people".into());
            body.insert("approval".to_owned(), shown);
            (body, call_id, false)
        }
    };
    let mut response = Json(Value::Object(body)).into_response();
    let headers = response.headers_mut();
    if let Ok(call_id) = HeaderValue::from_str(&call_id) {
        headers.insert(CALL_ID, call_id);
    }
    if replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

fn planned(plan: &Plan) -> Map<String, Value> {
    let shown = serde_json::to_value(plan).expect("a plan always has a JSON form");
    let mut body = Map::new();
    body.insert("outcome".to_owned(), "planned".into());
    body.insert("plan".to_owned(), shown);
    let paths: Vec<String> = plan
        .untrusted()
        .iter()
        .map(|path| format!("plan.{path}"))
        .collect();
    marks::mark(&mut body, &paths);
    body
}
