//! `/api/whoami`: who the service takes the caller for.

use axum::Json;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{parts::Who, route::Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/whoami", "whoami", whoami)
            .about("Who the service takes you for: principal, workspace, role and scopes.")
            .answers::<Whoami>(StatusCode::OK),
    ]
}

/// A principal, as it sees itself.
#[derive(Debug, Serialize, JsonSchema)]
struct Whoami {
    /// As policies and audit rows name it, e.g. `key:monitor`.
    principal: String,
    /// `api_key`, or `loopback_guest` where no key is asked for.
    kind: String,
    workspace: String,
    /// `viewer`, `operator`, `admin` or `owner`.
    role: String,
    /// Risks of tools that the credential may use: `read`, `write`, `destructive`.
    scopes: Vec<String>,
}

async fn whoami(Who(principal): Who) -> Json<Whoami> {
    let scopes = principal.scopes.iter().map(|it| it.as_str().to_owned());
    Json(Whoami {
        kind: principal.kind.as_str().to_owned(),
        workspace: principal.workspace.to_string(),
        role: principal.role.as_str().to_owned(),
        scopes: scopes.collect(),
        principal: principal.id,
    })
}
