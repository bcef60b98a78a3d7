//! Carrying out what is about the policies of workspaces.

use model::{
    Millis, Principal, Reason, Stage, WorkspaceId,
    policies::{Expected, NewPolicy, POLICY_TEXT_MAX, PutPolicy, StoredPolicy},
};
use policy::Policy;

use super::{
    Command, Desk,
    carry::{Trouble, conflict, missing},
    managed::{
        Managed, PolicyChecked, PolicyFault, PolicyList, PolicyShown, PolicyTested, PolicyVersion,
    },
    page::Page,
    senseless,
};
use crate::policies::{
    Backtest, CASES_MAX, Described, Judged, Judging, backtest, explain, read_stored, verify,
};

/// How far back a policy is tried out, unless it is said.
const USUAL_DAYS: Millis = 7;
const DAY_MS: Millis = 24 * 60 * 60 * 1_000;

/// Do it.
pub(super) async fn out(
    desk: &Desk,
    principal: &Principal,
    page: &Page<'_>,
    command: Command,
) -> Result<Managed, Trouble> {
    match command {
        Command::ListPolicies { workspace } => {
            let versions = desk.books.policies.policy_versions(&workspace).await?;
            let newest = versions.first().map_or(0, |it| it.number);
            let policies = versions.iter().map(|it| PolicyVersion::of(it, newest));
            Ok(Managed::Policies(PolicyList {
                policies: policies.collect(),
            }))
        }
        Command::ShowPolicy { workspace, number } => show(desk, &workspace, number).await,
        Command::PutPolicy {
            workspace,
            text,
            expected,
        } => {
            if text.trim().is_empty() {
                return Err(senseless("the text is empty; remove the policy instead").into());
            }
            usable(desk, &text)?;
            let wish = Wish {
                workspace,
                text,
                restored: None,
                expected,
            };
            put(desk, principal, page, wish).await
        }
        Command::RollBackPolicy {
            workspace,
            number,
            expected,
        } => {
            let versions = desk.books.policies.policy_versions(&workspace).await?;
            let found = versions.into_iter().find(|it| it.number == number);
            let text = found.ok_or_else(|| no_version(&workspace, number))?.text;
            if !text.is_empty() {
                usable(desk, &text)?;
            }
            let wish = Wish {
                workspace,
                text,
                restored: Some(number),
                expected,
            };
            put(desk, principal, page, wish).await
        }
        Command::RemovePolicy {
            workspace,
            expected,
        } => {
            let wish = Wish {
                workspace,
                text: String::new(),
                restored: None,
                expected,
            };
            put(desk, principal, page, wish)
                .await
                .map(|_| Managed::Gone)
        }
        Command::CheckPolicy { text, .. } => Ok(Managed::PolicyChecked(check(desk, &text))),
        Command::ExplainPolicy {
            workspace,
            mut call,
            policy,
        } => {
            is_of(&mut call, &workspace)?;
            let judged = judged(desk, &workspace, policy).await?;
            let explained = explain(&call, &judged, desk.books.clock.now_ms());
            let explained = explained.map_err(|unknown| senseless(unknown.to_string()))?;
            Ok(Managed::PolicyExplained(Box::new(explained)))
        }
        Command::TestPolicy {
            workspace,
            mut cases,
            policy,
        } => {
            if cases.len() > CASES_MAX {
                return Err(senseless(format!("there are at most {CASES_MAX} cases")).into());
            }
            for case in &mut cases {
                is_of(&mut case.call, &workspace)?;
            }
            let judged = judged(desk, &workspace, policy).await?;
            let cases = verify(&cases, &judged, desk.books.clock.now_ms());
            let passed = cases.iter().filter(|case| case.passed).count();
            Ok(Managed::PolicyTested(PolicyTested {
                passed,
                failed: cases.len() - passed,
                cases,
            }))
        }
        Command::BacktestPolicy {
            workspace,
            policy,
            since,
        } => try_out(desk, workspace, &policy, since).await,
        _ => Err(missing("command")),
    }
}

/// What is put, for which workspace, and on top of what.
struct Wish {
    workspace: WorkspaceId,
    text: String,
    restored: Option<i64>,
    expected: Expected,
}

async fn put(
    desk: &Desk,
    principal: &Principal,
    page: &Page<'_>,
    wish: Wish,
) -> Result<Managed, Trouble> {
    let stored = StoredPolicy {
        workspace: wish.workspace.clone(),
        number: 0,
        text: wish.text.clone(),
        put_by: principal.id.clone(),
        put_at: desk.books.clock.now_ms(),
        restored: wish.restored,
    };
    let new = NewPolicy {
        workspace: wish.workspace,
        text: wish.text,
        put_by: stored.put_by.clone(),
        put_at: stored.put_at,
        restored: wish.restored,
        expected: wish.expected,
    };
    let number = match desk.books.policies.put_policy(new, page.done()).await? {
        PutPolicy::Put { number } => number,
        PutPolicy::Conflict { current } => return Err(changed(current, wish.expected)),
        PutPolicy::NoSuchWorkspace => return Err(missing("workspace")),
        PutPolicy::TooLong => return Err(too_long().into()),
    };
    if let Some(in_force) = &desk.in_force
        && let Err(error) = in_force.renew().await
    {
        // It is stored, and the next look puts it in force.
        tracing::warn!(%error, "a policy that was put is in force a little later");
    }
    let version = PolicyVersion {
        number,
        newest: true,
        ..PolicyVersion::of(&stored, number)
    };
    Ok(Managed::Policy(PolicyShown {
        version,
        text: stored.text,
    }))
}

async fn show(
    desk: &Desk,
    workspace: &WorkspaceId,
    number: Option<i64>,
) -> Result<Managed, Trouble> {
    let versions = desk.books.policies.policy_versions(workspace).await?;
    let newest = versions.first().map_or(0, |it| it.number);
    let found = versions
        .into_iter()
        .find(|it| number.is_none_or(|number| it.number == number));
    let found = match (found, number) {
        (Some(found), None) if found.text.is_empty() => return Err(none(workspace)),
        (Some(found), _) => found,
        (None, None) => return Err(none(workspace)),
        (None, Some(number)) => return Err(no_version(workspace, number)),
    };
    Ok(Managed::Policy(PolicyShown {
        version: PolicyVersion::of(&found, newest),
        text: found.text,
    }))
}

/// The policy that a workspace has, or would have with this text, under the operator's.
async fn judged(
    desk: &Desk,
    workspace: &WorkspaceId,
    instead: Option<String>,
) -> Result<Judged, Trouble> {
    let own = match instead {
        Some(text) => Some(usable(desk, &text)?),
        None => stored(desk, workspace).await?,
    };
    let own = own.map(|own| (workspace.clone(), own));
    Ok(judging(desk, own).of(workspace))
}

fn judging(desk: &Desk, own: Option<(WorkspaceId, Policy)>) -> Judging {
    Judging::new(desk.books.judges.clone(), desk.ceiling(), own)
}

async fn stored(desk: &Desk, workspace: &WorkspaceId) -> Result<Option<Policy>, Trouble> {
    let versions = desk.books.policies.policy_versions(workspace).await?;
    let newest = versions.into_iter().next();
    let text = newest.map(|it| it.text).filter(|text| !text.is_empty());
    text.map(|text| usable(desk, &text)).transpose()
}

async fn try_out(
    desk: &Desk,
    workspace: WorkspaceId,
    text: &str,
    since: Option<Millis>,
) -> Result<Managed, Trouble> {
    let new = usable(desk, text)?;
    let old = stored(desk, &workspace).await?;
    let of_it = |policy| (workspace.clone(), policy);
    let usual = desk.books.clock.now_ms() - USUAL_DAYS * DAY_MS;
    let test = Backtest {
        since: since.unwrap_or(usual),
        before: judging(desk, old.map(of_it)),
        after: judging(desk, Some(of_it(new))),
        keys: desk.books.keys.list().await?,
        workspace: Some(workspace),
    };
    let found = backtest(&*desk.books.ledger, test).await?;
    Ok(Managed::PolicyBacktested(found))
}

fn check(desk: &Desk, text: &str) -> PolicyChecked {
    let fault = if text.len() > POLICY_TEXT_MAX {
        PolicyFault {
            line: 1,
            column: 1,
            what: too_long().1.message,
        }
    } else {
        match read_stored(text, &*desk.books.judges) {
            Ok(policy) => {
                return PolicyChecked {
                    usable: true,
                    version: Some(policy.version()),
                    rules: Some(policy.rules.len()),
                    fault: None,
                };
            }
            Err(fault) => PolicyFault {
                line: fault.line,
                column: fault.column,
                what: fault.what,
            },
        }
    };
    PolicyChecked {
        usable: false,
        version: None,
        rules: None,
        fault: Some(fault),
    }
}

/// A text as a policy that can be in force.
fn usable(desk: &Desk, text: &str) -> Result<Policy, Trouble> {
    if text.len() > POLICY_TEXT_MAX {
        return Err(too_long().into());
    }
    read_stored(text, &*desk.books.judges).map_err(|fault| {
        let message = format!(
            "the policy cannot be used: line {}, column {}: {}",
            fault.line, fault.column, fault.what
        );
        Trouble::Refused(None, Reason::new("invalid_policy", message))
    })
}

/// Calls are those of the workspace whose policy is asked.
fn is_of(call: &mut Described, workspace: &WorkspaceId) -> Result<(), Trouble> {
    let named = call.workspace.get_or_insert_with(|| workspace.clone());
    if named == workspace {
        return Ok(());
    }
    Err(senseless(format!(
        "a call of another workspace is not judged by the policy of \"{workspace}\""
    ))
    .into())
}

fn too_long() -> (Option<Stage>, Reason) {
    senseless(format!(
        "a stored policy has at most {POLICY_TEXT_MAX} bytes"
    ))
}

fn none(workspace: &WorkspaceId) -> Trouble {
    Trouble::Refused(
        Some(Stage::ExecuteAndAudit),
        Reason::new(
            "not_found",
            format!("the workspace \"{workspace}\" has no policy of its own"),
        ),
    )
}

fn no_version(workspace: &WorkspaceId, number: i64) -> Trouble {
    Trouble::Refused(
        Some(Stage::ExecuteAndAudit),
        Reason::new(
            "not_found",
            format!(
                "the workspace \"{workspace}\" has no policy {number}; the list of versions shows those it has"
            ),
        ),
    )
}

/// Somebody else was quicker, or the caller looked at something older.
fn changed(current: i64, expected: Expected) -> Trouble {
    let message = match expected {
        Expected::Nothing => format!("there is a policy already: version {current} is in force"),
        Expected::Version(number) => {
            format!("version {number} is not in force any more; it is version {current}")
        }
        Expected::Anything => format!("version {current} is in force"),
    };
    conflict("policy_changed", message)
}
