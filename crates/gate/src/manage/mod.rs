//! Managing workspaces, members, guilds, clients and settings: the one way for the command line and
//! for REST. Every attempt is written down, refusals too; what is allowed is written down before it
//! is done.

mod authority;
mod carry;
mod command;
mod managed;
mod page;

#[cfg(test)]
mod table;

use std::{num::NonZeroU32, sync::Arc};

use model::{
    Clock, Origin, Principal, Reason, Stage, WorkspaceId,
    ledger::{Keys, Ledger, Outcome},
    workspaces::{Openness, Tenancy, Workspaces},
};

use crate::{answer::Declined, attempts::Attempts};
use page::Page;

pub use command::Command;
pub use managed::{
    ClientList, InstallationList, Managed, MemberList, NewClient, SettingList, WorkspaceDetail,
    WorkspaceList,
};

/// What one principal may ask for in a minute: more than a person does, less than a flood.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(240).expect("240 is not 0");

/// What managing needs. Cheap to clone.
#[derive(Clone)]
pub struct Office(Arc<Desk>);

struct Desk {
    workspaces: Arc<dyn Workspaces>,
    keys: Arc<dyn Keys>,
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    attempts: Attempts,
}

impl Office {
    pub fn new(
        workspaces: Arc<dyn Workspaces>,
        keys: Arc<dyn Keys>,
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Desk {
            workspaces,
            keys,
            ledger,
            clock,
            attempts: Attempts::default(),
        }))
    }

    /// Do it, if this principal may.
    pub async fn manage(
        &self,
        principal: &Principal,
        origin: Origin,
        command: Command,
    ) -> Result<Managed, Declined> {
        let desk = &*self.0;
        let mut page = Page::open(desk, principal, origin, &command);
        page.in_time(principal).await?;
        let tenancy = match desk.workspaces.tenancy().await {
            Ok(tenancy) => tenancy,
            Err(error) => return Err(page.broke(&error)),
        };
        if let Err(objection) = authority::authorise(principal, &tenancy, &command) {
            return Err(page.refuse(Some(objection.stage), objection.reason).await);
        }
        if let Some(workspace) = chain_of(&command, &tenancy) {
            page.belongs_to(workspace);
        }
        let reads = command.only_reads();
        if !reads {
            page.note(
                Outcome::Started,
                "started",
                "written down, and not done yet",
            )
            .await?;
        }
        match carry::out(desk, principal, command).await {
            Ok(managed) => {
                page.note(Outcome::Done, "ok", "carried out").await?;
                Ok(managed)
            }
            Err(carry::Trouble::Refused(stage, reason)) => Err(page.refuse(stage, reason).await),
            Err(carry::Trouble::Broken(error)) => {
                let declined = page.broke(&error);
                // The next one who looks must see how it ended; the store is asked once more.
                let _ = page
                    .note(Outcome::Failed, declined.code(), declined.message())
                    .await;
                Err(declined)
            }
        }
    }
}

/// Who is managed has it in their own chain. One that is only being made has none yet.
fn chain_of<'a>(command: &'a Command, tenancy: &Tenancy) -> Option<&'a WorkspaceId> {
    command
        .workspace()
        .filter(|workspace| tenancy.openness(workspace) != Openness::Unknown)
}

/// A refusal outside the checks: what was asked makes no sense.
fn senseless(message: impl Into<String>) -> (Option<Stage>, Reason) {
    (None, Reason::new("invalid_arguments", message))
}
