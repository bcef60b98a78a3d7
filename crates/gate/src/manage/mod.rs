//! Managing workspaces, members, guilds, clients, settings and policies: the one way for the command
//! line and for REST. Every attempt is written down, refusals too; what is done is written down in the
//! commit that does it, so that a crash leaves both or neither.

mod authority;
mod carry;
mod command;
mod managed;
mod page;
mod policy;

#[cfg(test)]
mod table;

use std::{num::NonZeroU32, sync::Arc};

use ::policy::{Judges, Policy};
use model::{
    Clock, Origin, Principal, Reason, Stage, WorkspaceId,
    ledger::{Keys, Ledger, Outcome},
    policies::Policies,
    workspaces::{Openness, Tenancy, Workspaces},
};

use crate::{answer::Declined, attempts::Attempts, policies::InForce};
use page::Page;

pub use command::Command;
pub use managed::{
    ClientList, InstallationList, Managed, MemberList, NewClient, PolicyChecked, PolicyFault,
    PolicyList, PolicyShown, PolicyTested, PolicyVersion, SettingList, WorkspaceDetail,
    WorkspaceList,
};

/// What one principal may ask for in a minute: more than a person does, less than a flood.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(240).expect("240 is not 0");

/// What managing needs. Cheap to clone.
#[derive(Clone)]
pub struct Office(Arc<Desk>);

struct Desk {
    books: Books,
    /// Where policies are in force, in a service.
    in_force: Option<Arc<InForce>>,
    attempts: Attempts,
}

/// What is managed, and by what.
pub struct Books {
    pub workspaces: Arc<dyn Workspaces>,
    pub keys: Arc<dyn Keys>,
    pub ledger: Arc<dyn Ledger>,
    pub policies: Arc<dyn Policies>,
    /// They read the Cedar text of policies.
    pub judges: Arc<dyn Judges>,
    pub clock: Arc<dyn Clock>,
}

impl Desk {
    /// The operator's policy. Without a gate there is none.
    fn ceiling(&self) -> Arc<Policy> {
        self.in_force
            .as_ref()
            .map_or_else(Arc::default, |in_force| in_force.gate().policy())
    }
}

impl Office {
    pub fn new(books: Books) -> Self {
        Self::open(books, None)
    }

    /// The same beside a gate: a policy that is put is in force there before the answer.
    pub fn beside(books: Books, in_force: Arc<InForce>) -> Self {
        Self::open(books, Some(in_force))
    }

    fn open(books: Books, in_force: Option<Arc<InForce>>) -> Self {
        Self(Arc::new(Desk {
            books,
            in_force,
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
        let tenancy = match desk.books.workspaces.tenancy().await {
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
        match carry::out(desk, principal, &page, command).await {
            Ok(managed) => {
                // What changed something was written down with it.
                if reads {
                    page.note(Outcome::Done, "ok", "carried out").await?;
                }
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
