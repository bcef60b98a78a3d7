//! JSON bodies: bounded, said to be JSON, read strictly. An unknown field is named, with the one
//! that was probably meant.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::unique::Unique;
use crate::problem::Problem;

/// Most bytes of a body that manages something. Arguments of tools may carry files, and have only
/// the limit of every request.
const LARGEST: usize = 64 * 1024;
/// Longest text of a reader's complaint that is passed on, in characters: it may repeat the body.
const COMPLAINT: usize = 400;
/// How alike two names must be for one to be a slip of the other, from 0 to 1.
const ALIKE: f64 = 0.7;

/// A body of a known form, of at most so many bytes.
pub(super) struct Body<T, const MOST: usize = LARGEST>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync, const MOST: usize> FromRequest<S> for Body<T, MOST> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = bytes(request, state).await?;
        if bytes.len() > MOST {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                format!("the request body is larger than {MOST} bytes"),
            ));
        }
        read(&bytes).map(Self)
    }
}

/// A body that is a JSON object of any form, in which nothing is named twice; no body is an empty one.
pub(super) struct Object(pub(super) Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = bytes(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        read(&bytes).map(|Unique(map)| Self(map))
    }
}

async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let is_json = says_json(request.headers());
    let bytes = Bytes::from_request(request, state)
        .await
        .map_err(|rejection| {
            // The layers around cut a body that is too large or falls silent.
            let status = rejection.status();
            let status = if status.is_client_error() {
                status
            } else {
                StatusCode::BAD_REQUEST
            };
            let code = match status {
                StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
                _ => "body_unreadable",
            };
            Problem::new(
                status,
                code,
                "the request body could not be read to its end",
            )
        })?;
    if !bytes.is_empty() && !is_json {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "the request body must be JSON",
        )
        .hint(Some("send the header Content-Type: application/json")));
    }
    Ok(bytes)
}

fn says_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| {
            let path = error.path().to_string();
            let complaint = error.into_inner().to_string();
            match path.as_str() {
                "." | "?" => complaint,
                path => format!("`{path}`: {complaint}"),
            }
        })
        .and_then(|read| {
            let ended = reader.end();
            ended.map(|()| read).map_err(|error| error.to_string())
        });
    read.map_err(|complaint| {
        let hint = nearest(&complaint).map(|near| format!("did you mean `{near}`?"));
        let shown: String = complaint.chars().take(COMPLAINT).collect();
        Problem::new(StatusCode::BAD_REQUEST, "invalid_body", shown).hint(hint)
    })
}

/// The known name that is most like the unknown one, from the reader's own words: "unknown field
/// `a`, expected one of `b`, `c`".
fn nearest(complaint: &str) -> Option<&str> {
    let (_, said) = complaint
        .split_once("unknown field `")
        .or_else(|| complaint.split_once("unknown variant `"))?;
    let (unknown, expected) = said.split_once("`, expected ")?;
    let known = expected.split('`').skip(1).step_by(2);
    known
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http_body_util::BodyExt as _;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Baker {
        #[serde(rename = "name")]
        _name: String,
        #[serde(default, rename = "role")]
        _role: Option<String>,
    }

    async fn problem(text: &str) -> Value {
        let problem = read::<Baker>(text.as_bytes()).unwrap_err();
        let body = problem.into_response().into_body().collect().await;
        serde_json::from_slice(&body.unwrap().to_bytes()).unwrap()
    }

    #[tokio::test]
    async fn a_slip_in_a_name_is_answered_with_the_name() {
        let problem = problem(r#"{"name": "Ada", "rolle": "viewer"}"#).await;
        assert_eq!(problem["status"], 400);
        assert_eq!(problem["code"], "invalid_body");
        assert_eq!(problem["hint"], "did you mean `role`?");
    }

    #[tokio::test]
    async fn what_follows_the_object_is_not_dropped_in_silence() {
        let problem = problem(r#"{"name": "Ada"} {"name": "Eve"}"#).await;
        assert!(problem["detail"].as_str().unwrap().contains("trailing"));
    }

    #[tokio::test]
    async fn a_wrong_type_is_named_with_its_place() {
        let problem = problem(r#"{"name": 7}"#).await;
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("`name`: invalid type"), "{detail}");
    }
}
