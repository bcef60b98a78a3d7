//! Lets people write names where the control API takes ids: in the path, in the query, and in the
//! fields of a body that name a user, a channel or a guild.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use http::Uri;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use tower::ServiceExt;

use super::act::is_json;
use super::{Problem, Serving};
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::named::NameError;

/// Fields of a body that name a user.
const USERS: &[&str] = &[
    "as",
    "user_id",
    "recipient_id",
    "application_id",
    "owner_id",
];
/// Fields of a body that name a channel.
const CHANNELS: &[&str] = &["channel_id", "parent_id", "webhook_channel_id"];

/// Every request below `/control`: names become ids, then its own route answers it.
pub(super) async fn serve(serving: Serving, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let shared = &serving.desk.shared;
    let path = parts
        .uri
        .path()
        .strip_prefix("/control")
        .unwrap_or_default();
    let (path, guild) = shared.read(|world| path_of(world, path))?;
    let query = parts.uri.query().unwrap_or_default();
    let query = shared.read(|world| query_of(world, query))?;
    let body = if is_json(&parts.headers) {
        let bytes = axum::body::to_bytes(body, usize::MAX)
            .await
            .map_err(|error| Problem::bad(format!("the body cannot be read: {error}")))?;
        Body::from(shared.read(|world| body_of(world, guild, bytes))?)
    } else {
        body
    };
    let query = if query.is_empty() {
        query
    } else {
        format!("?{query}")
    };
    let uri: Uri = format!("/control{path}{query}")
        .parse()
        .map_err(|_| Problem::bad("this path cannot be read"))?;
    match serving.routes.oneshot(fresh(parts, uri, body)).await {
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

/// The request as its route sees it, without what the route before it left behind.
fn fresh(parts: Parts, uri: Uri, body: Body) -> Request {
    let mut request = Request::new(body);
    *request.method_mut() = parts.method;
    *request.headers_mut() = parts.headers;
    *request.uri_mut() = uri;
    request
}

/// A path of Discord's API, whose names become ids.
pub(crate) fn ids_in_path(world: &World, path: &str) -> Result<String, NameError> {
    path_of(world, path).map(|(path, _)| path)
}

/// The path with ids, and the guild that it names.
fn path_of(world: &World, path: &str) -> Result<(String, Option<Snowflake>), NameError> {
    let mut guild = None;
    let mut before = String::new();
    let mut told = String::new();
    for segment in path.split('/').skip(1) {
        let text = percent_decode_str(segment).decode_utf8_lossy();
        let is_name = text.parse::<u64>().is_err() && !text.starts_with('@') && !text.is_empty();
        let id = match before.as_str() {
            "guilds" if is_name && text != "templates" => Some(world.guild_named(&text)?),
            "channels" if is_name => Some(world.channel_named(&text, guild)?),
            "users" | "members" | "applications" if is_name && text != "search" => {
                Some(world.user_named(&text)?)
            }
            "roles" if is_name && text != "member-counts" => guild
                .map(|guild| world.role_named(&text, guild))
                .transpose()?,
            _ => None,
        };
        if before == "guilds" {
            guild = id.or_else(|| text.parse().ok());
        }
        told.push('/');
        match id {
            Some(id) => told.push_str(&id.to_string()),
            None => told.push_str(segment),
        }
        before = text.into_owned();
    }
    Ok((told, guild))
}

fn query_of(world: &World, query: &str) -> Result<String, NameError> {
    let mut told = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let text = percent_decode_str(value).decode_utf8_lossy();
        told.push(match key {
            "as" => format!("as={}", world.user_named(&text)?),
            "channel" => format!("channel={}", world.channel_named(&text, None)?),
            _ if value.is_empty() => pair.to_owned(),
            _ => format!("{key}={value}"),
        });
    }
    Ok(told.join("&"))
}

fn body_of(world: &World, guild: Option<Snowflake>, bytes: Bytes) -> Result<Bytes, NameError> {
    let Ok(mut fields) = serde_json::from_slice::<Map<String, Value>>(&bytes) else {
        // Lists, and what is no JSON, are for the route to read.
        return Ok(bytes);
    };
    let mut changed = false;
    let mut swap = |key: &str, find: &dyn Fn(&str) -> Result<Snowflake, NameError>| {
        let name = fields.get(key).and_then(Value::as_str);
        if let Some(name) = name.filter(|name| name.parse::<u64>().is_err()) {
            let id = find(name)?;
            fields.insert(key.to_owned(), json!(id));
            changed = true;
        }
        Ok::<_, NameError>(())
    };
    for key in USERS {
        swap(key, &|name| world.user_named(name))?;
    }
    swap("guild_id", &|name| world.guild_named(name))?;
    for key in CHANNELS {
        swap(key, &|name| world.channel_named(name, guild))?;
    }
    if !changed {
        return Ok(bytes);
    }
    Ok(Value::Object(fields).to_string().into())
}

impl From<NameError> for Problem {
    fn from(error: NameError) -> Self {
        match error {
            NameError::Unknown { .. } => Self::not_found(error.to_string()),
            NameError::Ambiguous { .. } => Self::bad(error.to_string()),
        }
    }
}
