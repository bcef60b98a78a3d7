//! What the endpoints of management share: whose workspace is meant, and answers as JSON.

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use gate::manage::{Command, Managed};
use http::StatusCode;
use model::{Origin, Principal, WorkspaceId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Api, declined};
use crate::problem::Problem;

/// Which workspace is meant where the path does not say so: the caller's own, unless named.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Where {
    workspace: Option<WorkspaceId>,
}

impl Where {
    pub(super) fn or_own(self, principal: &Principal) -> WorkspaceId {
        self.workspace
            .unwrap_or_else(|| principal.workspace.clone())
    }
}

/// Ask, and answer with this status.
pub(super) async fn answer(
    api: &Api,
    principal: &Principal,
    command: Command,
    status: StatusCode,
) -> Result<Response, Problem> {
    let managed = api.office.manage(principal, Origin::Rest, command).await;
    match managed.map_err(declined::problem)? {
        Managed::Gone => Ok(StatusCode::NO_CONTENT.into_response()),
        managed => Ok((status, Json(managed)).into_response()),
    }
}
