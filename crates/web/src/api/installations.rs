//! `/api/installations`: which guilds belong to a workspace.

use axum::{extract::State, response::Response};
use gate::manage::{Command, InstallationList};
use http::StatusCode;
use model::{GuildId, WorkspaceId, workspaces::Installation};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Api,
    body::Body,
    manage::{Where, answer},
    parts::{Asked, Named, Who},
    route::Route,
};
use crate::problem::Problem;

const WORKSPACE: &str = "Your own, where it is left out.";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/installations", "list_installations", list)
            .about(
                "List the guilds of a workspace.\n\nThe default workspace also has every guild that \
                 is installed nowhere.",
            )
            .query("workspace", WORKSPACE)
            .answers::<InstallationList>(StatusCode::OK),
        Route::post("/installations", "install", install)
            .about(
                "Install a guild in a workspace.\n\nTakes somebody who is an admin there and where \
                 the guild is now. A guild belongs to one workspace at a time.",
            )
            .takes::<NewInstallation>()
            .answers::<Installation>(StatusCode::CREATED),
        Route::delete("/installations/{guild_id}", "uninstall", uninstall)
            .about(
                "Remove a guild from a workspace.\n\nTakes an admin. It is the default workspace's \
                 then.",
            )
            .query("workspace", WORKSPACE)
            .answers_nothing(),
    ]
}

/// A guild to be installed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewInstallation {
    guild_id: GuildId,
    /// Your own, where it is left out.
    workspace: Option<WorkspaceId>,
}

async fn list(
    State(api): State<Api>,
    Who(principal): Who,
    Asked(place): Asked<Where>,
) -> Result<Response, Problem> {
    let workspace = place.or_own(&principal);
    let command = Command::ListInstallations { workspace };
    answer(&api, &principal, command, StatusCode::OK).await
}

async fn install(
    State(api): State<Api>,
    Who(principal): Who,
    Body(new): Body<NewInstallation>,
) -> Result<Response, Problem> {
    let command = Command::Install {
        workspace: new.workspace.unwrap_or_else(|| principal.workspace.clone()),
        guild_id: new.guild_id,
    };
    answer(&api, &principal, command, StatusCode::CREATED).await
}

async fn uninstall(
    State(api): State<Api>,
    Who(principal): Who,
    Named(guild_id): Named<GuildId>,
    Asked(place): Asked<Where>,
) -> Result<Response, Problem> {
    let workspace = place.or_own(&principal);
    let command = Command::Uninstall {
        workspace,
        guild_id,
    };
    answer(&api, &principal, command, StatusCode::OK).await
}
