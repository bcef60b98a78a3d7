//! Every command by every role, and what nobody may.

use model::{
    GuildId, Principal,
    Role::{self, Admin, Operator, Owner, Viewer},
    WorkspaceId,
    policies::Expected,
    principal::Scope,
    workspaces::{Installation, Setting, Tenancy, Workspace},
};

use crate::policies::Described;

use super::{
    authority::{Objection, authorise},
    command::Command,
};

fn id(text: &str) -> WorkspaceId {
    text.parse().unwrap()
}

fn guild(number: u64) -> GuildId {
    GuildId::new(number).unwrap()
}

/// Guild 1 is the bakers', guild 2 the smiths', guild 3 nobody's.
fn tenancy(suspended: Option<&str>) -> Tenancy {
    let workspace = |text: &str| Workspace {
        id: id(text),
        name: text.to_owned(),
        created_at: 1,
        suspended_at: (suspended == Some(text)).then_some(2),
    };
    let installed = |number, text: &str| Installation {
        guild_id: guild(number),
        workspace: id(text),
        installed_at: 1,
    };
    Tenancy::of(
        ["default", "bakers", "smiths"].map(workspace),
        [installed(1, "bakers"), installed(2, "smiths")],
    )
}

fn key(workspace: &str, role: Role) -> Principal {
    Principal {
        workspace: id(workspace),
        role,
        ..Principal::api_key("any", Scope::ALL.to_vec())
    }
}

fn install(workspace: &str, number: u64) -> Command {
    Command::Install {
        workspace: id(workspace),
        guild_id: guild(number),
    }
}

fn create_client(workspace: &str, role: Role) -> Command {
    Command::CreateClient {
        workspace: id(workspace),
        name: "x".into(),
        role,
        user_id: None,
        scopes: vec![Scope::Read],
        expires_in_days: None,
    }
}

fn add_member(workspace: &str, role: Role) -> Command {
    Command::AddMember {
        workspace: id(workspace),
        name: "x".into(),
        user_id: None,
        role,
    }
}

/// Every command about one workspace, with the least role that may ask for it there; `None` where
/// no role of that workspace is enough.
fn commands(text: &str) -> Vec<(Command, Option<Role>)> {
    let workspace = id(text);
    let member = || "ada".to_owned();
    let setting = Setting::DisplayName;
    let value = Some("x".to_owned());
    let guild_id = guild(1);
    vec![
        (Command::ListWorkspaces, Some(Viewer)),
        (
            Command::ShowWorkspace {
                workspace: workspace.clone(),
            },
            Some(Viewer),
        ),
        (
            Command::CreateWorkspace {
                workspace: id("new"),
                name: "New".into(),
            },
            None,
        ),
        (
            Command::SuspendWorkspace {
                workspace: workspace.clone(),
            },
            Some(Owner),
        ),
        (
            Command::ResumeWorkspace {
                workspace: workspace.clone(),
            },
            Some(Owner),
        ),
        (
            Command::ListMembers {
                workspace: workspace.clone(),
            },
            Some(Viewer),
        ),
        (add_member(text, Viewer), Some(Owner)),
        (add_member(text, Owner), Some(Owner)),
        (
            Command::SetRole {
                workspace: workspace.clone(),
                member: member(),
                role: Operator,
            },
            Some(Owner),
        ),
        (
            Command::RemoveMember {
                workspace: workspace.clone(),
                member: member(),
            },
            Some(Owner),
        ),
        (
            Command::ListInstallations {
                workspace: workspace.clone(),
            },
            Some(Viewer),
        ),
        (install(text, 1), Some(Admin)),
        (install(text, 2), None),
        (install(text, 3), None),
        (
            Command::Uninstall {
                workspace: workspace.clone(),
                guild_id,
            },
            Some(Admin),
        ),
        (
            Command::ListSettings {
                workspace: workspace.clone(),
            },
            Some(Viewer),
        ),
        (
            Command::Set {
                workspace: workspace.clone(),
                setting,
                value,
            },
            Some(Admin),
        ),
        (
            Command::ListClients {
                workspace: Some(workspace.clone()),
            },
            Some(Admin),
        ),
        (Command::ListClients { workspace: None }, None),
        (create_client(text, Viewer), Some(Admin)),
        (create_client(text, Admin), Some(Admin)),
        (create_client(text, Owner), Some(Owner)),
        (Command::RevokeClient { name: "x".into() }, Some(Admin)),
    ]
    .into_iter()
    .chain(about_policies(text))
    .collect()
}

fn about_policies(text: &str) -> Vec<(Command, Option<Role>)> {
    let workspace = id(text);
    let expected = Expected::Anything;
    vec![
        (
            Command::ListPolicies {
                workspace: workspace.clone(),
            },
            Some(Viewer),
        ),
        (
            Command::ShowPolicy {
                workspace: workspace.clone(),
                number: None,
            },
            Some(Viewer),
        ),
        (
            Command::CheckPolicy {
                workspace: workspace.clone(),
                text: String::new(),
            },
            Some(Viewer),
        ),
        (
            Command::ExplainPolicy {
                workspace: workspace.clone(),
                call: Box::new(Described::new("x".into(), "local".into())),
                policy: None,
            },
            Some(Viewer),
        ),
        (
            Command::TestPolicy {
                workspace: workspace.clone(),
                cases: Vec::new(),
                policy: None,
            },
            Some(Viewer),
        ),
        (
            Command::BacktestPolicy {
                workspace: workspace.clone(),
                policy: String::new(),
                since: None,
            },
            Some(Admin),
        ),
        (
            Command::PutPolicy {
                workspace: workspace.clone(),
                text: String::new(),
                expected,
            },
            Some(Admin),
        ),
        (
            Command::RollBackPolicy {
                workspace: workspace.clone(),
                number: 1,
                expected,
            },
            Some(Admin),
        ),
        (
            Command::RemovePolicy {
                workspace,
                expected,
            },
            Some(Admin),
        ),
    ]
}

fn verdict(principal: &Principal, command: &Command) -> Result<(), Objection> {
    authorise(principal, &tenancy(None), command)
}

#[test]
fn every_command_takes_its_role_and_no_less() {
    for role in Role::ALL {
        for (command, least) in commands("bakers") {
            let allowed = verdict(&key("bakers", role), &command).is_ok();
            let expected = least.is_some_and(|least| role >= least);
            assert_eq!(allowed, expected, "{role:?}: {command:?}");
        }
    }
}

#[test]
fn no_role_of_another_workspace_is_enough_and_nothing_is_told() {
    for role in Role::ALL {
        for (command, _) in commands("bakers") {
            if command.workspace().is_none() || command.name() == "workspace.create" {
                continue;
            }
            let objection = verdict(&key("smiths", role), &command).unwrap_err();
            assert_eq!(objection.reason.code, "workspace_unknown", "{command:?}");
            // Just as for one that is not there.
            let nowhere = Command::ListMembers {
                workspace: id("nowhere"),
            };
            let same = verdict(&key("smiths", role), &nowhere).unwrap_err();
            assert_eq!(same.reason.code, objection.reason.code);
        }
    }
}

#[test]
fn whoever_runs_the_service_may_everything() {
    for principal in [Principal::local_operator(), key("default", Owner)] {
        for (command, _) in commands("bakers") {
            assert_eq!(verdict(&principal, &command), Ok(()), "{command:?}");
        }
    }
    for role in [Viewer, Operator, Admin] {
        for (command, _) in commands("bakers") {
            if command.workspace().is_some() {
                let there = verdict(&key("default", role), &command);
                assert!(there.is_err(), "{role:?}: {command:?}");
            }
        }
    }
}

#[test]
fn a_guest_on_loopback_manages_nothing() {
    for (command, least) in commands("default") {
        let allowed = verdict(&Principal::loopback_guest(), &command).is_ok();
        assert_eq!(allowed, least == Some(Viewer), "{command:?}");
    }
}

#[test]
fn an_admin_cannot_take_a_guild_that_is_not_there_to_take() {
    let admin = key("bakers", Owner);
    let unclaimed = verdict(&admin, &install("bakers", 3)).unwrap_err();
    let claimed = verdict(&admin, &install("bakers", 2)).unwrap_err();
    assert_eq!(unclaimed.reason.code, claimed.reason.code);
    assert_eq!(
        unclaimed.reason.message.replace('3', "N"),
        claimed.reason.message.replace('2', "N")
    );
}

#[test]
fn nobody_gives_a_scope_away_that_they_lack_or_changes_without_one() {
    let mut admin = key("bakers", Admin);
    admin.scopes = vec![Scope::Read, Scope::Write];
    let give = |scopes| Command::CreateClient {
        workspace: id("bakers"),
        name: "x".into(),
        role: Viewer,
        user_id: None,
        scopes,
        expires_in_days: None,
    };
    assert!(verdict(&admin, &give(vec![Scope::Read])).is_ok());
    let objection = verdict(&admin, &give(Scope::ALL.to_vec())).unwrap_err();
    assert_eq!(objection.reason.code, "grants_too_much");
    admin.scopes = vec![Scope::Read];
    let objection = verdict(&admin, &give(vec![Scope::Read])).unwrap_err();
    assert_eq!(objection.reason.code, "scope_missing");
    let list = Command::ListClients {
        workspace: Some(id("bakers")),
    };
    assert_eq!(verdict(&admin, &list), Ok(()));
}

#[test]
fn in_a_suspended_workspace_only_whoever_runs_the_service_manages() {
    let closed = tenancy(Some("bakers"));
    for (command, _) in commands("bakers") {
        let objection = authorise(&key("bakers", Owner), &closed, &command).unwrap_err();
        assert_eq!(objection.reason.code, "workspace_suspended");
        assert!(authorise(&Principal::local_operator(), &closed, &command).is_ok());
    }
}
