//! Who may manage what. Pure, over the principal, who belongs where, and the command.

use model::{
    Principal, PrincipalKind, Reason, Role, Stage, WorkspaceId,
    principal::Scope,
    workspaces::{Openness, Tenancy},
};

use super::command::{Command, Takes};

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Objection {
    pub(super) stage: Stage,
    pub(super) reason: Reason,
}

/// Whether this principal runs the whole service.
pub(super) fn runs_the_service(principal: &Principal) -> bool {
    match principal.kind {
        PrincipalKind::LocalOperator => true,
        PrincipalKind::ApiKey => principal.workspace.is_default() && principal.role == Role::Owner,
        PrincipalKind::LoopbackGuest => false,
    }
}

/// What this principal is in a workspace.
pub(super) fn role_in(principal: &Principal, workspace: &WorkspaceId) -> Option<Role> {
    if runs_the_service(principal) {
        return Some(Role::Owner);
    }
    (principal.workspace == *workspace).then_some(principal.role)
}

/// Whether a principal may ask for this. What depends on stored rows is looked at later.
pub(super) fn authorise(
    principal: &Principal,
    tenancy: &Tenancy,
    command: &Command,
) -> Result<(), Objection> {
    its_own_is_open(principal, tenancy)?;
    if !command.only_reads() && !principal.scopes.contains(&Scope::Write) {
        return Err(not_permitted(
            "scope_missing",
            format!(
                "{} has no scope \"write\", so it changes nothing",
                principal.id
            ),
        ));
    }
    let workspace = command.workspace().unwrap_or(&principal.workspace);
    let all_workspaces = matches!(command, Command::ListClients { workspace: None });
    if all_workspaces || command.takes() == Takes::Service {
        return if runs_the_service(principal) {
            Ok(())
        } else {
            Err(not_permitted(
                "role_too_low",
                format!(
                    "{} takes whoever runs the service: the local operator, or an owner of the \
                     default workspace",
                    command.name()
                ),
            ))
        };
    }
    // Whoever is not in it does not learn whether it is there.
    let there = tenancy.openness(workspace) != Openness::Unknown;
    let role = role_in(principal, workspace).filter(|_| there);
    let Some(role) = role else {
        let known = if runs_the_service(principal) {
            String::new()
        } else {
            format!(" that {} may know of", principal.id)
        };
        return Err(Objection {
            stage: Stage::WorkspaceMembership,
            reason: Reason::new(
                "workspace_unknown",
                format!("there is no workspace \"{workspace}\"{known}"),
            ),
        });
    };
    if let Takes::Role(needed) = command.takes()
        && role < needed
    {
        return Err(too_low(principal, role, needed, command));
    }
    grants_no_more(principal, role, command)?;
    takes_no_guild(principal, tenancy, command)
}

fn its_own_is_open(principal: &Principal, tenancy: &Tenancy) -> Result<(), Objection> {
    // Whoever runs the machine can always mend what was closed.
    if principal.kind == PrincipalKind::LocalOperator {
        return Ok(());
    }
    let workspace = &principal.workspace;
    let (code, what) = match tenancy.openness(workspace) {
        Openness::Open => return Ok(()),
        Openness::Suspended => ("workspace_suspended", "is suspended"),
        Openness::Unknown => ("workspace_unknown", "is not there any more"),
    };
    Err(Objection {
        stage: Stage::WorkspaceMembership,
        reason: Reason::new(code, format!("the workspace \"{workspace}\" {what}")),
    })
}

/// Nobody gives what they do not have.
fn grants_no_more(principal: &Principal, has: Role, command: &Command) -> Result<(), Objection> {
    let granted = match command {
        Command::AddMember { role, .. }
        | Command::SetRole { role, .. }
        | Command::CreateClient { role, .. } => *role,
        _ => return Ok(()),
    };
    if granted > has {
        return Err(not_permitted(
            "grants_too_much",
            format!(
                "{} is {} and cannot make anybody {}",
                principal.id,
                has.as_str(),
                granted.as_str()
            ),
        ));
    }
    if let Command::CreateClient { scopes, .. } = command
        && let Some(scope) = scopes
            .iter()
            .find(|scope| !principal.scopes.contains(scope))
    {
        return Err(not_permitted(
            "grants_too_much",
            format!(
                "{} has no scope \"{}\" and cannot give it away",
                principal.id,
                scope.as_str()
            ),
        ));
    }
    Ok(())
}

/// A guild is taken only by whoever manages where it is now; unclaimed ones are the default's. The
/// answer is the same whoever has it.
fn takes_no_guild(
    principal: &Principal,
    tenancy: &Tenancy,
    command: &Command,
) -> Result<(), Objection> {
    let Command::Install { guild_id, .. } = command else {
        return Ok(());
    };
    let there = role_in(principal, &tenancy.home(*guild_id));
    if there >= Some(Role::Admin) {
        return Ok(());
    }
    Err(Objection {
        stage: Stage::GuildInstallation,
        reason: Reason::new(
            "guild_of_other_workspace",
            format!("guild {guild_id} is not yours to install"),
        )
        .with_hint("the operator of the service can: guildhall workspace guild add"),
    })
}

pub(super) fn too_low(
    principal: &Principal,
    has: Role,
    needed: Role,
    command: &Command,
) -> Objection {
    not_permitted(
        "role_too_low",
        format!(
            "{} is {}, and {} takes {}",
            principal.id,
            has.as_str(),
            command.name(),
            needed.as_str()
        ),
    )
}

pub(super) fn not_permitted(code: &str, message: String) -> Objection {
    Objection {
        stage: Stage::PlatformPermission,
        reason: Reason::new(code, message),
    }
}
