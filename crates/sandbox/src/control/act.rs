//! People act: requests under `/control` become requests under `/api/v10` made by a user.

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, Method, Uri, header};
use serde_json::{Map, Value, json};

use super::grant::grant;
use super::people::{enter_voice, join};
use super::person::act;
use super::{Control, Problem, id_of, parse};
use crate::snowflake::Snowflake;

/// `/control/guilds/{id}/…`: joining and leaving are the member's own acts, which REST has in
/// another shape; all else is forwarded.
pub(super) async fn in_guild(
    State(control): State<Control>,
    Path(rest): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = read(body).await?;
    let segments: Vec<&str> = rest.split('/').collect();
    match segments.as_slice() {
        [guild, "members"] if parts.method == Method::POST => {
            join(&control, id_of(guild)?, &parse(&bytes)?)
        }
        [guild, "members", user]
            if parts.method == Method::DELETE
                && bytes.is_empty()
                && parts.uri.query().is_none() =>
        {
            let path = format!("/users/@me/guilds/{}", id_of(guild)?);
            let request = rest_request(Method::DELETE, &path, Body::empty())?;
            Ok(act(&control.people, id_of(user)?, request).await)
        }
        [guild, "features"] if parts.method == Method::PUT => {
            grant(&control, id_of(guild)?, &parse(&bytes)?)
        }
        [guild, "members", user, "voice"] if parts.method == Method::PUT => {
            enter_voice(&control, id_of(guild)?, id_of(user)?, &parse(&bytes)?)
        }
        _ => forward_request(control, parts, bytes).await,
    }
}

/// Everything else: the same request to REST, made by the user whom `as` names.
pub(super) async fn forward(
    State(control): State<Control>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = read(body).await?;
    forward_request(control, parts, bytes).await
}

/// The server's layers have bounded the body already.
async fn read(body: Body) -> Result<Bytes, Problem> {
    let read = axum::body::to_bytes(body, usize::MAX).await;
    read.map_err(|error| Problem::bad(format!("the body cannot be read: {error}")))
}

async fn forward_request(
    control: Control,
    parts: Parts,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let (query_as, query) = split_query(&parts.uri);
    let (actor, body) = if is_json(&parts.headers) {
        let mut fields: Map<String, Value> = parse(&bytes)?;
        let actor = fields.remove("as").map(|id| json_id(&id)).transpose()?;
        reply(&mut fields);
        (
            actor,
            if fields.is_empty() {
                Bytes::new()
            } else {
                json_bytes(fields)
            },
        )
    } else {
        (None, bytes)
    };
    let path = parts
        .uri
        .path()
        .strip_prefix("/control")
        .unwrap_or_default();
    let actor = match actor.or(query_as.as_deref().map(id_of).transpose()?) {
        Some(actor) => actor,
        None => owner_of(&control, path)?,
    };
    let path = own_reaction(path);
    let query = if query.is_empty() {
        query
    } else {
        format!("?{query}")
    };
    let mut request = rest_request(parts.method, &format!("{path}{query}"), Body::from(body))?;
    for (name, value) in &parts.headers {
        if *name == header::CONTENT_TYPE || name.as_str() == "x-audit-log-reason" {
            request.headers_mut().insert(name.clone(), value.clone());
        }
    }
    Ok(act(&control.people, actor, request).await)
}

fn rest_request(method: Method, path: &str, body: Body) -> Result<Request, Problem> {
    Request::builder()
        .method(method)
        .uri(format!("/api/v10{path}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body)
        .map_err(|error| Problem::bad(error.to_string()))
}

/// No content type counts as JSON: `curl -X DELETE` sends none.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    !kind.as_bytes().starts_with(b"multipart/")
}

/// `as`, and the query without it.
fn split_query(uri: &Uri) -> (Option<String>, String) {
    let mut actor = None;
    let mut rest = Vec::new();
    for pair in uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        match pair.strip_prefix("as=") {
            Some(id) => actor = Some(id.to_owned()),
            None => rest.push(pair),
        }
    }
    (actor, rest.join("&"))
}

/// `reply_to` is short for `message_reference`.
fn reply(fields: &mut Map<String, Value>) {
    if let Some(message) = fields.remove("reply_to") {
        fields.insert("message_reference".into(), json!({ "message_id": message }));
    }
}

/// A person's own reaction needs no `/@me` here.
fn own_reaction(path: &str) -> String {
    match path.split_once("/reactions/") {
        Some((_, emoji)) if !emoji.contains('/') => format!("{path}/@me"),
        _ => path.to_owned(),
    }
}

fn owner_of(control: &Control, path: &str) -> Result<Snowflake, Problem> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let kind = segments.next().unwrap_or_default();
    let id = id_of(segments.next().unwrap_or_default())?;
    control.desk.shared.read(|world| {
        let guild = if kind == "guilds" {
            Some(id)
        } else {
            world.channels.get(&id).and_then(|channel| channel.guild_id)
        };
        let owner = guild
            .and_then(|guild| world.guilds.get(&guild))
            .map(|guild| guild.owner_id);
        owner.ok_or_else(|| {
            Problem::not_found(format!("no guild behind {path}; say who acts: `as`"))
        })
    })
}

fn json_id(value: &Value) -> Result<Snowflake, Problem> {
    serde_json::from_value(value.clone()).map_err(|_| Problem::bad("`as` must be a user's id"))
}

fn json_bytes(fields: Map<String, Value>) -> Bytes {
    Bytes::from(Value::Object(fields).to_string())
}
