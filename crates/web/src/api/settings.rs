//! `/api/workspaces/{workspace}/config`: what is set for the bot in a workspace.

use axum::{extract::State, response::Response};
use gate::manage::{Command, SettingList};
use http::StatusCode;
use model::{WorkspaceId, workspaces::Setting};
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

const SETTINGS: &str = "/workspaces/{workspace}/config";
const SETTING: &str = "/workspaces/{workspace}/config/{setting}";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(SETTINGS, "list_settings", list)
            .about("List what is set in a workspace.")
            .answers::<SettingList>(StatusCode::OK),
        Route::put(SETTING, "set_setting", set)
            .about(
                "Set something.\n\nTakes an admin. There are `display_name` (what messages of the \
                 service call the workspace), `approval_channel` (where approvals are asked for, \
                 unless policy says otherwise), `audit_channel` (where the audit is mirrored to, \
                 which closes that channel to every caller) and `audit_rows` (`writes` or `all`).",
            )
            .takes::<NewValue>()
            .answers::<SettingList>(StatusCode::OK),
        Route::delete(SETTING, "forget_setting", forget)
            .about("Forget a setting.\n\nTakes an admin.")
            .answers::<SettingList>(StatusCode::OK),
    ]
}

/// A value.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewValue {
    /// A channel's id, or 1 to 64 characters for `display_name`.
    value: String,
}

async fn list(
    State(api): State<Api>,
    Who(principal): Who,
    Named(workspace): Named<WorkspaceId>,
) -> Result<Response, Problem> {
    let command = Command::ListSettings { workspace };
    answer(&api, &principal, command, StatusCode::OK).await
}

async fn set(
    State(api): State<Api>,
    Who(principal): Who,
    Named((workspace, setting)): Named<(WorkspaceId, Setting)>,
    Body(new): Body<NewValue>,
) -> Result<Response, Problem> {
    let command = Command::Set {
        workspace,
        setting,
        value: Some(new.value),
    };
    answer(&api, &principal, command, StatusCode::OK).await
}

async fn forget(
    State(api): State<Api>,
    Who(principal): Who,
    Named((workspace, setting)): Named<(WorkspaceId, Setting)>,
) -> Result<Response, Problem> {
    let command = Command::Set {
        workspace,
        setting,
        value: None,
    };
    answer(&api, &principal, command, StatusCode::OK).await
}
