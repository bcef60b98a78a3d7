//! What was decided can be read by those who may know, and tells nobody of places they may not see.

use model::{Principal, Role, principal::Scope};
use serde_json::{Value, json};

use crate::world::{World, asked, declined, done};

const NAME: &str = "discord_list_decisions";

fn key(name: &str) -> Principal {
    Principal::api_key(name, Scope::ALL.to_vec())
}

async fn call_as(world: &World, principal: &Principal, tool: &str, arguments: Value) -> Value {
    let mut call = asked(tool, arguments);
    call.principal = principal.clone();
    done(world.call(call).await).view.value
}

async fn tools_seen(world: &World, principal: &Principal, arguments: Value) -> Vec<String> {
    let view = call_as(world, principal, NAME, arguments).await;
    let rows = view["decisions"].as_array().unwrap();
    let tool = |row: &Value| row["tool"].as_str().unwrap().to_owned();
    rows.iter().map(tool).collect()
}

/// Two keys have read, one of them in a channel.
async fn busy(policy: &str) -> World {
    let world = World::with(policy);
    for (name, tool, arguments) in [
        ("a", "discord_get_guild", json!({"guild_id": "1"})),
        ("b", "discord_get_channel", json!({"channel_id": "10"})),
        ("b", "discord_list_roles", json!({"guild_id": "1"})),
    ] {
        call_as(&world, &key(name), tool, arguments).await;
    }
    world
}

#[tokio::test]
async fn everybody_sees_their_own_and_admins_see_all() {
    let world = busy("").await;
    let own = tools_seen(&world, &key("b"), json!({})).await;
    assert_eq!(own, ["discord_list_roles", "discord_get_channel"]);
    let mut call = asked(NAME, json!({"principal": "key:a"}));
    call.principal = key("b");
    assert_eq!(
        declined(world.call(call).await).code(),
        "not_your_decisions"
    );
    let admin = Principal {
        role: Role::Admin,
        ..key("admin")
    };
    let others = tools_seen(&world, &admin, json!({"principal": "key:a"})).await;
    assert_eq!(others, ["discord_get_guild"]);
}

#[tokio::test]
async fn a_rule_that_names_the_tool_lets_others_see_all() {
    let named = format!(
        "[[rules]]\nname = \"auditors\"\ntools = [\"{NAME}\"]\nprincipals = [\"key:auditor\"]\n\
         effect = \"allow\"\n"
    );
    let world = busy(&named).await;
    let seen = tools_seen(
        &world,
        &key("auditor"),
        json!({"tool": "discord_get_guild"}),
    )
    .await;
    assert_eq!(seen, ["discord_get_guild"]);
    let world = busy(&named.replace(NAME, "discord_list_*")).await;
    let seen = tools_seen(
        &world,
        &key("auditor"),
        json!({"tool": "discord_get_guild"}),
    )
    .await;
    assert!(seen.is_empty(), "a pattern names nothing: {seen:?}");
}

#[tokio::test]
async fn places_that_may_not_be_looked_into_are_left_out() {
    let world = busy("").await;
    let all = json!({"guild_id": "1"});
    let owner = Principal::local_operator();
    assert_eq!(tools_seen(&world, &owner, all.clone()).await.len(), 3);
    let denied = |text: &str| std::sync::Arc::new(toml::from_str(text).unwrap());
    world
        .gate
        .replace_policy(denied("[channels]\ndeny = [\"12\"]"));
    let seen = tools_seen(&world, &owner, all.clone()).await;
    assert_eq!(seen, [NAME, "discord_list_roles", "discord_get_guild"]);
    world
        .gate
        .replace_policy(denied("allowed_guilds = [\"2\"]"));
    assert!(
        tools_seen(&world, &owner, json!({"call_id": "none"}))
            .await
            .is_empty()
    );
    let everything = tools_seen(&world, &owner, json!({})).await;
    assert!(everything.iter().all(|tool| tool == NAME), "{everything:?}");
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended() {
    let world = busy("").await;
    let owner = Principal::local_operator();
    let mut seen = Vec::new();
    let mut arguments = json!({"limit": 1, "principal": "key:b"});
    for _ in 0..3 {
        let view = call_as(&world, &owner, NAME, arguments.clone()).await;
        let rows = view["decisions"].as_array().unwrap().clone();
        seen.extend(rows.iter().map(|row| row["tool"].clone()));
        let Some(before) = view.get("continue_before") else {
            break;
        };
        arguments["before"] = before.clone();
    }
    assert_eq!(seen, ["discord_list_roles", "discord_get_channel"]);
}

#[tokio::test]
async fn filters_narrow_it() {
    let world = busy("").await;
    let owner = Principal::local_operator();
    let seen = async |arguments| tools_seen(&world, &owner, arguments).await.len();
    assert_eq!(
        seen(json!({"outcome": "done", "principal": "key:a"})).await,
        1
    );
    assert_eq!(seen(json!({"outcome": "refused"})).await, 0);
    assert_eq!(seen(json!({"until": "2001-01-01T00:00:00Z"})).await, 0);
    assert_eq!(
        seen(json!({"since": "2001-01-01T00:00:00Z", "principal": "key:b"})).await,
        2
    );
    let wrong = world.ask(NAME, json!({"since": "yesterday"})).await;
    assert!(declined(wrong).message().contains("since"));
}
