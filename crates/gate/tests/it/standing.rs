//! Policies of workspaces stand under the operator's, and a change counts from the next call on.

use std::sync::Arc;

use model::{Call, Principal, WorkspaceId};
use policy::Policy;
use serde_json::json;

use crate::world::{World, asked};

fn policy(text: &str) -> Arc<Policy> {
    Arc::new(toml::from_str(text).unwrap())
}

fn bakers() -> WorkspaceId {
    "bakers".parse().unwrap()
}

async fn code(world: &World, workspace: WorkspaceId) -> String {
    let call = Call {
        principal: Principal {
            workspace,
            ..Principal::local_operator()
        },
        ..asked("discord_list_guilds", json!({}))
    };
    match world.call(call).await {
        Ok(_) => "ok".to_owned(),
        Err(declined) => declined.code().to_owned(),
    }
}

const SHUT: &str = "[[rules]]\nname = \"shut\"\neffect = \"deny\"";
const OPEN: &str = "[[rules]]\nname = \"open\"\neffect = \"allow\"";

#[tokio::test]
async fn the_policy_of_a_workspace_is_for_its_calls_alone() {
    let world = World::new();
    world
        .gate
        .replace_workspace_policy(WorkspaceId::default(), Some(policy(SHUT)));
    assert_eq!(code(&world, WorkspaceId::default()).await, "denied_by_rule");
    world
        .gate
        .replace_workspace_policy(bakers(), Some(policy(SHUT)));
    world
        .gate
        .replace_workspace_policy(WorkspaceId::default(), None);
    assert_eq!(code(&world, WorkspaceId::default()).await, "ok");
}

#[tokio::test]
async fn it_opens_nothing_that_the_operator_closed_before_or_after() {
    let world = World::with(SHUT);
    let home = WorkspaceId::default();
    world
        .gate
        .replace_workspace_policy(home.clone(), Some(policy(OPEN)));
    assert_eq!(code(&world, home.clone()).await, "denied_by_rule");
    world.gate.replace_policy(policy(OPEN));
    assert_eq!(code(&world, home.clone()).await, "ok");
    world.gate.replace_policy(policy(SHUT));
    assert_eq!(code(&world, home).await, "denied_by_rule");
}

#[tokio::test]
async fn cedar_text_refuses_everything_until_somebody_reads_it() {
    let world = World::with("cedar = \"forbid (principal, action, resource);\"");
    assert_eq!(code(&world, WorkspaceId::default()).await, "policy_error");
}
