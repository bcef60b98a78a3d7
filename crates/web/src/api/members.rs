//! `/api/workspaces/{workspace}/members`: people and their roles.

use axum::{extract::State, response::Response};
use gate::manage::{Command, MemberList};
use http::StatusCode;
use model::{Role, UserId, WorkspaceId, workspaces::Member};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Api,
    body::Body,
    manage::answer,
    parts::{Named, Who},
    route::Route,
};
use crate::problem::Problem;

const MEMBERS: &str = "/workspaces/{workspace}/members";
const MEMBER: &str = "/workspaces/{workspace}/members/{member}";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(MEMBERS, "list_members", list)
            .about("List the members of a workspace.")
            .answers::<MemberList>(StatusCode::OK),
        Route::post(MEMBERS, "add_member", add)
            .about("Add a member.\n\nTakes an owner.")
            .takes::<NewMember>()
            .answers::<Member>(StatusCode::CREATED),
        Route::patch(MEMBER, "set_role", set_role)
            .about("Give a member another role.\n\nTakes an owner. The last owner stays one.")
            .takes::<NewRole>()
            .answers::<Member>(StatusCode::OK),
        Route::delete(MEMBER, "remove_member", remove)
            .about("Remove a member.\n\nTakes an owner. The last owner cannot be removed.")
            .answers_nothing(),
    ]
}

/// A member to be added.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewMember {
    /// Names the person within the workspace, 1 to 64 characters. The user id, where it is left out.
    name: Option<String>,
    /// The person in Discord.
    user_id: Option<UserId>,
    role: Role,
}

/// Another role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewRole {
    role: Role,
}

async fn list(
    State(api): State<Api>,
    Who(principal): Who,
    Named(workspace): Named<WorkspaceId>,
) -> Result<Response, Problem> {
    let command = Command::ListMembers { workspace };
    answer(&api, &principal, command, StatusCode::OK).await
}

async fn add(
    State(api): State<Api>,
    Who(principal): Who,
    Named(workspace): Named<WorkspaceId>,
    Body(new): Body<NewMember>,
) -> Result<Response, Problem> {
    let command = Command::AddMember {
        workspace,
        // Without either, the empty name is refused with what a name must be.
        name: new
            .name
            .or_else(|| new.user_id.map(|id| id.to_string()))
            .unwrap_or_default(),
        user_id: new.user_id,
        role: new.role,
    };
    answer(&api, &principal, command, StatusCode::CREATED).await
}

async fn set_role(
    State(api): State<Api>,
    Who(principal): Who,
    Named((workspace, member)): Named<(WorkspaceId, String)>,
    Body(new): Body<NewRole>,
) -> Result<Response, Problem> {
    let command = Command::SetRole {
        workspace,
        member,
        role: new.role,
    };
    answer(&api, &principal, command, StatusCode::OK).await
}

async fn remove(
    State(api): State<Api>,
    Who(principal): Who,
    Named((workspace, member)): Named<(WorkspaceId, String)>,
) -> Result<Response, Problem> {
    let command = Command::RemoveMember { workspace, member };
    answer(&api, &principal, command, StatusCode::OK).await
}
