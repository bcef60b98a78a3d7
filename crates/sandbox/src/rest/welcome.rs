//! How a community receives people: welcome screen, onboarding, server guide, requests to join.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, patch, post};

use super::call::Call;
use super::reply::Reply;
use crate::world::guild::community::{JoinRequestPage, JoinStatus};
use crate::world::{Refusal, Shared};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/guilds/{guild}/welcome-screen",
            get(welcome_screen).patch(modify_welcome_screen),
        )
        .route(
            "/guilds/{guild}/onboarding",
            get(onboarding).put(put_onboarding),
        )
        .route(
            "/guilds/{guild}/onboarding-responses",
            post(answer_onboarding),
        )
        .route(
            "/guilds/{guild}/new-member-welcome",
            get(guide).put(put_guide),
        )
        .route("/guilds/{guild}/requests", get(join_requests).post(apply))
        .route(
            "/guilds/{guild}/requests/{request}",
            patch(action_join_request),
        )
}

async fn welcome_screen(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|id| call.read(|world, by| world.get_welcome_screen(by, id))))
}

async fn modify_welcome_screen(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(
        guild.and_then(|id| {
            call.write(|world, by| world.modify_welcome_screen(by, id, call.body()))
        }),
    )
}

async fn onboarding(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|id| call.read(|world, by| world.get_onboarding(by, id))))
}

async fn put_onboarding(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(
        guild.and_then(|id| call.write(|world, by| world.put_onboarding(by, id, call.body()))),
    )
}

/// A person's own act: bots are refused.
async fn answer_onboarding(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(
        guild.and_then(|id| call.write(|world, by| world.answer_onboarding(by, id, call.body()))),
    )
}

/// 204 where there is no guide.
async fn guide(call: Call) -> Reply {
    let guild = call.id("guild");
    match guild.and_then(|id| call.read(|world, by| world.get_guide(by, id))) {
        Ok(none) if none.is_null() => Reply::done(Ok(())),
        answer => Reply::ok(answer),
    }
}

/// A person's own act: bots are refused.
async fn put_guide(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|id| call.write(|world, by| world.put_guide(by, id, call.body()))))
}

/// A person's own act: bots are refused.
async fn apply(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(
        guild.and_then(|id| call.write(|world, by| world.request_to_join(by, id, call.body()))),
    )
}

async fn join_requests(call: Call) -> Reply {
    let answer = || {
        let guild = call.id("guild")?;
        let status = call.open.query("status").map(|word| {
            let message = "Value must be one of {STARTED, SUBMITTED, REJECTED, APPROVED}.";
            JoinStatus::parse(word)
                .ok_or_else(|| Refusal::field("status", "BASE_TYPE_CHOICES", message))
        });
        let page = JoinRequestPage {
            status: status.transpose()?,
            before: call.open.query_id("before")?,
            after: call.open.query_id("after")?,
            limit: call.open.limit(100, 100)?,
        };
        call.read(|world, by| world.list_join_requests(by, guild, page))
    };
    Reply::ok(answer())
}

async fn action_join_request(call: Call) -> Reply {
    let answer = || {
        let (guild, request) = (call.id("guild")?, call.id("request")?);
        call.write(|world, by| world.action_join_request(by, guild, request, call.body()))
    };
    Reply::ok(answer())
}
