//! `/api/policy`: the policy that a workspace keeps for itself, under the operator's. A version is
//! changed only by whoever has seen it: its number is its ETag.

use axum::{Json, extract::State, response::IntoResponse as _, response::Response};
use gate::{
    manage::{Command, Managed, PolicyChecked, PolicyList, PolicyShown, PolicyTested},
    policies::{Backtested, Case, Described, Explanation},
};
use http::{HeaderValue, StatusCode, header};
use model::{Millis, Origin, Principal, policies::Expected};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Api,
    body::Body,
    condition::OnTopOf,
    declined,
    manage::{Where, answer},
    parts::{Asked, Named, Who},
    route::Route,
};
use crate::problem::Problem;

/// Most bytes of a body with the text of a policy, which JSON writes longer than it is.
const LARGEST: usize = 1024 * 1024;

const WORKSPACE: &str = "Your own, where it is left out.";
const IF_MATCH: &str = "The ETag of the version that you have seen, such as `\"3\"`. Another one in \
                        force is 412; without this header it is 428.";
const IF_NONE_MATCH: &str =
    "`*`, in place of `If-Match`: only where the workspace has no policy of its own.";

pub(super) fn routes() -> Vec<Route> {
    let mut all = versions();
    all.extend(questions());
    all
}

fn versions() -> Vec<Route> {
    vec![
        Route::get("/policy", "show_policy", show)
            .about(
                "Show the policy that a workspace has of its own.\n\nIts `ETag` is its number. 404 \
                 where it has none: then the operator's counts alone.",
            )
            .query("workspace", WORKSPACE)
            .answers::<PolicyShown>(StatusCode::OK),
        Route::put("/policy", "put_policy", put)
            .about(
                "Put a policy in force.\n\nTakes an admin. It stands under the operator's: both \
                 must allow, and the strictest counts. It counts on the next call, and on every \
                 other instance within a second.",
            )
            .query("workspace", WORKSPACE)
            .header("If-Match", IF_MATCH)
            .header("If-None-Match", IF_NONE_MATCH)
            .takes::<Text>()
            .answers::<PolicyShown>(StatusCode::OK)
            .answers::<PolicyShown>(StatusCode::CREATED),
        Route::delete("/policy", "remove_policy", remove)
            .about(
                "Leave a workspace without a policy of its own.\n\nTakes an admin. The versions \
                 stay, and can be put back.",
            )
            .query("workspace", WORKSPACE)
            .header("If-Match", IF_MATCH)
            .answers_nothing(),
        Route::get("/policy/versions", "list_policy_versions", list)
            .about("List the versions of a workspace's own policy, newest first.\n\n200 are kept.")
            .query("workspace", WORKSPACE)
            .answers::<PolicyList>(StatusCode::OK),
        Route::get(
            "/policy/versions/{number}",
            "show_policy_version",
            show_version,
        )
        .about("Show one version with its text.")
        .query("workspace", WORKSPACE)
        .answers::<PolicyShown>(StatusCode::OK),
        Route::post("/policy/rollback", "roll_back_policy", roll_back)
            .about("Put an earlier version in force again, as a new one.\n\nTakes an admin.")
            .query("workspace", WORKSPACE)
            .header("If-Match", IF_MATCH)
            .takes::<Earlier>()
            .answers::<PolicyShown>(StatusCode::OK),
    ]
}

fn questions() -> Vec<Route> {
    vec![
        Route::post("/policy/check", "check_policy", check)
            .about(
                "Say whether a text can be used as a policy, and what is wrong first, and where.",
            )
            .takes::<Text>()
            .answers::<PolicyChecked>(StatusCode::OK),
        Route::post("/policy/explain", "explain_policy", explain)
            .about(
                "Say what would become of a call, and why.\n\nCheck by check, with every rule that \
                 has a say and every limit that it falls under. Nobody asks Discord. `policy` is \
                 asked in place of the stored one; either stands under the operator's.",
            )
            .query("workspace", WORKSPACE)
            .takes::<Question>()
            .answers::<Explanation>(StatusCode::OK),
        Route::post("/policy/test", "test_policy", test)
            .about(
                "Weigh calls, and say which do not end as they should.\n\nAt most 500 cases, as in \
                 the files of `guildhall policy test`.",
            )
            .query("workspace", WORKSPACE)
            .takes::<Test>()
            .answers::<PolicyTested>(StatusCode::OK),
        Route::post("/policy/backtest", "backtest_policy", backtest)
            .about(
                "Say what another policy would have made of the calls that were recorded.\n\nTakes \
                 an admin. The newest 50,000 calls are weighed, each at its own time and in its \
                 own channel.",
            )
            .query("workspace", WORKSPACE)
            .takes::<Trial>()
            .answers::<Backtested>(StatusCode::OK),
    ]
}

/// The text of a policy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Text {
    /// TOML: what stands in `[policy]` of `guildhall.toml`. At most 262,144 bytes.
    text: String,
}

/// A version to be put back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Earlier {
    number: i64,
}

/// A call to be explained.
#[derive(Debug, Deserialize, JsonSchema)]
struct Question {
    #[serde(flatten)]
    call: Described,
    /// The text of a policy to ask in place of the stored one.
    policy: Option<String>,
}

/// Calls, and what must become of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Test {
    cases: Vec<Case>,
    /// The text of a policy to test in place of the stored one.
    policy: Option<String>,
}

/// A policy to be tried out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Trial {
    /// The text of the policy, in place of the stored one.
    policy: String,
    /// From then on, in milliseconds since 1970. Seven days, where it is left out.
    since: Option<Millis>,
}

async fn show(
    State(api): State<Api>,
    Who(principal): Who,
    Asked(place): Asked<Where>,
) -> Result<Response, Problem> {
    let command = Command::ShowPolicy {
        workspace: place.or_own(&principal),
        number: None,
    };
    tagged(&api, &principal, command, StatusCode::OK).await
}

async fn put(
    State(api): State<Api>,
    Who(principal): Who,
    Asked(place): Asked<Where>,
    OnTopOf(expected): OnTopOf,
    Body(new): Body<Text, LARGEST>,
) -> Result<Response, Problem> {
    let command = Command::PutPolicy {
        workspace: place.or_own(&principal),
        text: new.text,
        expected,
    };
    let status = match expected {
        Expected::Nothing => StatusCode::CREATED,
        Expected::Anything | Expected::Version(_) => StatusCode::OK,
    };
    tagged(&api, &principal, command, status).await
}

async fn remove(
    State(api): State<Api>,
    Who(principal): Who,
    Asked(place): Asked<Where>,
    OnTopOf(expected): OnTopOf,
) -> Result<Response, Problem> {
    let command = Command::RemovePolicy {
        workspace: place.or_own(&principal),
        expected,
    };
    answer(&api, &principal, command, StatusCode::OK).await
}

async fn list(
    State(api): State<Api>,
    Who(principal): Who,
    Asked(place): Asked<Where>,
) -> Result<Response, Problem> {
    let command = Command::ListPolicies {
        workspace: place.or_own(&principal),
    };
    answer(&api, &principal, command, StatusCode::OK).await
}

async fn show_version(
    State(api): State<Api>,
    Who(principal): Who,
    Named(number): Named<i64>,
    Asked(place): Asked<Where>,
) -> Result<Response, Problem> {
    let command = Command::ShowPolicy {
        workspace: place.or_own(&principal),
        number: Some(number),
    };
    tagged(&api, &principal, command, StatusCode::OK).await
}

async fn roll_back(
    State(api): State<Api>,
    Who(principal): Who,
    Asked(place): Asked<Where>,
    OnTopOf(expected): OnTopOf,
    Body(Earlier { number }): Body<Earlier>,
) -> Result<Response, Problem> {
    let command = Command::RollBackPolicy {
        workspace: place.or_own(&principal),
        number,
        expected,
    };
    tagged(&api, &principal, command, StatusCode::OK).await
}

async fn check(
    State(api): State<Api>,
    Who(principal): Who,
    Body(Text { text }): Body<Text, LARGEST>,
) -> Result<Response, Problem> {
    let command = Command::CheckPolicy {
        workspace: principal.workspace.clone(),
        text,
    };
    answer(&api, &principal, command, StatusCode::OK).await
}

async fn explain(
    State(api): State<Api>,
    Who(principal): Who,
    Asked(place): Asked<Where>,
    Body(Question { call, policy }): Body<Question, LARGEST>,
) -> Result<Response, Problem> {
    let command = Command::ExplainPolicy {
        workspace: place.or_own(&principal),
        call: Box::new(call),
        policy,
    };
    answer(&api, &principal, command, StatusCode::OK).await
}

async fn test(
    State(api): State<Api>,
    Who(principal): Who,
    Asked(place): Asked<Where>,
    Body(Test { cases, policy }): Body<Test, LARGEST>,
) -> Result<Response, Problem> {
    let command = Command::TestPolicy {
        workspace: place.or_own(&principal),
        cases,
        policy,
    };
    answer(&api, &principal, command, StatusCode::OK).await
}

async fn backtest(
    State(api): State<Api>,
    Who(principal): Who,
    Asked(place): Asked<Where>,
    Body(Trial { policy, since }): Body<Trial, LARGEST>,
) -> Result<Response, Problem> {
    let command = Command::BacktestPolicy {
        workspace: place.or_own(&principal),
        policy,
        since,
    };
    answer(&api, &principal, command, StatusCode::OK).await
}

/// Ask, and answer with the version as ETag.
async fn tagged(
    api: &Api,
    principal: &Principal,
    command: Command,
    status: StatusCode,
) -> Result<Response, Problem> {
    let managed = api.office.manage(principal, Origin::Rest, command).await;
    let managed = managed.map_err(declined::problem)?;
    let number = match &managed {
        Managed::Policy(shown) => Some(shown.version.number),
        _ => None,
    };
    let mut response = (status, Json(managed)).into_response();
    if let Some(tag) = number.and_then(|it| HeaderValue::from_str(&format!("\"{it}\"")).ok()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}
