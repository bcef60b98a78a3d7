//! Interactions and application commands; people interact by the route that Discord's own clients
//! use.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};

use super::call::{Call, OpenCall};
use super::reply::Reply;
use crate::snowflake::Snowflake;
use crate::world::{Answer, Shared};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/interactions", post(interact))
        .route("/channels/{channel}/application-command-index", get(index))
        .route(
            "/applications/{application}/guilds/{guild}/commands/permissions",
            get(list_permissions),
        )
        .route(
            "/applications/{application}/guilds/{guild}/commands/{command}/permissions",
            get(permissions).put(set_permissions),
        )
        .route(
            "/interactions/{interaction}/{token}/callback",
            post(respond),
        )
        .route(
            "/applications/{application}/commands",
            get(list).post(create).put(replace),
        )
        .route(
            "/applications/{application}/commands/{command}",
            get(one).patch(modify).delete(remove),
        )
        .route(
            "/applications/{application}/guilds/{guild}/commands",
            get(list).post(create).put(replace),
        )
        .route(
            "/applications/{application}/guilds/{guild}/commands/{command}",
            get(one).patch(modify).delete(remove),
        )
        .route("/channels/{channel}/polls/{message}/answers/@me", put(vote))
}

async fn interact(mut call: Call) -> Reply {
    let files = std::mem::take(&mut call.open.files);
    Reply::ok(call.write(|world, by| world.interact(by, call.body(), files)))
}

/// What Discord's own clients ask for before they offer commands.
async fn index(call: Call) -> Reply {
    let channel = call.id("channel");
    Reply::ok(channel.and_then(|id| call.read(|world, by| world.command_index(by, id))))
}

async fn list_permissions(call: Call) -> Reply {
    let answer = || {
        let (application, guild) = (call.id("application")?, call.id("guild")?);
        call.read(|world, by| world.list_command_permissions(by, application, guild))
    };
    Reply::ok(answer())
}

async fn permissions(call: Call) -> Reply {
    let answer = || {
        let (application, guild) = (call.id("application")?, call.id("guild")?);
        let id = call.id("command")?;
        call.read(|world, by| world.get_command_permissions(by, application, guild, id))
    };
    Reply::ok(answer())
}

async fn set_permissions(call: Call) -> Reply {
    let answer = || {
        let (application, guild) = (call.id("application")?, call.id("guild")?);
        let (id, body) = (call.id("command")?, call.body());
        call.write(|world, by| world.set_command_permissions(by, application, guild, id, body))
    };
    Reply::ok(answer())
}

async fn respond(mut call: OpenCall) -> Reply {
    let files = std::mem::take(&mut call.files);
    let answer = || {
        let id = call.id("interaction")?;
        let token = call.text("token");
        call.shared
            .write(|world| world.respond(id, token, &call.body, files))
    };
    if call.flag("with_response") {
        Reply::ok(answer())
    } else {
        Reply::done(answer().map(drop))
    }
}

/// The application and, where the path has one, the guild.
fn scope(call: &Call) -> Answer<(Snowflake, Option<Snowflake>)> {
    let guild = (!call.text("guild").is_empty())
        .then(|| call.id("guild"))
        .transpose()?;
    Ok((call.id("application")?, guild))
}

async fn list(call: Call) -> Reply {
    let answer = || {
        let (application, guild) = scope(&call)?;
        let localized = call.open.flag("with_localizations");
        call.read(|world, by| world.list_commands(by, application, guild, localized))
    };
    Reply::ok(answer())
}

async fn create(call: Call) -> Reply {
    let answer = || {
        let (application, guild) = scope(&call)?;
        call.write(|world, by| world.put_command(by, application, guild, call.body()))
    };
    match answer() {
        Ok((command, true)) => Reply::created(Ok(command)),
        Ok((command, false)) => Reply::ok(Ok(command)),
        Err(refusal) => Reply::refused(refusal),
    }
}

async fn replace(call: Call) -> Reply {
    let answer = || {
        let (application, guild) = scope(&call)?;
        call.write(|world, by| world.replace_commands(by, application, guild, call.body()))
    };
    Reply::ok(answer())
}

async fn one(call: Call) -> Reply {
    let answer = || {
        let (application, guild) = scope(&call)?;
        let id = call.id("command")?;
        call.read(|world, by| world.get_command(by, application, guild, id))
    };
    Reply::ok(answer())
}

async fn modify(call: Call) -> Reply {
    let answer = || {
        let (application, guild) = scope(&call)?;
        let id = call.id("command")?;
        call.write(|world, by| world.modify_command(by, application, guild, id, call.body()))
    };
    Reply::ok(answer())
}

async fn remove(call: Call) -> Reply {
    let answer = || {
        let (application, guild) = scope(&call)?;
        let id = call.id("command")?;
        call.write(|world, by| world.delete_command(by, application, guild, id))
    };
    Reply::done(answer())
}

/// People vote with all their answers at once.
async fn vote(call: Call) -> Reply {
    let answer = || {
        let (channel, message) = (call.id("channel")?, call.id("message")?);
        let mut form = crate::validate::Form::new(call.body());
        let chosen = form.ids("answer_ids", 0..=10);
        let chosen = form.required("answer_ids", chosen);
        form.finish()?;
        call.write(|world, by| world.vote_for(by, channel, message, &chosen))
    };
    Reply::done(answer())
}
