//! One request, read: who asks, path, query, JSON body and uploaded files.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Multipart, RawPathParams, Request};
use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::reply::Reply;
use crate::actor::ActAs;
use crate::snowflake::Snowflake;
use crate::world::clock::parse_iso8601;
use crate::world::message::UploadedFile;
use crate::world::{Actor, Answer, Refusal, Shared, World};

/// The largest body: ten files of 10 MiB do not fit, as with Discord's limit per request.
const MAX_BODY_BYTES: usize = 26 * 1024 * 1024;
const MAX_PARTS: usize = 24;
const MAX_REASON: usize = 512;

/// A request that needs no bot: webhooks with tokens.
pub(super) struct OpenCall {
    pub(super) shared: Arc<Shared>,
    path: HashMap<String, String>,
    query: Vec<(String, String)>,
    pub(super) body: Value,
    pub(super) files: Vec<UploadedFile>,
}

/// A request by a bot, or by a person who is played.
pub(super) struct Call {
    pub(super) actor: Actor,
    pub(super) open: OpenCall,
}

impl FromRequest<Arc<Shared>> for OpenCall {
    type Rejection = Reply;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Reply> {
        read(request, shared).await.map_err(Reply::refused)
    }
}

impl FromRequest<Arc<Shared>> for Call {
    type Rejection = Reply;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Reply> {
        let actor = actor_of(&request, shared).map_err(Reply::refused)?;
        let open = read(request, shared).await.map_err(Reply::refused)?;
        Ok(Self { actor, open })
    }
}

impl Call {
    /// Looks at the world.
    pub(super) fn read<T>(&self, look: impl FnOnce(&World, &Actor) -> Answer<T>) -> Answer<T> {
        self.open.shared.read(|world| look(world, &self.actor))
    }

    /// Changes the world.
    pub(super) fn write<T>(
        &self,
        change: impl FnOnce(&mut World, &Actor) -> Answer<T>,
    ) -> Answer<T> {
        self.open.shared.write(|world| change(world, &self.actor))
    }

    pub(super) fn body(&self) -> &Value {
        &self.open.body
    }

    pub(super) fn id(&self, name: &str) -> Answer<Snowflake> {
        self.open.id(name)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.open.text(name)
    }
}

impl OpenCall {
    /// A part of the path.
    pub(super) fn text(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).unwrap_or_default()
    }

    /// An id in the path.
    pub(super) fn id(&self, name: &str) -> Answer<Snowflake> {
        let text = self.text(name);
        text.parse()
            .map_err(|_| not_an_id(&format!("{name}_id"), text))
    }

    /// A parameter of the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter, also when separated by commas.
    pub(super) fn query_ids(&self, name: &str) -> Answer<Vec<Snowflake>> {
        let values = self
            .query
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value);
        let parts = values
            .flat_map(|value| value.split(','))
            .filter(|part| !part.is_empty());
        parts
            .map(|part| part.parse().map_err(|_| not_an_id(name, part)))
            .collect()
    }

    /// Every value of a parameter.
    pub(super) fn query_all(&self, name: &str) -> Vec<String> {
        let values = self.query.iter().filter(|(key, _)| key == name);
        values.map(|(_, value)| value.clone()).collect()
    }

    /// An id in the query.
    pub(super) fn query_id(&self, name: &str) -> Answer<Option<Snowflake>> {
        let value = self.query(name);
        value
            .map(|text| text.parse().map_err(|_| not_an_id(name, text)))
            .transpose()
    }

    /// A number in the query.
    pub(super) fn query_number(&self, name: &str) -> Answer<Option<u64>> {
        let read = |text: &str| {
            let message = format!("Value \"{text}\" is not int.");
            text.parse()
                .map_err(|_| Refusal::field(name, "NUMBER_TYPE_COERCE", &message))
        };
        self.query(name).map(read).transpose()
    }

    /// `limit` within Discord's bounds.
    pub(super) fn limit(&self, default: u64, max: u64) -> Answer<usize> {
        let limit = self.query_number("limit")?.unwrap_or(default);
        if limit < 1 {
            let message = "int value should be greater than or equal to 1.";
            return Err(Refusal::field("limit", "NUMBER_TYPE_MIN", message));
        }
        if limit > max {
            let message = format!("int value should be less than or equal to {max}.");
            return Err(Refusal::field("limit", "NUMBER_TYPE_MAX", &message));
        }
        Ok(usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// `offset` up to a bound.
    pub(super) fn offset(&self, max: u64) -> Answer<usize> {
        let offset = self.query_number("offset")?.unwrap_or(0);
        if offset > max {
            let message = format!("int value should be less than or equal to {max}.");
            return Err(Refusal::field("offset", "NUMBER_TYPE_MAX", &message));
        }
        Ok(usize::try_from(offset).unwrap_or(usize::MAX))
    }

    /// A switch in the query.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.query(name)
            .is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }

    /// A switch in the query that may be absent.
    pub(super) fn switch(&self, name: &str) -> Option<bool> {
        self.query(name).map(|_| self.flag(name))
    }

    /// A moment in the query.
    pub(super) fn moment(&self, name: &str) -> Answer<Option<u64>> {
        let read = |text: &str| {
            // A plus that nobody encoded has become a space.
            let ms = parse_iso8601(&text.replace(' ', "+"));
            let message = format!("Could not parse {text}. Should be ISO8601.");
            ms.ok_or_else(|| Refusal::field(name, "DATE_TIME_TYPE_PARSE", &message))
        };
        self.query(name).map(read).transpose()
    }
}

fn not_an_id(name: &str, text: &str) -> Refusal {
    let message = format!("Value \"{text}\" is not snowflake.");
    Refusal::field(name, "NUMBER_TYPE_COERCE", &message)
}

/// The bot behind the token; a played person takes precedence.
fn actor_of(request: &Request, shared: &Arc<Shared>) -> Answer<Actor> {
    let id = if let Some(ActAs(person)) = request.extensions().get() {
        *person
    } else {
        let token = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bot "))
            .ok_or_else(Refusal::unauthorized)?;
        let bot = shared.read(|world| world.bot_by_token(token.trim()));
        bot.ok_or_else(Refusal::unauthorized)?
    };
    Ok(Actor {
        id,
        reason: reason_of(request.headers())?,
    })
}

fn reason_of(headers: &HeaderMap) -> Answer<Option<String>> {
    let Some(value) = headers.get("x-audit-log-reason") else {
        return Ok(None);
    };
    let raw = String::from_utf8_lossy(value.as_bytes());
    let reason = percent_decode_str(&raw)
        .decode_utf8_lossy()
        .trim()
        .to_owned();
    if reason.chars().count() > MAX_REASON {
        let message = format!("Must be {MAX_REASON} or fewer in length.");
        return Err(Refusal::field("reason", "BASE_TYPE_MAX_LENGTH", &message));
    }
    Ok(Some(reason).filter(|reason| !reason.is_empty()))
}

async fn read(request: Request, shared: &Arc<Shared>) -> Answer<OpenCall> {
    let (mut parts, body) = request.into_parts();
    let params = RawPathParams::from_request_parts(&mut parts, shared).await;
    let path = params.map(|params| {
        params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    });
    let query = parts.uri.query().map(read_query).unwrap_or_default();
    let kind = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let is_multipart = kind.is_some_and(|kind| kind.starts_with("multipart/form-data"));
    let (body, files) = if is_multipart {
        let request = Request::from_parts(parts, body);
        let multipart = Multipart::from_request(request, shared).await;
        read_parts(multipart.map_err(|_| bad_json())?).await?
    } else {
        let bytes = to_bytes(body, MAX_BODY_BYTES)
            .await
            .map_err(|_| too_large())?;
        let body = if bytes.is_empty() {
            json!({})
        } else {
            serde_json::from_slice(&bytes).map_err(|_| bad_json())?
        };
        (body, Vec::new())
    };
    let path = path.unwrap_or_default();
    Ok(OpenCall {
        shared: Arc::clone(shared),
        path,
        query,
        body,
        files,
    })
}

fn read_query(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

async fn read_parts(mut multipart: Multipart) -> Answer<(Value, Vec<UploadedFile>)> {
    let (mut body, mut files) = (json!({}), Vec::new());
    let mut fields = serde_json::Map::new();
    let mut left = MAX_BODY_BYTES;
    for _ in 0..MAX_PARTS {
        let Some(part) = multipart.next_field().await.map_err(|_| bad_json())? else {
            break;
        };
        let name = part.name().unwrap_or_default().to_owned();
        let filename = part.file_name().map(str::to_owned);
        let content_type = part.content_type().map(str::to_owned);
        let bytes = part.bytes().await.map_err(|_| too_large())?;
        left = left.checked_sub(bytes.len()).ok_or_else(too_large)?;
        if name == "payload_json" {
            body = serde_json::from_slice(&bytes).map_err(|_| bad_json())?;
        } else if let Some(filename) = filename {
            let inside = name.trim_start_matches("files[").trim_end_matches(']');
            let index = inside.parse().unwrap_or(files.len() as u64);
            files.push(UploadedFile {
                index,
                filename,
                content_type,
                bytes,
            });
        } else {
            fields.insert(name, json!(String::from_utf8_lossy(&bytes)));
        }
    }
    if let Some(object) = body.as_object_mut() {
        for (name, value) in fields {
            object.entry(name).or_insert(value);
        }
    }
    Ok((body, files))
}

fn bad_json() -> Refusal {
    Refusal::new(400, 50_109, "The request body contains invalid JSON.")
}

fn too_large() -> Refusal {
    Refusal::new(413, 40_005, "Request entity too large")
}
