//! Applications: themselves, what they sell, their integrations, and what only people or OAuth2
//! tokens may ask.

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};
use serde_json::json;

use super::call::{Call, OpenCall};
use super::reply::Reply;
use crate::world::application::EntitlementQuery;
use crate::world::{Refusal, Shared, World};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/applications/@me", get(mine).patch(modify_mine))
        .route("/oauth2/applications/@me", get(mine))
        .route("/applications/{application}", get(one).patch(modify))
        .route(
            "/applications/{application}/activity-instances/{instance}",
            get(activity),
        )
        .route("/applications/{application}/attachment", post(attach))
        .route(
            "/applications/{application}/role-connections/metadata",
            get(role_connections).put(set_role_connections),
        )
        .route("/applications/{application}/skus", get(skus))
        .route(
            "/applications/{application}/entitlements",
            get(entitlements).post(entitle),
        )
        .route(
            "/applications/{application}/entitlements/{entitlement}",
            get(entitlement).delete(withdraw),
        )
        .route(
            "/applications/{application}/entitlements/{entitlement}/consume",
            post(consume),
        )
        .route("/skus/{sku}/subscriptions", get(subscriptions))
        .route(
            "/skus/{sku}/subscriptions/{subscription}",
            get(subscription),
        )
        .route("/guilds/{guild}/integrations", get(integrations))
        .route(
            "/guilds/{guild}/integrations/{integration}",
            delete(remove_integration),
        )
        .route("/oauth2/keys", get(keys))
        .route("/oauth2/@me", get(bearer_only))
        .route("/oauth2/userinfo", get(bearer_only))
        .route("/users/@me/connections", get(people_only))
        .route(
            "/users/@me/applications/{application}/role-connection",
            get(people_only).put(people_only).delete(people_only),
        )
        .route(
            "/users/@me/applications/{application}/entitlements",
            get(people_only),
        )
}

async fn mine(call: Call) -> Reply {
    Reply::ok(call.read(World::my_application))
}

async fn modify_mine(call: Call) -> Reply {
    Reply::ok(call.write(|world, by| world.modify_application(by, by.id, call.body())))
}

async fn one(call: Call) -> Reply {
    let id = call.id("application");
    Reply::ok(id.and_then(|id| call.read(|world, by| world.get_application(by, id))))
}

async fn modify(call: Call) -> Reply {
    let answer = || {
        let id = call.id("application")?;
        call.write(|world, by| world.modify_application(by, id, call.body()))
    };
    Reply::ok(answer())
}

async fn activity(call: Call) -> Reply {
    let answer = || {
        let (id, instance) = (call.id("application")?, call.text("instance"));
        call.read(|world, by| world.activity_instance(by, id, instance))
    };
    Reply::ok(answer())
}

async fn attach(mut call: Call) -> Reply {
    let files = std::mem::take(&mut call.open.files);
    let answer = || {
        let id = call.id("application")?;
        call.write(|world, by| world.application_attachment(by, id, files))
    };
    Reply::ok(answer())
}

async fn role_connections(call: Call) -> Reply {
    let id = call.id("application");
    Reply::ok(id.and_then(|id| call.read(|world, by| world.role_connections(by, id))))
}

async fn set_role_connections(call: Call) -> Reply {
    let answer = || {
        let id = call.id("application")?;
        call.write(|world, by| world.set_role_connections(by, id, call.body()))
    };
    Reply::ok(answer())
}

async fn skus(call: Call) -> Reply {
    let id = call.id("application");
    Reply::ok(id.and_then(|id| call.read(|world, by| world.list_skus(by, id))))
}

async fn entitlements(call: Call) -> Reply {
    let answer = || {
        let id = call.id("application")?;
        let query = EntitlementQuery {
            user: call.open.query_id("user_id")?,
            guild: call.open.query_id("guild_id")?,
            skus: call.open.query_ids("sku_ids")?,
            before: call.open.query_id("before")?,
            after: call.open.query_id("after")?,
            limit: call.open.limit(100, 100)?,
            exclude_ended: call.open.flag("exclude_ended"),
        };
        call.read(|world, by| world.list_entitlements(by, id, &query))
    };
    Reply::ok(answer())
}

async fn entitle(call: Call) -> Reply {
    let answer = || {
        let id = call.id("application")?;
        call.write(|world, by| world.create_entitlement(by, id, call.body()))
    };
    Reply::ok(answer())
}

async fn entitlement(call: Call) -> Reply {
    let answer = || {
        let (id, entitlement) = (call.id("application")?, call.id("entitlement")?);
        call.read(|world, by| world.get_entitlement(by, id, entitlement))
    };
    Reply::ok(answer())
}

async fn withdraw(call: Call) -> Reply {
    let answer = || {
        let (id, entitlement) = (call.id("application")?, call.id("entitlement")?);
        call.write(|world, by| world.delete_entitlement(by, id, entitlement))
    };
    Reply::done(answer())
}

async fn consume(call: Call) -> Reply {
    let answer = || {
        let (id, entitlement) = (call.id("application")?, call.id("entitlement")?);
        call.write(|world, by| world.consume_entitlement(by, id, entitlement))
    };
    Reply::done(answer())
}

async fn subscriptions(call: Call) -> Reply {
    let answer = || {
        let (sku, user) = (call.id("sku")?, call.open.query_id("user_id")?);
        let limit = call.open.limit(50, 100)?;
        call.read(|world, by| world.list_subscriptions(by, sku, user, limit))
    };
    Reply::ok(answer())
}

async fn subscription(call: Call) -> Reply {
    let answer = || {
        let (sku, id) = (call.id("sku")?, call.id("subscription")?);
        call.read(|world, by| world.get_subscription(by, sku, id))
    };
    Reply::ok(answer())
}

async fn integrations(call: Call) -> Reply {
    let guild = call.id("guild");
    Reply::ok(guild.and_then(|guild| call.read(|world, by| world.guild_integrations(by, guild))))
}

async fn remove_integration(call: Call) -> Reply {
    let answer = || {
        let (guild, id) = (call.id("guild")?, call.id("integration")?);
        call.write(|world, by| world.delete_integration(by, guild, id))
    };
    Reply::done(answer())
}

/// The sandbox signs nothing, so it has no keys to show. Needs no token.
async fn keys(_call: OpenCall) -> Reply {
    Reply::ok(Ok(json!({"keys": []})))
}

/// What takes the token of a person who has logged in to an application.
async fn bearer_only(_call: Call) -> Reply {
    let text = "Invalid OAuth2 access token provided";
    Reply::refused(Refusal::new(401, 50_025, text))
}

/// What bots have no account for.
async fn people_only(_call: Call) -> Reply {
    Reply::refused(Refusal::new(403, 20_001, "Bots cannot use this endpoint"))
}
