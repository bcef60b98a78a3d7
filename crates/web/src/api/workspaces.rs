//! `/api/workspaces`: workspaces, and opening and closing them.

use axum::{extract::State, response::Response};
use gate::manage::{Command, WorkspaceDetail, WorkspaceList};
use http::StatusCode;
use model::{WorkspaceId, workspaces::Workspace};
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

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/workspaces", "list_workspaces", list)
            .about(
                "List workspaces.\n\nWhoever runs the service sees all of them, everybody else \
                 their own.",
            )
            .answers::<WorkspaceList>(StatusCode::OK),
        Route::post("/workspaces", "create_workspace", create)
            .about("Make a workspace.\n\nOnly for whoever runs the service.")
            .takes::<NewWorkspace>()
            .answers::<Workspace>(StatusCode::CREATED),
        Route::get("/workspaces/{workspace}", "show_workspace", show)
            .about("Show a workspace with its members, guilds and settings.")
            .answers::<WorkspaceDetail>(StatusCode::OK),
        Route::post(
            "/workspaces/{workspace}/suspend",
            "suspend_workspace",
            suspend,
        )
        .about(
            "Suspend a workspace.\n\nNobody in it can do anything until it is resumed by \
                 whoever runs the service.",
        )
        .answers::<Workspace>(StatusCode::OK),
        Route::post("/workspaces/{workspace}/resume", "resume_workspace", resume)
            .about("Let a suspended workspace work again.")
            .answers::<Workspace>(StatusCode::OK),
    ]
}

/// A workspace to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewWorkspace {
    /// 1 to 32 lower-case letters, digits or `-`. It stays for good.
    id: WorkspaceId,
    /// For people, 1 to 64 characters. The id, where it is left out.
    name: Option<String>,
}

async fn list(State(api): State<Api>, Who(principal): Who) -> Result<Response, Problem> {
    answer(&api, &principal, Command::ListWorkspaces, StatusCode::OK).await
}

async fn create(
    State(api): State<Api>,
    Who(principal): Who,
    Body(new): Body<NewWorkspace>,
) -> Result<Response, Problem> {
    let command = Command::CreateWorkspace {
        name: new.name.unwrap_or_else(|| new.id.to_string()),
        workspace: new.id,
    };
    answer(&api, &principal, command, StatusCode::CREATED).await
}

async fn show(
    State(api): State<Api>,
    Who(principal): Who,
    Named(workspace): Named<WorkspaceId>,
) -> Result<Response, Problem> {
    let command = Command::ShowWorkspace { workspace };
    answer(&api, &principal, command, StatusCode::OK).await
}

async fn suspend(
    State(api): State<Api>,
    Who(principal): Who,
    Named(workspace): Named<WorkspaceId>,
) -> Result<Response, Problem> {
    let command = Command::SuspendWorkspace { workspace };
    answer(&api, &principal, command, StatusCode::OK).await
}

async fn resume(
    State(api): State<Api>,
    Who(principal): Who,
    Named(workspace): Named<WorkspaceId>,
) -> Result<Response, Problem> {
    let command = Command::ResumeWorkspace { workspace };
    answer(&api, &principal, command, StatusCode::OK).await
}
