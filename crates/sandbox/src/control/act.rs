//! People act: requests under `/control` become requests under `/api/v10` made by a user.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::person::act;
use super::{Control, Problem, parse};
use crate::gateway::parse_presence;
use crate::seed::{self, GuildSpec};
use crate::snowflake::Snowflake;
use crate::world::intents::GUILDS;
use crate::world::{Actor, Audience, Refusal, World};

/// Discord's limits for a username.
const USERNAME_LENGTH: std::ops::RangeInclusive<usize> = 2..=32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    username: String,
    #[serde(default)]
    bot: bool,
}

/// `POST /control/users`
pub(super) async fn create_user(
    State(control): State<Control>,
    body: Bytes,
) -> Result<Response, Problem> {
    let new: NewUser = parse(&body)?;
    if !USERNAME_LENGTH.contains(&new.username.chars().count()) {
        return Err(Problem::bad("username must be 2 to 32 characters long"));
    }
    let created = control.desk.shared.write(|world| {
        if world
            .users
            .values()
            .any(|user| user.username == new.username)
        {
            return Err(Problem::bad(format!(
                "username {:?} is taken",
                new.username
            )));
        }
        if new.bot {
            let id = world.create_bot(&new.username, None);
            let token = world
                .application_of(id)
                .map(|application| application.token.clone());
            let mut user = world.user_payload(id);
            user["token"] = json!(token);
            return Ok(user);
        }
        let id = world.create_user(&new.username);
        Ok(world.user_payload(id))
    })?;
    Ok((StatusCode::CREATED, Json(created)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowedIntents {
    privileged: u64,
}

/// `PUT /control/users/{id}/intents`
pub(super) async fn allow_intents(
    State(control): State<Control>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let bot = id_of(&id)?;
    let allowed: AllowedIntents = parse(&body)?;
    control.desk.shared.write(|world| {
        if world.application_of(bot).is_none() {
            return Err(Problem::not_found(format!("user {bot} is no bot")));
        }
        world.set_privileged_intents(bot, allowed.privileged);
        Ok(StatusCode::NO_CONTENT)
    })
}

/// `POST /control/guilds`
pub(super) async fn create_guild(
    State(control): State<Control>,
    body: Bytes,
) -> Result<Response, Problem> {
    let spec: GuildSpec = parse(&body)?;
    let created = control.desk.shared.write(|world| {
        let added = seed::add_guild(world, &spec).map_err(Problem::bad)?;
        for bot in &added.bots {
            announce_guild(world, added.guild_id, *bot);
        }
        seed::say(world, &added, &spec).map_err(Problem::bad)?;
        world
            .guild_payload(added.guild_id)
            .ok_or_else(|| Problem::not_found("the guild is gone"))
    })?;
    Ok((StatusCode::CREATED, Json(created)).into_response())
}

fn announce_guild(world: &mut World, guild: Snowflake, bot: Snowflake) {
    if let Some(payload) = world.guild_create_payload(guild, bot, u64::MAX) {
        world.dispatch("GUILD_CREATE", Audience::User(bot), GUILDS, payload);
    }
}

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
fn is_json(headers: &HeaderMap) -> bool {
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

fn id_of(text: &str) -> Result<Snowflake, Problem> {
    text.parse()
        .map_err(|_| Problem::bad(format!("{text:?} is no id")))
}

fn json_id(value: &Value) -> Result<Snowflake, Problem> {
    serde_json::from_value(value.clone()).map_err(|_| Problem::bad("`as` must be a user's id"))
}

fn json_bytes(fields: Map<String, Value>) -> Bytes {
    Bytes::from(Value::Object(fields).to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Joining {
    user_id: Snowflake,
    /// A bot's own role gets these bits.
    #[serde(default)]
    permissions: u64,
}

fn join(control: &Control, guild: Snowflake, joining: &Joining) -> Result<Response, Problem> {
    let user = joining.user_id;
    let member = control.desk.shared.write(|world| {
        world.join_guild(user, guild, joining.permissions)?;
        Ok::<_, Refusal>(world.member_payload(guild, user))
    })?;
    Ok((StatusCode::CREATED, Json(member)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnteringVoice {
    channel_id: Option<Snowflake>,
    #[serde(default)]
    self_mute: bool,
    #[serde(default)]
    self_deaf: bool,
}

fn enter_voice(
    control: &Control,
    guild: Snowflake,
    user: Snowflake,
    entering: &EnteringVoice,
) -> Result<Response, Problem> {
    let EnteringVoice {
        channel_id,
        self_mute,
        self_deaf,
    } = *entering;
    control.desk.shared.write(|world| {
        world.set_voice_state(&Actor::from(user), guild, channel_id, self_mute, self_deaf)
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `PUT /control/users/{id}/presence`
pub(super) async fn show_presence(
    State(control): State<Control>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let user = id_of(&id)?;
    let presence = parse_presence(&parse(&body)?)
        .ok_or_else(|| Problem::bad("status must be online, idle, dnd, invisible or offline"))?;
    control.desk.shared.write(|world| {
        if !world.users.contains_key(&user) {
            return Err(Problem::not_found(format!("no user {user}")));
        }
        world.set_presence(user, presence);
        Ok(StatusCode::NO_CONTENT)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepting {
    #[serde(rename = "as")]
    user: Snowflake,
}

/// `POST /control/invites/{code}`
pub(super) async fn accept_invite(
    State(control): State<Control>,
    Path(code): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let accepting: Accepting = parse(&body)?;
    control
        .desk
        .shared
        .write(|world| world.accept_invite(accepting.user, &code))?;
    Ok(StatusCode::NO_CONTENT)
}
