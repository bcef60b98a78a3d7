//! Scheduled events, their exceptions, and those who are interested.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, patch, post, put};

use super::call::Call;
use super::reply::Reply;
use crate::snowflake::Snowflake;
use crate::world::guild::scheduled_event::{Interest, SubscriberPage};
use crate::world::{Answer, Refusal, Shared};

/// Exceptions whose counts one request may ask for.
const MAX_COUNTED: usize = 10;

pub(super) fn routes() -> Router<Arc<Shared>> {
    let one = "/guilds/{guild}/scheduled-events/{event}";
    let at = |rest: &str| format!("{one}{rest}");
    Router::new()
        .route("/guilds/{guild}/scheduled-events", get(list).post(create))
        .route(one, get(get_one).patch(modify).delete(delete))
        .route(&at("/users"), get(users))
        .route(&at("/users/counts"), get(counts))
        .route(&at("/users/@me"), put(subscribe).delete(unsubscribe))
        .route(&at("/exceptions"), post(create_exception))
        .route(
            &at("/exceptions/{exception}"),
            patch(modify_exception).delete(delete_exception),
        )
        // Discord's documentation has the longer path, its OpenAPI document the shorter one.
        .route(&at("/exceptions/{exception}/users"), get(users))
        .route(&at("/{exception}/users"), get(users))
        .route(
            &at("/{exception}/users/@me"),
            put(subscribe).delete(unsubscribe),
        )
}

/// Guild and event of the path.
fn place(call: &Call) -> Answer<(Snowflake, Snowflake)> {
    Ok((call.id("guild")?, call.id("event")?))
}

/// The exception of the path, if it has one.
fn exception(call: &Call) -> Answer<Option<Snowflake>> {
    let named = !call.text("exception").is_empty();
    named.then(|| call.id("exception")).transpose()
}

async fn list(call: Call) -> Reply {
    let count = call.open.flag("with_user_count");
    let guild = call.id("guild");
    Reply::ok(
        guild
            .and_then(|guild| call.read(|world, by| world.list_scheduled_events(by, guild, count))),
    )
}

async fn create(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| {
        call.write(|world, by| world.create_scheduled_event(by, guild, call.body()))
    }))
}

async fn get_one(call: Call) -> Reply {
    let count = call.open.flag("with_user_count");
    Reply::ok(place(&call).and_then(|(guild, event)| {
        call.read(|world, by| world.get_scheduled_event(by, guild, event, count))
    }))
}

async fn modify(call: Call) -> Reply {
    Reply::ok(place(&call).and_then(|(guild, event)| {
        call.write(|world, by| world.modify_scheduled_event(by, guild, event, call.body()))
    }))
}

async fn delete(call: Call) -> Reply {
    Reply::done(place(&call).and_then(|(guild, event)| {
        call.write(|world, by| world.delete_scheduled_event(by, guild, event))
    }))
}

async fn users(call: Call) -> Reply {
    let answer = || {
        let (guild, event) = place(&call)?;
        let exception = exception(&call)?;
        let page = SubscriberPage {
            before: call.open.query_id("before")?,
            after: call.open.query_id("after")?,
            limit: call.open.limit(100, 100)?,
            with_member: call.open.flag("with_member"),
        };
        call.read(|world, by| world.event_subscribers(by, guild, event, exception, page))
    };
    Reply::ok(answer())
}

async fn counts(call: Call) -> Reply {
    let answer = || {
        let (guild, event) = place(&call)?;
        let key = "guild_scheduled_event_exception_ids";
        let ids = call.open.query_ids(key)?;
        if ids.len() > MAX_COUNTED {
            let message = format!("Must be {MAX_COUNTED} or fewer in length.");
            return Err(Refusal::field(key, "BASE_TYPE_MAX_LENGTH", &message));
        }
        call.read(|world, by| world.event_subscriber_counts(by, guild, event, &ids))
    };
    Reply::ok(answer())
}

/// A person's own act: bots are refused.
async fn subscribe(call: Call) -> Reply {
    Reply::ok(interest(&call, Interest::Shown))
}

async fn unsubscribe(call: Call) -> Reply {
    Reply::done(interest(&call, Interest::Withdrawn).map(drop))
}

fn interest(call: &Call, interest: Interest) -> Answer {
    let (guild, event) = place(call)?;
    let exception = exception(call)?;
    call.write(|world, by| world.show_interest(by, guild, event, exception, interest))
}

async fn create_exception(call: Call) -> Reply {
    Reply::ok(place(&call).and_then(|(guild, event)| {
        call.write(|world, by| world.create_event_exception(by, guild, event, call.body()))
    }))
}

async fn modify_exception(call: Call) -> Reply {
    let answer = || {
        let ((guild, event), id) = (place(&call)?, call.id("exception")?);
        call.write(|world, by| world.modify_event_exception(by, guild, event, id, call.body()))
    };
    Reply::ok(answer())
}

async fn delete_exception(call: Call) -> Reply {
    let answer = || {
        let ((guild, event), id) = (place(&call)?, call.id("exception")?);
        call.write(|world, by| world.delete_event_exception(by, guild, event, id))
    };
    Reply::done(answer())
}
