//! `guildhall workspace`: who works together on which guilds. The local operator manages them all,
//! through the same place as REST does.

use anyhow::bail;
use gate::manage::{Command, Managed, Office, WorkspaceDetail};
use model::{
    GuildId, Origin, Principal, WorkspaceId,
    workspaces::{Installation, Member, Workspace},
};
use serde_json::json;

use crate::{
    cli::{GuildCommand, MemberCommand, SettingCommand, WorkspaceCommand},
    output,
};

/// Run one command.
pub(crate) async fn run(office: &Office, command: WorkspaceCommand) -> anyhow::Result<()> {
    match command {
        WorkspaceCommand::Create {
            workspace,
            name,
            json,
        } => {
            let name = name.unwrap_or_else(|| workspace.to_string());
            let create = Command::CreateWorkspace { workspace, name };
            say(office, create, json).await
        }
        WorkspaceCommand::List { json } => say(office, Command::ListWorkspaces, json).await,
        WorkspaceCommand::Show { workspace, json } => {
            say(office, Command::ShowWorkspace { workspace }, json).await
        }
        WorkspaceCommand::Suspend { workspace, json } => {
            say(office, Command::SuspendWorkspace { workspace }, json).await
        }
        WorkspaceCommand::Resume { workspace, json } => {
            say(office, Command::ResumeWorkspace { workspace }, json).await
        }
        WorkspaceCommand::Member(command) => member(office, command).await,
        WorkspaceCommand::Guild(command) => guild(office, command).await,
        WorkspaceCommand::Config(command) => setting(office, command).await,
    }
}

async fn member(office: &Office, command: MemberCommand) -> anyhow::Result<()> {
    let (command, json) = match command {
        MemberCommand::Add {
            workspace,
            name,
            role,
            user,
            json,
        } => {
            let add = Command::AddMember {
                workspace,
                name,
                user_id: user,
                role,
            };
            (add, json)
        }
        MemberCommand::List { workspace, json } => (Command::ListMembers { workspace }, json),
        MemberCommand::Role {
            workspace,
            name,
            role,
            json,
        } => {
            let set = Command::SetRole {
                workspace,
                member: name,
                role,
            };
            (set, json)
        }
        MemberCommand::Remove {
            workspace,
            name,
            json,
        } => {
            let remove = Command::RemoveMember {
                workspace,
                member: name,
            };
            (remove, json)
        }
    };
    say(office, command, json).await
}

async fn guild(office: &Office, command: GuildCommand) -> anyhow::Result<()> {
    let (command, json) = match command {
        GuildCommand::Add {
            workspace,
            guild,
            json,
        } => (install(workspace, guild), json),
        GuildCommand::List { workspace, json } => (Command::ListInstallations { workspace }, json),
        GuildCommand::Remove {
            workspace,
            guild: guild_id,
            json,
        } => {
            let uninstall = Command::Uninstall {
                workspace,
                guild_id,
            };
            (uninstall, json)
        }
    };
    say(office, command, json).await
}

fn install(workspace: WorkspaceId, guild_id: GuildId) -> Command {
    Command::Install {
        workspace,
        guild_id,
    }
}

async fn setting(office: &Office, command: SettingCommand) -> anyhow::Result<()> {
    match command {
        SettingCommand::Set {
            workspace,
            setting,
            value,
            json,
        } => {
            let set = Command::Set {
                workspace,
                setting,
                value: Some(value),
            };
            say(office, set, json).await
        }
        SettingCommand::Unset {
            workspace,
            setting,
            json,
        } => {
            let unset = Command::Set {
                workspace,
                setting,
                value: None,
            };
            say(office, unset, json).await
        }
        SettingCommand::List { workspace, json } => {
            say(office, Command::ListSettings { workspace }, json).await
        }
        SettingCommand::Get {
            workspace,
            setting,
            json,
        } => {
            let list = Command::ListSettings {
                workspace: workspace.clone(),
            };
            let Managed::Settings(mut list) = ask(office, list).await? else {
                bail!("the settings could not be read");
            };
            let Some(value) = list.settings.remove(&setting) else {
                bail!("{} is not set in {workspace}", setting.as_str());
            };
            if json {
                return output::json(&json!({ setting.as_str(): value }));
            }
            output::line(&value);
            Ok(())
        }
    }
}

/// Ask as the local operator.
pub(crate) async fn ask(office: &Office, command: Command) -> anyhow::Result<Managed> {
    let operator = Principal::local_operator();
    let managed = office.manage(&operator, Origin::CommandLine, command).await;
    managed.map_err(|declined| match &declined {
        gate::Declined::Refused(refusal) => match &refusal.reason.hint {
            Some(hint) => anyhow::anyhow!("{}; {hint}", refusal.reason.message),
            None => anyhow::anyhow!("{}", refusal.reason.message),
        },
        gate::Declined::Failed(failure) => anyhow::anyhow!("{}", failure.message),
    })
}

/// Ask, and print the answer.
async fn say(office: &Office, command: Command, as_json: bool) -> anyhow::Result<()> {
    let managed = ask(office, command).await?;
    if as_json {
        return match managed {
            Managed::Gone => output::json(&json!({ "gone": true })),
            managed => output::json(&managed),
        };
    }
    match managed {
        Managed::Workspaces(list) => workspaces(&list.workspaces),
        Managed::Workspace(workspace) => workspaces(&[workspace]),
        Managed::Shown(shown) => show(&shown),
        Managed::Members(list) => members(&list.members),
        Managed::Member(member) => members(&[member]),
        Managed::Installations(list) => installations(&list.installations),
        Managed::Installation(installation) => installations(&[installation]),
        Managed::Settings(list) => {
            for (setting, value) in &list.settings {
                output::line(&format!("{} = {value}", setting.as_str()));
            }
        }
        Managed::Gone => output::line("Removed."),
        // Other commands ask for the rest, and print it.
        _ => {}
    }
    Ok(())
}

fn workspaces(list: &[Workspace]) {
    let row = |it: &Workspace| {
        let state = match it.suspended_at {
            Some(_) => "suspended",
            None => "open",
        };
        vec![it.id.to_string(), state.to_owned(), it.name.clone()]
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    output::table(&["WORKSPACE", "STATE", "NAME"], &rows);
}

fn members(list: &[Member]) {
    let row = |it: &Member| {
        let user = it
            .user_id
            .map_or_else(|| "-".to_owned(), |id| id.to_string());
        vec![it.name.clone(), it.role.as_str().to_owned(), user]
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    output::table(&["MEMBER", "ROLE", "DISCORD USER"], &rows);
}

fn installations(list: &[Installation]) {
    let row = |it: &Installation| vec![it.guild_id.to_string(), it.workspace.to_string()];
    let rows: Vec<_> = list.iter().map(row).collect();
    output::table(&["GUILD", "WORKSPACE"], &rows);
}

fn show(shown: &WorkspaceDetail) {
    workspaces(std::slice::from_ref(&shown.workspace));
    output::line("");
    members(&shown.members);
    output::line("");
    installations(&shown.installations);
    if shown.workspace.id.is_default() {
        output::line("and every guild that is installed nowhere");
    }
    for (setting, value) in &shown.settings {
        output::line(&format!("{} = {value}", setting.as_str()));
    }
}
