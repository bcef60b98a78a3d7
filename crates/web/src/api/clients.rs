//! `/api/clients`: the API keys with which MCP and REST clients come in.

use axum::{extract::State, response::Response};
use gate::manage::{ClientList, Command, NewClient};
use http::StatusCode;
use model::{Role, UserId, WorkspaceId, principal::Scope};
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

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/clients", "list_clients", list)
            .about("List the clients of a workspace, never their keys.\n\nTakes an admin.")
            .query("workspace", "Your own, where it is left out.")
            .answers::<ClientList>(StatusCode::OK),
        Route::post("/clients", "create_client", create)
            .about(
                "Make a client.\n\nTakes an admin. The key in the answer is shown this once. Nobody \
                 gives more than they have: neither a higher role nor another scope.",
            )
            .takes::<ClientWish>()
            .answers::<NewClient>(StatusCode::CREATED),
        Route::delete("/clients/{name}", "revoke_client", revoke)
            .about(
                "Revoke a client.\n\nTakes an admin, and for an owner's client an owner. The next \
                 request with its key is refused, and its name stays taken.",
            )
            .answers_nothing(),
    ]
}

/// A client to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ClientWish {
    /// 1 to 64 letters, digits, `-`, `_` or `.`; once in the whole service. Policies and the audit
    /// call the client `key:NAME`.
    name: String,
    /// Your own, where it is left out.
    workspace: Option<WorkspaceId>,
    #[serde(default = "operator")]
    role: Role,
    /// The person in Discord whose client it is: they approve nothing that is asked for with it. As
    /// for your own key, where it is left out.
    user_id: Option<UserId>,
    /// What it may do; every one of your own scopes, where it is left out.
    scopes: Option<Vec<Scope>>,
    /// Never, where it is left out.
    expires_in_days: Option<u32>,
}

fn operator() -> Role {
    Role::Operator
}

async fn list(
    State(api): State<Api>,
    Who(principal): Who,
    Asked(place): Asked<Where>,
) -> Result<Response, Problem> {
    let workspace = Some(place.or_own(&principal));
    let command = Command::ListClients { workspace };
    answer(&api, &principal, command, StatusCode::OK).await
}

async fn create(
    State(api): State<Api>,
    Who(principal): Who,
    Body(wish): Body<ClientWish>,
) -> Result<Response, Problem> {
    let command = Command::CreateClient {
        workspace: wish
            .workspace
            .unwrap_or_else(|| principal.workspace.clone()),
        name: wish.name,
        role: wish.role,
        user_id: wish.user_id,
        scopes: wish.scopes.unwrap_or_else(|| principal.scopes.clone()),
        expires_in_days: wish.expires_in_days,
    };
    answer(&api, &principal, command, StatusCode::CREATED).await
}

async fn revoke(
    State(api): State<Api>,
    Who(principal): Who,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    answer(
        &api,
        &principal,
        Command::RevokeClient { name },
        StatusCode::OK,
    )
    .await
}
